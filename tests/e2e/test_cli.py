"""The command line from outside: exit codes and messages of wrong usage, alone and under mpirun."""
import os
import subprocess
import tempfile
import unittest

import acts
import numpy as np

CONFER = os.environ["CONFER"]


def run(*arguments, ranks=0, cwd=None):
    """Runs the program, under mpirun when ranks > 0; returns code, standard output, standard error."""
    command = (["mpirun", "-n", str(ranks)] if ranks else []) + [CONFER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def messages(stderr):
    """The program's own lines, without what mpirun adds."""
    return [line for line in stderr.splitlines() if line.startswith("confer: ")]


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def expect(self, code, words, *arguments, ranks=0):
        """One message with these words, nothing on standard output, this exit code."""
        with self.subTest(arguments=arguments, ranks=ranks):
            actual, out, err = run(*arguments, ranks=ranks)
            self.assertEqual(actual, code, err)
            self.assertEqual(out, "")
            self.assertEqual(len(messages(err)), 1, err)
            for word in words:
                self.assertIn(word, messages(err)[0])

    def test_without_a_command_help_is_shown(self):
        code, out, err = run()
        self.assertEqual((code, out), (2, ""))
        for word in ("Usage: confer", "catalog", "table", "measures", "75"):
            self.assertIn(word, err)

    def test_help_and_version_go_to_standard_output(self):
        for arguments in (["--help"], ["help"], ["-h"], ["table", "--help"], ["help", "measures"], ["catalog", "-h"]):
            with self.subTest(arguments=arguments):
                code, out, err = run(*arguments)
                self.assertEqual((code, err), (0, ""))
                self.assertTrue(out.startswith("Usage: confer"))
        code, out, _ = run("--version", ranks=3)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^confer \d+\.\d+\.\d+\n$")  # once, not three times

    def test_every_command_explains_itself(self):
        _, out, _ = run("--help")
        commands = [line.split()[0] for line in out.split("Commands\n")[1].split("\n\n")[0].splitlines()
                    if line.startswith("  ") and line[2] != " "]
        self.assertIn("measures", commands)
        for command in commands:
            with self.subTest(command=command):
                code, out, _ = run(command, "--help")
                self.assertEqual(code, 0)
                self.assertIn("Usage: confer " + command, out)
                self.assertIn("Examples", out)
                self.assertLessEqual(max(map(len, out.splitlines())), 110)

    def test_wrong_usage_is_code_2_with_one_message(self):
        data = self.directory.name
        self.expect(2, ["'tabel'", "did you mean table"], "tabel")
        self.expect(2, ["RESULT is missing"], "table")
        self.expect(2, ["DATA is missing"], "catalog")
        self.expect(2, ["--measur", "did you mean --measure"], "table", "r.h5", "--measur", "cka")
        self.expect(2, ["--measure needs a value"], "table", "r.h5", "--measure")
        self.expect(2, ["--wide", "maybe"], "table", "r.h5", "--wide=maybe")
        self.expect(2, ["'b.h5'"], "table", "a.h5", "b.h5")
        self.expect(2, ["'x'"], "measures", "x")
        self.expect(2, ["--json is given twice"], "catalog", data, "--json", "--json")
        self.expect(2, ["\\u{1b}"], "catalog", "x", "--\x1b[31mred")

    def test_all_ranks_end_with_one_message(self):
        for ranks in (1, 3):
            self.expect(2, ["--nonsense"], "catalog", "x", "--nonsense", ranks=ranks)
            self.expect(3, ["absent.h5"], "table", "absent.h5", ranks=ranks)
            self.expect(3, ["absent"], "catalog", self.path("absent"), ranks=ranks)

    def test_job_files(self):
        job = self.path("job.ini")
        acts.write_checkpoint(self.path("with blank/net.h5"), "net", 1, {"fc": np.random.rand(8, 3)})
        with open(job, "w") as f:
            f.write('# what is there\ncommand = catalog\ndata = "%s"\n[output]\njson = yes\n' % self.path("with blank"))
        direct = run("catalog", self.path("with blank"), "--json")
        self.assertEqual(direct[0], 0, direct[2])
        self.assertEqual(run("--job", job), direct)
        self.assertEqual(run("catalog", "--job", job), direct)
        self.assertNotEqual(run("catalog", "--job", job, "--json=no"), direct)
        with open(job, "a") as f:
            f.write("jsn = yes\n")
        self.expect(2, ["job.ini' line 6", "'jsn'", "did you mean json"], "--job", job)
        with open(job, "w") as f:
            f.write("data = x\n")
        self.expect(2, ["job.ini", "command"], "--job", job)
        self.expect(2, ["--job", "absent.ini"], "--job", self.path("absent.ini"), ranks=3)

    def test_a_closed_pipe_and_a_full_disk_are_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([CONFER, "measures"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(len(messages(done.stderr)), 1)

    def test_measures_lists_the_core(self):
        code, out, err = run("measures", ranks=2)
        self.assertEqual((code, messages(err)), (0, []))
        for name in ("cca", "cca_r2", "svcca", "pwcca", "cka", "cka_debiased", "procrustes", "procrustes_angle",
                     "regression"):
            self.assertEqual(sum(line.split(" ")[0] == name for line in out.splitlines()), 1, name)


if __name__ == "__main__":
    unittest.main()

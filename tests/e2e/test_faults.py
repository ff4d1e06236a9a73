"""What fails while a comparison runs: ranks that die, requests to stop and files that vanish, in each of its phases."""
import os
import signal
import subprocess
import unittest

from interrupted import InterruptedJob
from program import _ENVIRONMENT, confer, open_results


class Faults(InterruptedJob):

    def test_a_rank_dies_while_factoring(self):
        reference = self.reference()
        process, ranks = self.stand_still_while_factoring(self.path("store"))
        os.kill(ranks[1], signal.SIGKILL)
        for pid in ranks:
            os.kill(pid, signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("rank 1", err)
        self.assertFalse(os.path.exists(self.output))
        run = confer("compare", self.data, "--output", self.output, "--quiet", "--scratch", self.path("store"), ranks=3)
        self.assertEqual(run.code, 0, run.err)
        self.expect_same(reference)

    def test_a_rank_that_has_too_little_address_space(self):
        """Wherever a rank runs out of it, in the libraries too, the job ends."""
        program = [os.environ["CONFER"], "compare", self.data, "--output", self.output, "--quiet", "--fresh"]
        for kilobytes in (300000, 340000, 380000):
            limited = ["bash", "-c", f'ulimit -v {kilobytes}; exec "$0" "$@"', *program]
            process = subprocess.run(["mpirun", "-n", "1", *program, ":", "-n", "1", *limited], stdin=subprocess.DEVNULL,
                                     capture_output=True, text=True, env={**_ENVIRONMENT, **os.environ}, timeout=120)
            if process.returncode != 0:
                self.assertFalse(os.path.exists(self.output))
                self.assertTrue(process.stderr, "no word of what is wrong")

    def test_a_request_to_stop_while_factoring(self):
        reference = self.reference()
        process, ranks = self.stand_still_while_factoring(self.path("store"))
        os.kill(ranks[1], signal.SIGUSR1)
        for pid in ranks:
            os.kill(pid, signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.go_on(ranks=1)
        self.expect_same(reference)

    def test_a_file_vanishes_between_phases(self):
        process, ranks = self.stand_still_while_factoring(self.path("store"))
        os.unlink(self.path("data", "net4.h5"))
        for pid in ranks:
            os.kill(pid, signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        results = open_results(self.output)
        lost = [i for i, network in enumerate(results["network"].values) if network == "net4"]
        kept = [i for i in range(len(results["a"])) if i not in lost]
        self.assertIn("unreadable", set(results["status"].values[lost]))
        self.assertTrue((results["status"].values[kept] == "ok").all())
        self.assertFalse((results["cca"].values[kept][:, kept] != results["cca"].values[kept][:, kept]).any())

    def test_a_rank_dies_when_all_is_computed(self):
        """The moment lies in the gathering or the writing of the results, or just after the end."""
        reference = self.reference()
        largest = 0
        process = self.start()
        while process.poll() is None:
            largest = max(largest, self.journal_bytes())
        process.communicate()
        os.unlink(self.output)
        for victim in (0, 1):
            process = self.start("--fresh")
            if self.wait_for_journal(process, largest - 1):
                ranks = self.ranks_of(process)
                if len(ranks) == 2:
                    os.kill(ranks[victim], signal.SIGKILL)
            process.communicate(timeout=60)
            if os.path.exists(self.output):  # then it is whole
                self.expect_same_values(reference)
            self.go_on(ranks=2)
            self.expect_same(reference)
            os.unlink(self.output)


if __name__ == "__main__":
    unittest.main()

"""Interrupted comparisons go on where they stopped, and end with the bits of an undisturbed run."""
import glob
import os
import signal
import subprocess
import unittest

import numpy as np

import acts
from interrupted import InterruptedJob
from program import _ENVIRONMENT, confer, open_results


class Restart(InterruptedJob):

    def test_a_killed_rank(self):
        reference = self.reference()
        for attempt in range(2):
            process = self.start()
            before = self.journal_bytes()
            self.assertTrue(self.wait_for_journal(process, before + 500), "the job ended before a rank could be killed")
            os.kill(self.ranks_of(process)[attempt % 2], signal.SIGKILL)
            process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.assertFalse(os.path.exists(self.output))
        self.go_on(ranks=3)
        self.expect_same(reference)

    def test_a_requested_stop(self):
        reference = self.reference()
        for number in (signal.SIGUSR1, signal.SIGTERM):
            process = self.start()
            before = self.journal_bytes()
            self.assertTrue(self.wait_for_journal(process, before + 500))
            for pid in self.ranks_of(process):
                os.kill(pid, number)
            out, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75, err)
            self.assertIn("stopped on request", err)
            self.assertFalse(os.path.exists(self.output))
        self.go_on(ranks=1)
        self.expect_same(reference)

    def test_a_stop_before_any_pair(self):
        reference = self.reference()
        process = self.start("--time-limit", "0.001")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, err)
        self.go_on()
        self.expect_same(reference)

    def test_damaged_journals(self):
        reference = self.reference()
        process = self.start()
        self.assertTrue(self.wait_for_journal(process, 3000))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        journals = sorted(glob.glob(self.output + ".journal/*"), key=os.path.getsize)
        with open(journals[-1], "r+b") as file:  # one changed bit in the largest, the other one torn
            file.seek(os.path.getsize(journals[-1]) // 2)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        os.truncate(journals[0], os.path.getsize(journals[0]) - 3)
        self.go_on()
        self.expect_same(reference)

    def test_a_store_that_is_kept(self):
        reference = self.reference()
        store = self.path("store")
        for _ in range(2):
            run = confer("compare", self.data, "--output", self.output, "--quiet", "--scratch", store, ranks=2)
            self.assertEqual(run.code, 0, run.err)
            self.assertEqual(len(glob.glob(store + "/*.basis")), 40)
        self.expect_same(reference)
        # A damaged factor is made again; other data under the same name have other factors.
        victim = sorted(glob.glob(store + "/*.basis"))[0]
        with open(victim, "r+b") as file:
            file.seek(os.path.getsize(victim) // 2)
            file.write(b"damage")
        run = confer("compare", self.data, "--output", self.output, "--quiet", "--scratch", store, "--fresh", ranks=2)
        self.assertEqual(run.code, 0, run.err)
        self.expect_same(reference)
        layers = {f"layer{l}": np.random.default_rng(l).standard_normal((900, 96)).astype(np.float32) for l in range(8)}
        acts.write_checkpoint(self.path("data", "net0.h5"), "net0", 100, layers)
        run = confer("compare", self.data, "--output", self.output, "--quiet", "--scratch", store, ranks=2)
        self.assertEqual(run.code, 0, run.err)
        fresh = confer("compare", self.data, "--output", self.path("out", "reference.h5"), "--quiet", "--fresh")
        self.assertEqual(fresh.code, 0, fresh.err)
        self.expect_same(open_results(self.path("out", "reference.h5")))

    def test_a_full_disk(self):
        """A limit on the size of files, too small for one large factor, stands for a full disk."""
        values = np.random.default_rng(0).standard_normal((40000, 128)).astype(np.float16)
        acts.write_checkpoint(self.path("large", "net.h5"), "net", 0, {"a": values, "b": values[:, :100]})
        process = subprocess.run(
            ["mpirun", "-n", "2", "bash", "-c", 'trap "" XFSZ; ulimit -f 12288; exec "$0" "$@"', os.environ["CONFER"],
             "compare", self.path("large"), "--output", self.output, "--quiet"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**_ENVIRONMENT, **os.environ}, timeout=120)
        self.assertEqual(process.returncode, 4, process.stderr)
        self.assertIn("File too large", process.stderr)
        self.assertEqual(os.listdir(os.path.dirname(self.output)), [])
        run = confer("compare", self.path("large"), "--output", self.output, "--quiet", ranks=2)
        self.assertEqual(run.code, 0, run.err)


class OtherSelection(InterruptedJob):
    """Work that was saved for other pairs of the same data is not taken for work on these."""
    measures = ("regression_held_out", "knn_mutual")

    def test_pairs_that_are_selected_anew(self):
        for measure in self.measures:
            with self.subTest(measure=measure):
                chosen = ("--measures", measure, "--pairs", "cross-network")
                run = confer("compare", self.data, "--output", self.path("out", "reference.h5"), "--quiet", *chosen)
                self.assertEqual(run.code, 0, run.err)
                process = self.start("--measures", measure)
                self.assertTrue(self.wait_for_journal(process, 0), "the job ended before a rank could be killed")
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate(timeout=60)
                self.go_on(*chosen)
                reference, results = (open_results(self.path("out", name)) for name in ("reference.h5", "results.h5"))
                np.testing.assert_array_equal(results[measure].values, reference[measure].values)
                self.assertEqual(sorted(os.listdir(self.path("out", ""))), ["reference.h5", "results.h5"])
                for name in ("reference.h5", "results.h5"):
                    os.unlink(self.path("out", name))


if __name__ == "__main__":
    unittest.main()

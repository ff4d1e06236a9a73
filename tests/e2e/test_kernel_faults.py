"""A rank that dies while kernel and neighbour measures are computed: the same command goes on, to the same bits."""
import os
import signal
import time
import unittest

import numpy as np

import acts
from interrupted import InterruptedJob

REPRESENTATIONS = 24
SUMS = 200_000  # bytes of journals that hold more than their headers


class KernelFaults(InterruptedJob):
    measures = ("cka_rbf", "distance_correlation", "rsa_pearson")
    options = ("--measures", ",".join(measures))

    def write_data(self):
        """Several pieces of kernels, and rows that take a while to prepare."""
        rng = np.random.default_rng(3)
        shared = rng.standard_normal((4000, 40))
        for net in range(4):
            layers = {f"layer{l}": (shared @ rng.standard_normal((40, 64)) + 2 * rng.standard_normal((4000, 64)))
                      .astype(np.float32) for l in range(REPRESENTATIONS // 4)}
            acts.write_checkpoint(self.path("data", f"net{net}.h5"), f"net{net}", 100, layers)

    def test_a_rank_dies_while_rows_are_prepared(self):
        self.measures = ("cka_rbf", "knn_mutual")
        self.options = ("--measures", ",".join(self.measures))
        reference = self.reference()
        store = self.path("store")
        for victim in (0, 1):
            process, ranks = self.stand_still(store, "*.rows", REPRESENTATIONS - 4)
            os.kill(ranks[victim], signal.SIGKILL)
            for pid in ranks:
                os.kill(pid, signal.SIGCONT)
            _, err = process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.assertIn(f"rank {victim}", err)
            self.assertFalse(os.path.exists(self.output))
            self.go_on("--scratch", store, ranks=3)
            self.expect_same(reference)
            os.unlink(self.output)
            for name in os.listdir(store):
                os.unlink(os.path.join(store, name))

    def test_a_rank_dies_among_the_pairs(self):
        reference = self.reference()
        for attempt in range(10):
            process = self.start()
            if self.stop_until_sums_are_due(process) and self.wait_for_journal(process, SUMS):
                ranks = self.ranks_of(process)
                if len(ranks) == 2:
                    os.kill(ranks[attempt % 2], signal.SIGKILL)
            process.communicate(timeout=60)
            if process.returncode != 0:
                break
            os.unlink(self.output)  # too fast to be disturbed
        self.assertNotEqual(process.returncode, 0, "the job always ended before a rank could be killed")
        self.assertFalse(os.path.exists(self.output))
        self.assertGreater(self.journal_bytes(), SUMS)
        self.go_on(ranks=3)
        self.expect_same(reference)

    def stop_until_sums_are_due(self, process):
        """Sums are saved every two seconds: a job as short as this one has to stand still that long to save any."""
        if not self.wait_for_journal(process, 0):
            return False
        ranks = self.ranks_of(process)
        for pid in ranks:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2.1)
        for pid in ranks:
            os.kill(pid, signal.SIGCONT)
        return True


if __name__ == "__main__":
    unittest.main()

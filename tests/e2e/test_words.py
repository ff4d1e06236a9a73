"""Bytes that a group of ranks sends to factor a matrix, as Open MPI counts them, against the formula of the plan."""
import glob
import os
import re
import subprocess
import unittest

from program import _ENVIRONMENT, TestCase

RANKS, SIDE = 4, 256


def planned_bytes(ranks, side):
    """As factor_words in model/factor_plan: one Gram matrix, a triangle, means and extremes, summed over the ranks."""
    return 8 * 2 * (1 - 1 / ranks) * (side * (side + 1) / 2 + 4 * side)


class Words(TestCase):

    def sent_by_ranks(self, test):
        """Bytes inside collective operations and in messages, rank by rank."""
        program = os.path.join(os.path.dirname(os.environ["CONFER"]), "tests", "mpi_factor_group")
        prefix = self.path("monitoring", "words")
        run = subprocess.run(
            ["mpirun", "-n", str(RANKS), "--mca", "pml_monitoring_enable", "2", "--mca", "pml_monitoring_enable_output",
             "3", "--mca", "pml_monitoring_filename", prefix, program, "--gtest_filter=" + test],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env={**_ENVIRONMENT, **os.environ})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        sent = []
        for path in sorted(glob.glob(prefix + ".*.prof")):
            with open(path) as file:
                sent.append(sum(int(bytes) for bytes in re.findall(r"^[IE]\t\d+\t\d+\t(\d+) bytes", file.read(), re.M)))
        self.assertEqual(len(sent), RANKS)
        return sent

    def test_a_factor_sends_what_the_plan_says(self):
        sent = self.sent_by_ranks("FactorGroup.NeedsOneGramMatrixWhereDataAreWellConditioned")
        planned = planned_bytes(RANKS, SIDE)
        for bytes in sent:
            self.assertLess(bytes, 1.05 * planned, (sent, planned))
        self.assertGreater(sum(sent) / RANKS, 0.9 * planned, (sent, planned))


if __name__ == "__main__":
    unittest.main()

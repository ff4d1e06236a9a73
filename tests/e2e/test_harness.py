"""A failing assertion on any one rank must fail the MPI test program and be printed with rank and line."""
import os
import pathlib
import re
import subprocess
import unittest

PROGRAM = pathlib.Path(os.environ["CONFER"]).parent / "tests" / "mpi_harness"
RANKS = 3


def run(failing_rank):
    env = dict(os.environ)
    env.pop("CONFER_TEST_FAILING_RANK", None)
    if failing_rank is not None:
        env["CONFER_TEST_FAILING_RANK"] = str(failing_rank)
    return subprocess.run(["mpirun", "-n", str(RANKS), str(PROGRAM)], env=env, capture_output=True, text=True,
                          timeout=120)


class Harness(unittest.TestCase):
    def test_passes_when_no_rank_fails(self):
        done = run(None)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_failure_of_each_rank_is_seen(self):
        for rank in range(RANKS):
            done = run(rank)
            self.assertNotEqual(done.returncode, 0)
            failures = re.findall(r"rank (\d+): \S*harness\.cpp:\d+: Failure", done.stdout)
            self.assertEqual(failures, [str(rank)], done.stdout + done.stderr)

    def test_running_no_test_at_all_fails(self):
        done = subprocess.run(["mpirun", "-n", "1", str(PROGRAM), "--gtest_filter=Nothing.*"], capture_output=True,
                              text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()

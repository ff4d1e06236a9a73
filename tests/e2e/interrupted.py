"""A comparison that tests interrupt: its data, starting it without waiting, looking at what it has saved."""
import glob
import os
import signal
import subprocess
import time

import numpy as np

import acts
from program import _ENVIRONMENT, TestCase, confer, open_results

MEASURES = ("cca", "svcca", "pwcca", "cka", "procrustes", "regression")


class InterruptedJob(TestCase):
    measures = MEASURES
    options = ()  # of every run

    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.output = self.path("out", "results.h5")
        self.write_data()

    def write_data(self):
        rng = np.random.default_rng(3)
        shared = rng.standard_normal((900, 60))
        for net in range(5):
            layers = {f"layer{l}": (shared @ rng.standard_normal((60, 96)) + rng.standard_normal((900, 96))).astype(np.float32)
                      for l in range(8)}
            acts.write_checkpoint(self.path("data", f"net{net}.h5"), f"net{net}", 100, layers)

    def start(self, *options, ranks=2):
        command = ["mpirun", "-n", str(ranks), os.environ["CONFER"], "compare", self.data, "--output", self.output,
                   "--quiet", *self.options, *options]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env={**_ENVIRONMENT, **os.environ}, start_new_session=True)

    def expect_draws_go_on(self, state, variables, *options):
        """Stopped, and killed, while it draws samples, the job goes on to the same values on other ranks. `state`: the
        file in which what has been drawn is kept."""
        reference = self.compare([self.data], *options, name="reference.h5")
        state = os.path.join(self.output + ".journal", state)
        for number, code in ((signal.SIGUSR1, 75), (signal.SIGKILL, None)):
            for _ in range(10):
                process = self.start(*options)
                while process.poll() is None and not os.path.exists(state):
                    pass
                for pid in self.ranks_of(process):
                    os.kill(pid, number)
                process.communicate(timeout=60)
                if process.returncode != 0:
                    break
                os.unlink(self.output)
            else:
                raise AssertionError("the job was always too fast to be disturbed")
            if code is not None:
                self.assertEqual(process.returncode, code)
            self.assertTrue(os.path.exists(state))
            run = confer("compare", self.data, "--output", self.output, "--quiet", *options, ranks=3)
            self.assertEqual(run.code, 0, run.err)
            results = open_results(self.output)
            for name in variables:
                np.testing.assert_array_equal(results[name].values, reference[name].values, err_msg=name)
            self.assertEqual(sorted(os.listdir(os.path.dirname(self.output))), ["reference.h5", "results.h5"])
            os.unlink(self.output)

    def journal_bytes(self):
        total = 0
        for path in glob.glob(self.output + ".journal/*"):
            try:
                total += os.path.getsize(path)
            except FileNotFoundError:  # removed at the end of a job
                pass
        return total

    def wait_for_journal(self, process, more_than):
        """Waits until tiles have been finished; False when the job ended before."""
        while process.poll() is None:
            if self.journal_bytes() > more_than:
                return True
            time.sleep(0.002)
        return False

    def ranks_of(self, process):
        pids = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in pids]

    def reference(self):
        run = confer("compare", self.data, "--output", self.path("out", "reference.h5"), "--quiet", *self.options, ranks=1)
        self.assertEqual(run.code, 0, run.err)
        return open_results(self.path("out", "reference.h5"))

    def expect_same_values(self, reference):
        results = open_results(self.output)
        for name in self.measures:
            self.assertTrue(np.array_equal(results[name].values, reference[name].values, equal_nan=True), name)

    def expect_same(self, reference):
        self.expect_same_values(reference)
        self.assertEqual(sorted(os.listdir(os.path.dirname(self.output))), ["reference.h5", "results.h5"])

    def go_on(self, *options, ranks=2, code=0):
        run = confer("compare", self.data, "--output", self.output, "--quiet", *self.options, *options, ranks=ranks)
        self.assertEqual(run.code, code, run.err)
        return run

    def stand_still_while_factoring(self, store):
        """A job and its ranks, stopped when they have made some factors but not all."""
        return self.stand_still(store, "*.basis", 30)

    def stand_still(self, store, pattern, most, attempts=10):
        """A job and its ranks, stopped when the store has at least one such file and at most so many, and no pair is
        done. A job that was too fast is repeated."""
        pattern = os.path.join(store, pattern)
        for _ in range(attempts):
            process = self.start("--scratch", store)
            ranks = []
            while process.poll() is None and len(ranks) < 2:
                ranks = self.ranks_of(process)
            while process.poll() is None and not glob.glob(pattern):
                time.sleep(0.001)
            if process.poll() is None:
                for pid in ranks:
                    os.kill(pid, signal.SIGSTOP)
                if self.journal_bytes() == 0 and len(glob.glob(pattern)) <= most:
                    return process, ranks
                for pid in ranks:
                    os.kill(pid, signal.SIGCONT)
            process.communicate(timeout=60)
            for leftover in glob.glob(store + "/*") + glob.glob(self.output):
                os.unlink(leftover)
        raise AssertionError(f"all of {pattern} were always done before the ranks could be stopped")

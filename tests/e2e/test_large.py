"""Representations that are large for a rank: memory that is kept to, rows shared by ranks, ScaLAPACK, interruptions."""
import glob
import os
import signal
import subprocess
import time
import unittest

import numpy as np

import acts
from program import _ENVIRONMENT, TestCase, confer, open_results

MEASURES = ("cca", "cca_r2", "svcca", "pwcca", "cka", "cka_debiased", "procrustes", "regression")
MIB = 1 << 20


def related(shape, networks, seed=0, kind=np.float32):
    """Arrays of a shape, sample axis first, that share some structure."""
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((shape[0], 12)).astype(np.float32)
    width = int(np.prod(shape[1:]))
    for _ in range(networks):
        mix = rng.standard_normal((12, width)).astype(np.float32) * (0.8 ** np.arange(12, dtype=np.float32))[:, None]
        values = latent @ mix + np.float32(0.3) * rng.standard_normal((shape[0], width)).astype(np.float32) + 2
        yield values.astype(kind).reshape(shape)


class Large(TestCase):

    def write(self, shape, networks=2, name="conv", **options):
        for number, values in enumerate(related(shape, networks)):
            acts.write_checkpoint(self.path("data", f"net{number}.h5"), f"net{number}", 0, {name: values}, **options)
        return self.path("data", "")

    def compare(self, data, *options, **how):
        """Every run writes a file of its own: values of an earlier one would be taken over."""
        self.runs = getattr(self, "runs", 0) + 1
        return super().compare(data, *options, name=f"results-{self.runs}.h5", **how)

    def expect_close(self, one, other, tolerance, measures=MEASURES):
        for name in measures:
            np.testing.assert_allclose(one[name].values, other[name].values, rtol=0, atol=tolerance, err_msg=name)

    def test_rows_beyond_a_slice_are_the_same_on_any_number_of_ranks(self):
        data = self.write((1000, 6, 9, 9), networks=3)  # 81,000 rows
        reference = self.compare([data], "--conv", "positions")
        for ranks in (2, 3, 4):
            results = self.compare([data], "--conv", "positions", ranks=ranks)
            for name in MEASURES:
                self.assertTrue(np.array_equal(results[name].values, reference[name].values), name)

    def test_scalapack_is_the_local_route(self):
        data = self.write((90, 8, 6, 6), networks=3)
        for conv in ("mean", "positions", "flatten"):
            local = self.compare([data], "--conv", conv, "--svd", "local", "--exact")
            for ranks in (1, 3, 4):
                dealt = self.compare([data], "--conv", conv, "--svd", "scalapack", "--exact", ranks=ranks)
                self.assertEqual(list(dealt["rank"].values), list(local["rank"].values))
                self.expect_close(dealt, local, 1e-10)

    def test_memory_is_kept_to(self):
        """Wide and tall data of 100 MB and more, in less memory than they take, and with the same results."""
        for shape, conv in (((260, 100, 32, 32), "flatten"), ((1700, 24, 28, 28), "positions")):
            with self.subTest(conv=conv):
                data = self.write(shape)
                size = os.path.getsize(glob.glob(os.path.join(data, "net0.h5"))[0])
                self.assertGreater(size, 100 * MIB)
                roomy = self.compare([data], "--conv", conv)
                promised = 170 * MIB
                for ranks in (1, 2):
                    tight = self.compare([data], "--conv", conv, "--memory-per-rank", "170MiB", ranks=ranks)
                    measured = tight["phase_memory"].values
                    self.assertLessEqual(measured.max(), 1.15 * promised, measured / MIB)
                    planned = tight["phase_memory_planned"].values
                    self.assertLessEqual(planned[1:3].max(), promised)
                    self.assertLessEqual(measured[1], 1.15 * planned[1], (measured / MIB, planned / MIB))
                    for name in MEASURES:
                        self.assertTrue(np.array_equal(tight[name].values, roomy[name].values), name)

    def test_memory_that_is_too_small_is_refused_before_work_begins(self):
        data = self.write((600, 30, 10, 10))
        for options in (("--conv", "flatten"), ("--conv", "flatten", "--svd", "local"), ("--conv", "mean")):
            run = confer("compare", data, "--output", self.path("out", "r.h5"), "--memory-per-rank", "55MiB", *options, ranks=2)
            self.assertEqual(run.code, 2, run.err)
            message = next(line for line in run.err.splitlines() if line.startswith("confer: "))
            self.assertIn("--memory-per-rank", message)
            self.assertRegex(message, r"needs? [0-9.]+ [KMG]iB")
            self.assertEqual(os.listdir(self.path("out")), [])

    # Factors by ScaLAPACK are made by all ranks together: the longest a group of ranks works in small data.
    def start(self, data, *options, ranks=3):
        command = ["mpirun", "-n", str(ranks), os.environ["CONFER"], "compare", data, "--output",
                   self.path("out", "results.h5"), "--quiet", "--svd", "scalapack", *options]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env={**_ENVIRONMENT, **os.environ}, start_new_session=True)

    def ranks_when_factoring(self, process, before):
        """The ranks' process ids, once a group has opened another file in the store than those of before."""
        while process.poll() is None and self.stored() <= before:
            time.sleep(0.005)
        pids = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        self.assertTrue(pids, "the job ended before it could be disturbed")
        return [int(pid) for pid in pids]

    def stored(self):
        return set(glob.glob(self.path("store") + "/*"))

    def expect_same_results(self, one, other):
        """Every variable but those of time and memory. ScaLAPACK adds up what ranks send in the order of arrival, so that
        two undisturbed runs differ by a rounding, which single precision may enlarge; the rest is the same bits. With
        rank n - 1 the weights of pwcca are not determined."""
        kept = [{name for name, variable in results.variables.items() if "phase" not in variable.dims}
                for results in (one, other)]
        self.assertEqual(*kept)
        self.assertTrue(set(MEASURES) <= kept[0])
        for name in kept[0]:
            x, y = one[name].values, other[name].values
            if x.dtype.kind == "f" and name.endswith("_z"):
                continue  # follows from the value and its chance level
            if x.dtype.kind == "f" and not name.startswith("pwcca"):
                np.testing.assert_allclose(x, y, rtol=1e-6, atol=2e-6, err_msg=name)
            elif x.dtype.kind != "f" and "_best_" not in name:
                np.testing.assert_array_equal(x, y, err_msg=name)

    def interrupt(self, data, options, how):
        """Sends a signal to one rank, or to all if they may catch it, when factors are being made; the ended process."""
        before = self.stored()
        process = self.start(data, *options)
        ranks = self.ranks_when_factoring(process, before)
        for pid in ranks[1:2] if how == signal.SIGKILL else ranks:
            os.kill(pid, how)
        _, err = process.communicate(timeout=120)
        self.assertFalse(os.path.exists(self.path("out", "results.h5")))
        return process.returncode, err

    def test_after_a_killed_rank_the_same_command_gives_what_an_undisturbed_run_gives(self):
        data = self.write((800, 40, 4, 4), networks=8)
        reference = self.compare([data], "--conv", "flatten", "--svd", "scalapack", ranks=3)
        options = ("--conv", "flatten", "--scratch", self.path("store"))
        code, err = self.interrupt(data, options, signal.SIGKILL)
        self.assertNotEqual(code, 0)
        self.assertIn("rank 1", err)
        self.assertLess(len(glob.glob(self.path("store") + "/*.basis")), 8)
        process = self.start(data, *options)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        self.expect_same_results(open_results(self.path("out", "results.h5")), reference)

    def test_a_group_is_asked_to_stop_and_goes_on(self):
        data = self.write((800, 40, 4, 4), networks=8)
        options = ("--conv", "flatten", "--scratch", self.path("store"))
        for how in (signal.SIGUSR1, signal.SIGTERM):
            code, err = self.interrupt(data, options, how)
            self.assertEqual(code, 75, err)
            self.assertIn("stopped on request", err)
        self.assertLess(len(glob.glob(self.path("store") + "/*.basis")), 8)
        results = self.compare([data], *options, "--svd", "scalapack", ranks=2)
        self.assertEqual(len(glob.glob(self.path("store") + "/*.basis")), 8)
        # With rank n - 1 the canonical directions, and with them the weights of pwcca, are not determined.
        self.expect_close(results, self.compare([data], "--conv", "flatten"), 2e-6, set(MEASURES) - {"pwcca"})


if __name__ == "__main__":
    unittest.main()

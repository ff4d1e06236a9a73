"""Memory of the analyses beside compare: too little is refused before work begins, and what is accepted is kept to."""
import os
import re
import unittest

import numpy as np

import acts
from program import TestCase, confer, open_results

MIB = 1 << 20
UNITS = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
TINY = 60  # MiB: the program starts, and nothing of some size can be computed


class Memory(TestCase):
    def write(self, layers, networks=1, steps=1, axes=None, **options):
        rng = np.random.default_rng(2)
        for network in range(networks):
            for step in range(steps):
                made = {}
                for name, shape in layers.items():
                    flat = rng.standard_normal((shape[0], 15)) @ rng.standard_normal((15, int(np.prod(shape[1:]))))
                    made[name] = (flat + rng.standard_normal(flat.shape)).astype(np.float32).reshape(shape)
                samples = next(iter(layers.values()))[0]
                acts.write_checkpoint(self.path("data", f"n{network}-{step}.h5"), f"n{network}", step, made, axes=axes,
                                      targets={"labels": np.arange(samples) % 7}, **options)
        return self.path("data", "")

    def run_command(self, command, *options, ranks=1):
        return confer(command, self.path("data", ""), "--output", self.path("out", "r.h5"), "--quiet", *options,
                      ranks=ranks)

    def refusal(self, command, *options, budget=TINY):
        """What a layer needs beyond what the program has in use, and what that is, in MiB."""
        run = self.run_command(command, *options, "--memory-per-rank", f"{budget}MiB", ranks=2)
        self.assertEqual(run.code, 2, run.err)
        self.assertEqual(os.listdir(self.path("out", "")), [])
        message = next(line for line in run.err.splitlines() if line.startswith("confer: "))
        found = re.search(r"--memory-per-rank is too small \(.*needs ([\d.]+) (.iB) .* may take ([\d.]+) (.iB)\)", message)
        self.assertTrue(found, message)
        needed, allowed = (float(found[k]) * UNITS[found[k + 1]] for k in (1, 3))
        return needed, budget - allowed, message

    def expect_kept(self, command, *options, code=0):
        """The least that is accepted, and what it took."""
        needed, in_use, message = self.refusal(command, *options)
        self.assertRegex(message, r"'n0@\d+/\w+' \([\d,]+ rows x [\d,]+ neurons\).*--layers")
        for ranks in (1, 2):
            budget = int(np.ceil(needed * 1.005 + in_use)) + 2
            run = self.run_command(command, *options, "--memory-per-rank", f"{budget}MiB", ranks=ranks)
            self.assertEqual(run.code, code, run.err)
            measured = open_results(self.path("out", "r.h5"))["phase_memory"].values.max()
            self.assertLessEqual(measured, 1.15 * budget * MIB, (measured / MIB, budget))
            os.unlink(self.path("out", "r.h5"))
        return budget

    def test_align(self):
        for layers, options in (({"tall": (30000, 300)}, ()), ({"wide": (500, 9000)}, ("--center", "none")),
                                ({"conv": (900, 60, 8, 8)}, ("--conv", "positions")),
                                ({"tall": (20000, 200)}, ("--preprocess", "demo"))):
            with self.subTest(layers=layers, options=options):
                self.write(layers)
                self.expect_kept("align", "--target", "labels", *options)

    def test_align_says_the_same_in_less_memory(self):
        self.write({"tall": (30000, 300)})
        budget = self.expect_kept("align", "--target", "labels")
        results = []
        for memory in (f"{budget}MiB", "2GiB"):
            run = self.run_command("align", "--target", "labels", "--memory-per-rank", memory)
            self.assertEqual(run.code, 0, run.err)
            results.append(open_results(self.path("out", "r.h5")))
        self.assertLess(*(r["phase_memory"].values.max() for r in results))
        np.testing.assert_allclose(results[0]["mass"].values, results[1]["mass"].values, atol=1e-10)

    def test_comparisons_of_samples(self):
        self.write({"fc": (4000, 40)}, networks=3)
        rows, pairs = "prepare the rows of the largest representation", "pairs of 3 representations"
        for measures, what in ((("cka_rbf,distance_correlation",), rows), (("rsa_spearman",), rows),
                               (("knn_mutual,cknna",), rows), (("cka_minibatch", "--batch", 2000), pairs),
                               (("cka_rbf,knn_mutual", "--jackknife", 4), rows)):
            with self.subTest(measures=measures):
                store = self.path("store", "")
                needed, in_use, message = self.refusal("compare", "--measures", *measures, "--scratch", store)
                self.assertIn(what, message)
                self.assertIn("; allow more, or compare fewer representations", message)
                self.assertEqual(os.listdir(store), [])  # nothing was read, factored or prepared
                budget = int(np.ceil(needed * 1.005 + in_use)) + 2
                run = self.run_command("compare", "--measures", *measures, "--memory-per-rank", f"{budget}MiB", ranks=2)
                self.assertEqual(run.code, 0, run.err)
                measured = open_results(self.path("out", "r.h5"))["phase_memory"].values.max()
                self.assertLessEqual(measured, 1.15 * budget * MIB, (measured / MIB, budget))
                os.unlink(self.path("out", "r.h5"))

    def test_match(self):
        self.write({"fc": (40000, 300)}, networks=2)
        self.expect_kept("match", "--penalties", "none", "--clusters", "none", code=1)

    def test_dynamics(self):
        self.write({"fc": (12000, 300)}, steps=3)
        self.expect_kept("dynamics", "--convergence")
        self.expect_kept("dynamics", "--census", "fc")

    def test_sequences(self):
        self.write({"rnn": (2000, 12, 150)}, steps=2, axes={"rnn": "sample,time,channel"})
        self.expect_kept("dynamics", "--sequences")


if __name__ == "__main__":
    unittest.main()

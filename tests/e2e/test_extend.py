"""A job that adds checkpoints or measures keeps the values that the results file of its name already holds."""
import os
import unittest

import h5py
import numpy as np

import acts
from program import TestCase, confer, open_results


class Extend(TestCase):

    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(8)
        self.shared = self.rng.standard_normal((300, 20))
        self.output = self.path("results.h5")
        for net in range(3):
            self.add(net)

    def add(self, net):
        layers = {f"layer{l}": (self.shared @ self.rng.standard_normal((20, 24)) + self.rng.standard_normal((300, 24))).astype("f4")
                  for l in range(3)}
        acts.write_checkpoint(self.path("data", f"net{net}.h5"), f"net{net}", 1, layers)

    def compare(self, *options, output=None, ranks=2):
        run = confer("compare", self.path("data"), "--output", output or self.output, *options, ranks=ranks)
        self.assertEqual(run.code, 0, run.err)
        return open_results(output or self.output), run.err

    def mark(self, measure, first, second, value):
        """Changes a stored value: whoever computes it anew gets another one."""
        with h5py.File(self.output, "r+") as file:
            file[measure][first, second] = value

    def fresh(self, *options):
        return self.compare(*options, output=self.path("other", "fresh.h5"))[0]

    def test_more_checkpoints(self):
        self.compare("--measures", "cca,pwcca")
        self.mark("cca", 1, 5, 0.125)
        self.add(3)
        results, err = self.compare("--measures", "cca,pwcca", ranks=3)
        self.assertIn("36 pairs", err)
        self.assertEqual(results.attrs["pairs_of_an_earlier_run"], 36)
        self.assertEqual(results["cca"].values[1, 5], 0.125)
        expected = self.fresh("--measures", "cca,pwcca")
        cca = results["cca"].values.copy()
        cca[1, 5] = expected["cca"].values[1, 5]
        for name, values in (("cca", cca), ("pwcca", results["pwcca"].values), ("cca_above_edge", results["cca_above_edge"].values)):
            np.testing.assert_allclose(values, expected[name].values, rtol=0, atol=1e-7)
        self.assertEqual(results.sizes["a"], 12)

    def test_more_measures(self):
        self.compare("--measures", "cka")
        self.mark("cka", 0, 4, 0.125)
        results, _ = self.compare("--measures", "cka,procrustes,cca", ranks=1)
        self.assertEqual(results["cka"].values[0, 4], 0.125)
        expected = self.fresh("--measures", "cka,procrustes,cca")
        for name in ("procrustes", "cca", "cca_z", "cca_above_edge"):
            np.testing.assert_allclose(results[name].values, expected[name].values, rtol=0, atol=1e-7)

    def test_what_is_not_taken_over(self):
        self.compare("--measures", "svcca")
        for options in (("--variance", "0.9"), ("--exact",), ("--rank-tolerance", "1e-3"), ("--fresh",)):
            self.mark("svcca", 0, 4, 0.125)
            results, err = self.compare("--measures", "svcca", *options)
            self.assertNotEqual(results["svcca"].values[0, 4], 0.125, options)
            self.assertNotIn("already", err)
        self.compare("--measures", "svcca")
        self.mark("svcca", 0, 4, 0.125)
        self.mark("svcca", 4, 8, 0.125)
        self.add(0)  # other values under the same name
        results, _ = self.compare("--measures", "svcca")
        self.assertNotEqual(results["svcca"].values[0, 4], 0.125)
        self.assertEqual(results["svcca"].values[4, 8], 0.125)

    def test_pairs_that_are_left_out_stay_out(self):
        self.compare("--measures", "cca")
        results, _ = self.compare("--measures", "cca", "--pairs", "cross-network")
        self.assertTrue(np.isnan(results["cca"].values[0, 1]))
        self.assertFalse(np.isnan(results["cca"].values[0, 3]))
        results, _ = self.compare("--measures", "cca")
        np.testing.assert_array_equal(results["cca"].values, self.fresh("--measures", "cca")["cca"].values)


if __name__ == "__main__":
    unittest.main()

"""The neuron measures of `confer compare` against NumPy and SciPy, in every layout, and on neurons that are dead."""
import os
import unittest

import numpy as np
from scipy.optimize import linear_sum_assignment

import oracle
from acts import write_checkpoint
from program import DATA, TestCase

MEASURES = "match_semi,match_one_to_one"


def correlations(x, y):
    """Of the neurons that vary, each centred and scaled for itself."""
    def standardised(a):
        a = a.astype(float)
        a = a[:, a.min(axis=0) < a.max(axis=0)]
        a = a - a.mean(axis=0)
        return a / np.linalg.norm(a, axis=0)
    return standardised(x).T @ standardised(y)


def scores(x, y):
    r = correlations(x, y)
    rows, columns = linear_sum_assignment(r, maximize=True)
    return r.max(axis=1).mean(), r[rows, columns].mean()


class MatchMeasures(TestCase):
    def check(self, results, matrices, tolerance):
        live = [0 if x is None else int((x.min(axis=0) < x.max(axis=0)).sum()) for x in matrices]
        semi, one = results["match_semi"].values, results["match_one_to_one"].values
        for i, x in enumerate(matrices):
            for j, y in enumerate(matrices):
                if x is None or y is None or x.shape[0] != y.shape[0]:
                    self.assertTrue(np.isnan(semi[i, j]) and np.isnan(one[i, j]))
                    self.assertGreater(int(results["pair_status"].values[i, j]), 1)
                    continue
                expected = scores(x, y)
                self.assertAlmostEqual(semi[i, j], expected[0], delta=tolerance)
                self.assertAlmostEqual(one[i, j], expected[1], delta=tolerance)
                if live[i] <= live[j]:
                    self.assertGreaterEqual(semi[i, j] + 1e-9, one[i, j])

    def test_real_networks_in_every_layout_at_any_number_of_ranks(self):
        data = os.path.join(DATA, "A")
        for conv in ("mean", "positions"):
            representations = oracle.load(oracle.files(data), conv=conv)
            by_ranks = [self.compare([data], "--measures", MEASURES, "--conv", conv, "--pairs", "same-layer",
                                     ranks=ranks,
                                     name=f"{conv}{ranks}.h5") for ranks in (1, 2, 4)]
            order = {r.label: r.matrix for r in representations}
            matrices = [order[label] for label in by_ranks[0]["label"].values]
            comparable = by_ranks[0]["pair_status"].values <= 1
            for i, j in np.argwhere(comparable):
                expected = scores(matrices[i], matrices[j])
                self.assertAlmostEqual(float(by_ranks[0]["match_semi"][i, j]), expected[0], delta=1e-6)
                self.assertAlmostEqual(float(by_ranks[0]["match_one_to_one"][i, j]), expected[1], delta=1e-6)
            for other in by_ranks[1:]:
                for name in MEASURES.split(","):
                    np.testing.assert_array_equal(other[name].values, by_ranks[0][name].values)

    def test_scales_offsets_dead_and_single_neurons(self):
        generator = np.random.default_rng(3)
        base = generator.standard_normal((200, 6))
        scaled = base * np.array([1e8, 1.0, 1e-6, 1.0, 1e-8, 3.0]) + np.array([0, 1e3, 0, 5, 1e-4, 0])
        dead = np.hstack([base[:, :3], np.zeros((200, 2)), np.full((200, 1), 0.1)])
        matrices = [base, scaled, dead, base[:, :1], -base[:, :1], None]
        layers = {f"l{i}": np.full((200, 4), 2.5) if x is None else x for i, x in enumerate(matrices)}
        write_checkpoint(self.path("in", "x.h5"), "net", 0, layers)
        exact = self.compare([self.path("in")], "--measures", MEASURES, "--exact", "--rank-tolerance", "0", code=1,
                             name="exact.h5")
        self.check(exact, matrices, 1e-12)
        self.assertEqual(exact["status"].values[5], "constant")
        self.assertEqual(exact["constant_neurons"].values[2], 3)
        self.assertAlmostEqual(float(exact["match_one_to_one"][0, 1]), 1, delta=1e-9)
        self.assertAlmostEqual(float(exact["match_semi"][3, 4]), -1, delta=1e-12)
        fast = self.compare([self.path("in")], "--measures", MEASURES + ",cka", "--rank-tolerance", "0", code=1,
                            name="fast.h5")
        self.check(fast, matrices, 1e-6)
        self.assertIn("cka_null", fast)

    def test_more_neurons_than_samples(self):
        generator = np.random.default_rng(4)
        matrices = [generator.standard_normal((30, p)) for p in (70, 50)]
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"a": matrices[0], "b": matrices[1]})
        results = self.compare([self.path("in")], "--measures", MEASURES)
        self.check(results, matrices, 1e-6)


if __name__ == "__main__":
    unittest.main()

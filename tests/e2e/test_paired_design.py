"""A pair of representations whose every similarity is known in closed form, through the whole program.

X = E diag(s) and Y = (E diag(c) + Z diag(sqrt(1 - c^2))) diag(t), with E and Z orthonormal columns of zero mean (a
cosine basis), have the canonical correlations c. What a measure is declared not to see (shifts, scales, rotations, the
order of neurons, constant and repeated neurons) must not change its numbers.
"""
import unittest

import numpy as np

from acts import write_checkpoint
from program import TestCase

S = np.array([10, 5, 3, 2, 1, .5])
T = np.array([1., 2, 3, 4, 5, 6])
C = np.array([.95, .9, .7, .5, .3, .1])
P, N = 6, 400

# (row x, column y), (row y, column x)
CLOSED_FORMS = {
    "cca": (np.mean(C), np.mean(C)),
    "cca_r2": (np.mean(C**2), np.mean(C**2)),
    "svcca": (0.7625, 0.7625),  # 99 % of the variance: the first four of X, all six of Y
    "pwcca": (np.sum(S * C) / np.sum(S), np.sum(T * C) / np.sum(T)),
    "cka": (np.sum((S * T * C)**2) / np.sqrt(np.sum(S**4) * np.sum(T**4)),) * 2,
    "cka_debiased": (0.0401804295, 0.0401804295),  # ten digits
    "procrustes": (np.sum(S * T * C) / np.sqrt(np.sum(S**2) * np.sum(T**2)),) * 2,
    "procrustes_angle": (np.arccos(np.sum(S * T * C) / np.sqrt(np.sum(S**2) * np.sum(T**2))),) * 2,
    "regression": (np.sum((T * C)**2) / np.sum(T**2), np.sum((S * C)**2) / np.sum(S**2)),
}
ROTATION_BLIND = set(CLOSED_FORMS) - {"pwcca"}
LINEAR_BLIND = {"cca", "cca_r2"}


def design():
    rows = np.arange(N) + 0.5
    basis = np.sqrt(2 / N) * np.cos(np.pi / N * np.outer(rows, np.arange(1, 2 * P + 1)))
    e, z = basis[:, :P], basis[:, P:]
    return e * S, (e * C + z * np.sqrt(1 - C**2)) * T


def variants(x, random):
    """name -> (array, measures that must not see the change)"""
    rotation = np.linalg.qr(random.normal(size=(P, P)))[0]
    everything = set(CLOSED_FORMS)
    return {
        "plain": (x, everything),
        "shifted": (x + random.normal(size=P), everything),
        "offset": (x + 1e4, everything),
        "huge": (x * 1e30, everything),
        "tiny": (x * 1e-30, everything),
        "permuted": (x[:, random.permutation(P)], everything),
        "constant": (np.hstack([x, np.full((N, 2), 3.7)]), everything),
        "rotated": (x @ rotation, ROTATION_BLIND),
        "repeated": (np.hstack([x, x[:, :2]]), LINEAR_BLIND),
        "dependent": (np.hstack([x, x @ random.normal(size=(P, 3))]), LINEAR_BLIND),
        "mixed": (x @ (np.diag([1, 2, .5, 1, 3, 1]) @ rotation), LINEAR_BLIND),
    }


class PairedDesign(TestCase):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(5)
        self.measures = {}
        order = random.permutation(N)
        for network, matrix in zip("xy", design()):
            layers = variants(matrix, random)
            self.measures[network] = {name: blind for name, (_, blind) in layers.items()}
            arrays = {name: values[order] for name, (values, _) in layers.items()}
            write_checkpoint(self.path("data", f"{network}.h5"), network, 0, arrays, shards=2)

    def check(self, results, tolerance):
        labels = results["label"].values.tolist()
        self.assertEqual(set(results["rank"].values.tolist()), {P})
        for a, blind_a in self.measures["x"].items():
            for b, blind_b in self.measures["y"].items():
                i, j = labels.index(f"x@0/{a}"), labels.index(f"y@0/{b}")
                for name in blind_a & blind_b:
                    # Stored beside 1e4, the values themselves carry an error of 1e-12; ten digits were printed.
                    bound = max(tolerance, 1e-9 if "offset" in (a, b) or name == "cka_debiased" else 0)
                    got = results[name].values[i, j], results[name].values[j, i]
                    np.testing.assert_allclose(got, CLOSED_FORMS[name], rtol=0, atol=bound, err_msg=f"{name} {a} {b}")

    def test_default(self):
        for ranks in (1, 2, 3, 4):
            with self.subTest(ranks=ranks):
                self.check(self.compare([self.path("data", "")], ranks=ranks, name=f"{ranks}.h5"), 1e-6)

    def test_exact(self):
        for ranks in (1, 2, 3, 4):
            with self.subTest(ranks=ranks):
                self.check(self.compare([self.path("data", "")], "--exact", ranks=ranks, name=f"{ranks}.h5"), 1e-10)

    def test_itself(self):
        """Every representation is at the end of the scale with itself."""
        results = self.compare([self.path("data", "")])
        for name in set(CLOSED_FORMS) - {"procrustes_angle"}:
            np.testing.assert_allclose(np.diag(results[name].values), 1, rtol=0, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(np.diag(results["procrustes_angle"].values), 0, rtol=0, atol=2e-3)

    def test_shuffled_samples_fall_to_chance(self):
        x, y = design()
        random = np.random.default_rng(9)
        write_checkpoint(self.path("shuffled", "x.h5"), "x", 0, {"plain": x})
        for i in range(8):
            write_checkpoint(self.path("shuffled", f"y{i}.h5"), f"y{i}", 0, {"plain": y[random.permutation(N)]})
        results = self.compare([self.path("shuffled", "")])
        for name in ("cka", "cca_r2", "regression"):
            z = results[f"{name}_z"].values[0, 1:]
            self.assertLess(np.abs(np.mean(z)), 1.5, name)
            self.assertLess(np.max(np.abs(z)), 4.5, name)


if __name__ == "__main__":
    unittest.main()

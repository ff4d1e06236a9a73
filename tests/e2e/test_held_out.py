"""Cross-validated measures and the rest of the covariance family against NumPy and SciPy, through the program."""
import os
import unittest

import numpy as np
from scipy import stats

import oracle
from acts import write_checkpoint
from program import DATA, TestCase


def folds_of(samples, folds):
    """The program's fixed shuffle: Fisher-Yates by the finaliser of SplitMix64."""
    def mixed(value):
        value = (value + 0x9e3779b97f4a7c15) % 2**64
        value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9 % 2**64
        value = (value ^ value >> 27) * 0x94d049bb133111eb % 2**64
        return value ^ value >> 31
    order = list(range(samples))
    for i in range(samples - 1, 0, -1):
        j = mixed(i) % (i + 1)
        order[i], order[j] = order[j], order[i]
    fold = np.empty(samples, int)
    fold[order] = np.arange(samples) % folds
    return fold


def held_out(x, y, fold):
    """R2 of least squares and Procrustes similarity, each row predicted from the other folds."""
    error = variance = agreement = norm = 0
    for f in np.unique(fold):
        fit, test = fold != f, fold == f
        mx, my = x[fit].mean(axis=0), y[fit].mean(axis=0)
        a, b, c, d = x[fit] - mx, y[fit] - my, x[test] - mx, y[test] - my
        error += ((d - c @ np.linalg.lstsq(a, b, rcond=1e-7)[0])**2).sum()
        variance += (d**2).sum()
        u, s, vt = np.linalg.svd(a.T @ b, full_matrices=False)
        rank = (s > 1e-9 * s[0]).sum()  # elsewhere any rotation fits as well as any other
        agreement += (c @ u[:, :rank] @ vt[:rank] * d).sum()
        norm += (c**2).sum()
    return 1 - error / variance, agreement / np.sqrt(norm * variance)


def google_pwcca(x, y):
    """pwcca.py of google/svcca from its description: neurons by samples, the smaller side."""
    if x.shape[1] > y.shape[1]:
        x, y = y, x
    def inverse_root(a):
        values, vectors = np.linalg.eigh(a)
        return vectors / np.sqrt(values) @ vectors.T
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    u, rho, _ = np.linalg.svd(inverse_root(a.T @ a) @ a.T @ b @ inverse_root(b.T @ b))
    directions = u.T @ a.T + x.mean(axis=0)[:, None]
    basis, _ = np.linalg.qr(directions.T)
    weights = np.abs(basis.T @ x).sum(axis=1)
    return (weights * rho[:len(weights)]).sum() / weights.sum()


class HeldOut(TestCase):
    MEASURES = "regression_held_out,procrustes_held_out"

    def check(self, results, matrices, folds, tolerance):
        for i, x in enumerate(matrices):
            for j, y in enumerate(matrices):
                r2, similarity = held_out(x, y, np.repeat(folds_of(len(x), folds), 1))
                self.assertAlmostEqual(float(results["regression_held_out"][i, j]), r2, delta=tolerance * (1 + abs(r2)))
                self.assertAlmostEqual(float(results["procrustes_held_out"][i, j]), similarity, delta=tolerance)

    def test_folds_of_inputs_at_any_number_of_ranks(self):
        rng = np.random.default_rng(2)
        shared = rng.standard_normal((120, 4))
        matrices = [shared @ rng.standard_normal((4, p)) + rng.standard_normal((120, p)) + 3 for p in (5, 9, 1, 130, 7)]
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {f"l{i}": m for i, m in enumerate(matrices)})
        every = [self.compare([self.path("in")], "--measures", self.MEASURES + ",cka", ranks=ranks, name=f"{ranks}.h5")
                 for ranks in (1, 2, 3, 4)]
        self.check(every[0], matrices, 5, 1e-5)
        for other in every[1:]:
            for name in self.MEASURES.split(","):
                np.testing.assert_array_equal(other[name].values, every[0][name].values)
        exact = self.compare([self.path("in")], "--measures", self.MEASURES, "--exact", "--folds", 7, name="exact.h5")
        self.check(exact, matrices, 7, 1e-9)
        self.assertEqual(int(exact["regression_held_out"].attrs["folds"]), 7)
        # What a layer of more neurons than samples says of samples it has not seen is no identity.
        self.assertLess(float(exact["regression_held_out"][3, 3]), 0.99)
        self.assertAlmostEqual(float(exact["regression_held_out"][0, 0]), 1, delta=1e-9)

    def test_positions_are_held_out_with_their_input(self):
        rng = np.random.default_rng(3)
        x, y = (rng.standard_normal((40, 6, p)) for p in (4, 5))
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y})
        results = self.compare([self.path("in")], "--measures", self.MEASURES, "--exact")
        fold = np.repeat(folds_of(40, 5), 6)
        r2, similarity = held_out(x.reshape(-1, 4), y.reshape(-1, 5), fold)
        self.assertAlmostEqual(float(results["regression_held_out"][0, 1]), r2, delta=1e-9)
        self.assertAlmostEqual(float(results["procrustes_held_out"][0, 1]), similarity, delta=1e-9)

    def test_fewer_samples_than_folds_and_a_broken_layer(self):
        rng = np.random.default_rng(4)
        x, y = rng.standard_normal((4, 2)), rng.standard_normal((4, 3))
        bad = y.copy()
        bad[0, 0] = np.inf
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y, "bad": bad})
        results = self.compare([self.path("in")], "--measures", self.MEASURES, "--exact", ranks=3, code=1)
        self.assertTrue(np.isnan(results["regression_held_out"].values[2]).all())
        self.assertTrue(np.isnan(results["procrustes_held_out"].values[:, 2]).all())
        self.assertTrue(np.isfinite(results["procrustes_held_out"].values[:2, :2]).all())

    def test_real_networks(self):
        representations = oracle.load(oracle.files(os.path.join(DATA, "A")), conv="mean")
        results = self.compare([os.path.join(DATA, "A")], "--measures", self.MEASURES, "--pairs", "same-layer")
        matrices = {r.label: r.matrix.astype(float) for r in representations}
        labels = results["label"].values
        for i, j in np.argwhere(results["pair_status"].values <= 1):
            x, y = matrices[labels[i]], matrices[labels[j]]
            r2, similarity = held_out(x, y, folds_of(len(x), 5))
            self.assertAlmostEqual(float(results["procrustes_held_out"][i, j]), similarity, delta=1e-4)
            if r2 > -1:  # beyond that the inverse of the smallest directions rules
                self.assertAlmostEqual(float(results["regression_held_out"][i, j]), r2, delta=2e-3)


class RestOfTheFamily(TestCase):
    def test_wilks_bartlett_and_the_compatible_pwcca(self):
        rng = np.random.default_rng(8)
        shared = rng.standard_normal((300, 3))
        matrices = [np.maximum(shared @ rng.standard_normal((3, p)) + 2 * rng.standard_normal((300, p)) + 0.5, 0)
                    for p in (6, 9, 6)]
        matrices.append(rng.standard_normal((300, 8)))
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {f"l{i}": m for i, m in enumerate(matrices)})
        results = self.compare([self.path("in")], "--measures", "wilks,cca_bartlett_p,pwcca_google_compat,pwcca", "--exact")
        for i, x in enumerate(matrices):
            for j, y in enumerate(matrices):
                if i == j:
                    continue
                self.assertAlmostEqual(float(results["pwcca_google_compat"][i, j]), google_pwcca(x, y), delta=1e-9)
                bases = [np.linalg.svd(a - a.mean(axis=0), full_matrices=False)[0] for a in (x, y)]
                rho = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
                wilks = np.prod(1 - rho**2)
                self.assertAlmostEqual(float(results["wilks"][i, j]), wilks, delta=1e-10)
                p, q = x.shape[1], y.shape[1]
                statistic = -(299 - (p + q + 1) / 2) * np.log(wilks)
                self.assertAlmostEqual(float(results["cca_bartlett_p"][i, j]), stats.chi2.sf(statistic, p * q), delta=1e-9)
        self.assertGreater(abs(float(results["pwcca_google_compat"][0, 1] - results["pwcca"][0, 1])), 1e-3)
        fast = self.compare([self.path("in")], "--measures", "pwcca_google_compat", name="fast.h5")
        np.testing.assert_allclose(fast["pwcca_google_compat"].values, results["pwcca_google_compat"].values, atol=1e-5)

    def test_a_dead_neuron_takes_no_part_and_a_dependent_one_leaves_it_undefined(self):
        rng = np.random.default_rng(9)
        x, y = rng.standard_normal((80, 4)) + 1, rng.standard_normal((80, 6))
        dead = np.hstack([x[:, :2], np.full((80, 1), 3.0), x[:, 2:]])
        twice = np.hstack([x, x[:, :1]])
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y, "dead": dead, "twice": twice})
        results = self.compare([self.path("in")], "--measures", "pwcca_google_compat", "--exact", code=1)
        value = results["pwcca_google_compat"].values
        self.assertAlmostEqual(value[0, 1], value[2, 1], delta=1e-10)
        self.assertTrue(np.isnan(value[3, 1]))
        self.assertEqual(results["pair_status"].attrs["flag_meanings"].split()[int(results["pair_status"][3, 1])],
                         "undefined")


if __name__ == "__main__":
    unittest.main()

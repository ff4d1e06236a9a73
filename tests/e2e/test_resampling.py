"""Standard errors and p-values of `confer compare` from drawn samples, against draws made in NumPy."""
import unittest

import numpy as np

import interrupted
from acts import write_checkpoint
from program import TestCase, confer, open_results

MEASURES = "cca,svcca,pwcca,cka,cka_debiased,procrustes,regression"


def basis(x, full=False):
    x = x - x.mean(axis=0)
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    rank = int((s > 1e-9 * s[0]).sum())
    return u[:, :rank], s[:rank], vt[:rank]


def values(x, y):
    """Of each measure, from its definition."""
    (ux, sx, vx), (uy, sy, _) = basis(x), basis(y)
    m = ux.T @ uy
    left, rho, _ = np.linalg.svd(m, full_matrices=False)
    weights = np.abs(left.T @ (sx[:, None] * vx)).sum(axis=1)[:len(rho)]

    def components(s):
        return int(np.searchsorted(np.cumsum(s**2) / (s**2).sum(), 0.99)) + 1
    kept = m[:components(sx), :components(sy)]
    c = sx[:, None] * m * sy
    return {"cca": rho.mean(), "svcca": np.linalg.svd(kept, compute_uv=False).mean(),
            "pwcca": (weights * rho).sum() / weights.sum(),
            "cka": (c**2).sum() / np.sqrt((sx**4).sum() * (sy**4).sum()),
            "procrustes": np.linalg.svd(c, compute_uv=False).sum() / np.sqrt((sx**2).sum() * (sy**2).sum()),
            "regression": ((m * sy)**2).sum() / (sy**2).sum()}


class Resampling(TestCase):
    def pair(self, n=240):
        rng = np.random.default_rng(11)
        x = rng.standard_normal((n, 6)) * np.array([3, 2, 1, 1, .5, .2])
        y = np.hstack([x[:, :3] + rng.standard_normal((n, 3)), rng.standard_normal((n, 5))])
        return x, y

    def test_standard_errors_are_those_of_a_bootstrap_in_numpy(self):
        x, y = self.pair()
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y})
        results = self.compare([self.path("in")], "--measures", MEASURES, "--bootstrap", 400)
        rng = np.random.default_rng(12)
        draws = []
        for _ in range(400):
            chosen = rng.integers(0, len(x), len(x))
            draws.append(values(x[chosen], y[chosen]))
        for name in draws[0]:
            expected = np.std([draw[name] for draw in draws], ddof=1)
            self.assertAlmostEqual(float(results[name + "_se"][0, 1]) / expected, 1, delta=0.2, msg=name)
        self.assertEqual(int(results["cka_se"].attrs["draws"]), 400)
        self.assertTrue(np.isnan(results["cka_se"].values[0, 0]))
        self.assertGreater(float(results["regression_se"][1, 0]), 0)
        self.assertNotEqual(float(results["regression_se"][1, 0]), float(results["regression_se"][0, 1]))

    def test_whole_inputs_are_drawn_whatever_their_positions(self):
        x, y = self.pair(150)
        def copies(a):
            return np.repeat(a[:, None, :], 4, axis=1)  # every time step says the same
        write_checkpoint(self.path("one", "x.h5"), "net", 0, {"x": x, "y": y})
        write_checkpoint(self.path("four", "x.h5"), "net", 0, {"x": copies(x), "y": copies(y)})
        one = self.compare([self.path("one")], "--measures", "cca,cka,procrustes", "--bootstrap", 20, name="one.h5")
        four = self.compare([self.path("four")], "--measures", "cca,cka,procrustes", "--bootstrap", 20, name="four.h5")
        for name in ("cca_se", "cka_se", "procrustes_se"):
            self.assertAlmostEqual(float(one[name][0, 1]), float(four[name][0, 1]), delta=1e-5)

    def test_p_values_and_chance_levels_by_relabelling(self):
        rng = np.random.default_rng(5)
        layers = {f"l{i}": rng.standard_normal((100, 5 + i)) for i in range(12)}
        x, y = self.pair(100)
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {**layers, "x": x, "y": y})
        measures = "cca,cka,procrustes,procrustes_angle"
        results = self.compare([self.path("in")], "--measures", measures, "--permutations", 199)
        related = dict(a=12, b=13)
        upper = np.triu_indices(12, 1)
        for name in measures.split(","):
            p = results[name + "_p"].values
            self.assertAlmostEqual(p[12, 13], 1 / 200, msg=name)
            self.assertAlmostEqual(p[upper].mean(), 0.5, delta=0.15, msg=name)
            self.assertLess(p[upper].min(), 0.15)
            self.assertGreater(p[upper].max(), 0.85)
        null = np.mean([values(x, y[rng.permutation(100)])["procrustes"] for _ in range(400)])
        self.assertAlmostEqual(float(results["procrustes_null"].isel(related)), null, delta=0.05 * null)
        self.assertGreater(float(results["procrustes_z"].isel(related)), 5)
        self.assertLess(float(results["procrustes_angle_z"].isel(related)), -5)  # a distance
        closed = self.compare([self.path("in")], "--measures", measures, name="closed.h5")
        np.testing.assert_array_equal(closed["cka_null"].values, results["cka_null"].values)
        self.assertNotIn("procrustes_null", closed)

    def test_what_few_samples_force_has_no_error(self):
        rng = np.random.default_rng(6)
        write_checkpoint(self.path("in", "x.h5"), "net", 0,
                         {"a": rng.standard_normal((40, 15)), "b": rng.standard_normal((40, 15))})
        results = self.compare([self.path("in")], "--measures", "cca,cka", "--bootstrap", 10)
        self.assertTrue(np.isnan(float(results["cca_se"][0, 1])))  # about 25 different samples for 30 directions
        self.assertGreater(float(results["cka_se"][0, 1]), 0)

    def test_same_bits_at_any_number_of_ranks_and_beside_failed_layers(self):
        x, y = self.pair(60)
        bad = x.copy()
        bad[3, 1] = np.nan
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y, "bad": bad, "z": y[:, :1]})
        every = [self.compare([self.path("in")], "--measures", "core", "--bootstrap", 7, "--permutations", 6, "--exact",
                              ranks=ranks, code=1, name=f"{ranks}.h5") for ranks in (1, 3, 4)]
        for other in every[1:]:
            for name in other.data_vars:
                if name.endswith(("_se", "_p", "_null", "_z")):
                    np.testing.assert_array_equal(other[name].values, every[0][name].values, err_msg=name)
        self.assertTrue(np.isnan(every[0]["cka_se"].values[2]).all())

    def test_refused_without_a_measure_to_draw_for(self):
        x, y = self.pair(60)
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y})
        run = confer("compare", self.path("in"), "--measures", "knn_mutual", "--bootstrap", 5, "--output",
                     self.path("out", "r.h5"), ranks=2)
        self.assertEqual(run.code, 2, run.err)
        self.assertIn("--bootstrap", run.err)

    def test_measures_that_get_no_errors_are_named(self):
        x, y = self.pair(60)
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"x": x, "y": y})
        for option, ending, what in (("--bootstrap", "_se", "standard errors"), ("--permutations", "_p", "p-values")):
            run = confer("compare", self.path("in"), "--measures", "all", option, 3, "--fresh", "--output",
                         self.path("out", "r.h5"), ranks=2)
            self.assertEqual(run.code, 0, run.err)
            said = [line for line in run.err.splitlines() if line.startswith(f"confer: no {what} for ")]
            self.assertEqual(len(said), 1, run.err)
            named = said[0].removeprefix(f"confer: no {what} for ").split(" (")[0].split(", ")
            self.assertIn("cka_rbf", named)
            results = open_results(self.path("out", "r.h5"))
            for name, variable in results.data_vars.items():
                if "formula" not in variable.attrs:
                    continue
                self.assertEqual(name in named, name + ending not in results, name)
                self.assertEqual(name in named, "resampling" in variable.attrs, name)


class InterruptedDraws(interrupted.InterruptedJob):
    def test_a_stopped_bootstrap_goes_on_to_the_same_errors(self):
        self.expect_draws_go_on("bootstrap.draws", ("cca", "cka", "cca_se", "cka_se"),
                                "--bootstrap", "12", "--measures", "cca,cka")


if __name__ == "__main__":
    unittest.main()

"""`confer match` against NumPy, SciPy and scikit-learn: planted correspondences, trained networks, bad input."""
import os
import unittest

import h5py
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import Lasso
from sklearn.metrics import adjusted_rand_score

import oracle
from acts import make_inputs_id, write_checkpoint
from program import DATA, TestCase, confer, open_results

FAST = ("--penalties", "none", "--clusters", "none")


def correlations(x, y):
    x, y = x.astype(float), y.astype(float)
    dead = [a.min(axis=0) == a.max(axis=0) for a in (x, y)]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    x[:, dead[0]], y[:, dead[1]] = 0, 0
    with np.errstate(all="ignore"):
        return (x / np.linalg.norm(x, axis=0)).T @ (y / np.linalg.norm(y, axis=0))


def standardised(train, other):
    """Both in units of the first: how sparse prediction scales samples."""
    return (other - train.mean(axis=0)) / train.std(axis=0)


def ridge_by_gcv(x, y):
    """Penalty of smallest generalised cross-validation score on the program's grid, and its weights."""
    gram, cross, n = x.T @ x, x.T @ y, len(x)
    largest = np.linalg.eigvalsh(gram)[-1]
    best = (np.inf, None, None)
    for penalty in largest * 10.0 ** (np.arange(-120, 25) / 12):
        shrunk = np.linalg.inv(gram + penalty * np.eye(len(gram)))
        w, freedom = shrunk @ cross, 1 + np.trace(gram @ shrunk)
        if freedom < n:
            score = ((y - x @ w) ** 2).sum() / (1 - freedom / n) ** 2
            best = min(best, (score, penalty, w), key=lambda entry: entry[0])
    return best[1:]


class Match(TestCase):
    def match(self, data, *options, ranks=1, code=0, name="matches.h5"):
        output = self.path("out", name)
        self.run_ = confer("match", *data, "--output", output, "--quiet", *options, ranks=ranks)
        self.assertEqual(self.run_.code, code, self.run_.out + self.run_.err)
        if code > 1:
            return None
        self.assertEqual([f for f in os.listdir(os.path.dirname(output)) if not f.endswith(".h5")], [])
        return open_results(output)

    def pair_of(self, x, y, *options, **kwargs):
        """Results of two networks of one layer."""
        self.count = getattr(self, "count", 0) + 1
        folder = f"in{self.count}"
        write_checkpoint(self.path(folder, "a.h5"), "a", 0, {"h": x}, targets=kwargs.pop("targets", None))
        write_checkpoint(self.path(folder, "b.h5"), "b", 0, {"h": y})
        return self.match([self.path(folder)], *options, name=f"m{self.count}.h5", **kwargs).isel(pair=0)

    def check(self, r, x, y):
        """Partners, matching and their values from the definitions. r: one pair."""
        c = correlations(x, y)
        live_x, live_y = ~np.isnan(c).all(axis=1), ~np.isnan(c).all(axis=0)
        c_live = c[np.ix_(live_x, live_y)]
        rows, columns = linear_sum_assignment(c_live, maximize=True)
        best = float(c_live[rows, columns].mean())
        self.assertAlmostEqual(float(r["one_to_one"]), best, delta=1e-12 * max(1, abs(best)))
        np.testing.assert_allclose(r["semi"].values, [c_live.max(axis=1).mean(), c_live.max(axis=0).mean()], atol=1e-12)
        matched = r["matched_partner"].values[:len(live_x)]
        self.assertTrue(np.all(matched[~live_x] == -1))
        used = matched[matched >= 0]
        self.assertEqual(len(set(used)), min(c_live.shape))
        for i in np.flatnonzero(matched >= 0):
            self.assertAlmostEqual(float(r["matched_correlation"][i]), c[i, matched[i]], delta=1e-12)
        for d, (values, live) in enumerate([(c, live_x), (c.T, live_y)]):
            partner = r["best_partner"].values[d]
            for i in np.flatnonzero(live):
                self.assertAlmostEqual(values[i, partner[i]], np.nanmax(values[i]), delta=1e-12)
            self.assertTrue(np.all(partner[:len(live)][~live] == -1))
        if "correlation" in r:
            np.testing.assert_allclose(r["correlation"].values[:c.shape[0], :c.shape[1]], c, atol=1e-12)
        places = np.sort(c_live[rows, columns])[::-1][:8]
        np.testing.assert_allclose(r["best_match_correlation"].values[:len(places)].sum(), places.sum(), atol=1e-9)

    def test_a_planted_permutation_is_recovered(self):
        generator = np.random.default_rng(1)
        x = generator.standard_normal((2000, 64))
        order = generator.permutation(64)
        for ratio in (np.inf, 4, 1, .25):
            y = x[:, order] + generator.standard_normal(x.shape) / np.sqrt(ratio)
            r = self.pair_of(x, y, *FAST)
            self.check(r, x, y)
            np.testing.assert_array_equal(order[r["matched_partner"].values], np.arange(64))
            expected = 1 if ratio == np.inf else np.sqrt(ratio / (1 + ratio))
            self.assertAlmostEqual(float(r["one_to_one"]), expected, delta=.01)
            self.assertEqual(float(r["agreement"]), 1)
            self.assertLess(float(r["semi_shuffled"][0]), .1)
            self.assertAlmostEqual(float(r["one_to_one_rotated"]), .28 * expected, delta=.05)

    def test_rotation_hides_neurons_and_not_the_subspace(self):
        generator = np.random.default_rng(2)
        x = generator.standard_normal((2000, 64))
        q = np.linalg.qr(generator.standard_normal((64, 64)))[0]
        r = self.pair_of(x, x @ q, *FAST, "--maps")
        self.assertAlmostEqual(float(r["one_to_one"]), .28, delta=.03)
        maps = r.sel(direction="b_from_a")
        self.assertLess(float(1 - maps["map_r2"].sel(map="procrustes")), 1e-10)
        self.assertEqual(float(maps["map_rank1"].sel(map="procrustes")), 1)
        self.assertLess(float(maps["map_rank1"].sel(map="identity")), .02)
        self.assertAlmostEqual(float(r["map_chance"]), 1 / 1000)

    def test_real_networks_and_every_number_of_ranks(self):
        data = os.path.join(DATA, "A")
        matrices = {r.label: r.matrix for r in oracle.load(oracle.files(data), conv="positions")}
        options = ("--networks", "generalizing-*", "--maps", "--mutual-information")
        results = [self.match([data], *options, ranks=ranks, name=f"r{ranks}.h5") for ranks in (1, 2, 3)]
        for other in results[1:]:
            for name in other.data_vars:
                if not name.startswith("phase"):
                    np.testing.assert_array_equal(other[name].values, results[0][name].values, name)
        self.assertEqual(list(results[0]["layer_a"].values), ["conv1", "conv2", "conv3", "fc1", "logits"])
        for i, (a, b) in enumerate(zip(results[0]["label_a"].values, results[0]["label_b"].values)):
            self.check(results[0].isel(pair=i), matrices[a], matrices[b])
        r = results[0].isel(pair=slice(0, 3))
        self.assertTrue(np.all(r["one_to_one"] > r["one_to_one_rotated"]))
        self.assertTrue(np.all(r["one_to_one_rotated"] > r["one_to_one_shuffled"]))
        self.assertTrue(np.all(r["semi"] > r["semi_shuffled"]))
        conv1, conv3 = r.isel(pair=0), r.isel(pair=2)
        self.assertGreater(float(conv1["semi"].mean()), float(conv3["semi"].mean()))
        self.assertTrue(np.all(r["prediction_kkt"] <= 1e-6))
        order = results[0].isel(pair=1)
        np.testing.assert_array_equal(order["matched_partner"].values[order["order_a"].values[:32]],
                                      order["order_b"].values[:32])

    def test_training_brings_neurons_together(self):
        generator = np.random.default_rng(3)
        shared = generator.standard_normal((600, 30))
        for network in ("a", "b"):
            for step, common in ((0, 0.2), (10, 3.0)):
                h = common * shared + generator.standard_normal((600, 30))
                write_checkpoint(self.path("in", f"{network}{step}.h5"), network, step, {"h": np.maximum(h, 0)})
        r = self.match([self.path("in")], *FAST)
        np.testing.assert_array_equal(r["step_a"].values, [0, 10])
        self.assertGreater(float(r["one_to_one"][1]), float(r["one_to_one"][0]) + .3)
        through = self.match([self.path("in")], *FAST, "--pairs", "same-layer", "--networks", "a", name="t.h5")
        self.assertEqual(list(through["pair"].values), ["a@0/h ~ a@10/h"])
        self.assertEqual(len(self.match([self.path("in")], *FAST, "--pairs", "to=a@0/*", name="u.h5")["pair"]), 3)

    def test_sparse_prediction_is_that_of_scikit_learn(self):
        generator = np.random.default_rng(4)
        shared = generator.standard_normal((400, 6))
        x = np.maximum(shared @ generator.standard_normal((6, 20)), 0) + .3 * generator.standard_normal((400, 20))
        y = np.maximum(shared @ generator.standard_normal((6, 12)), 0) + .3 * generator.standard_normal((400, 12))
        r = self.pair_of(x, y, "--penalties", "0,0.01,0.03,0.1,0.3,1", "--clusters", "none")
        train, test = slice(0, None, 2), slice(1, None, 2)
        xs, ys = standardised(x[train], x), standardised(y[train], y)
        side = r.sel(direction="b_from_a")
        for k, penalty in enumerate(r["penalty"].values):
            errors, held_out, objectives = [], [], []
            for j in range(y.shape[1]):
                if penalty == 0:
                    w = np.linalg.lstsq(xs[train], ys[train, j], rcond=None)[0]
                else:
                    w = Lasso(alpha=penalty, fit_intercept=False, tol=1e-12, max_iter=100000).fit(
                        xs[train], ys[train, j]).coef_
                errors.append(.5 * np.mean((ys[train, j] - xs[train] @ w) ** 2))
                held_out.append(.5 * np.mean((ys[test, j] - xs[test] @ w) ** 2))
                objectives.append(np.count_nonzero(w))
            self.assertAlmostEqual(float(side["prediction_error_fitted"][k]) / np.mean(errors), 1, delta=1e-5)
            self.assertAlmostEqual(float(side["prediction_error"][k]) / np.mean(held_out), 1, delta=1e-5)
            np.testing.assert_allclose(side["prediction_error_neuron"][k].values[:12], held_out, rtol=1e-4)
            if penalty > 0:
                self.assertAlmostEqual(float(side["prediction_weights"][k]), np.mean(objectives), delta=.2)
        weights = side["prediction_weights"].values
        self.assertTrue(np.all(np.diff(weights) <= 0))
        self.assertEqual(weights[-1], 0)
        self.assertAlmostEqual(float(side["prediction_error_fitted"][-1]), .5, delta=1e-12)

    def test_planted_clusters_are_found(self):
        generator = np.random.default_rng(5)
        shared = generator.standard_normal((3000, 8))
        groups_x, groups_y = generator.permutation(np.repeat(np.arange(8), 8)), generator.permutation(
            np.repeat(np.arange(8), 8))
        x = shared[:, groups_x] + .7 * generator.standard_normal((3000, 64))
        y = shared[:, groups_y] + .7 * generator.standard_normal((3000, 64))
        r = self.pair_of(x, y, "--penalties", "none")
        self.assertEqual(int(r["clusters"]), 8)
        found = np.concatenate([r["cluster_a"].values, r["cluster_b"].values])
        self.assertEqual(adjusted_rand_score(np.concatenate([groups_x, groups_y]), found), 1)
        self.assertEqual(adjusted_rand_score(groups_x, r["own_cluster"].values[0]), 1)
        eigenvalues = r["eigenvalue"].values
        np.testing.assert_allclose(eigenvalues[:8], 0, atol=1e-8)
        self.assertGreater(eigenvalues[8], .9)
        self.assertAlmostEqual(float(r["cluster_within"]), 1 / 1.49, delta=.02)
        self.assertAlmostEqual(float(r["cluster_between"]), 0, delta=.02)
        order = r["joint_order"].values
        both = np.concatenate([groups_x, groups_y])[order]
        self.assertEqual(np.count_nonzero(np.diff(both)), 7)  # groups lie together
        few = self.pair_of(x, y, "--penalties", "none", "--clusters", "4")
        self.assertGreaterEqual(int(few["clusters"]), 4)

    def check_maps(self, r, x, y, per_sample=1, labels=None):
        """All four maps from x to y against NumPy. r: one direction of one pair."""
        rows, samples = np.arange(len(x)), np.arange(len(x)) // per_sample
        train, test = rows[samples % 2 == 0], rows[samples % 2 == 1]
        x, y = x.astype(float), y.astype(float)
        xc, yc = x - x[train].mean(axis=0), y - y[train].mean(axis=0)
        live = np.ix_(x.min(axis=0) < x.max(axis=0), y.min(axis=0) < y.max(axis=0))
        u, _, vt = np.linalg.svd((xc[train].T @ yc[train])[live], full_matrices=False)
        rotation = np.zeros((x.shape[1], y.shape[1]))  # elsewhere any rotation is as good as another
        rotation[live] = u @ vt
        maps = {"identity": np.eye(x.shape[1], y.shape[1]), "procrustes": rotation,
                "linear": np.linalg.lstsq(xc[train], yc[train], rcond=None)[0]}
        penalty, maps["ridge"] = ridge_by_gcv(xc[train], yc[train])
        self.assertAlmostEqual(float(r["map_penalty"].sel(map="ridge")) / penalty, 1, delta=1e-6)
        unit = y[test] / np.linalg.norm(y[test], axis=1, keepdims=True)
        for name, w in maps.items():
            at = r.sel(map=name)
            for variable, part in (("map_r2", test), ("map_r2_fitted", train)):
                expected = 1 - ((yc[part] - xc[part] @ w) ** 2).sum() / (yc[part] ** 2).sum()
                self.assertAlmostEqual(float(at[variable]), expected, delta=1e-9 * max(1, abs(expected)), msg=name)
            nearest = ((xc[test] @ w + y[train].mean(axis=0)) @ unit.T).argmax(axis=1)
            # Where two embeddings are equally near, rounding decides.
            found = np.mean(nearest == np.arange(len(test)))
            self.assertAlmostEqual(float(at["map_rank1"]), found, delta=2 / len(test))
            if labels is not None:
                of = labels[samples[test]]
                self.assertAlmostEqual(float(at["map_same_class"]), np.mean(of[nearest] == of), delta=2 / len(test))

    def test_maps_are_those_of_numpy(self):
        generator = np.random.default_rng(6)
        labels = np.arange(300) % 3
        x = generator.standard_normal((300, 10)) + 4 * np.eye(3, 10)[labels]
        y = x @ generator.standard_normal((10, 7)) + .5 * generator.standard_normal((300, 7)) + 1
        y[:, 2] = 0  # never varies, while its namesake in x does
        r = self.pair_of(x, y, *FAST, "--maps", targets={"labels": labels})
        self.check_maps(r.sel(direction="b_from_a"), x, y, labels=labels)
        self.check_maps(r.sel(direction="a_from_b"), y, x, labels=labels)
        r = r.sel(direction="b_from_a")
        self.assertLessEqual(float(r["map_r2_fitted"].sel(map="ridge")), float(r["map_r2_fitted"].sel(map="linear")))
        noise = generator.standard_normal((300, 7))  # the unrelated and large is worse than the mean: 1 - (1 + 4)
        far = self.pair_of(2 * generator.standard_normal((300, 7)), noise, *FAST, "--maps")
        self.assertAlmostEqual(float(far["map_r2"].sel(direction="b_from_a", map="identity")), -4, delta=1)

    def test_maps_between_trained_networks_are_those_of_numpy(self):
        data = os.path.join(DATA, "A")
        r = self.match([data], *FAST, "--networks", "generalizing-*", "--maps", "--conv", "positions")
        matrices = {m.label: m for m in oracle.load(oracle.files(data), conv="positions")}
        with h5py.File(os.path.join(data, "generalizing-s0", "step-001250.h5")) as f:
            labels = f["targets/labels"][()]
        for i in (0, 3):  # conv1 with four rows to a sample, fc1
            pair = r.isel(pair=i)
            a, b = (matrices[str(pair[f"label_{end}"].values)] for end in "ab")
            self.check_maps(pair.sel(direction="b_from_a"), a.matrix, b.matrix, a.rows_per_sample, labels)
            self.check_maps(pair.sel(direction="a_from_b"), b.matrix, a.matrix, a.rows_per_sample, labels)

    def test_dead_and_single_neurons_absolute_and_different_widths(self):
        generator = np.random.default_rng(7)
        x = generator.standard_normal((100, 5))
        y = np.hstack([-x[:, :2], np.full((100, 3), .1), generator.standard_normal((100, 6))])
        r = self.pair_of(x, y, *FAST, "--matrices", "yes")
        self.check(r, x, y)
        np.testing.assert_array_equal(r["dead_neurons"].values, [0, 3])
        absolute = self.pair_of(x, y, *FAST, "--measure", "absolute")
        np.testing.assert_allclose(absolute["best_correlation"].values[0, :2], 1, atol=1e-12)
        single = self.pair_of(x[:, :1], y)
        self.check(single, x[:, :1], y)
        self.assertEqual(float(single["semi"][0]), float(single["one_to_one"]))

    def test_what_cannot_be_matched_has_a_status(self):
        generator = np.random.default_rng(8)
        good = generator.standard_normal((50, 4))
        bad = good.copy()
        bad[3, 1] = np.nan
        write_checkpoint(self.path("in", "a.h5"), "a", 0, {"h": good, "dead": np.ones((50, 3))})
        write_checkpoint(self.path("in", "b.h5"), "b", 0, {"h": good, "dead": good})
        write_checkpoint(self.path("in", "c.h5"), "c", 0, {"h": bad})
        write_checkpoint(self.path("in", "d.h5"), "d", 0, {"h": good}, inputs_id=make_inputs_id("other"))
        write_checkpoint(self.path("in", "e.h5"), "e", 0, {"h": good[:40]})
        r = self.match([self.path("in")], *FAST, code=1)
        names = r["pair_status"].attrs["flag_meanings"].split()
        status = {p: names[s] for p, s in zip(r["pair"].values, r["pair_status"].values)}
        self.assertEqual(status["a@0/h ~ b@0/h"], "ok")
        self.assertEqual(status["a@0/dead ~ b@0/dead"], "representation_failed")
        self.assertEqual(status["a@0/h ~ d@0/h"], "other_inputs")
        self.assertEqual(status["a@0/h ~ e@0/h"], "other_samples")
        self.assertEqual(status["a@0/h ~ c@0/h"], "representation_failed")
        self.assertIn("NaN", str(r["status_detail"].values[list(r["label"].values).index("c@0/h")]))
        for p, s in status.items():
            self.assertEqual(bool(np.isnan(float(r["one_to_one"].sel(pair=p)))), s != "ok")
        self.assertIn("not matched", self.run_.err)
        self.match([self.path("in")], *FAST, "--strict", code=3, name="s.h5")
        self.match([self.path("in", "a.h5")], code=2, name="s.h5")

    def test_wrong_options_and_too_little_memory_are_told(self):
        for option, value in (("--pairs", "some"), ("--penalties", "-1"), ("--clusters", "0"), ("--measure", "cka"),
                              ("--bins", "1"), ("--threshold", "2")):
            run = confer("match", DATA, "--output", self.path("x.h5"), option, value)
            self.assertEqual(run.code, 2)
            self.assertIn(option, run.err)
        generator = np.random.default_rng(9)
        for network in "ab":
            write_checkpoint(self.path("in", network + ".h5"), network, 0, {"h": generator.standard_normal((50, 2500))})
        r = self.match([self.path("in")], *FAST, "--memory-per-rank", "200MiB", code=1)
        self.assertEqual(r["pair_status"].attrs["flag_meanings"].split()[int(r["pair_status"][0])], "too_large")
        self.assertIn("memory", self.run_.err)

    def test_tables_and_stopped_jobs(self):
        data = os.path.join(DATA, "A")
        output = self.path("out", "m.h5")
        run = confer("match", data, "--output", output, "--quiet", "--time-limit", "0.001", ranks=2)
        self.assertEqual(run.code, 75, run.err)
        again = confer("match", data, "--output", output, "--quiet", "--matrices", "no", ranks=2)
        self.assertEqual(again.code, 0, again.err)
        table = confer("table", output, "--measure", "one_to_one,agreement")
        self.assertEqual(table.code, 0, table.err)
        self.assertEqual(len(table.out.splitlines()), 1 + len(open_results(output)["pair"]))
        report = confer("report", output, "--output", self.path("out", "m.html"))
        self.assertEqual(report.code, 0, report.err)
        with open(self.path("out", "m.html"), encoding="utf-8") as f:
            page = f.read()
        self.assertIn("Correspondence", page)


if __name__ == "__main__":
    unittest.main()

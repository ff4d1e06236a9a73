"""`confer align` against NumPy, on planted data, on activations of trained networks and on bad targets."""
import os
import unittest

import h5py
import numpy as np

from acts import make_inputs_id, write_checkpoint
from program import DATA, TestCase, confer, open_results

DIGITS = os.path.join(DATA, "D")


def one_hot(labels):
    classes = np.unique(labels)
    if len(classes) == 2:
        return np.where(labels == classes[1], 1.0, -1.0)[:, None]
    return (labels[:, None] == classes).astype(float)


def demo(phi):
    """The preparation of the authors' demo: a constant column, then rows of unit norm."""
    phi = np.hstack([phi, np.ones((len(phi), 1))])
    return phi / np.linalg.norm(phi, axis=1, keepdims=True)


def demo_curve(phi, y):
    """The authors' algorithm: a full SVD, and a sum that grows from the largest threshold down."""
    u, s, _ = np.linalg.svd(phi, full_matrices=True)
    p = ((u.T @ y) ** 2).sum(axis=1)
    grid, curve, i, total = np.linspace(0, 30, 62)[::-1], [], 0, 0.0
    for threshold in grid:
        while i < len(p) and (s[i] if i < len(s) else 0.0) >= threshold:
            total += p[i]
            i += 1
        curve.append(total)
    return np.array(curve[::-1])


def projections(phi, y, center, rank):
    """Singular values, projections and |Y|^2 by an SVD of the whole matrix."""
    if center in ("both", "features"):
        phi = phi - phi.mean(axis=0)
    if center in ("both", "targets"):
        y = y - y.mean(axis=0)
    u, s, _ = np.linalg.svd(phi, full_matrices=False)
    return s[:rank], ((u.T @ y) ** 2).sum(axis=1)[:rank], (y ** 2).sum()


def load(path, layer):
    with h5py.File(path) as f:
        return f[f"activations/{layer}"][()].astype(float), {k: v[()] for k, v in f["targets"].items()}


def random_network(seed, n=120, d=(20, 12), **targets):
    generator = np.random.default_rng(seed)
    layers = {f"hidden{i}": generator.standard_normal((n, k)) + 1.0 for i, k in enumerate(d)}
    return layers, targets


class Align(TestCase):
    def align(self, data, *options, ranks=1, code=0, name="alignment.h5"):
        output = self.path("out", name)
        self.run_ = confer("align", *data, "--output", output, "--quiet", *options, ranks=ranks)
        self.assertEqual(self.run_.code, code, self.run_.out + self.run_.err)
        if code > 1:
            return None
        self.assertEqual([f for f in os.listdir(os.path.dirname(output)) if not f.endswith(".h5")], [])
        return open_results(output)

    def check(self, results, row, target, phi, y, center="both", tolerance=1e-9):
        """All numbers of one representation and target from their definitions."""
        r = results.isel(representation=row).sel(target=target)
        rank = int(r["rank"])
        s, p, total = projections(phi, y, center, rank)
        np.testing.assert_allclose(r["singular_value"].values[:rank], s, rtol=1e-7)
        self.assertTrue(np.all(np.isnan(r["mass"].values[rank:])))
        mass = np.cumsum(p) / total
        np.testing.assert_allclose(r["mass"].values[:rank], mass, atol=tolerance)
        self.assertEqual(int(r["k50"]), next((k + 1 for k in range(rank) if mass[k] >= .5), -1))
        self.assertEqual(int(r["k90"]), next((k + 1 for k in range(rank) if mass[k] >= .9), -1))
        self.assertAlmostEqual(float(r["area"]), mass.mean(), delta=tolerance)
        self.assertAlmostEqual(float(r["residual"]), 1 - mass[-1], delta=tolerance)
        self.assertAlmostEqual(float(r["target_norm"]) / total, 1, delta=1e-12)
        curve = [total] + [p[s >= tau].sum() for tau in r["threshold"].values[1:]]
        np.testing.assert_allclose(r["curve"].values, curve, atol=tolerance * total)
        relative = [total] + [p[s >= tau * s[0] * (1 - 1e-12)].sum() for tau in r["relative_threshold"].values[1:]]
        np.testing.assert_allclose(r["relative_curve"].values, relative, atol=tolerance * total)
        self.assertAlmostEqual(float(r["minimum_norm"]) / np.sqrt((p / s ** 2).sum()), 1, delta=1e-5)
        loss = ((1 - (s / s[0]) ** 2) ** 2000 * p).sum() / total + 1 - mass[-1]
        self.assertAlmostEqual(float(r["predicted_loss"]), loss, delta=1e-6)

    def test_trained_digits_agree_with_numpy_at_any_number_of_ranks(self):
        by_ranks = []
        for ranks in (1, 2, 3, 4):
            results = self.align([DIGITS], "--target", "labels,onehot,sign", ranks=ranks, name=f"r{ranks}.h5")
            by_ranks.append(results)
        first = by_ranks[0]
        self.assertEqual(first["mass"].dims, ("representation", "target", "component"))
        self.assertEqual(first["singular_value"].dims, ("representation", "component"))
        self.assertEqual(first["curve"].dims, ("representation", "target", "threshold"))
        for other in by_ranks[1:]:
            for name in ("singular_value", "mass", "curve", "residual", "mass_shuffled_high"):
                np.testing.assert_array_equal(other[name].values, first[name].values, name)
        for row, label in enumerate(first["label"].values):
            network, rest = label.split("@")
            step, layer = rest.split("/")
            phi, targets = load(os.path.join(DIGITS, network, f"step-{int(step):06d}.h5"), layer)
            tolerance = 1e-5 if layer == "input" else 1e-7
            self.check(first, row, "labels", phi, one_hot(targets["labels"]), tolerance=tolerance)
            self.check(first, row, "onehot", phi, targets["onehot"].astype(float), tolerance=tolerance)
            self.check(first, row, "sign", phi, targets["sign"].astype(float), tolerance=tolerance)

    def test_training_aligns_every_hidden_layer_and_shuffling_does_not(self):
        results = self.align([DIGITS], "--target", "labels")
        mass = {(int(s), l): m for s, l, m in zip(results["step"].values, results["layer"].values,
                                                  results["mass"].isel(target=0).values)}
        for layer in ("hidden1", "hidden2"):
            self.assertGreater(mass[300, layer][4], mass[0, layer][4])
        self.assertGreaterEqual(mass[300, "hidden2"][4], mass[300, "hidden1"][4])
        for row, (step, layer) in enumerate(zip(results["step"].values, results["layer"].values)):
            initial = int(results["representation_initial"].values[row])
            self.assertEqual(results["label"].values[initial], f"first2-depth2-s0@0/{layer}")
            np.testing.assert_array_equal(results["mass_initial"].values[row], results["mass"].values[initial])
            raw = int(results["representation_input"].values[row])
            self.assertEqual(results["label"].values[raw], f"first2-depth2-s0@{step}/input")
            np.testing.assert_array_equal(results["mass_input"].values[row], results["mass"].values[raw])

    def test_networks_that_memorise_other_labels_are_not_aligned_with_the_true_ones(self):
        results = self.align([os.path.join(DATA, "A")], "--target", "labels")
        top = {kind: results["mass"].sel(component=10)[results["network"].str.startswith(kind)]
               for kind in ("generalizing", "memorizing")}
        for layer in ("conv3", "fc1", "logits"):
            general, memory = (top[kind][(top[kind]["layer"] == layer).values].values for kind in top)
            self.assertGreater(general.min(), memory.max(), layer)
        for kind, many in (("generalizing", True), ("memorizing", False)):
            logits = top[kind][(top[kind]["layer"] == "logits").values].values
            self.assertEqual(list(logits > .1), [many, many], "ten outputs hold the labels that were learned")

    def test_shuffled_labels_lie_in_the_band(self):
        phi, targets = load(os.path.join(DIGITS, "first2-depth2-s0", "step-000000.h5"), "hidden1")
        generator = np.random.default_rng(0)
        shuffled = {f"s{i}": generator.permutation(targets["labels"]) for i in range(40)}
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"hidden1": phi}, targets=shuffled)
        results = self.align([self.path("in")], "--target", ",".join(shuffled)).isel(representation=0)
        n = len(phi)
        for k in (1, 5, 10, 50):
            at = results.sel(component=k)
            np.testing.assert_allclose(at["mass_shuffled"].values, k / (n - 1), rtol=1e-12)
            inside = ((at["mass"] >= at["mass_shuffled_low"]) & (at["mass"] <= at["mass_shuffled_high"])).values
            self.assertGreaterEqual(inside.sum(), 33)  # 38 expected; fewer than 33 has a chance below 1e-3

    def test_every_centring(self):
        layers, _ = random_network(1)
        y = np.random.default_rng(2).standard_normal((120, 3)) + 2.0
        labels = np.arange(120) % 4
        write_checkpoint(self.path("in", "x.h5"), "net", 0, layers, targets={"y": y, "labels": labels})
        for center in ("both", "features", "targets", "none"):
            results = self.align([self.path("in")], "--target", "y,labels", "--center", center)
            self.assertEqual(results.attrs["center"], center)
            for row, phi in enumerate(layers.values()):
                self.check(results, row, "y", phi, y, center)
                self.check(results, row, "labels", phi, one_hot(labels), center)

    def test_classes_one_by_one_and_raw_masses(self):
        layers, _ = random_network(3)
        labels = np.arange(120) % 3
        write_checkpoint(self.path("in", "x.h5"), "net", 0, layers, targets={"labels": labels})
        for center in ("both", "none"):
            results = self.align([self.path("in")], "--target", "labels", "--center", center)
            self.assertEqual(list(results["output"].values), ["labels=0", "labels=1", "labels=2"])
            for row, phi in enumerate(layers.values()):
                for c in range(3):
                    y = 2.0 * (labels == c)[:, None] - 1
                    s, p, total = projections(phi, y, center, phi.shape[1])
                    np.testing.assert_allclose(results["output_mass"].values[row, c, :len(p)], np.cumsum(p) / total,
                                               atol=1e-9)
                features = "features" if center == "both" else "none"
                s, p, total = projections(phi, one_hot(labels), features, phi.shape[1])
                np.testing.assert_allclose(results["mass_raw"].values[row, 0, :len(p)], np.cumsum(p) / total, atol=1e-9)

    def test_the_authors_curve(self):
        results = self.align([DIGITS], "--target", "labels", "--preprocess", "demo")
        self.assertEqual(results.attrs["center"], "none")
        for row, label in enumerate(results["label"].values):
            step, layer = label.split("@")[1].split("/")
            phi, targets = load(os.path.join(DIGITS, "first2-depth2-s0", f"step-{int(step):06d}.h5"), layer)
            expected = demo_curve(demo(phi), one_hot(targets["labels"]))
            np.testing.assert_allclose(results["curve"].values[row, 0], expected, rtol=1e-6, atol=1e-6)
            self.assertEqual(results["curve"].values[row, 0, 0], len(phi))

    def test_planted_projections_and_gradient_descent(self):
        generator = np.random.default_rng(5)
        n, d = 200, 8
        u = np.linalg.qr(generator.standard_normal((n, d)) - 0.0)[0]
        u = np.linalg.qr(u - u.mean(axis=0))[0]
        v = np.linalg.qr(generator.standard_normal((d, d)))[0]
        s, c = 10.0 * .8 ** np.arange(d), generator.standard_normal(d)
        phi, y = u * s @ v.T, (u @ c)[:, None]
        write_checkpoint(self.path("in", "x.h5"), "net", 7, {"h": phi}, targets={"y": y})
        for ranks in (1, 2, 3, 4):
            results = self.align([self.path("in")], "--target", "y", "--learning-curve", ranks=ranks)
            np.testing.assert_allclose(np.diff(results["mass"].values[0, 0], prepend=0) * (y ** 2).sum(), c ** 2,
                                       rtol=1e-10, atol=1e-12)
        w, error = np.zeros((d, 1)), []
        for _ in range(1001):
            error.append(((phi @ w - y) ** 2).sum() / (y ** 2).sum())
            w -= phi.T @ (phi @ w - y) / s[0] ** 2
        curve = results["learning_curve"].isel(representation=0, target=0)
        for t in (0, 1, 2, 5, 10, 20, 50, 100):
            self.assertAlmostEqual(float(curve.sel(iteration=t)) / error[t], 1, delta=1e-8)
        for share in (.5, .1, .01):
            reached = int(results["steps_to_loss"].isel(representation=0, target=0).sel(loss_share=share))
            self.assertEqual(reached, next(t for t, e in enumerate(error) if e <= share))

    def test_transfer_ranks_targets(self):
        generator = np.random.default_rng(6)
        phi = generator.standard_normal((300, 10)) * 2.0 ** -np.arange(10)
        targets = {"related": phi[:, :1] + .01 * phi[:, 1:2], "unrelated": generator.standard_normal((300, 1))}
        write_checkpoint(self.path("in", "x.h5"), "net", 1, {"h": phi}, targets=targets)
        results = self.align([self.path("in")], "--target", "unrelated,related")
        self.assertEqual(list(results["target_rank"].values[0]), [2, 1])

    def test_positions_share_their_sample(self):
        generator = np.random.default_rng(7)
        # Positions of a sample are alike, as those of an image are.
        sequence = generator.standard_normal((60, 1, 6)) + generator.standard_normal((60, 5, 6))
        labels = np.arange(60) % 3
        write_checkpoint(self.path("in", "x.h5"), "net", 0, {"h": sequence}, targets={"labels": labels})
        rows = sequence.reshape(300, 6)
        for center in ("both", "none"):
            results = self.align([self.path("in")], "--target", "labels", "--center", center)
            self.check(results, 0, "labels", rows, one_hot(np.repeat(labels, 5)), center)
            shuffled = np.array([self.masses(rows, one_hot(np.repeat(generator.permutation(labels), 5)), center)
                                 for _ in range(2000)])
            band = {name: results[f"mass_{name}"].values[0, 0] for name in ("shuffled", "shuffled_low", "shuffled_high")}
            np.testing.assert_allclose(band["shuffled"], shuffled.mean(axis=0), rtol=.05)
            outside = ((shuffled < band["shuffled_low"]) | (shuffled > band["shuffled_high"])).mean(axis=0)
            np.testing.assert_allclose(outside, .05, atol=.03)

    @staticmethod
    def masses(phi, y, center):
        _, p, total = projections(phi, y, center, phi.shape[1])
        return np.cumsum(p) / total

    def test_bad_targets_are_named_and_the_rest_computed(self):
        labels = np.arange(120) % 2
        good, _ = random_network(8)
        nan = np.linspace(0, 1, 120)[:, None].copy()
        nan[17] = np.nan
        cases = {"good": {"labels": labels}, "lacks": {"other": labels}, "short": {"labels": labels},
                 "single": {"labels": np.zeros(120, int)}, "same": {"labels": labels}, "contrary": {"labels": 1 - labels},
                 "nan": {"labels": nan}}
        for name, targets in cases.items():
            write_checkpoint(self.path("in", f"{name}.h5"), name, 0, good, targets=targets)
        with h5py.File(self.path("in", "short.h5"), "a") as f:
            del f["targets/labels"]
            f["targets/labels"] = labels[:100]
        results = self.align([self.path("in")], "--target", "labels", code=1)
        status = dict(zip(results["network"].values, results["target_status"].values[:, 0]))
        meanings = results["target_status"].attrs["flag_meanings"].split()
        self.assertEqual({k: meanings[v] for k, v in status.items()},
                         {"good": "ok", "same": "ok", "lacks": "missing", "short": "missing", "single": "constant",
                          "contrary": "differs_between_networks", "nan": "unreadable"})
        for name in cases:
            values = results["mass"].values[results["network"].values == name]
            self.assertEqual(bool(np.all(np.isnan(values))), name in ("lacks", "short", "single", "nan"), name)
        for name in ("lacks", "short", "single", "nan", "contrary"):
            self.assertIn(name, self.run_.err)
        self.align([self.path("in")], "--target", "labels", "--strict", code=3)

    def test_bad_representations_are_named_and_the_rest_computed(self):
        layers, _ = random_network(9)
        layers["dead"] = np.ones((120, 4))
        layers["nan"] = np.full((120, 4), np.nan)
        write_checkpoint(self.path("in", "x.h5"), "net", 0, layers, targets={"labels": np.arange(120) % 2})
        results = self.align([self.path("in")], "--target", "labels", code=1)
        status = {l: results["status"].attrs["flag_meanings"].split()[s]
                  for l, s in zip(results["layer"].values, results["status"].values)}
        self.assertEqual(status, {"hidden0": "ok", "hidden1": "ok", "dead": "constant", "nan": "nonfinite"})
        self.assertEqual(list(np.isnan(results["residual"].values[:, 0])), [False, False, True, True])

    def test_wrong_usage(self):
        layers, _ = random_network(10)
        write_checkpoint(self.path("in", "x.h5"), "net", 0, layers, targets={"labels": np.arange(120) % 2})
        self.align([self.path("in")], "--target", "lables", code=2)
        self.assertIn("labels", self.run_.err)
        self.align([self.path("in")], code=2)
        self.assertIn("--target", self.run_.err)
        self.align([self.path("in")], "--target", "labels", "--center", "rows", code=2)
        self.assertIn("--center", self.run_.err)

    def test_a_stopped_job_goes_on(self):
        layers, _ = random_network(11)
        for step in range(30):
            write_checkpoint(self.path("in", f"{step}.h5"), "net", step, layers, inputs_id=make_inputs_id(),
                             targets={"labels": np.arange(120) % 2})
        output = self.path("out", "stopped.h5")
        run = confer("align", self.path("in"), "--target", "labels", "--output", output, "--time-limit", "0.001", ranks=2)
        self.assertEqual(run.code, 75, run.err)
        self.assertTrue(os.path.isdir(output + ".journal"))
        run = confer("align", self.path("in"), "--target", "labels", "--output", output, ranks=3)
        self.assertEqual(run.code, 0, run.err)
        self.assertFalse(os.path.exists(output + ".journal"))
        whole = self.align([self.path("in")], "--target", "labels")
        np.testing.assert_array_equal(open_results(output)["mass"].values, whole["mass"].values)


if __name__ == "__main__":
    unittest.main()

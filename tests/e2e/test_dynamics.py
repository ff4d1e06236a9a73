"""`confer dynamics` against SciPy, on trained networks, on planted trajectories and on bad input."""
import os
import unittest

import h5py
import numpy as np

import dynamics_oracle as oracle
from acts import write_checkpoint
from program import DATA, TestCase, confer, open_results

PAIR = os.path.join(DATA, "E", "pair-relu-rich-s0")
A, B, X, Y = .004 * 1.3, .02, 1.3, .5
START = (.3, .05, -.1)


def vectors(h, y, w, target):
    """Hidden vectors and outputs (step, 2 inputs, 2 units) and targets with the given h, y and w."""
    h, y, w = (np.asarray(v)[:, None] for v in (h, y, w))
    hidden = np.stack([np.zeros((len(h), 2)), np.hstack([np.sqrt(h), 0 * h])], axis=1)
    along = (y - w) / np.sqrt(target)
    difference = np.hstack([along, np.sqrt(np.maximum(y - along ** 2, 0))])
    output = np.stack([-.5 * difference, .5 * difference], axis=1)
    wanted = np.array([[-.5, 0], [.5, 0]]) * np.sqrt(target)
    return hidden, output, wanted


class Dynamics(TestCase):
    def dynamics(self, data, *options, ranks=1, code=0, name="dynamics.h5"):
        output = self.path("out", name)
        self.run_ = confer("dynamics", *data, "--output", output, "--quiet", *options, ranks=ranks)
        self.assertEqual(self.run_.code, code, self.run_.out + self.run_.err)
        if code > 1:
            return None
        self.assertEqual([f for f in os.listdir(os.path.dirname(output)) if not f.endswith(".h5")], [])
        return open_results(output)

    def planted(self, name="planted", steps=np.arange(0, 1500, 15), cut=None, **extra):
        """A trajectory file that follows the equations; values from position `cut` on are NaN."""
        h, y, w = oracle.solve(START, A, B, Y, np.arange(0, steps[-1] + 1.0))[:, steps]
        hidden, output, wanted = vectors(h, y, w, Y)
        if cut is not None:
            hidden[cut:] = np.nan
        inputs = np.broadcast_to([[0, 0], [np.sqrt(X), 0]], hidden.shape)
        write_checkpoint(self.path("in", f"{name}.h5"), name, list(steps),
                         {"x": inputs, "hidden": hidden, "output": output, **extra}, targets={"y": wanted})
        return self.path("in", f"{name}.h5")

    def test_trained_pair_agrees_with_scipy(self):
        results = self.dynamics([PAIR], ranks=3)
        self.assertEqual(results["h"].dims, ("fit", "step"))
        self.assertEqual(list(results["layer"].values), ["hidden1", "hidden2", "hidden3", "hidden4"])
        with h5py.File(os.path.join(PAIR, "trajectory.h5")) as f:
            steps, wanted = f["steps"][()], f["targets/y"][()].astype(float)
            layers = {name: values[()].astype(float) for name, values in f["activations"].items()}
            recorded = f["scalars/train_loss"][()]
        np.testing.assert_array_equal(results["step"].values, steps)
        target = ((wanted[1] - wanted[0]) ** 2).sum()
        for i, layer in enumerate(results["layer"].values):
            r = results.isel(fit=i)
            h, y, w, loss = oracle.measure(layers[layer], layers["output"], wanted, 0, 1)
            for name, values in (("h", h), ("y", y), ("w", w), ("loss", loss)):
                np.testing.assert_allclose(r[name].values, values, rtol=1e-9, atol=1e-12)
            if layer not in ("hidden2", "hidden4"):
                continue
            a, b, sse = oracle.fit(steps.astype(float), h, y, w, target)
            self.assertAlmostEqual(float(r["eta_h"]) / a, 1, delta=.01)
            self.assertAlmostEqual(float(r["eta_y"]) / b, 1, delta=.01)
            self.assertAlmostEqual(float(r["sse"]) / sse, 1, delta=.01)
            theory = oracle.solve((h[0], y[0], w[0]), float(r["eta_h"]), float(r["eta_y"]), target, steps.astype(float))
            np.testing.assert_allclose([r["h_theory"], r["y_theory"], r["w_theory"]], theory, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(results["loss"].values[0] / recorded, (results["loss"].values[0] / recorded)[0], rtol=1e-3)

    def test_rich_run_is_explained_and_wrong_equations_are_not(self):
        results = self.dynamics([PAIR], "--controls")
        self.assertEqual(list(results["applies"].values), [1, 1, 1, 1])
        for name in ("r2_h", "r2_y", "r2_w"):
            self.assertTrue(np.all(results[name].values >= .95), name)
        self.assertTrue(np.all(results["regime"].values > .9))
        np.testing.assert_allclose(results["h_final_theory"].values, results["h_final"].values, rtol=.1)
        for name in ("sse_double_output", "sse_flipped_sign", "sse_dropped_term"):
            self.assertTrue(np.all(results[name].values > 1.5 * results["sse"].values), name)

    def test_rich_and_lazy_runs_differ(self):
        results = self.dynamics([os.path.join(DATA, "E")], ranks=2)
        lazy, rich = results.groupby("network")["pair-relu-lazy-s0"], results.groupby("network")["pair-relu-rich-s0"]
        growth = {name: (run["h_final"] / run["h"].sel(step=0)).values for name, run in (("lazy", lazy), ("rich", rich))}
        self.assertTrue(np.all(growth["lazy"] < 2) and np.all(growth["rich"] > 10), growth)
        self.assertEqual(list(lazy["applies"].values), [0, 0, 0, 0])
        self.assertEqual(list(rich["applies"].values), [1, 1, 1, 1])
        self.assertLess(lazy["regime"].values.min(), 1 / 3)
        self.assertGreater(rich["regime"].values.min(), .9)
        # The theory of two free maps fits the layers between, not the first.
        self.assertGreater(rich["sse"].values[0], rich["sse"].values[1])
        self.assertGreater(lazy["r2_h"].values[3], lazy["r2_h"].values[0])

    def test_planted_rates_come_back(self):
        path = self.planted()
        ratio = A / B
        a_low, a_high = np.sqrt(ratio * Y), START[0] - ratio * START[1] / START[0]
        for ranks in (1, 2):
            r = self.dynamics([path], "--input-layer", "x", "--controls", ranks=ranks, name=f"{ranks}.h5").isel(fit=0)
            self.assertAlmostEqual(float(r["eta_h"]) / .004, 1, delta=1e-5)
            self.assertAlmostEqual(float(r["eta_y"]) / .02, 1, delta=1e-5)
            self.assertAlmostEqual(float(r["input_distance"]), X, delta=1e-12)
            self.assertAlmostEqual(float(r["a_low"]), a_low, delta=1e-5)
            self.assertAlmostEqual(float(r["a_high"]), a_high, delta=1e-5)
            self.assertAlmostEqual(float(r["regime"]), a_low / (a_low + abs(a_high)), delta=1e-5)
            self.assertAlmostEqual(float(r["h_final_theory"]), a_high / 2 + np.hypot(a_high / 2, a_low), delta=1e-5)
            for name in ("sse_double_output", "sse_flipped_sign", "sse_dropped_term"):
                self.assertGreater(float(r[name]), 5 * float(r["sse"]))
        without = self.dynamics([path], "--layers", "hidden").isel(fit=0)
        self.assertAlmostEqual(float(without["eta_h"]) / A, 1, delta=1e-5)
        self.assertTrue(np.isnan(float(without["input_distance"])))

    def test_checkpoints_are_a_run_too(self):
        path = self.planted(steps=np.arange(0, 1500, 120))
        with h5py.File(path) as f:
            steps, wanted = f["steps"][()], f["targets/y"][()]
            for k, step in reversed(list(enumerate(steps))):
                write_checkpoint(self.path("series", f"step-{step}.h5"), "planted", int(step),
                                 {"hidden": f["activations/hidden"][k], "output": f["activations/output"][k]},
                                 targets={"y": wanted})
        one = self.dynamics([path], "--layers", "hidden")
        other = self.dynamics([self.path("series")], name="series.h5")
        for name in ("eta_h", "eta_y", "sse", "h", "h_theory"):
            np.testing.assert_array_equal(one[name].values, other[name].values, name)

    def test_pairs(self):
        generator = np.random.default_rng(1)
        n, steps = 30, list(range(0, 120, 10))
        start, end = generator.standard_normal((2, n, 3))
        mix = 1 - np.exp(-np.array(steps) / 30)[:, None, None]
        hidden = start * (1 - mix) + end * mix
        write_checkpoint(self.path("in", "x.h5"), "net", steps, {"hidden": hidden, "output": hidden},
                         targets={"y": end})
        chosen = self.dynamics([self.path("in")], "--pairs", "3-7,0-29")
        self.assertEqual(list(zip(chosen["input_a"].values, chosen["input_b"].values)), [(3, 7), (0, 29)])
        few = self.dynamics([self.path("in")], "--pairs", "12", "--seed", "5")
        again = self.dynamics([self.path("in")], "--pairs", "12", "--seed", "5", ranks=2, name="again.h5")
        other = self.dynamics([self.path("in")], "--pairs", "12", "--seed", "6", name="other.h5")
        pairs = [set(zip(d["input_a"].values, d["input_b"].values)) for d in (few, again, other)]
        self.assertEqual(len(pairs[0]), 12)
        self.assertEqual(pairs[0], pairs[1])
        self.assertNotEqual(pairs[0], pairs[2])
        np.testing.assert_array_equal(few["eta_y"].values, again["eta_y"].values)
        for i in range(12):
            a, b = int(few["input_a"][i]), int(few["input_b"][i])
            np.testing.assert_allclose(few["h"].values[i], ((hidden[:, a] - hidden[:, b]) ** 2).sum(axis=1), rtol=1e-12)
        measured, predicted = few["h"].values[:, 5], few["h_theory"].values[:, 5]
        self.assertAlmostEqual(float(few["structure_correlation"][0, 5]), np.corrcoef(measured, predicted)[0, 1], 10)
        self.assertNotIn("structure_measured", few)
        self.dynamics([self.path("in")], "--pairs", "3-30", code=2)
        self.dynamics([self.path("in")], "--pairs", "3-3", code=2)

    def test_structure_of_all_pairs(self):
        generator = np.random.default_rng(2)
        n, steps = 5, list(range(0, 150, 10))
        start, end = .1 * generator.standard_normal((n, 3)), generator.standard_normal((n, 3))
        mix = 1 - np.exp(-np.array(steps) / 30)[:, None, None]
        hidden = start * (1 - mix) + end * mix
        write_checkpoint(self.path("in", "x.h5"), "net", steps, {"hidden": hidden, "output": hidden}, targets={"y": end})
        results = self.dynamics([self.path("in")], ranks=2)
        self.assertEqual(list(results["structure_input"].values[0]), list(range(n)))
        moments = results["structure_step"].values[0]
        self.assertEqual((moments[0], moments[-1]), (0, 140))
        for m, step in enumerate(moments):
            h = hidden[steps.index(step)]
            measured = ((h[:, None] - h[None]) ** 2).sum(axis=2)
            np.testing.assert_allclose(results["structure_measured"].values[0, m], measured, rtol=1e-12, atol=1e-15)
            predicted = results["structure_predicted"].values[0, m]
            np.testing.assert_array_equal(predicted, predicted.T)
            upper = np.triu_indices(n, 1)
            np.testing.assert_array_equal(predicted[upper], results["h_theory"].sel(step=step).values)
            self.assertAlmostEqual(float(results["structure_correlation"].sel(step=step)[0]),
                                   np.corrcoef(measured[upper], predicted[upper])[0, 1], 10)

    def test_equal_targets_keep_apart_or_merge(self):
        steps = np.arange(0, 1500, 15)
        for name, start in (("apart", (1.0, .04, .04)), ("merger", (.2, .8, .8))):
            a_high = start[0] - A / B * start[1] / start[0]
            h, y, w = oracle.solve(start, A, B, 0, steps.astype(float))
            hidden, output = np.zeros((2, len(steps), 2, 2))
            hidden[:, 1, 0], output[:, 1, 0] = np.sqrt(np.abs(h)), np.sqrt(np.abs(y))
            write_checkpoint(self.path(name, "x.h5"), name, list(steps), {"hidden": hidden, "output": output},
                             targets={"y": np.zeros((2, 2))})
            r = self.dynamics([self.path(name)]).isel(fit=0)
            self.assertEqual(float(r["target_distance"]), 0)
            np.testing.assert_allclose(r["h_theory"].values, h, atol=1e-4, err_msg=name)
            if name == "merger":
                a_high = start[0] - float(r["eta_h"] / r["eta_y"]) * start[1] / start[0]
                self.assertLess(a_high, 0)
                self.assertEqual(str(r["regime_name"].values), "merger")
            self.assertAlmostEqual(float(r["h_final_theory"]), max(a_high, 0), delta=1e-4)

    def test_lazy_runs_are_flagged(self):
        steps = np.arange(0, 1000, 20)
        h, y, w = oracle.solve((3, .1, -.1), 1e-4, .01, Y, steps.astype(float))
        hidden, output, wanted = vectors(h, y, w, Y)
        write_checkpoint(self.path("in", "x.h5"), "lazy", list(steps), {"hidden": hidden, "output": output},
                         targets={"y": wanted})
        r = self.dynamics([self.path("in")]).isel(fit=0)
        self.assertEqual(int(r["applies"]), 0)
        self.assertLess(float(r["regime"]), 1 / 3)

    def test_bad_runs_are_named_and_the_rest_fitted(self):
        self.planted("good")
        self.planted("diverged", cut=60)
        self.planted("late", steps=np.arange(150, 1500, 15))
        self.planted("short", steps=np.arange(0, 1500, 200))
        path = self.planted("same")
        with h5py.File(path, "a") as f:
            f["activations/hidden"][:, 1] = f["activations/hidden"][:, 0]
        path = self.planted("lacks")
        with h5py.File(path, "a") as f:
            del f["targets/y"]
        results = self.dynamics([self.path("in")], "--layers", "hidden", code=1)
        meanings = results["fit_status"].attrs["flag_meanings"].split()
        status = {n: meanings[s] for n, s in zip(results["network"].values, results["fit_status"].values)}
        self.assertEqual(status, {"good": "ok", "diverged": "diverged", "late": "no_step_0", "short": "too_few_steps",
                                  "same": "identical_inputs", "lacks": "no_target"})
        for name in ("diverged", "late", "short", "same", "lacks"):
            self.assertIn(name, self.run_.err)
        rates = dict(zip(results["network"].values, results["eta_y"].values))
        for name in ("good", "diverged", "late"):
            self.assertAlmostEqual(rates[name] / B, 1, delta=1e-3)
        for name in ("short", "same", "lacks"):
            self.assertTrue(np.isnan(rates[name]), name)

    def test_steps_out_of_order(self):
        path = self.planted("sorted")
        with h5py.File(path) as f:
            whole = {name: values[()] for name, values in f["activations"].items()}
            steps, wanted = f["steps"][()], f["targets/y"][()]
        order = np.random.default_rng(0).permutation(len(steps))
        write_checkpoint(self.path("other", "x.h5"), "shuffled", list(steps[order]),
                         {name: values[order] for name, values in whole.items()}, targets={"y": wanted})
        one = self.dynamics([path], "--layers", "hidden")
        other = self.dynamics([self.path("other")], "--layers", "hidden", name="other.h5")
        for name in ("h", "eta_y", "sse"):
            np.testing.assert_array_equal(other[name].values, one[name].values)

    def test_nothing_to_fit(self):
        self.planted("short", steps=np.arange(0, 1500, 400))
        self.dynamics([self.path("in")], code=3)
        self.assertIn("10", self.run_.err)
        self.dynamics([self.path("in")], "--target", "z", code=2)
        self.dynamics([self.path("in")], "--output-layer", "z", code=2)
        self.dynamics([self.path("in")], "--input-layer", "z", code=2)


if __name__ == "__main__":
    unittest.main()

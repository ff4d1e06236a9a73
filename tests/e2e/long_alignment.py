"""`confer align` on networks trained here: what training, depth, shuffled labels and a change of task do to alignment."""
import unittest
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from acts import write_checkpoint
from program import TestCase, confer, open_results


def train(kind, x, y, depth, epochs, seed, rate=1e-3):
    """A network of `depth` hidden layers of 128 units, by Adam; epochs = 0 leaves it as it was initialised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kind((128,) * depth, batch_size=64, random_state=seed, learning_rate_init=rate if epochs else 1e-15, alpha=0,
                    max_iter=max(1, epochs), n_iter_no_change=10000, tol=0).fit(x, y)


def hidden(network, x):
    """Activations of the hidden layers."""
    layers = {}
    for i, (weights, bias) in enumerate(zip(network.coefs_[:-1], network.intercepts_[:-1])):
        x = layers[f"h{i + 1}"] = np.maximum(x @ weights + bias, 0)
    return layers


class Alignment(TestCase):
    def align(self, *options):
        output = self.path("alignment.h5")
        run = confer("align", self.path("in"), "--output", output, "--quiet", *options, ranks=2)
        self.assertEqual(run.code, 0, run.err)
        results = open_results(output)
        return results, {label: i for i, label in enumerate(results["label"].values)}

    def test_training_raises_alignment_with_the_labels_it_was_given(self):
        digits = load_digits()
        chosen = np.isin(digits.target, (3, 8))
        x, y = digits.data[chosen] / 16, digits.target[chosen]
        shuffled = np.random.default_rng(0).permutation(y)
        targets = {"labels": y, "shuffled": shuffled}
        for name, labels, epochs in (("true", y, 100), ("shuffled", shuffled, 600)):
            for step in (0, epochs):
                network = train(MLPClassifier, x, labels, 3, step, 0)
                write_checkpoint(self.path("in", f"{name}-{step}.h5"), name, step, {"input": x, **hidden(network, x)},
                                 targets=targets)
            self.assertGreater((network.predict(x) == labels).mean(), .99)
        results, row = self.align("--target", "labels,shuffled")
        mass = results["mass"].sel(component=5)
        for layer in ("h1", "h2", "h3"):
            true, initial = row[f"true@100/{layer}"], row[f"true@0/{layer}"]
            self.assertGreater(mass[true, 0], mass[initial, 0], layer)
            # Beside them stands what shuffled labels would have.
            self.assertLess(mass[initial, 1], 3 * results["mass_shuffled_high"].sel(component=5)[initial, 1], layer)
            self.assertEqual(results["mass_initial"].sel(component=5)[true, 0], mass[initial, 0])
            self.assertEqual(results["mass_input"].sel(component=5)[true, 0], mass[row["true@100/input"], 0])
        by_depth = [float(mass[row[f"true@100/h{i}"], 0]) for i in (1, 2, 3)]
        self.assertEqual(by_depth, sorted(by_depth))
        # A network that memorises is aligned with the labels it was given, late and not early, more than with the true.
        self.assertLess(mass[row["shuffled@600/h1"], 1], .1)
        self.assertGreater(mass[row["shuffled@600/h3"], 1], .9)
        self.assertLess(mass[row["shuffled@600/h3"], 0], .8 * mass[row["shuffled@600/h3"], 1])
        self.assertLess(mass[row["true@100/h3"], 1], .1)

    def test_deeper_networks_end_with_more_mass_in_the_top_directions(self):
        digits = load_digits()
        x, y = digits.data / 16, digits.target
        for depth in (1, 2, 4):
            for step in (0, 40):
                layers = hidden(train(MLPClassifier, x, y, depth, step, 0), x)
                write_checkpoint(self.path("in", f"{depth}-{step}.h5"), f"depth{depth}", step,
                                 {"last": layers[f"h{depth}"]}, targets={"labels": y})
        results, row = self.align("--target", "labels")
        top = results["mass_outputs"]  # ten classes: the top ten directions
        trained = [float(top[row[f"depth{d}@40/last"], 0]) for d in (1, 2, 4)]
        initial = [float(top[row[f"depth{d}@0/last"], 0]) for d in (1, 2, 4)]
        self.assertEqual(trained, sorted(trained))
        self.assertGreater(trained[-1], trained[0] + .1)
        self.assertTrue(all(t > i for t, i in zip(trained, initial)), (trained, initial))

    def test_transfer_helps_related_tasks_and_hurts_others(self):
        margins = []
        for seed in range(3):
            rng = np.random.default_rng(seed)
            source, target = rng.random((10000, 6)), rng.random((100, 6))
            a, b, c, d, e, f = target.T
            targets = {"related": np.where(a > .5, c, b), "unrelated": np.where(d > .5, e, f)}
            for step, epochs in ((0, 0), (1, 15)):
                network = train(MLPRegressor, source, np.where(source[:, 0] > .5, source[:, 1], source[:, 2]), 3, epochs,
                                seed)
                write_checkpoint(self.path("in", f"s{seed}-{step}.h5"), f"s{seed}", step,
                                 {"last": hidden(network, target)["h3"]}, inputs_id=f"{seed:064x}", targets=targets)
        results, row = self.align("--target", "unrelated,related", "--center", "none", "--learning-curve")
        for seed in range(3):
            trained, initial = row[f"s{seed}@1/last"], row[f"s{seed}@0/last"]
            # Predicted loss ranks the targets of one representation: 1 is learned fastest.
            self.assertEqual(list(results["target_rank"].values[trained]), [2, 1])
            loss = results["predicted_loss"]
            margins.append([float(loss[trained, t] - loss[initial, t]) for t in (0, 1)])
            self.assertEqual(float(loss[trained, 0]),
                             float(results["learning_curve"].sel(iteration=1000)[trained, 0]))
        unrelated, related = np.mean(margins, axis=0)
        self.assertLess(related, 0, "training on a related task makes the target easier")
        self.assertGreater(unrelated, 0, "training on an unrelated task makes it harder")


if __name__ == "__main__":
    unittest.main()

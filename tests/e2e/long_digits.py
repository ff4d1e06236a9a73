"""From a training loop to a report: digits learned by PyTorch models, exported by hooks, compared, aligned, reported.

Needs python3-torch; without it there is nothing to test.
"""

import os
import pathlib
import sys
import unittest

import numpy as np
from sklearn.datasets import load_digits

from program import TestCase, confer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "jobs"))
from export_activations import ActivationWriter  # noqa: E402

try:
    import torch
except ImportError:
    torch = None


def train(folder, name, labels, seed, steps=(0, 20, 400)):
    """Trains a small network and exports it at some steps. Returns its accuracy on the labels it was given."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    images = torch.tensor(load_digits().data[:1000] / 16, dtype=torch.float32)
    model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU(),
                                torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(max(steps) + 1):
        if step in steps:
            model.eval()
            about = {"seed": seed, "kind": name.split("-")[0]}
            with torch.no_grad(), ActivationWriter(f"{folder}/{name}/step-{step:06d}.h5", model, network=name, step=step,
                                                   dtype="float32", metadata=about) as writer:
                for rows in torch.arange(len(images)).split(256):
                    model(images[rows])
                    writer.add_targets(labels=labels[rows])
            model.train()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return (model(images).argmax(1) == labels).double().mean().item()


class Digits(TestCase):
    def test_from_training_to_report(self):
        if torch is None:
            return
        labels = torch.tensor(load_digits().target[:1000])
        shuffled = labels[torch.tensor(np.random.default_rng(0).permutation(1000))]
        acts = self.path("acts")
        for seed in (0, 1):
            self.assertGreater(train(acts, f"true-s{seed}", labels, seed), 0.95)
            train(acts, f"shuffled-s{seed}", shuffled, seed)
        results = self.compare([acts], ranks=2)
        self.assertEqual(results.sizes["a"], 4 * 3 * 5)
        cka = results["cka"]

        def alike(first, second, layer):
            names = list(results["label"].values)
            return float(cka[names.index(f"{first}@400/{layer}"), names.index(f"{second}@400/{layer}")])

        self.assertGreater(alike("true-s0", "true-s1", "4"), 0.8)
        self.assertGreater(alike("true-s0", "true-s1", "4"), alike("true-s0", "shuffled-s0", "4"))
        alignment = self.path("out", "alignment.h5")
        run = confer("align", os.path.join(acts, "true-s0"), "--target", "labels", "--output", alignment, "--quiet")
        self.assertEqual(run.code, 0, run.err)
        page = self.path("report.html")
        run = confer("report", self.path("out", "results.h5"), alignment, "--output", page)
        self.assertEqual(run.code, 0, run.err)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("<b>60 representations</b> compared: 4 networks, 12 checkpoints, 5 layers", text)
        self.assertIn("Best aligned with <b>labels</b> is <b>true-s0@400/", text)


if __name__ == "__main__":
    unittest.main()

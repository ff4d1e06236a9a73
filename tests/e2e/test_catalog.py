"""confer catalog on real layouts and on every kind of bad input: exit codes, reasons, harmless output."""
import json
import os
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

import acts

RNG = np.random.default_rng(0)


def confer(*arguments, ranks=1):
    command = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    result = subprocess.run([*command, os.environ["CONFER"], *arguments], capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout, result.stderr


def values(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


class CatalogTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        acts.write_checkpoint(self.path("good.h5"), "good", 0, {"fc": values(20, 4)})

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def catalog(self, *options, ranks=1):
        """The catalog of the directory, which has to hold something usable, and the exit code."""
        code, out, err = confer("catalog", self.directory.name, "--json", *options, ranks=ranks)
        self.assertIn(code, (0, 1), err)
        return json.loads(out), code

    def refused(self, label, reason, dataset=""):
        """Expects one refusal, exit code 1, the good network alive, and 3 with --strict."""
        catalog, code = self.catalog()
        self.assertEqual(code, 1)
        self.assertEqual([r["label"] for r in catalog["refusals"]], [label])
        self.assertIn(reason, catalog["refusals"][0]["reason"])
        self.assertEqual(catalog["refusals"][0]["dataset"], dataset)
        self.assertIn("good", [c["network"] for c in catalog["checkpoints"]])
        code, out, err = confer("catalog", self.directory.name, "--strict")
        self.assertEqual(code, 3)
        self.assertIn(reason, err)
        self.assertNotIn("HDF5-DIAG", err)

    def test_all_layouts(self):
        acts.write_checkpoint(self.path("t/trajectory.h5"), "traj", [5, 0], {"h": values(2, 6, 3)}, scalars={"loss": [1, 2]})
        acts.write_checkpoint(self.path("shards/a.h5"), "shards", 3, {"conv": values(20, 3, 2, 2), "block/fc": values(20, 5)},
                              shards=[3, 16, 1], targets={"labels": np.arange(20)},
                              dataset_options={"chunks": True, "compression": "gzip"}, attrs={"seed": 1, "kind": "cnn"})
        acts.write_checkpoint(self.path("f16.h5"), "half", 1, {"rnn": values(4, 20, 3).astype(">f2")},
                              axes={"rnn": "time,sample,channel"})
        for ranks in (1, 3):
            catalog, code = self.catalog(ranks=ranks)
            self.assertEqual(code, 0)
            labels = [f"{c['network']}@{c['step']}/{layer['name']}" for c in catalog["checkpoints"] for layer in c["layers"]]
            self.assertEqual(labels, ["good@0/fc", "half@1/rnn", "shards@3/conv", "shards@3/block/fc", "traj@0/h", "traj@5/h"])
            shards = catalog["checkpoints"][2]
            self.assertEqual([s["samples"] for s in shards["shards"]], [3, 16, 1])
            self.assertEqual(shards["metadata"], {"kind": "cnn", "seed": 1.0})
            self.assertEqual(shards["layers"][0]["extents"], [20, 3, 2, 2])
            self.assertEqual(catalog["checkpoints"][1]["layers"][0]["type"], "float16")

    def test_values_that_are_not_finite(self):
        bad = values(20, 4)
        bad[7, 3] = np.nan
        bad[9, 0] = np.inf
        acts.write_checkpoint(self.path("bad.h5"), "bad", 2, {"fine": values(20, 3), "odd": bad}, shards=2)
        for ranks in (1, 2, 3):
            catalog, code = self.catalog(ranks=ranks)
            self.assertEqual(code, 1)
            self.assertIn("2 values that are NaN or Inf, the first at sample 7, neuron 3",
                          catalog["refusals"][0]["reason"])
        self.refused("bad@2/odd", "NaN or Inf", "/activations/odd")

    def test_truncated(self):
        acts.write_checkpoint(self.path("bad.h5"), "bad", 2, {"fc": values(200, 4)})
        os.truncate(self.path("bad.h5"), os.path.getsize(self.path("bad.h5")) - 100)
        self.refused(self.path("bad.h5"), "truncated")

    def test_not_hdf5(self):
        with open(self.path("bad.h5"), "w") as f:
            f.write("no")
        self.refused(self.path("bad.h5"), "not an HDF5 file")

    def test_other_hdf5(self):
        with h5py.File(self.path("bad.h5"), "w") as f:
            f["x"] = [1, 2]
        self.refused(self.path("bad.h5"), "'format'")

    def test_missing_filter(self):
        acts.write_checkpoint(self.path("bad.h5"), "bad", 2, {"odd": values(20, 4)}, dataset_options={"compression": "lzf"})
        self.refused("bad@2/odd", "lzf", "/activations/odd")

    def test_external_link(self):
        acts.write_checkpoint(self.path("bad.h5"), "bad", 2, {"fine": values(20, 4), "odd": values(20, 4)})
        with h5py.File(self.path("bad.h5"), "r+") as f:
            del f["activations/odd"]
            f["activations/odd"] = h5py.ExternalLink("good.h5", "/activations/fc")
        self.refused("bad@2/odd", "another file", "/activations/odd")

    def test_shards(self):
        paths = acts.write_checkpoint(self.path("bad.h5"), "bad", 2, {"fc": values(20, 4)}, shards=4)
        os.rename(paths[1], self.path("kept"))
        self.refused("bad@2", "samples 5:10 are missing")
        os.rename(self.path("kept"), paths[1])
        self.assertEqual(self.catalog()[1], 0)
        with h5py.File(paths[1], "r+") as f:
            f.attrs["first_sample"] = 4
        self.refused("bad@2", "overlap")
        acts.write_checkpoint(self.path("again.h5"), "good", 0, {"fc": values(20, 4)})
        catalog, code = self.catalog_or_error()
        self.assertEqual(code, 3)
        self.assertIn("two files hold samples 0:20", catalog)

    def catalog_or_error(self):
        code, out, err = confer("catalog", self.directory.name)
        return out + err, code

    def test_hostile_names(self):
        names = ["../../etc", "<script>alert(1)</script>", "line\nbreak", "quote\"'", "comma,", "=1+1", "\x1b[2J"]
        for i, name in enumerate(names):
            acts.write_checkpoint(self.path(f"{i}.h5"), name, i, {f"{name} {i}": values(20, 4)})
        catalog, code = self.catalog()
        self.assertEqual(code, 0)
        self.assertEqual({c["network"] for c in catalog["checkpoints"]}, {"good", *names})
        code, out, _ = confer("catalog", self.directory.name)
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", out)
        self.assertIn("line\\nbreak", out)

    def test_nothing_usable(self):
        os.remove(self.path("good.h5"))
        for name in ("a.h5", "b.h5"):
            with open(self.path(name), "w") as f:
                f.write("text")
        for ranks in (1, 2):
            code, out, err = confer("catalog", self.directory.name, ranks=ranks)
            self.assertEqual(code, 3)
            self.assertIn("a.h5", err)
            self.assertIn("not an HDF5 file", err)
        self.assertEqual(confer("catalog", self.path("nothing*"))[0], 3)

    def test_input_order_does_not_matter(self):
        acts.write_checkpoint(self.path("b.h5"), "b", 0, {"fc": values(20, 4)})
        one = confer("catalog", self.path("good.h5"), self.path("b.h5"), "--json")
        self.assertEqual(one, confer("catalog", self.path("b.h5"), self.path("good.h5"), "--json"))
        self.assertEqual(one[0], 0)


if __name__ == "__main__":
    unittest.main()

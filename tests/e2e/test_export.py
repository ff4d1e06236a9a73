"""The activation exporter: what it writes is acts/1, equals what the model computed, and nothing half is left."""

import hashlib
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import warnings

import h5py
import numpy as np

JOBS = pathlib.Path(__file__).resolve().parents[2] / "jobs"
sys.path.insert(0, str(JOBS))
import export_activations as exporter  # noqa: E402

try:
    import torch
except ImportError:
    torch = None


class FakeModule:
    """The part of torch.nn.Module that hooks need."""

    def __init__(self, function=None, **children):
        self.function, self._children, self.training = function, children, False
        self._before, self._after = [], []

    def children(self):
        return iter(self._children.values())

    def named_modules(self, prefix=""):
        yield prefix, self
        for name, child in self._children.items():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def _register(self, hooks, hook):
        hooks.append(hook)
        return type("Handle", (), {"remove": staticmethod(lambda: hooks.remove(hook))})()

    def register_forward_pre_hook(self, hook):
        return self._register(self._before, hook)

    def register_forward_hook(self, hook):
        return self._register(self._after, hook)

    def __call__(self, value):
        for hook in self._before:
            hook(self, (value,))
        if self.function:
            output = self.function(value)
        else:
            output = value
            for child in self._children.values():
                output = child(output)
        for hook in self._after:
            hook(self, (value,), output)
        return output


def network():
    double = FakeModule(lambda x: 2 * x)
    return FakeModule(
        conv=FakeModule(maps=double, act=FakeModule(lambda x: np.maximum(x, 0))),
        head=FakeModule(lambda x: x.reshape(len(x), -1)[:, :5]))


def attribute(file, name):
    value = file.attrs[name]
    return value if isinstance(value, str) else value.item()


class Exporter(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.images = np.random.default_rng(0).standard_normal((30, 3, 4, 4)).astype(np.float32)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, batches=(0, 7, 20, 30), model=None, name="net.h5", first=0, network_name="net",
              **options):
        model = model or network()
        with exporter.ActivationWriter(self.path / name, model, network=network_name, step=12, **options) as writer:
            for begin, end in zip(batches, batches[1:]):
                model(self.images[begin + first:end + first])
                writer.add_targets(labels=np.arange(begin, end) + first)
        self.assertEqual(model._before + model._after, [], "hooks stay behind")
        return writer.path

    def test_round_trip(self):
        path = self.write(dtype="float32", spatial="full", metadata={"seed": 3, "family": "täst", "loss": 0.5})
        with h5py.File(path) as file:
            self.assertEqual(attribute(file, "format"), "acts/1")
            self.assertEqual((attribute(file, "network"), attribute(file, "step")), ("net", 12))
            self.assertEqual((attribute(file, "first_sample"), attribute(file, "total_samples")), (0, 30))
            self.assertEqual(file.attrs["step"].dtype, np.int64)
            self.assertEqual(list(file.attrs["layers"]), ["conv.maps", "conv.act", "head"])
            self.assertEqual((file.attrs["seed"], file.attrs["family"], file.attrs["loss"]), (3, "täst", 0.5))
            maps = file["activations/conv.maps"]
            self.assertEqual(maps.attrs["axes"], "sample,channel,height,width")
            np.testing.assert_array_equal(maps, 2 * self.images)
            np.testing.assert_array_equal(file["activations/head"],
                                          np.maximum(2 * self.images, 0).reshape(30, -1)[:, :5])
            np.testing.assert_array_equal(file["targets/labels"], np.arange(30))
            self.assertEqual(file["targets/labels"].dtype, np.int64)

    def test_half_precision_and_spatial_mean_are_the_default(self):
        with h5py.File(self.write()) as file:
            maps = file["activations/conv.maps"]
            self.assertEqual((maps.dtype, maps.attrs["axes"]), (np.float16, "sample,channel"))
            np.testing.assert_array_equal(maps, (2 * self.images).mean((2, 3)).astype(np.float16))

    def test_inputs_id_does_not_depend_on_batches(self):
        ids = {attribute(h5py.File(self.write(batches)), "inputs_id") for batches in ((0, 30), (0, 1, 2, 30))}
        ids.add(exporter.inputs_id_of([(self.images[:11], "labels"), (self.images[11:], "labels")]))
        self.assertEqual(len(ids), 1)
        expected = hashlib.sha256(b"<f4 (3, 4, 4)" + self.images.tobytes()).hexdigest()
        self.assertEqual(ids, {expected})
        self.assertNotEqual(exporter.inputs_id_of([self.images[::-1]]), expected)
        self.assertEqual(attribute(h5py.File(self.write(inputs_id="given")), "inputs_id"), "given")

    def test_ranks_write_shards_that_cover_the_set(self):
        seen, rows = 0, []
        for rank in range(4):
            first, count = exporter.shard_range(30, rank, 4)
            self.assertEqual(first, seen)
            path = self.write((0, count), first=first, inputs_id="x", rank=rank, ranks=4, first_sample=first,
                              total_samples=30, dtype="float32", spatial="full")
            self.assertEqual(path.name, f"net.shard-{rank:05d}-of-00004.h5")
            with h5py.File(path) as file:
                self.assertEqual((attribute(file, "first_sample"), attribute(file, "total_samples")), (first, 30))
                rows.append(file["activations/conv.maps"][:])
            seen += count
        self.assertEqual(seen, 30)
        np.testing.assert_array_equal(np.concatenate(rows), 2 * self.images)
        with self.assertRaisesRegex(ValueError, "inputs_id_of"):
            self.write(rank=0, ranks=2, total_samples=30)

    def test_patterns_and_modules_used_twice(self):
        shared = FakeModule(lambda x: x + 1)
        model = FakeModule(first=shared, last=FakeModule(lambda x: shared(x)))
        with h5py.File(self.write(model=model, layers="first")) as file:
            self.assertEqual(list(file.attrs["layers"]), ["first", "first#2"])
        with h5py.File(self.write(layers="conv,h*")) as file:
            self.assertEqual(list(file.attrs["layers"]), ["conv", "head"])
        with self.assertRaisesRegex(ValueError, "no layer matches 'dense'; there are: conv"):
            self.write(layers="dense")

    def test_failures_say_why_and_leave_no_file(self):
        late = FakeModule(always=FakeModule(lambda x: x), top=FakeModule(lambda x: x.swapaxes(0, 1)))
        cases = [
            (dict(model=FakeModule(big=FakeModule(lambda x: 1e5 * (1 + abs(x))))), "does not fit float16"),
            (dict(model=late, spatial="full"), "top gives 3 rows for 7 inputs"),
            (dict(metadata={"step": 3}), "metadata 'step'"),
            (dict(metadata={"list": [1]}), "metadata 'list'"),
            (dict(dtype="int8"), "dtype 'int8'"),
            (dict(first_sample=5, total_samples=30), "do not fit a set of 30"),
            (dict(name="net.hdf5"), "does not end in .h5"),
        ]
        for options, message in cases:
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                self.write(**options)
        model = network()
        with self.assertRaisesRegex(ValueError, "labels has 29 samples, conv.maps has 30"):
            with exporter.ActivationWriter(self.path / "net.h5", model, network="n", step=0) as writer:
                model(self.images)
                writer.add_targets(labels=np.arange(29))
        with self.assertRaises(KeyboardInterrupt):
            with exporter.ActivationWriter(self.path / "net.h5", model, network="n", step=0):
                model(self.images)
                raise KeyboardInterrupt
        self.assertEqual(os.listdir(self.path), [])

    def test_axes_can_be_given(self):
        model = FakeModule(rnn=FakeModule(lambda x: (x[:, :, 0].swapaxes(0, 1), None)))
        with h5py.File(self.write(model=model, axes={"r*": "time,sample,channel"}, dtype="float32")) as file:
            self.assertEqual(file["activations/rnn"].attrs["axes"], "sample,time,channel")
            np.testing.assert_array_equal(file["activations/rnn"], self.images[:, :, 0])

    def test_confer_reads_what_was_written(self):
        self.write(metadata={"seed": 3})
        for rank in range(2):
            first, count = exporter.shard_range(30, rank, 2)
            self.write((0, count), name="other/net.h5", first=first, inputs_id="given", rank=rank, ranks=2,
                       first_sample=first, total_samples=30, network_name="sharded", spatial="full")
        run = subprocess.run([os.environ["CONFER"], "catalog", self.path, "--json"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        catalog = json.loads(run.stdout)
        self.assertEqual(catalog["refusals"], [])
        found = {item["network"]: item for item in catalog["checkpoints"]}
        self.assertEqual(sorted(found), ["net", "sharded"])
        self.assertEqual([layer["name"] for layer in found["net"]["layers"]], ["conv.maps", "conv.act", "head"])
        self.assertEqual(found["net"]["metadata"]["seed"], 3)
        self.assertEqual(len(found["sharded"]["shards"]), 2)
        self.assertEqual(found["sharded"]["total_samples"], 30)
        self.assertEqual(found["sharded"]["targets"][0]["name"], "labels")

    def test_training_mode_is_warned_about(self):
        model = network()
        model.training = True
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.write(model=model)
        self.assertIn("training mode", str(caught[0].message))


class Converters(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        random = np.random.default_rng(1)
        self.dense = random.standard_normal((20, 6)).astype(np.float32)
        self.maps = random.standard_normal((20, 3, 2, 2))
        self.labels = np.arange(20) % 3

    def tearDown(self):
        self.folder.cleanup()

    def convert(self, *arguments, code=0):
        result = subprocess.run([sys.executable, JOBS / "export_activations.py", *map(str, arguments), "--network", "n",
                                 "--step", "5", "--output", self.path / "out.h5"], capture_output=True, text=True)
        self.assertEqual(result.returncode, code, result.stderr)
        if code:
            self.assertNotIn("Traceback", result.stderr)
            self.assertFalse(list(self.path.glob("*out.h5*")))
            return result.stderr
        return h5py.File(self.path / "out.h5")

    def safetensors(self, tensors, name="t.safetensors"):
        header, data = {"__metadata__": {"format": "pt"}}, b""
        for key, (kind, array) in tensors.items():
            raw = array.tobytes()
            header[key] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        (self.path / name).write_bytes(struct.pack("<Q", len(text)) + text + data)
        return self.path / name

    def test_npy(self):
        np.save(self.path / "fc1.npy", self.dense)
        np.save(self.path / "labels.npy", self.labels)
        np.save(self.path / "inputs.npy", self.maps)
        with self.convert("from-npy", self.path / "fc1.npy", "--target", f"labels={self.path / 'labels.npy'}",
                          "--inputs", self.path / "inputs.npy", "--metadata", "width=6", "--metadata", "note=a b",
                          "--metadata", "loss=1e-3") as file:
            np.testing.assert_array_equal(file["activations/fc1"], self.dense)
            np.testing.assert_array_equal(file["targets/labels"], self.labels)
            self.assertEqual(attribute(file, "inputs_id"), exporter.inputs_id_of([self.maps]))
            self.assertEqual((file.attrs["width"], file.attrs["note"], file.attrs["loss"]), (6, "a b", 1e-3))

    def test_npz(self):
        np.savez(self.path / "a.npz", fc1=self.dense, conv=self.maps, y=self.labels, skip=self.dense)
        with self.convert("from-npz", self.path / "a.npz", "--layers", "fc*,conv", "--target", "labels=y",
                          "--inputs-id", "abc", "--spatial", "mean", "--dtype", "float16") as file:
            self.assertEqual(list(file.attrs["layers"]), ["fc1", "conv"])
            self.assertEqual(file["activations/conv"].attrs["axes"], "sample,channel")
            np.testing.assert_array_equal(file["activations/conv"], self.maps.mean((2, 3)).astype(np.float16))
            np.testing.assert_array_equal(file["targets/labels"], self.labels)

    def test_hdf5_with_groups_and_axes(self):
        with h5py.File(self.path / "plain.h5", "w") as file:
            file["block/0"] = self.dense.T
            file["block/1"] = self.dense.astype(">f8")
        with self.convert("from-hdf5", self.path / "plain.h5", "--inputs-id", "abc", "--axes",
                          "block/0=neuron,sample") as file:
            np.testing.assert_array_equal(file["activations/block/0"], self.dense)
            np.testing.assert_array_equal(file["activations/block/1"], self.dense)

    def test_safetensors(self):
        brain = (self.dense.view(np.uint32) >> 16).astype(np.uint16)
        path = self.safetensors({"model.fc1": ("F32", self.dense), "model.brain": ("BF16", brain),
                                 "model.half": ("F16", self.dense.astype(np.float16))})
        with self.convert("from-safetensors", path, "--inputs-id", "abc") as file:
            np.testing.assert_array_equal(file["activations/model.fc1"], self.dense)
            np.testing.assert_array_equal(file["activations/model.half"], self.dense.astype(np.float16))
            self.assertEqual(file["activations/model.brain"].dtype, np.float32)
            np.testing.assert_allclose(file["activations/model.brain"], self.dense, rtol=2.0**-7)

    def test_damaged_input_is_refused_in_one_line(self):
        path = self.safetensors({"a": ("F32", self.dense)})
        path.write_bytes(path.read_bytes()[:-1])
        self.assertIn("lies outside the file", self.convert("from-safetensors", path, "--inputs-id", "x", code=3))
        path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
        self.assertIn("longer than the file", self.convert("from-safetensors", path, "--inputs-id", "x", code=3))
        np.savez(self.path / "a.npz", **{"../up": self.dense})
        self.assertIn("cannot be a name", self.convert("from-npz", self.path / "a.npz", "--inputs-id", "x", code=3))
        np.savez(self.path / "a.npz", fc1=self.dense, other=self.dense[:9])
        self.assertIn("other has 9 samples", self.convert("from-npz", self.path / "a.npz", "--inputs-id", "x", code=3))
        self.assertIn("No such file", self.convert("from-npz", self.path / "b.npz", "--inputs-id", "x", code=3))


class Torch(unittest.TestCase):
    def test_documented_example_works_as_printed(self):
        example = re.search(r"^    import torch\n(?:(?:    .*)?\n)*?(?=\n\S)", exporter.__doc__, re.M).group()
        example = "\n".join(line[4:] for line in example.splitlines())
        self.assertLessEqual(len([line for line in example.splitlines() if line]), 10)
        compile(example, "example", "exec")
        if torch is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-c", example], cwd=folder, check=True,
                           env={**os.environ, "PYTHONPATH": str(JOBS)})
            with h5py.File(pathlib.Path(folder) / "acts/mlp-s0/step-000000.h5") as file:
                self.assertEqual(list(file.attrs["layers"]), ["0", "1", "2"])
                self.assertEqual(file["activations/1"].shape, (200, 32))
                np.testing.assert_array_equal(file["activations/1"], np.maximum(file["activations/0"], 0))
                self.assertEqual(file["targets/labels"].shape, (200,))

    def test_real_modules(self):
        if torch is None:  # the hooks are tested with a stand-in above
            return

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = torch.nn.Conv2d(1, 4, 3).to(torch.bfloat16)
                self.wave = torch.nn.Conv1d(4, 5, 2)
                self.rnn = torch.nn.LSTM(5, 7, batch_first=True)

            def forward(self, x):
                maps = self.conv(x.to(torch.bfloat16)).float()
                return self.rnn(self.wave(maps.mean(3)).transpose(1, 2))[0]

        model, images = Model().eval(), torch.rand(12, 1, 6, 6)
        with tempfile.TemporaryDirectory() as folder:
            with exporter.ActivationWriter(f"{folder}/n.h5", model, network="n", step=1, dtype="float32") as writer:
                for batch in images.split(5):
                    model(batch)
            with h5py.File(writer.path) as file, torch.no_grad():
                axes = {name: item.attrs["axes"] for name, item in file["activations"].items()}
                self.assertEqual(axes, {"conv": "sample,channel", "wave": "sample,channel,time",
                                        "rnn": "sample,time,channel"})
                np.testing.assert_allclose(file["activations/rnn"], model(images), rtol=0.02, atol=0.02)


if __name__ == "__main__":
    unittest.main()

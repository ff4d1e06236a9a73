#!/usr/bin/env python3
"""Writes activations to files that confer reads (layout "acts/1"): from a running PyTorch model, or converted.

From PyTorch, forward hooks collect the chosen layers while the model runs. As printed, this works:

    import torch
    from export_activations import ActivationWriter

    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)).eval()
    images, labels = torch.rand(200, 64), torch.randint(10, (200,))
    with ActivationWriter("acts/mlp-s0/step-000000.h5", model, network="mlp-s0", step=0) as writer:
        for rows in torch.arange(200).split(50):
            with torch.no_grad():
                model(images[rows])
            writer.add_targets(labels=labels[rows])

Then: confer compare acts --output results.h5

Converted, from the command line (see --help of each):

    export_activations.py from-npz acts.npz --network cnn-s0 --step 100 --inputs images.npy --output cnn-s0.h5

Needs numpy and h5py; torch only where a torch model is given, and never imported here.
"""

import contextlib
import fnmatch
import hashlib
import math
import os
import pathlib
import sys
import warnings

import h5py
import numpy as np

RESERVED = {"format", "network", "step", "inputs_id", "first_sample", "total_samples", "layers"}
AXES_BY_RANK = {1: "sample", 2: "sample,neuron", 3: "sample,time,channel", 4: "sample,channel,height,width"}
KNOWN_AXES = {"sample", "neuron", "channel", "height", "width", "time"}


def to_numpy(value):
    """A torch tensor on any device, or anything array-like, as a NumPy array (bfloat16 becomes float32)."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):
            value = value.float()
        value = value.numpy()
    return np.asarray(value)


class InputsHash:
    """sha256 over an input set, sample by sample: the same for any division into batches."""

    def __init__(self):
        self._hash = None
        self._kind = None

    def update(self, batch):
        """Takes the next inputs; the first axis is the sample."""
        batch = to_numpy(batch)
        batch = np.ascontiguousarray(batch, dtype=batch.dtype.newbyteorder("<"))
        kind = f"{batch.dtype.str} {batch.shape[1:]}"
        if self._hash is None:
            self._kind = kind
            self._hash = hashlib.sha256(kind.encode())
        if kind != self._kind:
            raise ValueError(f"inputs change from {self._kind} to {kind} (batches of one input set have one type and "
                             "shape); pad them, or give inputs_id")
        self._hash.update(batch.tobytes())

    def hexdigest(self):
        return self._hash.hexdigest() if self._hash else None


def inputs_id_of(batches):
    """The `inputs_id` of an input set: an iterable of batches, in order. Tuples count by their first element."""
    digest = InputsHash()
    for batch in batches:
        digest.update(batch[0] if isinstance(batch, (tuple, list)) else batch)
    return digest.hexdigest()


def shard_range(total_samples, rank, ranks):
    """First sample and number of samples of a rank when a set is divided into contiguous ranges."""
    first = total_samples * rank // ranks
    return first, total_samples * (rank + 1) // ranks - first


def shard_path(path, rank, ranks):
    """"net.h5" -> "net.shard-00000-of-00004.h5"; unchanged for one rank."""
    path = pathlib.Path(path)
    if path.suffix != ".h5":
        raise ValueError(f"output {path} does not end in .h5 (confer looks for *.h5 in directories)")
    return path if ranks == 1 else path.with_name(f"{path.stem}.shard-{rank:05d}-of-{ranks:05d}.h5")


def sample_first(array, axes):
    """Moves the sample axis to the front. Returns array and axes."""
    names = [name.strip() for name in axes.split(",")]
    if len(names) != array.ndim or names.count("sample") != 1 or len(set(names)) != len(names) \
            or not KNOWN_AXES.issuperset(names):
        raise ValueError(f"axes '{axes}' do not describe an array of shape {tuple(array.shape)} (one name for each "
                         f"dimension, from {', '.join(sorted(KNOWN_AXES))}, 'sample' among them)")
    where = names.index("sample")
    names.insert(0, names.pop(where))
    return np.moveaxis(array, where, 0), names


class ShardFile:
    """One acts/1 file, filled batch by batch under a temporary name that becomes the real one in close()."""

    def __init__(self, path, *, dtype=None, spatial="full"):
        if spatial not in ("mean", "full"):
            raise ValueError(f"spatial '{spatial}' is not known; use 'mean' or 'full'")
        if dtype not in (None, "float16", "float32", "float64"):
            raise ValueError(f"dtype '{dtype}' is not known; use 'float16' or 'float32'")
        self.path = pathlib.Path(path)
        self.dtype, self.spatial = dtype, spatial
        self.layers = {}
        self.targets = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Does not end in .h5, so that a confer running meanwhile does not see half a file.
        self._temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        self._file = h5py.File(self._temporary, "w")

    def append(self, layer, array, axes=None):
        """Appends a batch of a layer's activations."""
        array = to_numpy(array)
        if axes is None and array.ndim not in AXES_BY_RANK:
            raise ValueError(f"layer {layer} has {array.ndim} dimensions (at most 4 are stored); "
                             "give axes, or reduce it")
        array, names = sample_first(array, axes or AXES_BY_RANK[array.ndim])
        if array.dtype.kind not in "fiub":
            raise ValueError(f"layer {layer} holds {array.dtype} (only real numbers can be compared)")
        if array.dtype.kind == "b":
            array = array.astype(np.int8)
        if array.ndim == 1:
            array, names = array[:, None], ["sample", "neuron"]
        if self.spatial == "mean" and {"height", "width"} & set(names):
            places = tuple(i for i, name in enumerate(names) if name in ("height", "width"))
            array = array.mean(axis=places, dtype=np.float64 if array.dtype == np.float64 else np.float32)
            names = [name for name in names if name not in ("height", "width")]
        dataset = self.layers.get(layer)
        if dataset is None:
            dataset = self.layers[layer] = self._create(layer, array, names)
        if array.shape[1:] != dataset.shape[1:]:
            raise ValueError(f"layer {layer} changes its shape from {dataset.shape[1:]} to {array.shape[1:]}")
        with np.errstate(over="ignore"):
            stored = array.astype(dataset.dtype)
        if stored.dtype == np.float16 and (np.isinf(stored) & np.isfinite(array)).any():
            raise ValueError(f"layer {layer} does not fit float16 (values up to {np.abs(array).max():.3g}); "
                             "use float32")
        self._extend(dataset, stored)

    def append_target(self, name, array):
        """Appends a batch of targets: integer labels (n), or real numbers (n) or (n, k)."""
        array = to_numpy(array)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        labels = array.dtype.kind in "iub" and array.ndim == 1
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
            raise ValueError(f"target {name} is {array.dtype} of shape {array.shape} (must be labels (n), or numbers "
                             "(n) or (n, k))")
        array = array.astype(np.int64 if labels else np.float64)
        if name not in self.targets:
            self.targets[name] = self._dataset("targets", name, array.dtype, array.shape[1:])
        if self.targets[name].shape[1:] != array.shape[1:]:
            raise ValueError(f"target {name} changes its shape")
        self._extend(self.targets[name], array)

    def _create(self, layer, array, names):
        dataset = self._dataset("activations", layer, np.dtype(self.dtype or array.dtype), array.shape[1:])
        dataset.attrs["axes"] = ",".join(names)
        return dataset

    def _dataset(self, group, name, dtype, row):
        parts = str(name).split("/")
        if any(part in ("", ".", "..") for part in parts) or "\0" in name:
            raise ValueError(f"'{name}' cannot be a name in a file (empty or dotted part between slashes); rename it")
        chunk = max(1, min((1 << 20) // max(1, dtype.itemsize * math.prod(row)), 1 << 16))
        try:
            return self._file.create_dataset(f"{group}/{name}", shape=(0, *row), maxshape=(None, *row),
                                             dtype=dtype.newbyteorder("<"), chunks=(chunk, *row))
        except ValueError as error:
            raise ValueError(f"'{name}' cannot be stored beside the other layers ({error}); rename it") from error

    @staticmethod
    def _extend(dataset, rows):
        begin = dataset.shape[0]
        dataset.resize(begin + len(rows), axis=0)
        dataset[begin:] = rows

    def close(self, *, network, step, inputs_id, first_sample=0, total_samples=None, metadata=None):
        """Checks the lengths, writes the attributes and gives the file its name."""
        if not self.layers:
            raise ValueError("no layer was written (the patterns match none, or the model was not run)")
        samples = next(iter(self.layers.values())).shape[0]
        for name, dataset in [*self.layers.items(), *self.targets.items()]:
            if dataset.shape[0] != samples:
                raise ValueError(f"{name} has {dataset.shape[0]} samples, {next(iter(self.layers))} has {samples} "
                                 "(every layer and target needs one row for each input)")
        total_samples = first_sample + samples if total_samples is None else total_samples
        if first_sample < 0 or first_sample + samples > total_samples:
            raise ValueError(f"samples {first_sample} to {first_sample + samples} do not fit a set of {total_samples}")
        attributes = self._file.attrs
        attributes.update({"format": "acts/1", "network": str(network), "step": np.int64(step),
                           "inputs_id": str(inputs_id), "first_sample": np.int64(first_sample),
                           "total_samples": np.int64(total_samples)})
        attributes.create("layers", list(self.layers), dtype=h5py.string_dtype())
        for key, value in (metadata or {}).items():
            if isinstance(value, (bool, np.bool_)):
                value = int(value)
            if key in RESERVED or not isinstance(value, (str, int, float, np.integer, np.floating)):
                raise ValueError(f"metadata '{key}' = {value!r} (must be a number or text, under a name that is free)")
            attributes[key] = value
        self._file.close()
        with open(self._temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(self._temporary, self.path)

    def discard(self):
        """Removes the unfinished file."""
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._temporary.unlink()


class ActivationWriter:
    """Context in which every run of `model` appends a batch of activations to an acts/1 file.

    path: the file, "<anything>.h5"; with ranks > 1 each rank writes "<anything>.shard-<rank>-of-<ranks>.h5".
    model: a torch.nn.Module, in eval mode if dropout must not blur the activations.
    layers: comma-separated shell patterns of module names ("conv*,fc1"); by default every module without children.
    dtype: "float16" or "float32". spatial: "mean" averages feature maps over space, "full" stores every position.
    axes: {pattern: "time,sample,channel"} for layers whose output is not sample,neuron / sample,time,channel /
        sample,channel,height,width.
    inputs_id: identity of the input set; by default the sha256 of what the model was given. Several ranks see
        different parts, so they must be given the identity of the whole: inputs_id_of(batches).
    rank, ranks, first_sample, total_samples: several processes, each with a contiguous range: see shard_range().
    metadata: numbers and texts to group and plot by ({"seed": 0, "width": 128, "train_loss": 0.02}).
    """

    def __init__(self, path, model, *, network, step, layers=None, dtype="float16", spatial="mean", axes=None,
                 inputs_id=None, rank=0, ranks=1, first_sample=0, total_samples=None, metadata=None):
        if not 0 <= rank < ranks:
            raise ValueError(f"rank {rank} of {ranks} does not exist")
        if ranks > 1 and (inputs_id is None or total_samples is None):
            raise ValueError("several ranks need inputs_id and total_samples (a rank sees only its part of the "
                             "inputs); use inputs_id_of() and shard_range()")
        self._modules = self._choose(model, layers)
        self._model, self._axes, self._inputs_id = model, axes or {}, inputs_id
        self._closing = dict(network=network, step=step, first_sample=first_sample, total_samples=total_samples,
                             metadata=metadata)
        self.path = shard_path(path, rank, ranks)  # the file this rank writes
        self._storing = dict(dtype=dtype, spatial=spatial)
        self._hash, self._hooks, self._calls, self._batch = InputsHash(), [], {}, None

    @staticmethod
    def _choose(model, layers):
        named = [(name, module) for name, module in model.named_modules() if name]
        if layers is None:
            return [(name, module) for name, module in named if not any(True for _ in module.children())]
        patterns = [pattern.strip() for pattern in layers.split(",")]
        for pattern in patterns:
            if not any(fnmatch.fnmatchcase(name, pattern) for name, _ in named):
                raise ValueError(f"no layer matches '{pattern}'; there are: {', '.join(name for name, _ in named)}")
        return [(name, module) for name, module in named
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]

    def __enter__(self):
        if getattr(self._model, "training", False):
            warnings.warn("the model is in training mode: dropout and batch statistics change its activations; "
                          "call model.eval()", stacklevel=2)
        self._shard = ShardFile(self.path, **self._storing)
        try:
            self._hooks.append(self._model.register_forward_pre_hook(self._begin, with_kwargs=True))
        except TypeError:  # torch before 2.0
            self._hooks.append(self._model.register_forward_pre_hook(self._begin))
        for name, module in self._modules:
            self._hooks.append(module.register_forward_hook(self._hook(name, module)))
        return self

    def _begin(self, _module, arguments, keywords=None):
        inputs = [value for value in [*arguments, *(keywords or {}).values()] if hasattr(value, "shape")]
        self._batch = inputs[0].shape[0] if inputs else None
        self._calls.clear()
        if self._inputs_id is None:
            if not inputs:
                raise ValueError("the model's inputs are no arrays (their identity cannot be computed); give inputs_id")
            self._hash.update(inputs[0])

    def _hook(self, name, module):
        axes = next((value for pattern, value in self._axes.items() if fnmatch.fnmatchcase(name, pattern)), None)
        if axes is None and type(module).__name__ in ("Conv1d", "BatchNorm1d", "MaxPool1d", "AvgPool1d"):
            axes_of_three = "sample,channel,time"
        else:
            axes_of_three = AXES_BY_RANK[3]

        def record(_module, _inputs, output):
            while isinstance(output, (tuple, list, dict)):
                output = next(iter(output.values() if isinstance(output, dict) else output))
            # A module used twice in one run (a shared activation function) gives one layer for each use.
            self._calls[name] = self._calls.get(name, 0) + 1
            layer = name if self._calls[name] == 1 else f"{name}#{self._calls[name]}"
            array = to_numpy(output)
            order = axes or (axes_of_three if array.ndim == 3 else AXES_BY_RANK.get(array.ndim))
            if order is not None and self._batch is not None and len(order.split(",")) == array.ndim:
                rows = array.shape[order.split(",").index("sample")]
                if rows != self._batch:
                    raise ValueError(f"layer {layer} gives {rows} rows for {self._batch} inputs (is the sample axis "
                                     f"not first?); give axes={{'{name}': '...'}}")
            self._shard.append(layer, array, order)

        return record

    def add_targets(self, **targets):
        """Appends a batch of targets by name: add_targets(labels=labels)."""
        for name, values in targets.items():
            self._shard.append_target(name, values)

    def __exit__(self, kind, value, trace):
        for hook in self._hooks:
            hook.remove()
        try:
            if kind is None:
                self._shard.close(inputs_id=self._inputs_id or self._hash.hexdigest(), **self._closing)
        except BaseException:
            self._shard.discard()
            raise
        if kind is not None:
            self._shard.discard()


if __name__ == "__main__":
    from convert_activations import main

    sys.exit(main(usage=__doc__))

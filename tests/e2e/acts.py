"""Writes activation files in the acts/1 layout, for tests."""
import hashlib
import os

import h5py
import numpy as np


def make_inputs_id(text="inputs"):
    """A well-formed id of an input set."""
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path, network, step, layers, inputs_id, first, total, targets, attrs, scalars, axes, dataset_options):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with h5py.File(path, "w") as f:
        f.attrs["format"] = "acts/1"
        f.attrs["network"] = network
        if np.ndim(step) == 0:
            f.attrs["step"] = np.int64(step)
        else:
            f["steps"] = np.asarray(step, np.int64)
        f.attrs["inputs_id"] = inputs_id
        f.attrs["first_sample"] = np.int64(first)
        f.attrs["total_samples"] = np.int64(total)
        f.attrs["layers"] = np.array(list(layers), dtype=h5py.string_dtype())
        for name, value in (attrs or {}).items():
            f.attrs[name] = value
        f.create_group("activations")
        for name, values in layers.items():
            data = f.create_dataset(f"activations/{name}", data=values, **(dataset_options or {}))
            if name in axes:
                data.attrs["axes"] = axes[name]
        for name, values in (targets or {}).items():
            f[f"targets/{name}"] = values
        for name, values in (scalars or {}).items():
            f[f"scalars/{name}"] = np.asarray(values, np.float64)
    return path


def default_axes(values, trajectory=False):
    """The axes attribute that an array of this rank gets unless the caller names one."""
    rank = np.ndim(values) - int(trajectory)
    text = {2: "sample,neuron", 3: "sample,time,channel", 4: "sample,channel,height,width"}.get(rank)
    return None if text is None else ("step," if trajectory else "") + text


def write_checkpoint(path, network, step, layers, inputs_id=None, shards=1, targets=None, attrs=None, axes=None,
                     scalars=None, dataset_options=None):
    """Writes one checkpoint, or a trajectory when `step` is a list; returns the paths written.

    layers: dict name -> array, sample axis first (after the step axis in a trajectory). axes: dict name -> text for
    layers whose axes differ from the default of their rank. shards: a number of shards, or a list of their sample
    counts; the path "x.h5" then becomes "x.shard-00000-of-00002.h5". dataset_options go to h5py's create_dataset.
    """
    trajectory = np.ndim(step) > 0
    named = {name: default_axes(values, trajectory) for name, values in layers.items()}
    named.update(axes or {})
    named = {name: text for name, text in named.items() if text is not None}
    position = {name: named[name].split(",").index("sample") if name in named else int(trajectory) for name in layers}
    total = next(np.shape(values)[position[name]] for name, values in layers.items())
    counts = ([total // shards + (i < total % shards) for i in range(shards)] if np.ndim(shards) == 0
              else list(shards))
    assert sum(counts) == total, "shard sizes do not add up"
    stem = path[:-3] if path.endswith(".h5") else path
    paths, first = [], 0
    for i, count in enumerate(counts):
        part = {}
        for name, values in layers.items():
            index = [slice(None)] * np.ndim(values)
            index[position[name]] = slice(first, first + count)
            part[name] = np.asarray(values)[tuple(index)]
        part_targets = {name: np.asarray(values)[first:first + count] for name, values in (targets or {}).items()}
        name = path if len(counts) == 1 else f"{stem}.shard-{i:05d}-of-{len(counts):05d}.h5"
        paths.append(_write(name, network, step, part, inputs_id or make_inputs_id(), first, total, part_targets,
                            attrs, scalars, named, dataset_options))
        first += count
    return paths

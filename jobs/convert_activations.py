"""Converters of the exporter's command line: .npy, .npz, .safetensors and plain HDF5 to acts/1 files.

A reader yields (name, array-like) for each array of a file; arrays are copied along the samples, block by block.
Run as `export_activations.py from-npz ...`.
"""

import argparse
import contextlib
import fnmatch
import json
import math
import os
import pathlib
import struct
import sys

import h5py
import numpy as np

from export_activations import ShardFile, inputs_id_of, shard_path

BLOCK_BYTES = 64 << 20


def read_npy(path):
    yield pathlib.Path(path).stem, np.load(path, mmap_mode="r", allow_pickle=False)


def read_npz(path):
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            yield name, arrays[name]


def read_hdf5(path):
    with h5py.File(path, "r") as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in found:
            yield name, file[name]


SAFETENSORS_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
                     "I8": "<i1", "U8": "<u1", "BOOL": "<u1"}


def read_safetensors(path):
    """Length of the header (8 bytes), header (JSON: type, shape, byte range of each tensor), numbers."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size:
            raise ValueError("the header is longer than the file (truncated, or not safetensors)")
        header = json.loads(file.read(length))
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in SAFETENSORS_TYPES:
            raise ValueError(f"tensor {name} has type {entry['dtype']} (not known); convert it to F32")
        dtype, (begin, end) = np.dtype(SAFETENSORS_TYPES[entry["dtype"]]), entry["data_offsets"]
        if not 0 <= begin <= end <= size - 8 - length or end - begin != dtype.itemsize * math.prod(entry["shape"]):
            raise ValueError(f"tensor {name} lies outside the file or contradicts its shape")
        shape = tuple(entry["shape"])
        array = np.memmap(path, dtype, "r", 8 + length + begin, shape) if end > begin else np.zeros(shape, dtype)
        yield name, BrainFloat(array) if entry["dtype"] == "BF16" else array


class BrainFloat:
    """bfloat16 numbers read as float32, block by block: the upper half of a float32."""

    def __init__(self, bits):
        self._bits, self.shape, self.ndim, self.dtype = bits, bits.shape, bits.ndim, np.dtype(np.float32)

    def __getitem__(self, rows):
        return (self._bits[rows].astype(np.uint32) << 16).view(np.float32)


READERS = {"from-npy": read_npy, "from-npz": read_npz, "from-safetensors": read_safetensors, "from-hdf5": read_hdf5}


def blocks(array, axis=0):
    """Slices along an axis of at most 64 MiB."""
    row_bytes = max(1, array.dtype.itemsize * math.prod(array.shape) // max(1, array.shape[axis]))
    rows = max(1, BLOCK_BYTES // row_bytes)
    for begin in range(0, array.shape[axis], rows):
        yield array[(slice(None),) * axis + (slice(begin, begin + rows),)]


def convert(arguments):
    """Writes the arrays of the given files into one acts/1 file."""
    axes = dict(item.split("=", 1) for item in arguments.axes)
    targets = dict(item.split("=", 1) if "=" in item else (item, item) for item in arguments.target)
    inputs_id = arguments.inputs_id
    if inputs_id is None:
        inputs_id = inputs_id_of(blocks(np.load(arguments.inputs, mmap_mode="r", allow_pickle=False)))
    shard = ShardFile(shard_path(arguments.output, 0, 1), dtype=arguments.dtype, spatial=arguments.spatial)
    try:
        unseen = set(targets)
        for path in arguments.files:
            for name, array in READERS[arguments.command](path):
                target = next((key for key, source in targets.items() if source == name), None)
                if target is not None:
                    unseen.discard(target)
                    for block in blocks(array):
                        shard.append_target(target, block)
                elif any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.layers.split(",")):
                    if name in shard.layers:
                        raise ValueError(f"layer {name} occurs twice")
                    if array.ndim == 0:
                        raise ValueError(f"layer {name} is a single number; leave it out with --layers")
                    order = next((value for key, value in axes.items() if fnmatch.fnmatchcase(name, key)), None)
                    sample = order.split(",").index("sample") if order and "sample" in order.split(",") else 0
                    for block in blocks(array, min(sample, array.ndim - 1)):
                        shard.append(name, block, order)
        for name in unseen:
            if not os.path.exists(targets[name]):
                raise ValueError(f"target {name}: {targets[name]} is neither an array of the data nor a .npy file")
            shard.append_target(name, np.load(targets[name], allow_pickle=False))
        metadata = {}
        for item in arguments.metadata:
            key, text = item.split("=", 1)
            metadata[key] = text
            for number in (float, int):  # the last that reads it wins
                with contextlib.suppress(ValueError):
                    metadata[key] = number(text)
        shard.close(network=arguments.network, step=arguments.step, inputs_id=inputs_id, metadata=metadata)
    except BaseException:
        shard.discard()
        raise
    return shard.path, len(shard.layers)


def parse(argv, usage):
    parser = argparse.ArgumentParser(prog="export_activations.py", description=usage or __doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, what in {"from-npy": "one array per file; the layer is named after the file",
                          "from-npz": "one archive; layers are its arrays",
                          "from-safetensors": "one file; layers are its tensors",
                          "from-hdf5": "a plain HDF5 file; layers are its datasets"}.items():
        sub = commands.add_parser(command, help=what, description=what)
        sub.add_argument("files", nargs="+", metavar="FILE")
        sub.add_argument("--output", required=True, help="the acts/1 file to write, ending in .h5")
        sub.add_argument("--network", required=True)
        sub.add_argument("--step", type=int, default=0, help="training step (default 0)")
        source = sub.add_mutually_exclusive_group(required=True)
        source.add_argument("--inputs", metavar="FILE.npy", help="the inputs, to compute their identity from")
        source.add_argument("--inputs-id", help="the identity of the inputs, equal for networks shown the same inputs")
        sub.add_argument("--layers", default="*", help="comma-separated patterns of the arrays to take (default all)")
        sub.add_argument("--axes", action="append", default=[], metavar="PATTERN=AXES",
                         help="axes of matching arrays, such as 'conv*=sample,height,width,channel'")
        sub.add_argument("--target", action="append", default=[], metavar="NAME[=ARRAY or FILE.npy]",
                         help="targets: an array of the data, or a .npy file")
        sub.add_argument("--metadata", action="append", default=[], metavar="KEY=VALUE")
        sub.add_argument("--dtype", choices=["float16", "float32"], help="stored type (default: as it is)")
        sub.add_argument("--spatial", choices=["mean", "full"], default="full")
    arguments = parser.parse_args(argv)
    for option in ("axes", "metadata"):
        for item in getattr(arguments, option):
            if "=" not in item:
                parser.error(f"--{option} {item}: an equals sign is missing")
    return arguments


def main(argv=None, usage=None):
    arguments = parse(argv, usage)
    try:
        path, layers = convert(arguments)
    except (ValueError, OSError, KeyError, TypeError) as error:
        print(f"export_activations.py: {', '.join(map(str, arguments.files))}: {error}", file=sys.stderr)
        return 3
    print(f"{path}: {layers} layers")
    return 0


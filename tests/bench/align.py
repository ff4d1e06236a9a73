#!/usr/bin/env python3
"""`confer align` against NumPy doing a full SVD of every layer, on the same data, from start to finish.

    align.py --confer build/release/confer --data DIR [DIR ...] --target labels [--rounds 3] [--ranks 2]

Prints the medians, their ratio, and how close the program comes to the time that the Gram matrices alone would take
at the speed of this machine's double-precision matrix product. NumPy gets as many BLAS threads as the program ranks.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def matrices(directories, target):
    """Centred-ready layers (conv maps averaged over space) with targets, as the program sees them."""
    import h5py
    import numpy as np
    shards = {}
    for directory in directories:
        for path in sorted(glob.glob(os.path.join(directory, "**", "*.h5"), recursive=True)):
            shards.setdefault(path.split(".shard-")[0], []).append(path)
    for paths in shards.values():
        parts, targets = {}, []
        for path in paths:
            with h5py.File(path) as f:
                if target not in f.get("targets", {}):
                    continue
                targets.append(f[f"targets/{target}"][()])
                for name, values in f["activations"].items():
                    values = values[()].astype(float)
                    parts.setdefault(name, []).append(values.mean(axis=(2, 3)) if values.ndim == 4 else values)
        for values in parts.values():
            yield np.concatenate(values), np.concatenate(targets)


def one_round(directories, target):
    import numpy as np
    for phi, labels in matrices(directories, target):
        y = (labels[:, None] == np.unique(labels)).astype(float) if labels.ndim == 1 else labels.astype(float)
        y -= y.mean(axis=0)
        u, s, _ = np.linalg.svd(phi - phi.mean(axis=0), full_matrices=True)
        p = ((u.T @ y) ** 2).sum(axis=1)
        np.cumsum(p) / (y ** 2).sum()


def gram_seconds(directories, target):
    import numpy as np
    a = np.random.default_rng(0).standard_normal((1500, 1500))
    start = time.perf_counter()
    for _ in range(3):
        a @ a
    speed = 3 * 2 * 1500 ** 3 / (time.perf_counter() - start)
    return sum(len(phi) * phi.shape[1] * min(phi.shape) for phi, _ in matrices(directories, target)) / speed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confer")
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--target", default="labels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--numpy", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.numpy:
        one_round(options.data, options.target)
        return
    ours, theirs = [], []
    environment = {**os.environ, **ENVIRONMENT}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as directory:
            start = time.perf_counter()
            subprocess.run(["mpirun", "-n", str(options.ranks), options.confer, "align", *options.data, "--target",
                            options.target, "--output", os.path.join(directory, "a.h5"), "--quiet"],
                           check=False, env=environment, stderr=subprocess.DEVNULL)
            ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        subprocess.run([sys.executable, __file__, "--numpy", "--target", options.target, "--data", *options.data],
                       check=True, env={**environment, "OPENBLAS_NUM_THREADS": str(options.ranks)})
        theirs.append(time.perf_counter() - start)
    a, b = statistics.median(ours), statistics.median(theirs)
    limit = gram_seconds(options.data, options.target)
    print(f"confer {a:.2f} s on {options.ranks} ranks, NumPy {b:.2f} s: {b / a:.1f} times faster; "
          f"Gram matrices alone {limit:.3f} s ({100 * limit / a:.0f} % of the whole, MPI start included)")


if __name__ == "__main__":
    main()

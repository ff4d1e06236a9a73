#!/usr/bin/env python3
"""Kernel and neighbour measures against an expert's NumPy and scikit-learn, in CPU seconds.

    kernels.py CONFER [--representations 120] [--samples 2000] [--rounds 3]

rbf: CKA of Gaussian kernels, all pairs; the expert caches the centred kernels of all representations and multiplies
once. knn: lists of 10 nearest neighbours; scikit-learn's brute force, each representation once. linear: CKA alone, all
pairs; the share of the limit is the arithmetic over what one large single-precision product reaches.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

WIDTHS = (64, 64, 128, 128, 192, 256, 256, 320, 384, 384, 512, 512)


def make(directory, representations, samples):
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((samples, 64)).astype(np.float32)
    for begin in range(0, representations, len(WIDTHS)):
        layers = WIDTHS[:representations - begin]
        with h5py.File(os.path.join(directory, f"net{begin:04d}.h5"), "w") as f:
            f.attrs.update({"format": "acts/1", "network": f"net{begin:04d}", "step": 0, "inputs_id": "bench",
                            "first_sample": 0, "total_samples": samples,
                            "layers": [f"l{i}" for i in range(len(layers))]})
            for i, width in enumerate(layers):
                f[f"activations/l{i}"] = np.maximum(
                    shared @ rng.standard_normal((64, width), dtype=np.float32)
                    + 4 * rng.standard_normal((samples, width), dtype=np.float32), 0)


def load(directory):
    matrices = []
    for name in sorted(os.listdir(directory)):
        with h5py.File(os.path.join(directory, name), "r") as f:
            matrices += [f["activations"][layer][...] for layer in f.attrs["layers"]]
    return matrices


def expert_rbf(directory):
    matrices = load(directory)
    n = len(matrices[0])
    kernels = np.empty((len(matrices), n * n), np.float32)
    upper = np.triu_indices(n, 1)
    for row, x in zip(kernels, matrices):
        x = x - x.mean(0)
        norms = np.einsum("ij,ij->i", x, x)
        d = np.maximum(norms[:, None] + norms[None, :] - 2 * (x @ x.T), 0)
        k = np.exp(d * (-0.5 / np.median(d[upper])))
        k -= k.mean(0)
        k -= k.mean(1)[:, None]
        row[:] = k.ravel()
    products = kernels @ kernels.T
    scale = np.sqrt(np.diag(products))
    return products / scale[:, None] / scale[None, :]


def expert_knn(directory):
    from sklearn.neighbors import NearestNeighbors
    for x in load(directory):
        x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
        NearestNeighbors(n_neighbors=11, algorithm="brute").fit(x).kneighbors(x, return_distance=False)


def timed(command):
    """CPU seconds of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def gemm_rate():
    a = np.ones((2048, 2048), np.float32)
    best = 0
    for _ in range(5):
        begin = time.process_time()
        a @ a
        best = max(best, 2 * 2048**3 / (time.process_time() - begin))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("confer")
    parser.add_argument("--representations", type=int, default=120)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--expert", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.expert:
        {"rbf": expert_rbf, "knn": expert_knn}[arguments.expert[0]](arguments.expert[1])
        return
    with tempfile.TemporaryDirectory() as directory:
        data, output = os.path.join(directory, "data"), os.path.join(directory, "out.h5")
        os.mkdir(data)
        make(data, arguments.representations, arguments.samples)
        for name, measures in (("rbf", "cka_rbf"), ("knn", "knn_mutual"), ("linear", "cka")):
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                ours.append(timed(["mpirun", "-n", "1", arguments.confer, "compare", data, "--measures", measures,
                                   "--output", output, "--fresh", "--quiet"]))
                if name != "linear":
                    theirs.append(timed([sys.executable, __file__, arguments.confer, "--expert", name, data]))
            cpu = statistics.median(ours)
            if theirs:
                cpu2 = statistics.median(theirs)
                print(f"{name}: confer {cpu:.2f} CPU s, expert {cpu2:.2f} CPU s, ratio {cpu2 / cpu:.1f}", flush=True)
            else:
                n, count = arguments.samples, arguments.representations
                widths = sum(WIDTHS[i % len(WIDTHS)] for i in range(count))
                flops = n * n * (widths + count * count / 2)
                print(f"{name}: confer {cpu:.2f} CPU s in all, {flops / gemm_rate() / cpu:.2f} of the sgemm limit",
                      flush=True)


if __name__ == "__main__":
    main()

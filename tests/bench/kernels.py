#!/usr/bin/env python3
"""Kernel and neighbour measures against an expert's NumPy and scikit-learn, in CPU seconds and, for an idle machine, in
seconds from start to end.

    kernels.py CONFER [--representations 120] [--samples 2000] [--rounds 3] [--ranks 1] [--threads 1]

rbf: CKA of Gaussian kernels, all pairs; the expert caches the centred kernels of all representations and multiplies
once. knn: lists of 10 nearest neighbours; scikit-learn's brute force, each representation once. linear: CKA alone, all
pairs. Memory: all ranks and the store of rows, at its peak. The share of the limit is the arithmetic of the pairs, each
kernel once and their products, over what one large single-precision product reaches, in CPU seconds; products of
samples in 16 bits are faster than that.
"""
import argparse
import glob
import os
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


def memory_of(pid):
    """Bytes of a process and its descendants in memory, shared memory left out."""
    total = 0
    for task in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(task) as file:
                total += sum(memory_of(int(child)) for child in file.read().split())
        except OSError:
            pass
    try:
        with open(f"/proc/{pid}/comm") as file:
            if file.read().strip() == "mpirun":
                return total
        with open(f"/proc/{pid}/smaps_rollup") as file:  # a page that several processes share counts once
            fields = dict(line.split(":", 1) for line in file if ":" in line and "rollup" not in line)
    except OSError:
        return total
    return total + 1024 * sum(int(fields.get(name, "0 kB").split()[0]) for name in ("Pss_Anon", "Pss_File"))


def store_bytes():
    """Bytes of the factors and rows of running jobs."""
    total = 0
    for path in glob.glob("/dev/shm/confer-store-*/*"):
        try:
            total += os.path.getsize(path)
        except OSError:
            pass
    return total


def measured(command, threads=1, watched=False):
    """CPU seconds and seconds of a command and its children, and, where it is watched, which takes time itself, their
    peak memory with the store of factors and rows."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    begin = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG if watched else 0)
        if pid != 0:
            break
        peak = max(peak, memory_of(process.pid) + store_bytes())
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin, peak


def phase_seconds(results, phase):
    """CPU seconds of the busiest rank."""
    with h5py.File(results, "r") as f:
        names = [str(name, "utf-8") if isinstance(name, bytes) else name for name in f["phase"][...]]
        return float(f["phase_cpu_seconds"][names.index(phase)])


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
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of the expert's products")
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
            ours, theirs, pairs = [], [], []
            confer = ["mpirun", "-n", str(arguments.ranks), arguments.confer, "compare", data, "--measures", measures,
                      "--output", output, "--fresh", "--quiet"]
            expert = [sys.executable, __file__, arguments.confer, "--expert", name, data]
            for _ in range(arguments.rounds):
                ours.append(measured(confer))
                pairs.append(arguments.ranks * phase_seconds(output, "pairs"))
                if name != "linear":
                    theirs.append(measured(expert, arguments.threads))
            cpu, wall, _ = (statistics.median(values) for values in zip(*ours))
            memory = measured(confer, watched=True)[2]
            line = f"{name}: confer {cpu:.2f} CPU s, {wall:.2f} s, {memory / 2**20:.0f} MiB"
            if theirs:
                cpu2, wall2, _ = (statistics.median(values) for values in zip(*theirs))
                memory2 = measured(expert, arguments.threads, watched=True)[2]
                line += (f"; expert {cpu2:.2f} CPU s, {wall2:.2f} s, {memory2 / 2**20:.0f} MiB: {cpu2 / cpu:.2f} times "
                         f"less work, {wall2 / wall:.2f} times faster, 1/{memory2 / memory:.1f} of the memory")
            if name != "knn":
                n, count = arguments.samples, arguments.representations
                widths = sum(WIDTHS[i % len(WIDTHS)] for i in range(count))
                flops = n * n * (widths + count * count / 2)
                seconds = statistics.median(pairs)
                line += f"; pairs {seconds:.2f} CPU s, {flops / gemm_rate() / seconds:.2f} of the sgemm limit"
            print(line, flush=True)


if __name__ == "__main__":
    main()

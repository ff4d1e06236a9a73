#!/usr/bin/env python3
"""`confer compare` against an expert's NumPy on the same data, in turn, from start to finish.

    compare_numpy.py --confer build/release/confer --data DIR [--measures cca,svcca] [--rounds 3] [--ranks 2]
    compare_numpy.py --confer ... --make small|medium|loop --data DIR      writes synthetic activations there first
    compare_numpy.py --confer ... --refit --data DIR                  against refitting both sides for every pair

The expert caches one factor per representation (float64 Gram matrix and eigenvectors, single-precision basis), multiplies
whole blocks of representations in single precision and leaves one small SVD per pair to two threads. Prints the medians
and their ratio; both start cold, read the files and end with all values. One BLAS thread per rank here, two there.
"""
import argparse
import concurrent.futures
import glob
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
SIZES = {"small": (4, (64, 96, 128, 160, 192, 256), 2000),
         "medium": (10, (64, 64, 128, 128, 192, 256, 256, 320, 384, 384, 512, 512), 10000),
         "loop": (10, (256,) * 10, 2000)}


def make(size, directory):
    """Activations with power-law spectra, partly shared between networks, every second layer rectified."""
    import h5py
    import numpy as np
    networks, widths, samples = SIZES[size]
    shared = np.random.default_rng(1).standard_normal((samples, max(widths)), dtype=np.float32)
    os.makedirs(directory, exist_ok=True)
    for n in range(networks):
        rng = np.random.default_rng([2, n])
        own = rng.standard_normal((samples, max(widths)), dtype=np.float32)
        with h5py.File(os.path.join(directory, f"net{n:02d}.h5"), "w") as f:
            f.attrs.update({"format": "acts/1", "network": f"net{n:02d}", "step": 1, "inputs_id": f"synthetic {samples}",
                            "first_sample": 0, "total_samples": samples,
                            "layers": [f"layer{i:02d}" for i in range(len(widths))]})
            for i, width in enumerate(widths):
                order = np.arange(1, width + 1, dtype=np.float32)
                common = np.exp(-order / (0.35 * width))
                latent = (shared[:, :width] * np.sqrt(common) + own[:, :width] * np.sqrt(1 - common)) * order ** -0.8
                rotation = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(np.float32)
                values = latent @ rotation + 0.3 * rng.standard_normal(width, dtype=np.float32)
                values = np.maximum(values, 0) if i % 2 else values
                f[f"activations/layer{i:02d}"] = values + 2e-3 * rng.standard_normal(values.shape, dtype=np.float32)


def load(directory):
    import h5py
    matrices = []
    for path in sorted(glob.glob(os.path.join(directory, "**", "*.h5"), recursive=True)):
        with h5py.File(path, "r") as f:
            matrices += [f["activations"][name][...] for name in f.attrs["layers"]]
    return matrices


def components(s):
    import numpy as np
    return int(np.searchsorted(np.cumsum(s ** 2) / (s ** 2).sum(), 0.99)) + 1


def expert(directory, measures):
    """All pairs of all chosen measures; returns how many pairs."""
    import numpy as np
    import scipy.linalg as sl
    matrices = load(directory)
    bases, singular, loadings, kept = [], [], [], []
    only_leading = measures == ["svcca"]
    for x in matrices:
        x = x.astype(np.float64)
        x -= x.mean(0)
        values, vectors = np.linalg.eigh(x.T @ x)
        s, v = np.sqrt(np.maximum(values[::-1], 0)), vectors[:, ::-1]
        k = components(s)
        kept.append(k)
        width = k if only_leading else len(s)
        bases.append((x @ (v[:, :width] / s[:width])).astype(np.float32))
        singular.append(s.astype(np.float32))
        loadings.append((s[:, None] * v.T).astype(np.float32))
    norms = [(np.sqrt((s ** 2).sum(dtype=np.float64)), np.sqrt((s.astype(np.float64) ** 4).sum())) for s in singular]
    first = np.concatenate([[0], np.cumsum([b.shape[1] for b in bases])])
    stacked = np.asfortranarray(np.concatenate(bases, axis=1))
    del bases

    def pair(i, j, m):
        out = []
        if "pwcca" in measures:
            u, rho, vt = sl.svd(m, full_matrices=False, check_finite=False)
            weights = np.abs(u.T @ loadings[i]).sum(1)
            out.append(float(weights @ rho / weights.sum()))
            if "cca" in measures:
                out.append(float(rho.mean()))
        elif "cca" in measures:
            out.append(float(sl.svd(m, compute_uv=False, check_finite=False).mean()))
        if "svcca" in measures:
            out.append(float(sl.svd(m[:kept[i], :kept[j]], compute_uv=False, check_finite=False).mean()))
        if {"cka", "procrustes"} & set(measures):
            c = singular[i][:, None] * m * singular[j][None, :]
            if "cka" in measures:
                out.append(float((c * c).sum(dtype=np.float64) / (norms[i][1] * norms[j][1])))
            if "procrustes" in measures:
                out.append(float(sl.svd(c, compute_uv=False, check_finite=False).sum() / (norms[i][0] * norms[j][0])))
        return out

    import threadpoolctl
    control = threadpoolctl.ThreadpoolController()
    results = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        begin = 0
        while begin < len(matrices):
            end = begin + 1
            while end < len(matrices) and first[end + 1] - first[begin] <= 3200:
                end += 1
            product = stacked[:, first[begin]:first[end]].T @ stacked[:, first[begin]:]
            pairs = [(i, j) for i in range(begin, end) for j in range(i + 1, len(matrices))]
            with control.limit(limits=1, user_api="blas"):
                blocks = pool.map(lambda ij: pair(*ij, product[first[ij[0]] - first[begin]:first[ij[0] + 1] - first[begin],
                                                               first[ij[1]] - first[begin]:first[ij[1] + 1] - first[begin]]),
                                  pairs)
                results.update(zip(pairs, blocks))
            begin = end
    return len(results)


def refit(directory, keep=50, pairs=40):
    """The habit of a double loop: both sides are centred and decomposed again for every pair. Seconds per pair."""
    import numpy as np
    matrices = [m.astype(np.float64) for m in load(directory)]
    begin = time.perf_counter()
    for i, j in itertools.islice(itertools.combinations(range(len(matrices)), 2), pairs):
        bases = []
        for x in (matrices[i], matrices[j]):
            u, _, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
            bases.append(u[:, :keep])
        np.linalg.svd(bases[0].T @ bases[1], compute_uv=False).mean()
    return (time.perf_counter() - begin) / pairs


def pair_stage_seconds(results):
    import h5py
    with h5py.File(results) as f:
        return dict(zip(f["phase"].asstr()[()], f["phase_seconds"][()]))["pairs"]


def timed(command):
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.perf_counter() - begin,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confer")
    parser.add_argument("--data", required=True)
    parser.add_argument("--make", choices=SIZES)
    parser.add_argument("--measures", default="cca;svcca;pwcca;cka;procrustes;cca,svcca,pwcca,cka,procrustes",
                        help="sets of measures with ; between them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--refit", action="store_true")
    parser.add_argument("--expert", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.refit:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: the habit on one core
    if arguments.expert:
        expert(arguments.data, arguments.measures.split(","))
        return
    if arguments.make:
        make(arguments.make, arguments.data)
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "results.h5")
        for measures in arguments.measures.split(";"):
            ours, theirs = [], []
            extra = ["--components", "50"] if arguments.refit else []
            for _ in range(arguments.rounds):
                ours.append(timed(["mpirun", "-n", str(arguments.ranks), arguments.confer, "compare", arguments.data,
                                   "--measures", measures, "--output", output, "--fresh", "--quiet", *extra]))
                if not arguments.refit:
                    theirs.append(timed([sys.executable, __file__, "--expert", "--data", arguments.data,
                                         "--measures", measures]))
            wall, cpu = (statistics.median(run[i] for run in ours) for i in (0, 1))
            if arguments.refit:
                stage = pair_stage_seconds(output) * arguments.ranks
                count = len(load(arguments.data))
                pairs = count * (count - 1) / 2
                loop = refit(arguments.data)
                print(f"{measures}: refitting loop {1 / loop:.1f} pairs/s on one core; confer, all of a run, "
                      f"{pairs / wall:.0f} pairs/s, ratio {loop * pairs / wall:.0f}; its pair stage "
                      f"{pairs / stage:.0f} pairs/s and core, ratio {loop * pairs / stage:.0f}", flush=True)
            else:
                wall2, cpu2 = (statistics.median(run[i] for run in theirs) for i in (0, 1))
                print(f"{measures}: confer {wall:.2f} s (cpu {cpu:.2f}), NumPy {wall2:.2f} s (cpu {cpu2:.2f}), "
                      f"ratio {wall2 / wall:.2f} (cpu {cpu2 / cpu:.2f})", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""`confer align` against NumPy doing a full SVD of every layer, on the same data, from start to finish.

    align.py --confer build/release/confer --data DIR [DIR ...] --target labels [--rounds 3] [--ranks 2]

Prints the medians of wall and processor time of the whole runs, of a run that does nothing (loading the program and
starting and ending MPI), of whole runs without that, and what the analysis itself took (reading, factors, projections;
without headers and the writing of results), their ratios, and how close the analysis comes to the time of the Gram
matrices alone at the speed of this machine's double-precision matrix product. On a machine that does other work,
compare processor times. NumPy gets as many BLAS threads as the program ranks.
"""
import argparse
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

# A network without the target makes the exit code 1, after which mpirun would sit for two seconds.
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_odls_base_sigkill_timeout": "0"}


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


def timed(command, environment):
    """Wall and processor seconds of a command and what it started."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    import h5py
    import numpy as np
    ours, launches, analysis, theirs = [], [], [], []
    environment = {**os.environ, **ENVIRONMENT}
    launch = ["mpirun", "-n", str(options.ranks)] if options.ranks > 1 else []
    for _ in range(options.rounds):
        launches.append(timed([*launch, options.confer, "measures"], environment))
        with tempfile.TemporaryDirectory() as directory:
            output = os.path.join(directory, "a.h5")
            ours.append(timed([*launch, options.confer, "align", *options.data, "--target", options.target, "--output",
                               output, "--quiet"], environment))
            with h5py.File(output) as f:
                at = list(f["phase"].asstr()[()]).index("align")
                analysis.append((f["phase_seconds"][at], f["phase_cpu_seconds"][at]))
        theirs.append(timed([sys.executable, __file__, "--numpy", "--target", options.target, "--data", *options.data],
                            {**environment, "OPENBLAS_NUM_THREADS": str(options.ranks)}))
    ours, launches, analysis, theirs = (np.median(values, axis=0) for values in (ours, launches, analysis, theirs))
    for what, (wall, cpu) in (("NumPy", theirs), ("confer, whole run", ours), ("doing nothing", launches),
                              ("whole run less that", ours - launches), ("confer, analysis", analysis)):
        print(f"{what:20} {wall:6.2f} s wall ({theirs[0] / wall:5.1f} times faster), {cpu:6.2f} s of processor"
              f" ({theirs[1] / cpu:5.1f} times less)" + (", busiest rank" if what.endswith("analysis") else ""))
    limit = gram_seconds(options.data, options.target) / options.ranks
    print(f"Gram matrices alone {limit:.3f} s: {100 * limit / analysis[1]:.0f} % of the analysis")


if __name__ == "__main__":
    main()

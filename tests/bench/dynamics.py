#!/usr/bin/env python3
"""Fits of `confer dynamics` per core against SciPy (solve_ivp and minimize) on the same curves.

    dynamics.py --confer build/release/confer [--fits 1000] [--scipy 5]

Writes a run with many pairs, fits all of them with the program on one rank and a few of them with SciPy by the recipe of
the authors' code (grid of 100 starting rates, stiff solver, then a minimiser), and prints the time of one fit each.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confer", required=True)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--scipy", type=int, default=5)
    options = parser.parse_args()
    import h5py
    import numpy as np

    import dynamics_oracle as oracle
    from acts import write_checkpoint

    # A linear network with one hidden layer, trained by gradient descent on random inputs and targets.
    rng = np.random.default_rng(0)
    n, steps = 60, np.arange(0, 1500, 15)
    x, t = rng.standard_normal((n, 8)), rng.standard_normal((n, 4))
    w1, w2 = .1 * rng.standard_normal((8, 16)), .1 * rng.standard_normal((16, 4))
    hidden, output = [], []
    for step in range(steps[-1] + 1):
        h = x @ w1
        e = h @ w2 - t
        if step in steps:
            hidden.append(h)
            output.append(h @ w2)
        w1, w2 = w1 - .02 * x.T @ (e @ w2.T) / n, w2 - .02 * h.T @ e / n
    hidden, output = np.array(hidden), np.array(output)
    with tempfile.TemporaryDirectory() as directory:
        data, results = os.path.join(directory, "run.h5"), os.path.join(directory, "dynamics.h5")
        write_checkpoint(data, "linear", list(steps), {"hidden": hidden, "output": output}, targets={"y": t})
        start = time.perf_counter()
        subprocess.run([options.confer, "dynamics", data, "--pairs", str(options.fits), "--output", results, "--quiet"],
                       check=False, env={**os.environ, **ENVIRONMENT})
        ours = (time.perf_counter() - start) / options.fits
        with h5py.File(results) as f:
            a, b, sse = f["input_a"][()], f["input_b"][()], f["sse"][()]
    theirs = []
    for i in range(options.scipy):
        h, y, w, _ = oracle.measure(hidden, output, t, a[i], b[i])
        start = time.perf_counter()
        found = oracle.fit(steps.astype(float), h, y, w, ((t[b[i]] - t[a[i]]) ** 2).sum())
        theirs.append(time.perf_counter() - start)
        print(f"pair {a[i]}-{b[i]}: SSE of confer {sse[i]:.6g}, of SciPy {found[2]:.6g}")
    print(f"confer {1e3 * ours:.2f} ms a fit (start of the program included), SciPy {1e3 * np.mean(theirs):.0f} ms: "
          f"{np.mean(theirs) / ours:.0f} times faster per core")


if __name__ == "__main__":
    main()

"""Factor of a tall matrix by a group of ranks: Gram matrix and eigenvectors, as confer does it, against pdgesvd.

    python3 tests/bench/factor_group.py PROGRAM [ranks [rows features]]

PROGRAM is bench_factor_group. pdgesvd may choose its grid and block size: the ratio of times is that to the fastest, the
share of bytes that of the leanest. Bytes are those a rank sends, as Open MPI's monitoring component counts them inside of
collective operations too. Seconds are CPU seconds of all ranks together, waiting included, and wall seconds.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1", "OMP_NUM_THREADS": "1"}


def run(ranks, *arguments, mca=()):
    command = ["mpirun", "-n", str(ranks), *mca, *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, check=True, text=True).stdout


def sent(ranks, *arguments):
    """Bytes sent, rank by rank."""
    with tempfile.TemporaryDirectory() as directory:
        prefix = os.path.join(directory, "sent")
        run(ranks, *arguments, mca=("--mca", "pml_monitoring_enable", "2", "--mca", "pml_monitoring_enable_output", "3",
                                    "--mca", "pml_monitoring_filename", prefix))
        bytes_of = []
        for path in sorted(glob.glob(prefix + ".*.prof")):
            with open(path) as file:
                bytes_of.append(sum(map(int, re.findall(r"^[IE]\t\d+\t\d+\t(\d+) bytes", file.read(), re.M))))
        return bytes_of


def cost(name, ranks, program, sizes, rounds, route):
    cpu, wall = map(float, run(ranks, program, *sizes, rounds, *route).split())
    once, before = (sent(ranks, program, *sizes, count, *route) for count in (1, 0))
    own = [a - b for a, b in zip(once, before)]
    print(f"{name:<32}{cpu:>9.3f}{wall:>9.3f}{max(own) / 1e3:>13,.0f}{sum(own) / 1e3:>13,.0f}", flush=True)
    return cpu, wall, max(own), sum(own)


def main():
    program = sys.argv[1]
    ranks = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    sizes = sys.argv[3:5] if len(sys.argv) > 4 else ["8192", "256"]
    print(f"{' x '.join(sizes)} over {ranks} ranks\n{'':<32}{'CPU s':>9}{'wall s':>9}{'kB a rank':>13}{'kB in all':>13}")
    ours = cost("Gram matrix and eigenvectors", ranks, program, sizes, 15, ["ours"])
    square = max(d for d in range(1, int(ranks**0.5) + 1) if ranks % d == 0)
    grids = sorted({(ranks, 1), (ranks // square, square), (square, ranks // square)})
    theirs = [cost(f"pdgesvd, {r} x {c} ranks, blocks of {b}", ranks, program, sizes, 3, [r, c, b])
              for r, c in grids for b in (16, 32, 64)]
    least = [min(values) for values in zip(*theirs)]
    print(f"{'times as fast as the best':<32}{least[0] / ours[0]:>9.1f}{least[1] / ours[1]:>9.1f}")
    if ranks > 1:
        print(f"{'share of the least bytes':<50}{ours[2] / least[2]:>13.3f}{ours[3] / least[3]:>13.3f}")


if __name__ == "__main__":
    main()

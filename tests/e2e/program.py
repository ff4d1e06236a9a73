"""Runs the built program through mpirun, as a user would, and opens what it wrote."""
import glob
import os
import signal
import subprocess
import tempfile
import unittest
from dataclasses import dataclass

import xarray

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(HERE), "data")
TIMEOUT = 180  # seconds after which a run counts as hanging

# More ranks than cores, as root or not: what tests/CMakeLists.txt sets for CTest, for runs by hand.
_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
}


@dataclass
class Run:
    """How a run ended."""
    code: int
    out: str
    err: str


def confer(*arguments, ranks=1, cwd=None):
    """Runs `mpirun -n ranks confer arguments`; a hang fails the test and leaves nothing running."""
    command = ["mpirun", "-n", str(ranks), os.environ["CONFER"], *map(str, arguments)]
    environment = {**_ENVIRONMENT, **os.environ}
    environment.pop("OPENBLAS_NUM_THREADS", None)  # the program itself says how many threads BLAS uses
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, cwd=cwd, env=environment, start_new_session=True)
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)  # mpirun takes its ranks along
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        raise AssertionError(f"no end after {TIMEOUT} s: {' '.join(command)}\n{out}\n{err}") from None
    return Run(process.returncode, out, err)


def processes_with(word):
    """Processes of the program, anywhere on this machine, that have this word among their arguments."""
    pids = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if words[0] == os.environ["CONFER"] and word in words:
            pids.append(int(path.split("/")[2]))
    return pids


def send_all(pids, number):
    """Sends a signal to those that are still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def open_results(path):
    """A results file as an xarray dataset in memory."""
    with xarray.open_dataset(path, engine="h5netcdf") as dataset:
        return dataset.load()


class TestCase(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="confer-test-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, *parts):
        """A path in the test's directory, whose parent exists."""
        path = os.path.join(self.directory, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def compare(self, data, *options, ranks=1, code=0, name="results.h5"):
        """Runs `confer compare`, expects this exit code and returns the results as a dataset."""
        output = self.path("out", name)
        run = confer("compare", *data, "--output", output, "--quiet", *options, ranks=ranks)
        self.assertEqual(run.code, code, run.out + run.err)
        self.assertEqual([name for name in os.listdir(os.path.dirname(output)) if not name.endswith(".h5")], [],
                         "temporary files stay behind")
        return open_results(output)

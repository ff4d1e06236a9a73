"""A local Slurm cluster for tests, and jobs in it that can be watched, frozen and interrupted at a chosen point."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from program import HERE, processes_with, send_all

ROOT = os.path.dirname(os.path.dirname(HERE))
LOCAL_SLURM = os.path.join(ROOT, "cluster", "local-slurm")
PATIENCE = 150  # seconds after which something that ought to happen counts as missing: the machine may be busy


def wait_until(condition, what, patience=PATIENCE, pause=0.1, describe=None):
    """Polls until the condition holds, and returns what it gave."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}\n{describe() if describe else ''}")
        time.sleep(pause)


def why_not():
    """Why no cluster can be started here; empty when it can."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(name, path=path)]
    return f"{', '.join(missing)} not installed (cluster/install-debian.sh slurm, as root)" if missing else ""


class Cluster:
    """Starts with the object, ends with stop()."""

    def __init__(self, nodes):
        self.home = tempfile.mkdtemp(prefix="confer-slurm-", dir="/tmp")  # names of sockets below it must be short
        self.environment = {**os.environ, "LOCAL_SLURM": self.home}
        self.environment.pop("OPENBLAS_NUM_THREADS", None)
        start = self.run(LOCAL_SLURM, "start", "--nodes", str(nodes), "--cpus", "2", "--memory", "2000")
        if start.returncode != 0:
            self.stop()
            raise AssertionError(start.stderr)
        script = f". '{self.home}/env.sh'; env -0"
        variables = subprocess.run(["bash", "-c", script], env=self.environment, capture_output=True, text=True,
                                   check=True).stdout
        self.environment = dict(variable.split("=", 1) for variable in variables.split("\0") if "=" in variable)

    def stop(self):
        self.run(LOCAL_SLURM, "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *command, cwd=None, **variables):
        """Runs a command with Slurm's environment."""
        return subprocess.run(command, env={**self.environment, **variables}, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE)

    def ask(self, *command, **keywords):
        """Output of a command that must succeed."""
        done = self.run(*command, **keywords)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def node(self, action, name):
        """fail or repair a node."""
        self.ask(LOCAL_SLURM, action, name)


class Job:
    """A submitted job of one job file."""

    def __init__(self, cluster, number, job_file, output, directory):
        self.cluster, self.number, self.job_file, self.output, self.directory = \
            cluster, number, job_file, output, directory

    def property(self, name):
        """One of the words of `scontrol show job`, such as JobState."""
        for word in self.cluster.ask("scontrol", "show", "job", self.number).split():
            if word.startswith(name + "="):
                return word.split("=", 1)[1]
        return ""

    def log(self):
        text = ""
        for path in sorted(glob.glob(os.path.join(self.directory, f"*-{self.number}.log"))):
            with open(path, encoding="utf-8") as file:
                text += file.read()
        return text

    def wait_for_log(self, words):
        wait_until(lambda: words in self.log(), f"'{words}' in the log", describe=self.describe)

    def wait_for_state(self, *states):
        state = wait_until(lambda: (found := self.property("JobState")) in states and found, f"state {states}",
                           describe=self.describe)
        return state

    def wait_for_run(self, number):
        """The job is back in the queue: shortens the pause that Slurm makes before it starts again. Not to nothing:
        nodes refuse a job that starts in the second in which they ended it."""
        wait_until(lambda: self.property("Restarts") == str(number - 1) and self.property("JobState") != "COMPLETING",
                   f"restart {number - 1}", describe=self.describe)
        self.cluster.run("scontrol", "update", f"JobId={self.number}", "StartTime=now+3")  # unless it runs already
        self.wait_for_log(f"run {number}")

    def describe(self):
        return f"{self.cluster.run('scontrol', 'show', 'job', self.number).stdout}\nlog:\n{self.log()}"

    def saved(self):
        """Bytes of finished tiles of pairs."""
        return sum(os.path.getsize(path) for path in glob.glob(self.output + ".journal/*") if os.path.exists(path))

    def ranks(self):
        """Processes of the program that run this job file."""
        return processes_with(self.job_file)

    def freeze_midway(self, more_than=0):
        """Stops the clock of all ranks when more tiles are finished than before: what comes next meets a job that is
        in the middle of its work on machines of any speed. Returns the ranks."""
        records = more_than + 1000  # without those that only name the job
        wait_until(lambda: self.saved() > records or self.property("JobState") not in ("PENDING", "RUNNING"),
                   "the first finished tile", pause=0.005, describe=self.describe)
        ranks = self.ranks()
        send_all(ranks, signal.SIGSTOP)
        if os.path.exists(self.output) or not ranks:
            raise AssertionError("the job was over before it could be interrupted\n" + self.describe())
        return ranks

    @staticmethod
    def thaw(ranks):
        send_all(ranks, signal.SIGCONT)


class SlurmTestCase(unittest.TestCase):
    """Tests that share one cluster."""

    NODES = 5

    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            print(f"cannot run here: {reason}", flush=True)
            raise unittest.SkipTest(reason)
        cls.cluster = Cluster(cls.NODES)
        cls.addClassCleanup(cls.cluster.stop)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="confer-test-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def job_file(self, name, **options):
        """Writes a job file; underscores of option names stand for hyphens."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            for key, value in options.items():
                file.write(f"{key.replace('_', '-')} = {value}\n")
        return self.path(name)

    def submit(self, *arguments, **variables):
        """Runs jobs/submit.sh."""
        return self.cluster.run(os.path.join(ROOT, "jobs", "submit.sh"), *arguments, cwd=self.directory, **variables)

    def submitted(self, *arguments, output="", **variables):
        """Submits what must be accepted; the first argument that ends in .ini is the job file."""
        done = self.submit(*arguments, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^\d+\n$")
        job_file = next(word for word in arguments if word.endswith(".ini"))
        return Job(self.cluster, done.stdout.strip(), job_file, output, self.directory)

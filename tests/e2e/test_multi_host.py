"""The program on several hosts that share files and a network but no memory, in namespaces of this machine."""
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import acts
import numpy as np
from program import _ENVIRONMENT, HERE, TIMEOUT, TestCase, confer, open_results, processes_with, send_all
from slurm import wait_until

NOT_PERMITTED = 77


class MultiHost(TestCase):

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="confer-test-")
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        missing = [name for name in ("ip", "unshare", "nsenter") if not shutil.which(name, path=path)]
        reason = f"{', '.join(missing)} not installed (cluster/install-debian.sh slurm, as root)" if missing else ""
        if not reason:
            probe = cls.start(os.path.join(cls.home, "probe"), 1, "true")
            error = probe.communicate(timeout=TIMEOUT)[1]
            reason = error.strip() if probe.returncode == NOT_PERMITTED else ""
        if reason:
            print(f"cannot run here: {reason}", flush=True)
            raise unittest.SkipTest(reason)
        rng = np.random.default_rng(7)
        shared = rng.standard_normal((800, 40))
        cls.data = os.path.join(cls.home, "data")
        for network in range(4):
            layers = {f"layer{layer}": (shared @ rng.standard_normal((40, 96)) +
                                        rng.standard_normal((800, 96))).astype(np.float32) for layer in range(8)}
            acts.write_checkpoint(os.path.join(cls.data, f"net{network}.h5"), f"net{network}", 100, layers)
        run = confer("compare", cls.data, "--output", os.path.join(cls.home, "reference.h5"), "--quiet", ranks=2)
        assert run.code == 0, run.err
        cls.reference = open_results(os.path.join(cls.home, "reference.h5"))

    @staticmethod
    def start(directory, hosts, *command):
        """Starts a command on the first of so many hosts."""
        environment = {**_ENVIRONMENT, **os.environ}
        environment.pop("OPENBLAS_NUM_THREADS", None)
        return subprocess.Popen([os.path.join(HERE, "hosts.sh"), str(hosts), directory, *command], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=environment, start_new_session=True)

    def start_compare(self, hosts, *options, mpi=()):
        """Starts confer on hosts, given as a list of ranks on each."""
        where = ",".join(f"10.99.0.{number}:{ranks}" for number, ranks in enumerate(hosts, 1))
        self.output = self.path("out", "results.h5")
        return self.start(self.path("hosts"), len(hosts), "mpirun", "-n", str(sum(hosts)), "--host", where, *mpi,
                          os.environ["CONFER"], "compare", self.data, "--output", self.output, "--quiet", *options)

    def expect_reference(self, process):
        out, error = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, out + error)
        results = open_results(self.output)
        for name in ("cca", "svcca", "pwcca", "cka", "procrustes", "regression"):
            np.testing.assert_array_equal(results[name].values, self.reference[name].values, name)
        self.assertEqual(os.listdir(os.path.dirname(self.output)), ["results.h5"])
        return results

    def test_hosts_see_each_other_and_share_no_memory(self):
        words = "echo $(hostname) $(readlink /proc/self/ns/net) $(readlink /proc/self/ns/ipc); : >/dev/shm/mine-$(hostname); " \
                "sleep 1; ls /dev/shm | grep -c ^mine"
        process = self.start(self.path("hosts"), 3, "mpirun", "-n", "3", "--host", "10.99.0.1,10.99.0.2,10.99.0.3", "sh", "-c", words)
        out, error = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, error)
        hosts = [line.split() for line in out.splitlines() if line.startswith("host")]
        self.assertEqual(sorted(host[0] for host in hosts), ["host1", "host2", "host3"])
        self.assertEqual(len({host[1] for host in hosts}), 3)
        self.assertEqual(len({host[2] for host in hosts}), 3)
        self.assertEqual([line for line in out.splitlines() if line.isdigit()], ["1", "1", "1"])

    def test_ranks_on_three_hosts(self):
        results = self.expect_reference(self.start_compare([2, 2, 1]))
        self.assertEqual(results.attrs["ranks"], 5)

    def test_tcp_only(self):
        self.expect_reference(self.start_compare([1, 1, 1, 1], mpi=("--mca", "btl", "tcp,self")))

    def test_scratch_that_is_shared_and_scratch_of_each_host(self):
        self.expect_reference(self.start_compare([1, 2], "--scratch", self.path("scratch")))
        self.assertEqual(len(glob.glob(self.path("scratch", "*.basis"))), 32)
        shutil.rmtree(self.path("hosts"))
        self.expect_reference(self.start_compare([1, 2], "--scratch", "/dev/shm/scratch"))

    def test_a_host_that_dies(self):
        process = self.start_compare([1, 1, 1])
        saved = lambda: sum(os.path.getsize(path) for path in glob.glob(self.output + ".journal/*"))
        wait_until(lambda: saved() > 1000 or process.poll() is not None, "the first finished tile", pause=0.002)
        ranks = processes_with(self.output)  # frozen, so that it happens in the middle of the work on any machine
        send_all(ranks, signal.SIGSTOP)
        with open(self.path("hosts", "host3.cut"), "w", encoding="utf-8"):
            pass
        wait_until(lambda: len(processes_with(self.output)) < 3, "the end of a host")
        send_all(ranks, signal.SIGCONT)
        out, error = process.communicate(timeout=TIMEOUT)
        self.assertNotEqual(process.returncode, 0, "the job was over before a host could die\n" + out + error)
        self.assertFalse(os.path.exists(self.output))
        shutil.rmtree(self.path("hosts"))
        self.expect_reference(self.start_compare([1, 2]))


if __name__ == "__main__":
    unittest.main()

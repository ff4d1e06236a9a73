"""Jobs under a real Slurm: submitted, interrupted in every way, requeued, chained; results are those of a plain run."""
import glob
import os
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

import acts
import h5py
import numpy as np
from program import confer, open_results
from slurm import LOCAL_SLURM, ROOT, Cluster, Job, SlurmTestCase, wait_until

NETWORKS, LAYERS, SAMPLES, NEURONS = 5, 12, 1000, 128


def processes_of(home):
    """Processes that have a file below this directory open, or named in their arguments."""
    links = subprocess.run(["find", *glob.glob("/proc/[0-9]*/fd"), "-lname", home + "/*"], capture_output=True,
                           text=True).stdout.split()
    arguments = subprocess.run(["grep", "-l", home + "/", *glob.glob("/proc/[0-9]*/cmdline")], capture_output=True,
                               text=True).stdout.split()
    own = {"self", str(os.getpid())}
    return {path.split("/")[2] for path in links + arguments} - own


class Slurm(SlurmTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = np.random.default_rng(5)
        cls.data = os.path.join(cls.cluster.home, "data")
        shared = rng.standard_normal((SAMPLES, 50))
        for network in range(NETWORKS):
            layers = {f"layer{layer}": (shared @ rng.standard_normal((50, NEURONS)) +
                                        rng.standard_normal((SAMPLES, NEURONS))).astype(np.float32)
                      for layer in range(LAYERS)}
            acts.write_checkpoint(os.path.join(cls.data, f"net{network}.h5"), f"net{network}", 100, layers)
        path = os.path.join(cls.cluster.home, "reference.h5")
        run = confer("compare", cls.data, "--output", path, "--quiet", ranks=2)
        assert run.code == 0, run.err
        cls.reference = open_results(path)

    def compare_file(self, name="compare.ini", **options):
        output = options.pop("output", self.path("out", "results.h5"))
        return self.job_file(name, command="compare", data=self.data, output=output, **options), output

    def start_compare(self, *options, study="study"):
        """Four ranks on two nodes; every one of these jobs would run for some seconds."""
        job_file, output = self.compare_file(f"{study}.ini", output=self.path(study, "results.h5"))
        return self.submitted("--ranks", "4", "--nodes", "2", job_file, *options, output=output)

    def expect_same(self, results, reference):
        for name in ("cca", "cca_r2", "svcca", "pwcca", "cka", "cka_debiased", "procrustes", "regression"):
            np.testing.assert_array_equal(results[name].values, reference[name].values, name)

    def expect_reference(self, job, runs):
        """The job is done after so many runs, with the bits of the undisturbed one, and leaves nothing behind."""
        self.assertEqual(job.wait_for_state("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"), "COMPLETED", job.describe())
        self.expect_same(open_results(job.output), self.reference)
        self.assertEqual(os.listdir(os.path.dirname(job.output)), ["results.h5"])
        log = job.log()
        self.assertIn(f"run {runs}", log)
        self.assertNotIn(f"run {runs + 1}", log)
        self.assertIn("next: confer report", log.splitlines()[-1])
        return log

    def test_a_job_on_two_nodes(self):
        job = self.start_compare()
        log = self.expect_reference(job, 1)
        self.assertEqual(job.property("NumNodes"), "2")
        self.assertEqual(open_results(job.output).attrs["ranks"], 4)
        for phase in ("read headers", "factor", "pairs", "write", "in all"):
            self.assertRegex(log, rf"(?m)^{phase} +[0-9.]+ (ms|s|min)")
        self.assertRegex(log, r"(?m)^pairs: .* in .* s.*, memory [0-9.]+ MiB$")
        self.assertRegex(log, r"(?m)^pairs .* Gflop/s .* MiB +\d+ % ")

    def test_time_limits_and_a_node_that_dies(self):
        """Both mostly wait for Slurm to notice: at the same time, on nodes of their own."""
        with ThreadPoolExecutor() as pool:
            for scenario in [pool.submit(self.hit_the_time_limit_twice), pool.submit(self.lose_a_node)]:
                scenario.result()

    def hit_the_time_limit_twice(self):
        job = self.start_compare("--", "--signal=B:USR1@60", "--time=20", study="limited")
        saved = 0
        for run in (1, 2):
            job.wait_for_log(f"run {run}")
            ranks = job.freeze_midway(saved)
            self.cluster.ask("scontrol", "update", f"JobId={job.number}", "TimeLimit=1")
            wait_until(lambda: job.log().count("the time limit is near") == run, "the signal ahead of the limit",
                       describe=job.describe)
            job.thaw(ranks)
            wait_until(lambda: job.property("Restarts") == str(run), "the requeue", describe=job.describe)
            self.cluster.ask("scontrol", "update", f"JobId={job.number}", "TimeLimit=20")
            self.assertFalse(os.path.exists(job.output))
            self.assertGreater(job.saved(), saved)
            saved = job.saved()
            job.wait_for_run(run + 1)
        log = self.expect_reference(job, 3)
        self.assertEqual(log.count("stopped on request"), 2)
        self.assertEqual(log.count("earlier work is used"), 2)
        self.assertNotIn("MPI_ABORT", log)

    def lose_a_node(self):
        job = self.start_compare(study="lost")
        job.wait_for_log("run 1")
        ranks = job.freeze_midway()
        nodes = self.cluster.ask("scontrol", "show", "hostnames", job.property("NodeList")).split()
        self.assertEqual(len(nodes), 2)
        self.addCleanup(self.cluster.node, "repair", nodes[1])
        self.cluster.node("fail", nodes[1])
        job.thaw(ranks)
        job.wait_for_run(2)
        self.assertFalse(os.path.exists(job.output))
        self.expect_reference(job, 2)
        self.assertNotIn(nodes[1], self.cluster.ask("scontrol", "show", "hostnames", job.property("NodeList")).split())

    def test_cancelled_and_submitted_again(self):
        job = self.start_compare()
        job.wait_for_log("run 1")
        ranks = job.freeze_midway()
        self.cluster.ask("scancel", job.number)
        job.thaw(ranks)
        job.wait_for_state("CANCELLED")
        job.wait_for_log("goes on from here")
        wait_until(lambda: not job.ranks(), "the end of all ranks")
        self.assertEqual(job.property("Restarts"), "0")
        self.assertFalse(os.path.exists(job.output))
        self.assertGreater(job.saved(), 0)
        again = self.start_compare()
        log = self.expect_reference(again, 1)
        self.assertIn("earlier work is used", log)

    def test_preempted(self):
        job = self.start_compare()
        job.wait_for_log("run 1")
        ranks = job.freeze_midway()
        nodes = job.property("NodeList")
        self.cluster.ask("sbatch", "--partition=urgent", f"--nodelist={nodes}", "--nodes=2", "--exclusive", "--mem=50",
                         "--output=/dev/null", "--wrap=true", cwd=self.directory)
        job.wait_for_log("Slurm ends this job")
        job.thaw(ranks)
        job.wait_for_run(2)
        self.expect_reference(job, 2)

    def test_an_array_of_studies(self):
        files, outputs = [], []
        for study in range(3):
            output = self.path("out", f"study{study}.h5")
            files.append(self.compare_file(f"study{study}.ini", output=output, networks=f"net{study}")[0])
            outputs.append(output)
        done = self.submit("--array", "--ranks", "2", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        array = done.stdout.strip()
        wait_until(lambda: all(os.path.exists(output) for output in outputs), "all results",
                   describe=lambda: self.cluster.ask("scontrol", "show", "job", array))
        for study, output in enumerate(outputs):
            results = open_results(output)
            self.assertEqual(set(results["network"].values), {f"net{study}"})
            plain = confer("compare", self.data, "--networks", f"net{study}", "--output", self.path("plain.h5"),
                           "--quiet")
            self.assertEqual(plain.code, 0, plain.err)
            self.expect_same(results, open_results(self.path("plain.h5")))
            log = glob.glob(self.path(f"compare-{array}_{study}.log"))
            self.assertEqual(len(log), 1, os.listdir(self.directory))

    def test_a_chain_that_ends_in_a_report(self):
        compare, output = self.compare_file(networks="net0")
        page = self.path("out", "report.html")
        report = self.job_file("report.ini", command="report", result=output, output=page)
        first = self.submitted(compare)
        second = self.submitted("--after", first.number, report, output=page)
        self.assertEqual(second.wait_for_state("COMPLETED", "FAILED", "CANCELLED"), "COMPLETED",
                         second.describe() + first.describe())
        with open(page, encoding="utf-8") as file:
            self.assertIn("layer11", file.read())
        self.assertIn("next: open", second.log().splitlines()[-1])

    def test_plain_sbatch_and_the_other_commands(self):
        job_file, output = self.compare_file(networks="net0")
        plain = self.cluster.ask("sbatch", "--parsable", "--mem=500", os.path.join(ROOT, "jobs", "compare.sbatch"),
                                 job_file, "--measures", "cka", cwd=self.directory).strip()
        jobs = [Job(self.cluster, plain, job_file, output, self.directory)]
        for command, changes in (("align", {}), ("match", {}), ("dynamics", {"pairs": "0-1", "controls": "no"})):
            with open(os.path.join(ROOT, "jobs", f"{command}.ini"), encoding="utf-8") as file:
                options = dict(line.strip().split(" = ", 1) for line in file if " = " in line and line[0] != "#")
            options.update(changes, data=os.path.join(ROOT, options["data"]), output=self.path(command, "results.h5"))
            job_file = self.job_file(f"{command}.ini", **options)
            jobs.append(self.submitted("--ranks", "2", "--nodes", "2", job_file, output=options["output"]))
        for job in jobs:
            self.assertEqual(job.wait_for_state("COMPLETED", "FAILED", "CANCELLED"), "COMPLETED", job.describe())
            self.assertTrue(os.path.exists(job.output))
            self.assertIn("next: confer report", job.log().splitlines()[-1])
        self.assertEqual(open_results(output).attrs["ranks"], 4)
        self.assertNotIn("pwcca", open_results(output))

    def test_the_cluster_leaves_nothing_behind(self):
        cluster = Cluster(nodes=1)
        self.addCleanup(cluster.stop)
        cluster.ask("srun", "--mem=50", "true")
        self.assertGreater(len(processes_of(cluster.home)), 0)
        self.assertNotEqual(cluster.run(LOCAL_SLURM, "start").returncode, 0, "started twice")
        self.assertEqual(cluster.run(LOCAL_SLURM, "fail", "n2").returncode, 2)
        cluster.ask(LOCAL_SLURM, "stop")
        self.assertFalse(os.path.exists(cluster.home))
        wait_until(lambda: not processes_of(cluster.home), "the end of its processes")
        self.assertEqual(cluster.run(LOCAL_SLURM, "start", "--nodes", "none").returncode, 2)

    def test_what_cannot_run_is_refused_before_the_queue(self):
        job_file, output = self.compare_file()
        with open(self.path("file"), "w", encoding="utf-8"):
            pass
        blocked, _ = self.compare_file("blocked.ini", output=self.path("file", "results.h5"))
        no_data = self.job_file("compare-nothing.ini", data=self.path("nothing.h5"), output=output)
        unknown = self.job_file("study.ini", data=self.data, output=output)
        wrong, _ = self.compare_file("wrong.ini", measures="ccka")
        scratch, _ = self.compare_file("scratch.ini", scratch=self.path("scratch"))
        # Two layers of 12,000 neurons and samples each, in a file that takes no room on the disk.
        acts.write_checkpoint(self.path("large.h5"), "large", 0, {"a": np.zeros((1, 1)), "b": np.zeros((1, 1))})
        with h5py.File(self.path("large.h5"), "r+") as file:
            file.attrs["total_samples"] = np.int64(12000)
            for layer in (b"a", b"b"):
                del file["activations"][layer]
                properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                h5py.h5d.create(file["activations"].id, layer, h5py.h5t.IEEE_F64LE,
                                h5py.h5s.create_simple((12000, 12000)), properties)
        large = self.job_file("compare-large.ini", data=self.path("large.h5"), output=output)
        for words, code, arguments, variables in (
                (("MB on each node",), 3, ("--ranks", "2", "--nodes", "1", large), {}),
                (("'absent.ini'", "cannot be read"), 2, ("absent.ini",), {}),
                (("no job file",), 2, (), {}),
                (("is not writable", "no directory"), 4, (blocked,), {}),
                (("nothing.h5",), 3, (no_data,), {}),
                (("command = compare",), 2, (unknown,), {}),
                (("unknown measure 'ccka'",), 2, (wrong,), {}),
                (("more than the cores there",), 3, ("--ranks", "11", "--nodes", "5", job_file), {}),
                (("the partition has 5",), 3, ("--ranks", "12", "--nodes", "6", job_file), {}),
                (("scratch", "is not shared"), 3, ("--ranks", "2", "--nodes", "2", scratch),
                 {"CONFER_LOCAL_DIRECTORIES": "/nowhere " + self.path("scratch")}),
                (("output", "is not shared"), 3, (job_file,), {"CONFER_LOCAL_DIRECTORIES": self.path("out") + "/"}),
                (("not there",), 4, (job_file,), {"CONFER": "/nowhere/confer"})):
            with self.subTest(arguments=arguments):
                done = self.submit(*arguments, **variables)
                self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
                self.assertTrue(any(word in done.stderr for word in words), done.stderr)
        self.assertNotIn(self.directory, self.cluster.ask("squeue", "-h", "-o", "%Z"))


if __name__ == "__main__":
    unittest.main()

"""Bad input ends with a message that names file, dataset and reason and with the documented exit code: at one rank and
at three, without a hang, and with a results file that is whole or absent."""
import os
import re
import unittest

import h5py
import numpy as np

from acts import make_inputs_id, write_checkpoint
from program import TestCase, confer, open_results

RANKS = (1, 3)
N = 60


def activations(seed, n=N, p=6):
    return np.random.default_rng(seed).normal(size=(n, p)).astype(np.float32)


# ---- makers of one bad checkpoint: path -> what the message must name ----------------------------------------------

def write(path, network="bad", step=0, **options):
    return write_checkpoint(path, network, step, options.pop("layers", {"one": activations(7), "two": activations(8)}),
                            **options)


def change(path, **attributes):
    with h5py.File(path, "r+") as f:
        for name, value in attributes.items():
            if value is None:
                del f.attrs[name]
            else:
                f.attrs[name] = value


def replace(path, dataset, **creation):
    """Puts another dataset in the place of one."""
    axes = creation.pop("axes", None)
    with h5py.File(path, "r+") as f:
        del f[dataset]
        data = f.create_dataset(dataset, **creation)
        if axes:
            data.attrs["axes"] = axes


def truncated(path):
    write(path)
    os.truncate(path, os.path.getsize(path) // 2)


def cut_by_one_byte(path):
    write(path)
    os.truncate(path, os.path.getsize(path) - 1)


def empty(path):
    open(path, "w").close()


def not_hdf5(path):
    with open(path, "w") as f:
        f.write("epoch,loss\n1,0.5\n" * 200)


def missing_shard(path):
    os.remove(write(path, shards=3)[1])


def overlapping_shards(path):
    change(write(path, shards=3)[1], first_sample=np.int64(10))


def shards_of_other_width(path):
    replace(write(path, shards=3)[1], "activations/two", data=activations(1, N // 3, 9), axes="sample,neuron")


def shards_of_other_total(path):
    change(write(path, shards=3)[2], total_samples=np.int64(N + 5))


def shards_of_other_inputs(path):
    change(write(path, shards=3)[2], inputs_id=make_inputs_id("others"))


def shards_of_other_layers(path):
    change(write(path, shards=3)[0], layers=np.array(["one"], dtype=h5py.string_dtype()))


def two_files_for_one_checkpoint(path):
    write(path)
    write(path.replace(".h5", ".copy.h5"))


def unknown_version(path):
    change(write(path)[0], format="acts/9")


def without_network(path):
    change(write(path)[0], network=None)


def without_inputs_id(path):
    change(write(path)[0], inputs_id=None)


def negative_first_sample(path):
    change(write(path)[0], first_sample=np.int64(-5))


def step_of_text(path):
    change(write(path)[0], step="last")


def absurd_total(path):
    change(write(path)[0], total_samples=np.int64(2**62))


def nan(path):
    values = activations(7)
    values[41, 3] = np.nan
    values[50, 1] = np.nan
    write(path, layers={"one": values, "two": activations(8)})


def infinity(path):
    values = activations(7)
    values[0, 0] = -np.inf
    write(path, layers={"one": values, "two": activations(8)}, shards=2)


def text_values(path):
    replace(write(path)[0], "activations/one", data=np.full((N, 6), b"0.5"), axes="sample,neuron")


def compound_values(path):
    replace(write(path)[0], "activations/one", shape=(N, 6), dtype=[("re", "f4"), ("im", "f4")], axes="sample,neuron")


def five_dimensions(path):
    replace(write(path)[0], "activations/one", data=np.ones((N, 2, 2, 2, 2), np.float32))


def axes_that_do_not_fit(path):
    replace(write(path)[0], "activations/one", data=activations(7), axes="sample,channel,height,width")


def unknown_axis(path):
    replace(write(path)[0], "activations/one", data=activations(7), axes="sample,colour")


def too_few_samples(path):
    replace(write(path)[0], "activations/one", data=activations(7, N - 1), axes="sample,neuron")


def absurd_shape(path):
    replace(write(path)[0], "activations/one", shape=(N, 2**45), dtype="f8", chunks=(N, 1024), axes="sample,neuron")


def layer_that_is_not_there(path):
    with h5py.File(write(path)[0], "r+") as f:
        del f["activations/one"]


def link_to_another_file(path):
    write(path.replace("bad.h5", "elsewhere/target.bin"), network="other")
    with h5py.File(write(path)[0], "r+") as f:
        del f["activations/one"]
        f["activations/one"] = h5py.ExternalLink("elsewhere/target.bin", "/activations/one")


def filter_of_h5py_only(path):
    replace(write(path)[0], "activations/one", data=activations(7), compression="lzf", axes="sample,neuron")


def flipped_bits(path):
    write(path, dataset_options={"chunks": (N, 6), "fletcher32": True})
    with h5py.File(path) as f:
        offset = f["activations/one"].id.get_chunk_info(0).byte_offset
    with open(path, "r+b") as f:
        f.seek(offset + 40)
        f.write(b"\xff\x00\xff")


# What makes a checkpoint unusable: nothing of network "bad" is in the results. maker: reason
CHECKPOINTS = {
    truncated: "truncated", cut_by_one_byte: "truncated", empty: "not an HDF5 file", not_hdf5: "not an HDF5 file",
    missing_shard: "missing", overlapping_shards: "overlap", shards_of_other_width: "differ in the shape.*two",
    shards_of_other_total: "total_samples", shards_of_other_inputs: "inputs_id", shards_of_other_layers: "layers",
    two_files_for_one_checkpoint: "two files", unknown_version: "acts/9", without_network: "network",
    without_inputs_id: "inputs_id", negative_first_sample: "first_sample", step_of_text: "step",
    absurd_total: "total_samples", too_few_samples: "differ in length",
}
# What makes one layer unusable, the layer "one": "two" of the same network is compared.
LAYERS = {
    nan: "2 .*41|41.* 2 ", infinity: "[Ii]nf|finite", text_values: "strings", compound_values: "compound",
    five_dimensions: "5 dimensions", axes_that_do_not_fit: "axes", unknown_axis: "colour",
    absurd_shape: "declares", layer_that_is_not_there: "no such|not there|missing", link_to_another_file: "link",
    filter_of_h5py_only: "filter.*lzf", flipped_bits: "checksum",
}


class BadInput(TestCase):
    def good(self, *names, inputs_id=None):
        return [path for i, name in enumerate(names) for path in
                write(self.path("data", f"{name}.h5"), network=name, inputs_id=inputs_id,
                      layers={"one": activations(10 + i), "two": activations(20 + i)})]

    def run_compare(self, ranks, *options):
        """One run over the test's data into an empty folder: the run, and the results or None."""
        output = self.path(f"out-{ranks}-{len(os.listdir(self.directory))}", "results.h5")
        run = confer("compare", self.path("data", ""), "--output", output, *options, ranks=ranks)
        left = os.listdir(os.path.dirname(output))
        self.assertIn(left, ([], ["results.h5"]), "half-written output stays behind")
        self.assertNotRegex(run.err, r"HDF5-DIAG|terminate called|Segmentation|Signal:", "noise instead of a message")
        return run, open_results(output) if left else None

    def assert_named(self, run, reason, dataset=None):
        self.assertRegex(run.err, r"bad[\w.-]*\.h5|bad@0", "the file is not named")
        self.assertRegex(run.err, re.compile(reason), "the reason is not named")
        if dataset:
            self.assertIn(dataset, run.err)

    def assert_good_networks_compared(self, results):
        labels = results["label"].values.tolist()
        good = [i for i, label in enumerate(labels) if not label.startswith("bad@")]
        self.assertEqual([labels[i] for i in good], ["good1@0/one", "good1@0/two", "good2@0/one", "good2@0/two"])
        self.assertFalse(np.isnan(results["cka"].values[np.ix_(good, good)]).any())

    def test_unusable_checkpoint_beside_good_ones(self):
        for maker, reason in CHECKPOINTS.items():
            self.setUp()
            self.good("good1", "good2")
            maker(self.path("data", "bad.h5"))
            for ranks in RANKS:
                with self.subTest(maker.__name__, ranks=ranks):
                    run, results = self.run_compare(ranks)
                    self.assertEqual(run.code, 1, run.err)
                    self.assert_named(run, reason)
                    self.assert_good_networks_compared(results)
                    self.assertFalse([label for label in results["label"].values.tolist() if label.startswith("bad@")])

    def test_nothing_but_an_unusable_checkpoint(self):
        for maker, reason in CHECKPOINTS.items():
            self.setUp()
            maker(self.path("data", "bad.h5"))
            with self.subTest(maker.__name__):
                run, results = self.run_compare(3)
                self.assertEqual(run.code, 3, run.err)
                self.assert_named(run, reason)
                self.assertIsNone(results)

    def test_unusable_layer(self):
        for maker, reason in LAYERS.items():
            self.setUp()
            self.good("good1", "good2")
            maker(self.path("data", "bad.h5"))
            for ranks in RANKS:
                with self.subTest(maker.__name__, ranks=ranks):
                    run, results = self.run_compare(ranks)
                    self.assertEqual(run.code, 1, run.err)
                    self.assert_named(run, reason, "one")
                    self.assert_good_networks_compared(results)
                    labels = results["label"].values.tolist()
                    usable = [i for i, label in enumerate(labels) if label != "bad@0/one"]
                    self.assertIn("bad@0/two", labels)
                    self.assertFalse(np.isnan(results["cka"].values[np.ix_(usable, usable)]).any())
                    if "bad@0/one" in labels:  # listed, then with a reason beside every NaN
                        bad = labels.index("bad@0/one")
                        self.assertTrue(np.isnan(results["cka"].values[bad]).all())
                        self.assertNotIn(results["status"].values.tolist()[bad], ("ok", ""))
                        self.assertTrue((results["pair_status"].values[bad] != 0).all())

    def test_strict_stops_before_computing(self):
        for maker, reason in {truncated: "truncated", missing_shard: "missing", **LAYERS}.items():
            self.setUp()
            self.good("good1", "good2")
            maker(self.path("data", "bad.h5"))
            with self.subTest(maker.__name__):
                run, results = self.run_compare(3, "--strict")
                self.assertEqual(run.code, 3, run.err)
                self.assert_named(run, reason)
                self.assertIsNone(results)

    def test_other_inputs(self):
        self.good("good1", "good2")
        write(self.path("data", "bad.h5"), inputs_id=make_inputs_id("others"))
        for ranks in RANKS:
            with self.subTest(ranks=ranks):
                run, results = self.run_compare(ranks)
                self.assertEqual(run.code, 1, run.err)
                own = results["network"].values == "bad"
                self.assertEqual(own.sum(), 2)
                np.testing.assert_array_equal(np.isnan(results["cka"].values), own[:, None] != own[None, :])
                np.testing.assert_array_equal(results["pair_status"].values != 0, own[:, None] != own[None, :])
                self.assertRegex(results["pair_status"].attrs["flag_meanings"], "inputs")

    def test_constant_layer_is_undefined_not_zero(self):
        self.good("good1")
        write(self.path("data", "bad.h5"), layers={"one": np.full((N, 6), 3.25, np.float32), "two": activations(8)})
        for ranks in RANKS:
            with self.subTest(ranks=ranks):
                run, results = self.run_compare(ranks)
                self.assertEqual(run.code, 1, run.err)
                bad = results["label"].values.tolist().index("bad@0/one")
                for name in ("cca", "pwcca", "cka", "procrustes", "regression"):
                    self.assertTrue(np.isnan(results[name].values[bad]).all(), name)
                    self.assertTrue(np.isnan(results[name].values[:, bad]).all(), name)
                self.assertTrue((results["pair_status"].values[bad] != 0).all())

    def test_names_are_data(self):
        nasty = 'a,"b"\n../../<script>;$(touch x)'
        write(self.path("data", "bad.h5"), network=nasty)
        self.good("good1")
        run, results = self.run_compare(1)
        self.assertEqual(run.code, 0, run.err)
        self.assertIn(nasty, results["network"].values.tolist())
        self.assertEqual(sorted(name for name in os.listdir(self.directory) if not name.startswith("out")), ["data"])

    def test_no_such_file(self):
        for ranks in RANKS:
            run = confer("compare", self.path("nowhere.h5"), "--output", self.path("out", "r.h5"), ranks=ranks)
            self.assertEqual(run.code, 3, run.err)
            self.assertIn("nowhere.h5", run.err)

    def test_output_that_cannot_be_written(self):
        self.good("good1")
        for ranks in RANKS:
            output = os.path.join(self.directory, "no", "such", "folder", "results.h5")
            run = confer("compare", self.path("data", ""), "--output", output, ranks=ranks)
            self.assertEqual(run.code, 4, run.err)
            self.assertIn("folder", run.err)

    def test_wrong_usage_names_the_option(self):
        self.good("good1")
        data = self.path("data", "")
        job = self.path("job.ini")
        with open(job, "w") as f:
            f.write("# a job\noutput = x.h5\nmesures = cka\n")
        for arguments, named in ((("compare", data, "--ouput", "x.h5"), "--ouput"), (("compare", data), "output"),
                                 (("compare", data, "--output", "x.h5", "--measures", "ckaa"), "ckaa"),
                                 (("compare", data, "--output", "x.h5", "--conv", "median"), "median"),
                                 (("compare", data, "--output", "x.h5", "--samples", "9:3"), "samples"),
                                 (("compare", data, "--output", "x.h5", "--networks", "zzz*"), "zzz"),
                                 (("compare", data, "--output", "x.h5", "--pairs", "to=zzz*"), r"--pairs to=zzz\*"),
                                 (("compare", data, "--output", "x.h5", "--pairs", "cross-network"), "cross-network"),
                                 (("plan", data, "--pairs", "to=zzz*"), r"--pairs to=zzz\*"),
                                 (("compare", data, "--output", "x.h5", "--quiet", "--verbose"), "--quiet and --verbose"),
                                 (("compare", data, "--output", "x.h5", "--memory-per-rank", "lots"), "'lots' is not a size"),
                                 (("report", "x.h5"), "--output report.html"),
                                 (("compare", data, "--job", job), r"job\.ini.*\b3\b.*mesures|mesures.*job\.ini.*\b3"),
                                 (("frobnicate",), "frobnicate")):
            with self.subTest(arguments):
                run = confer(*arguments, ranks=2, cwd=self.directory)
                self.assertEqual(run.code, 2, run.err)
                self.assertRegex(run.err, named)
        self.assertFalse(os.path.exists(self.path("x.h5")))


if __name__ == "__main__":
    unittest.main()

"""Standard errors of `confer compare --jackknife`: against every measure made anew without one input, in NumPy."""
import os
import signal
import unittest

import numpy as np

import acts
import interrupted
import kernel_oracle as expected
from program import TestCase, confer, open_results

KERNEL = tuple(name for name in expected.KERNEL if name != "cka_minibatch")
NEIGHBOURS = expected.NEIGHBOURS
FACTORS = ("cca", "cka", "cka_debiased", "procrustes", "regression")


def error_of(values):
    """Of the values without each of the blocks."""
    values, blocks = np.asarray(values), len(values)
    return np.sqrt((blocks - 1) / blocks * ((values - values.mean(axis=0))**2).sum(axis=0))


def linear(x):
    x = x - x.mean(axis=0)
    return x @ x.T


def factor_score(name, x, y):
    if name in ("cka", "cka_debiased"):
        centre = expected.doubly_centred if name == "cka" else expected.u_centred
        return expected.cosine(centre(linear(x)), centre(linear(y)))
    (ux, sx, _), (uy, sy, _) = (np.linalg.svd(z - z.mean(axis=0), full_matrices=False) for z in (x, y))
    m = ux.T @ uy
    if name == "cca":
        return np.linalg.svd(m, compute_uv=False).mean()
    if name == "regression":
        return ((m * sy)**2).sum() / (sy**2).sum()
    return np.linalg.svd(sx[:, None] * m * sy, compute_uv=False).sum() / np.sqrt((sx**2).sum() * (sy**2).sum())


def errors(name, matrices, rows_per_input=1, k=10, **options):
    """Matrix of standard errors, one input left out at a time."""
    count, rows = len(matrices), len(matrices[0])
    stay = [np.flatnonzero(np.arange(rows) // rows_per_input != g) for g in range(rows // rows_per_input)]
    if name in NEIGHBOURS:
        whole = [expected.neighbours(x, rows - 1, **options) for x in matrices]

        def without(i, kept):
            lists, kernel = whole[i]
            place = np.full(rows, -1)
            place[kept] = np.arange(len(kept))
            return (np.array([[place[j] for j in lists[row] if place[j] >= 0][:k] for row in kept]),
                    kernel[np.ix_(kept, kept)])

        values = [[[expected.neighbour_score(name, a, b) for b in lists] for a in lists]
                  for lists in ([without(i, kept) for i in range(count)] for kept in stay)]
    elif name in KERNEL:
        whole = [expected.whole_kernel(name, x, **options) for x in matrices]
        values = []
        for kept in stay:
            parts = [expected.centred_kernel(name, kernel[np.ix_(kept, kept)]) for kernel in whole]
            values.append([[expected.cosine(a, b) for b in parts] for a in parts])
        if name == "distance_correlation":
            values = np.sqrt(values)
    else:
        values = [[[factor_score(name, a[kept], b[kept]) for b in matrices] for a in matrices] for kept in stay]
    result = error_of(values)
    np.fill_diagonal(result, np.nan)
    return result


class Jackknife(TestCase):
    def write(self, samples, widths=(1, 6, 50), positions=None, name="data"):
        """Layers with something in common; with positions of every sample that are alike. Returns their matrices."""
        rng = np.random.default_rng(21)
        shared = rng.standard_normal((samples, 8))
        layers, matrices = {}, []
        for number, width in enumerate(widths):
            x = np.tanh(shared @ rng.standard_normal((8, width)) + rng.standard_normal((samples, width)))
            if positions:
                x = x[:, None, :] + 0.1 * rng.standard_normal((samples, positions, width))
            layers[f"l{number}"] = x
            matrices.append(x.reshape(-1, width))
        acts.write_checkpoint(self.path(name, "n.h5"), "net", 0, layers)
        return matrices

    def check(self, results, name, want, tolerance=1e-9):
        np.testing.assert_allclose(results[name + "_se"].values, want, rtol=0, atol=tolerance, err_msg=name)

    def test_errors_are_those_of_leaving_out_every_input(self):
        matrices = self.write(33)
        names = (*KERNEL, *NEIGHBOURS)
        want = {name: errors(name, matrices, **({"metric": "euclidean"} if name in KERNEL else {})) for name in names}
        for ranks in (1, 3):
            results = self.compare([self.path("data")], "--measures", ",".join(names), "--jackknife", 33, "--exact",
                                   ranks=ranks, name=f"{ranks}.h5")
            for name in names:
                self.check(results, name, want[name])
                self.assertEqual(results[name + "_se"].attrs["method"], "delete-a-block jackknife")
                self.assertEqual(int(results[name + "_se"].attrs["blocks"]), 33)
        self.assertIn("width", results["cka_rbf_se"].attrs["fixed"])
        self.assertIn("ranks", results["rsa_spearman_se"].attrs["fixed"])

    def test_codes_of_16_bits_tell_what_double_precision_tells(self):
        self.write(2400, widths=(40, 70))
        names = [name for name in KERNEL if name != "rsa_spearman"]
        short, exact = (self.compare([self.path("data")], "--measures", ",".join(names), "--jackknife", 7, *options,
                                     ranks=2, name=f"{len(options)}.h5") for options in ((), ("--exact",)))
        for name in names:
            np.testing.assert_allclose(short[name + "_se"].values, exact[name + "_se"].values, rtol=1e-3, err_msg=name)

    def test_single_precision_tells_the_same(self):
        matrices = self.write(60, widths=(5, 20, 33, 70))
        results = self.compare([self.path("data")], "--measures", ",".join(KERNEL), "--jackknife", 60, ranks=2)
        for name in KERNEL:
            self.check(results, name, errors(name, matrices, metric="euclidean"), 1e-5)

    def test_without_a_sample_that_lies_far_out(self):
        matrices = [x.astype(np.float32) for x in self.write(80, widths=(1, 6, 100))]
        for number, x in enumerate(matrices):
            x[5 + number // 2] *= 1000  # of the first two the same
        acts.write_checkpoint(self.path("far", "n.h5"), "net", 0, {f"l{i}": x for i, x in enumerate(matrices)})
        names = ("distance_correlation", "distance_correlation_unbiased", "rsa_pearson")
        results = self.compare([self.path("far")], "--measures", ",".join(names), "--jackknife", 80, ranks=2)
        for name in names:
            self.check(results, name, errors(name, matrices, metric="euclidean"), 1e-5)

    def test_all_positions_of_an_input_are_left_out_together(self):
        matrices = self.write(14, widths=(5, 40), positions=4)
        names = (*KERNEL, *NEIGHBOURS, "cka", "cka_debiased")
        results = self.compare([self.path("data")], "--measures", ",".join(names), "--jackknife", 14, "--exact")
        for name in names:
            options = {"metric": "euclidean"} if name in KERNEL else {}
            self.check(results, name, errors(name, matrices, rows_per_input=4, **options), 1e-8)

    def test_options_of_the_measures(self):
        matrices = self.write(40, widths=(6, 30))
        results = self.compare([self.path("data")], "--measures", "cka_rbf,rsa_pearson,rsa_spearman,knn_lcs", "--exact",
                               "--bandwidth", "0.5", "--dissimilarity", "cosine", "--neighbours", "3",
                               "--neighbour-metric", "euclidean", "--jackknife", 100)  # more than there are samples
        self.check(results, "cka_rbf", errors("cka_rbf", matrices, bandwidth=0.5))
        for name in ("rsa_pearson", "rsa_spearman"):
            self.check(results, name, errors(name, matrices, metric="cosine"))
        self.check(results, "knn_lcs", errors("knn_lcs", matrices, k=3, metric="euclidean"))

    def test_measures_of_factors_too_unless_they_are_drawn(self):
        matrices = self.write(50, widths=(3, 6, 9))
        every = self.compare([self.path("data")], "--measures", ",".join((*FACTORS, "cka_rbf")), "--jackknife", 50,
                             "--exact", name="every.h5")
        for name in (*FACTORS, "cka_rbf"):
            self.check(every, name, errors(name, matrices))
        drawn = self.compare([self.path("data")], "--measures", "cka,cka_rbf", "--jackknife", 50, "--bootstrap", 5,
                             "--exact", name="drawn.h5")
        self.assertEqual(drawn["cka_se"].attrs["method"], "bootstrap")
        np.testing.assert_array_equal(drawn["cka_rbf_se"].values, every["cka_rbf_se"].values)

    def test_blocks_tell_what_single_inputs_tell(self):
        self.write(400, widths=(8, 12))
        names = ("cka_rbf", "rsa_spearman", "distance_correlation_unbiased", "knn_mutual", "cka")
        few, many = (self.compare([self.path("data")], "--measures", ",".join(names), "--jackknife", blocks, ranks=2,
                                  name=f"{blocks}.h5") for blocks in (25, 400))
        plain = self.compare([self.path("data")], "--measures", ",".join(names), name="plain.h5")
        for name in names:
            ratio = float(few[name + "_se"][0, 1] / many[name + "_se"][0, 1])
            self.assertGreater(ratio, 0.6, name)
            self.assertLess(ratio, 1.6, name)
            if name != "cka":  # which may be had from kernels otherwise
                np.testing.assert_array_equal(plain[name].values, few[name].values)

    def test_errors_are_the_spread_over_data_sets(self):
        rng = np.random.default_rng(8)
        names = ("cka_rbf", "cka_rbf_debiased", "rsa_pearson", "rsa_spearman", "distance_correlation", "knn_mutual",
                 "knn_jaccard", "cknna")
        maps = [rng.standard_normal((6, 10)) for _ in range(2)]
        for number in range(40):
            shared = rng.standard_normal((200, 6))
            layers = {f"l{i}": (shared @ maps[i] + 2 * rng.standard_normal((200, 10))).astype(np.float32)
                      for i in range(2)}
            acts.write_checkpoint(self.path("data", f"n{number:02}.h5"), f"n{number:02}", 0, layers,
                                  inputs_id=f"inputs {number}")
        results = self.compare([self.path("data")], "--measures", ",".join(names), "--jackknife", 20, code=1)
        for name in names:
            first = np.arange(0, 80, 2)
            spread = results[name].values[first, first + 1].std(ddof=1)
            mean = results[name + "_se"].values[first, first + 1].mean()
            self.assertGreater(mean / spread, 0.65, name)
            # Neighbours come and go with single samples: the jackknife is known to err on the large side there.
            self.assertLess(mean / spread, 2.3 if name in NEIGHBOURS else 1.5, name)

    def test_sets_of_inputs_of_different_sizes(self):
        rng = np.random.default_rng(17)
        matrices = []
        for samples in (25, 60):
            shared = rng.standard_normal((samples, 5))
            pair = [shared + rng.standard_normal((samples, 5)) for _ in range(2)]
            acts.write_checkpoint(self.path("data", f"{samples}.h5"), f"net{samples}", 0, {"a": pair[0], "b": pair[1]},
                                  inputs_id=f"{samples} inputs")
            matrices.append(pair)
        for measures in (("cka_rbf", "knn_mutual"), ("cka",)):
            results = self.compare([self.path("data")], "--measures", ",".join(measures), "--jackknife", 40, "--exact",
                                   ranks=2, code=1)
            for name in measures:
                found = results[name + "_se"].values
                np.testing.assert_allclose(found[:2, :2], errors(name, matrices[0]), atol=1e-9)  # 25 blocks of one
                self.assertGreater(found[2, 3], 0)  # 40 blocks
                self.assertTrue(np.isnan(found[:2, 2:]).all())

    def test_nothing_varies_between_equal_representations(self):
        x = np.random.default_rng(4).standard_normal((90, 7))
        acts.write_checkpoint(self.path("data", "n.h5"), "net", 0, {"a": x, "b": x, "c": 3 * x + 1})
        results = self.compare([self.path("data")], "--measures", ",".join((*KERNEL, "knn_mutual")), "--jackknife", 9)
        for name in (*KERNEL, "knn_mutual"):
            self.assertLess(float(results[name + "_se"][0, 1]), 1e-6, name)
            self.assertTrue(np.isnan(results[name + "_se"].values[0, 0]))
        self.assertLess(float(results["rsa_spearman_se"][0, 2]), 1e-6)

    def test_neighbours_of_one_block_all_at_once(self):
        """Inputs with so many positions alike that a block takes away more neighbours than are in reserve."""
        rng = np.random.default_rng(9)
        centres = rng.standard_normal((12, 4))
        layers, matrices = {}, []
        for name in ("a", "b"):
            x = centres[:, None, :] + 1e-3 * rng.standard_normal((12, 40, 4))
            layers[name] = x
            matrices.append(x.reshape(-1, 4))
        acts.write_checkpoint(self.path("data", "n.h5"), "net", 0, layers)
        results = self.compare([self.path("data")], "--measures", "knn_mutual,knn_cycle", "--neighbours", "45",
                               "--jackknife", 12, "--exact")
        for name in ("knn_mutual", "knn_cycle"):
            self.check(results, name, errors(name, matrices, rows_per_input=40, k=45))

    def test_few_samples(self):
        rng = np.random.default_rng(2)
        acts.write_checkpoint(self.path("few", "n.h5"), "net", 0,
                              {"a": rng.standard_normal((4, 3)), "b": rng.standard_normal((4, 2))})
        results = self.compare([self.path("few")], "--measures", "cka_rbf,cka_rbf_debiased,knn_mutual", "--jackknife", 20)
        self.assertGreater(float(results["cka_rbf_se"][0, 1]), 0)
        self.assertTrue(np.isnan(float(results["cka_rbf_debiased_se"][0, 1])))  # three samples are too few
        self.assertEqual(float(results["knn_mutual_se"][0, 1]), 0)  # both others are the only neighbours there are
        acts.write_checkpoint(self.path("one", "n.h5"), "net", 0,
                              {"a": rng.standard_normal((1, 9, 3)), "b": rng.standard_normal((1, 9, 2))})
        results = self.compare([self.path("one")], "--measures", "cka,cka_rbf,knn_mutual", "--jackknife", 20)
        for name in ("cka", "cka_rbf", "knn_mutual"):
            self.assertTrue(np.isnan(results[name + "_se"].values).all(), name)  # positions of one input are no sample

    def test_same_bits_at_any_number_of_ranks_and_beside_failed_layers(self):
        x, y = self.write(150, widths=(7, 30))
        bad = x.copy()
        bad[3, 1] = np.nan
        acts.write_checkpoint(self.path("bad", "n.h5"), "net", 0, {"x": x, "y": y, "bad": bad, "z": y[:, :1]})
        options = ("--measures", "all", "--jackknife", "6")
        every = [self.compare([self.path("bad")], *options, ranks=ranks, code=1, name=f"{ranks}.h5")
                 for ranks in (1, 2, 3, 4)]
        for name in (*KERNEL, *NEIGHBOURS, "cca", "pwcca"):
            self.assertTrue(np.isfinite(every[0][name + "_se"].values[0, 1]), name)
            for other in every[1:]:
                np.testing.assert_array_equal(other[name + "_se"].values, every[0][name + "_se"].values, err_msg=name)
            self.assertTrue(np.isnan(every[0][name + "_se"].values[2]).all(), name)

    def test_refused_without_a_measure_it_serves(self):
        self.write(60, widths=(4, 5))
        for measures, more in (("cka_minibatch", ()), ("cka", ("--bootstrap", 5))):
            run = confer("compare", self.path("data"), "--measures", measures, "--jackknife", 5, *more, "--output",
                         self.path("out", "r.h5"), ranks=2)
            self.assertEqual(run.code, 2, run.err)
            self.assertIn("--jackknife", run.err)

    def test_measures_that_get_no_errors_are_named(self):
        self.write(60, widths=(4, 5))
        for more in ((), ("--bootstrap", 3)):
            run = confer("compare", self.path("data"), "--measures", "all", "--jackknife", 3, *more, "--fresh",
                         "--output", self.path("out", "r.h5"), ranks=2)
            self.assertEqual(run.code, 0, run.err)
            said = [line for line in run.err.splitlines() if line.startswith("confer: no standard errors for ")]
            self.assertEqual(len(said), 1, run.err)
            named = said[0].removeprefix("confer: no standard errors for ").split(" (")[0].split(", ")
            self.assertIn("cka_minibatch", named)
            results = open_results(self.path("out", "r.h5"))
            for name, variable in results.data_vars.items():
                if "formula" in variable.attrs:
                    self.assertEqual(name in named, name + "_se" not in results, name)
                    self.assertEqual(name in named, "resampling" in variable.attrs, name)


class InterruptedJackknife(interrupted.InterruptedJob):
    def test_a_stopped_jackknife_goes_on_to_the_same_errors(self):
        names = ("cka_rbf", "rsa_spearman", "knn_mutual", "cka")
        self.expect_draws_go_on("jackknife.draws", (*names, *(name + "_se" for name in names)),
                                "--jackknife", "12", "--measures", ",".join(names))

    def test_other_blocks_are_not_taken_for_these(self):
        options = ("--measures", "cka_rbf,knn_mutual")
        reference = self.compare([self.data], *options, "--jackknife", "8", name="reference.h5")
        state = self.output + ".journal/jackknife.draws"
        process = self.start(*options, "--jackknife", "64")
        while process.poll() is None and not os.path.exists(state):
            pass
        for pid in self.ranks_of(process):
            os.kill(pid, signal.SIGUSR1)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75)
        run = confer("compare", self.data, "--output", self.output, "--quiet", *options, "--jackknife", "8", ranks=2)
        self.assertEqual(run.code, 0, run.err)
        results = open_results(self.output)
        for name in ("cka_rbf_se", "knn_mutual_se"):
            np.testing.assert_array_equal(results[name].values, reference[name].values, err_msg=name)


if __name__ == "__main__":
    unittest.main()

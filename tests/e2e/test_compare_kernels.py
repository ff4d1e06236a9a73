"""Kernel and neighbour measures of `confer compare`: against the oracle, over ranks and restarts, on bad data."""
import os
import unittest

import numpy as np

import acts
import kernel_oracle as expected
import oracle
from program import DATA, TestCase, confer, open_results

A = os.path.join(DATA, "A")
LINEAR = ("cka", "cka_debiased")


class CompareKernels(TestCase):

    def write(self, samples, widths=(1, 7, 40), networks=2, layers=None, seed=0, name="data"):
        """Networks with something in common; the last layer is wider than the samples are many. Returns matrices."""
        rng = np.random.default_rng(seed)
        shared = rng.standard_normal((samples, 12))
        matrices = []
        for net in range(networks):
            values = {}
            for number, width in enumerate((*widths, samples + 9)):
                x = np.maximum(shared @ rng.standard_normal((12, width)) + 2 * rng.standard_normal((samples, width)), 0)
                values[f"l{number}"] = (x + 0.1 * rng.standard_normal(x.shape)).astype(np.float32)
            acts.write_checkpoint(self.path(name, f"n{net}.h5"), f"n{net}", 0, layers or values)
            matrices += values.values()
        return matrices

    def check(self, names, results, features, score, tolerance):
        for name in names:
            want = np.array([[score(name, *((a[name], b[name]) if isinstance(a, dict) else (a, b))) for b in features]
                             for a in features])
            # Two distances of one representation that rounding swaps or joins change rho-a by 6/N^2 or less.
            allowed = max(tolerance, 1e-8) if name == "rsa_spearman" else tolerance
            np.testing.assert_allclose(results[name].values, want, rtol=0, atol=allowed, err_msg=name)

    def test_kernels_agree_with_the_oracle(self):
        features = [expected.kernel_features(x) for x in self.write(301)]
        for options, tolerance in (((), 1e-5), (("--exact",), 1e-10)):
            results = self.compare([self.path("data")], *options, "--measures", ",".join((*LINEAR, *expected.KERNEL)),
                                   ranks=2)
            self.check((*LINEAR, *expected.KERNEL), results, features, expected.kernel_score, tolerance)
            self.assertEqual(results["cka"].attrs["computed_from"], "kernels of samples")
            for name in ("cka_rbf", "rsa_pearson", "rsa_spearman"):
                self.assertTrue(np.isfinite(results[f"{name}_z"].values[0, 1]), name)

    def write_far_out(self, samples, times, name, dtype=np.float32):
        """Three layers, of one neuron, of some and of many; in each one sample lies so many times as far out as the
        others, or several in different directions where `times` are several."""
        rng = np.random.default_rng(samples)
        shared, layers = rng.standard_normal((samples, 6)), {}
        for number, width in enumerate((1, 9, max(samples // 4, 30))):
            x = np.tanh(shared @ rng.standard_normal((6, width)) / 2) + 0.5 * rng.standard_normal((samples, width))
            for place, factor in enumerate(np.atleast_1d(times)):
                x[(number + 2 * place) % samples] *= factor
            layers[f"l{number}"] = x.astype(dtype)
        acts.write_checkpoint(self.path(name, "n.h5"), "n", 0, layers)
        return list(layers.values())

    def test_samples_far_out_cost_no_digits(self):
        names = ("distance_correlation", "distance_correlation_unbiased", "rsa_pearson", "cka_rbf")
        for samples in (4, 5, 90, 700):
            for times in (15, 100, 1e3, 1e5, (1e4, -300, 40)):
                with self.subTest(samples=samples, times=times):
                    name = f"{samples}-{times}"
                    features = [expected.kernel_features(x) for x in self.write_far_out(samples, times, name)]
                    # In double precision squared distances lose the square of 1e5 over the number of samples.
                    for options, tolerance in (((), 2e-6), (("--exact",), 1e-6)):
                        results = self.compare([self.path(name)], "--measures", ",".join(names), *options)
                        self.check(names, results, features, expected.kernel_score, tolerance)

    def test_samples_near_each_other_cost_no_digits(self):
        names = ("distance_correlation", "distance_correlation_unbiased", "rsa_pearson")
        rng = np.random.default_rng(6)
        for samples in (40, 200):
            for distance in (0, 1e-5, 1e-3):
                name, layers = f"{samples}-{distance}", {}
                for number, x in enumerate(self.write(samples // 2, name=name)[:3]):
                    twice = np.repeat(x, 2, axis=0)
                    moved = twice + distance * rng.standard_normal(twice.shape)
                    layers[f"l{number}"] = moved.astype(np.float32)
                acts.write_checkpoint(self.path(f"pairs {name}", "n.h5"), "n", 0, layers)
                results = self.compare([self.path(f"pairs {name}")], "--measures", ",".join(names))
                self.check(names, results, [expected.kernel_features(x) for x in layers.values()],
                           expected.kernel_score, 2e-6)

    def test_bits_beside_samples_far_out_do_not_depend_on_ranks(self):
        self.write_far_out(300, 1e3, "far")
        self.write_far_out(300, 1, "near")
        names = ("distance_correlation_unbiased", "rsa_pearson", "cka_minibatch")  # also products of the wide rows
        first = self.compare([self.path("far")], "--measures", ",".join(names))
        for ranks in (2, 3, 4):
            other = self.compare([self.path("far")], "--measures", ",".join(names), "--fresh", ranks=ranks)
            for name in names:
                np.testing.assert_array_equal(other[name].values.view(np.int64), first[name].values.view(np.int64))

    def test_options_of_kernels(self):
        matrices = [x for x in self.write(150) if x.shape[1] > 1]  # a single value has no direction
        for metric, name in (("sqeuclidean", "sqeuclidean"), ("cosine", "cosine"), ("correlation", "correlation")):
            features = [expected.kernel_features(x, metric=name) for x in matrices]
            results = self.compare([self.path("data")], "--layers", "l1,l2,l3", "--dissimilarity", metric, "--exact",
                                   "--measures", "rsa_pearson,rsa_spearman")
            self.check(("rsa_pearson", "rsa_spearman"), results, features, expected.kernel_score, 1e-10)
        features = [expected.kernel_features(x, bandwidth=0.4, batch=64) for x in matrices]
        results = self.compare([self.path("data")], "--layers", "l1,l2,l3", "--bandwidth", "0.4", "--batch", "64",
                               "--measures", "cka_rbf,cka_minibatch")
        self.check(("cka_rbf", "cka_minibatch"), results, features, expected.kernel_score, 1e-5)
        self.assertEqual(results["cka_rbf"].attrs["bandwidth"], 0.4)
        self.assertEqual(results["cka_minibatch"].attrs["batch"], 64)

    def test_whole_numbers_tie(self):
        rng = np.random.default_rng(1)
        layers = {f"l{p}": rng.integers(0, 3, (130, p)).astype(np.float32) for p in (2, 6, 140)}
        acts.write_checkpoint(self.path("data", "n.h5"), "n", 0, layers)
        results = self.compare([self.path("data")], "--exact", "--measures", "rsa_spearman,knn_mutual,knn_lcs",
                               "--neighbour-metric", "euclidean")
        features = [expected.kernel_features(x) for x in layers.values()]
        self.check(("rsa_spearman",), results, features, expected.kernel_score, 1e-10)
        self.assertLess(results["rsa_spearman"].values[0, 0], 1)  # rho-a of ties
        lists = [expected.neighbours(x, 10, "euclidean") for x in layers.values()]
        self.check(("knn_mutual", "knn_lcs"), results, lists, expected.neighbour_score, 1e-12)

    def test_ties_among_so_many_that_ranks_have_16_bits(self):
        rng = np.random.default_rng(4)
        shared = rng.integers(0, 3, (2100, 1))
        layers = {f"l{p}": (shared + rng.integers(0, 2, (2100, p))).astype(np.float32) for p in (1, 2, 5)}
        acts.write_checkpoint(self.path("data", "n.h5"), "n", 0, layers)
        results = self.compare([self.path("data")], "--measures", "rsa_spearman")
        features = [expected.kernel_features(x) for x in layers.values()]
        self.check(("rsa_spearman",), results, features, expected.kernel_score, 1.5e-6)

    def test_rows_in_16_bits_agree_with_the_oracle(self):
        """Where distances alone are looked at, the store holds half of single precision."""
        matrices = self.write(600, widths=(1, 50, 130))
        names = ("cka_rbf", "distance_correlation", "rsa_pearson")
        store = self.path("store")
        results = self.compare([self.path("data")], "--measures", ",".join(names), "--scratch", store, ranks=2)
        features = [expected.kernel_features(x) for x in matrices]
        self.check(names, results, features, expected.kernel_score, 1e-5)
        full = [4 * 600 * x.shape[1] for x in matrices]
        sizes = sorted(os.path.getsize(os.path.join(store, name)) for name in os.listdir(store) if name.endswith(".rows"))
        self.assertLess(sizes[-1], 0.6 * max(full))  # wide ones
        self.assertGreater(sizes[0], min(full))  # a single neuron is kept as it is
        other = self.compare([self.path("data")], "--measures", ",".join(names), "--fresh", ranks=3)
        for name in names:
            np.testing.assert_array_equal(other[name].values.view(np.int64), results[name].values.view(np.int64), name)

    def test_neighbours_agree_with_the_oracle(self):
        matrices = self.write(220)
        for metric, k in (("cosine", 10), ("platonic", 5), ("euclidean", 17)):
            lists = [expected.neighbours(x, k, metric) for x in matrices[1:4] + matrices[5:]]
            results = self.compare([self.path("data")], "--layers", "l1,l2,l3", "--measures",
                                   ",".join(expected.NEIGHBOURS), "--neighbours", k, "--neighbour-metric", metric,
                                   ranks=2)
            self.check(expected.NEIGHBOURS, results, lists, expected.neighbour_score, 1e-6)
            self.assertAlmostEqual(float(results["knn_mutual_null"][0, 1]), k / 219, places=12)
            self.assertEqual(results["knn_mutual"].attrs["neighbours"], k)

    def test_real_networks(self):
        names = (*LINEAR, "cka_rbf", "rsa_pearson", "distance_correlation", "knn_mutual")
        results = self.compare([A], "--layers", "fc*,logits", "--measures", ",".join(names), ranks=3)
        matrices = [r.matrix for r in oracle.load(oracle.files(A)) if not r.layer.startswith("conv")]
        features = [expected.kernel_features(x) for x in matrices]
        self.check(names[:-1], results, features, expected.kernel_score, 1e-5)
        lists = [expected.neighbours(x, 10) for x in matrices]
        self.check(("knn_mutual",), results, lists, expected.neighbour_score, 1e-9)
        # Networks that generalise agree on neighbours more than those that memorise, and far more than chance.
        at = results.network.values
        other = at[:, None] != at[None, :]
        same_layer = results.layer.values[:, None] == results.layer_b.values[None, :]

        def level(kind):
            member = np.array([kind in str(name) for name in at])
            return results["knn_mutual"].values[other & same_layer & member[:, None] & member[None, :]].mean()

        self.assertGreater(level("gen"), level("mem"))
        self.assertGreater(level("gen"), 3 * 10 / (float(results["samples"][0]) - 1))

    def test_summary_of_networks(self):
        self.write(80)
        results = self.compare([self.path("data")], "--measures", "cka_rbf,procrustes_angle")
        self.assertEqual(results["cka_rbf_best"].dims, ("checkpoint_a", "checkpoint_b"))
        self.assertEqual(list(results["checkpoint_a"].values), ["n0@0", "n1@0"])
        for name, best in (("cka_rbf", np.max), ("procrustes_angle", np.min)):
            block = results[name].values[:4, 4:]
            self.assertEqual(float(results[f"{name}_best"][0, 1]), best(block))
            a, b = int(results[f"{name}_best_a"][0, 1]), int(results[f"{name}_best_b"][0, 1])
            self.assertEqual(results[name].values[a, b], best(block))
            self.assertAlmostEqual(float(results[f"{name}_layer_mean"][0, 1]), np.diag(block).mean(), places=12)
        matrix = self.write(80)[1]
        values = np.linalg.svd(matrix - matrix.mean(0, dtype=float), compute_uv=False)
        share = values / values.sum()
        self.assertAlmostEqual(float(results["effective_rank"][1]), np.exp(-np.sum(share * np.log(share))), places=5)
        self.assertTrue(np.isfinite(results["spectrum_exponent"].values[1]))

    def test_bits_do_not_depend_on_ranks_or_restarts(self):
        self.write(420, networks=3)
        names = ",".join((*LINEAR, *expected.KERNEL, *expected.NEIGHBOURS))
        reference = self.compare([self.path("data")], "--measures", names)

        def same(results):
            for name in reference.data_vars:
                if reference[name].dims == ("a", "b") and reference[name].dtype.kind == "f":
                    np.testing.assert_array_equal(results[name].values.view(np.int64),
                                                  reference[name].values.view(np.int64), name)

        for ranks in (2, 3, 4):
            same(self.compare([self.path("data")], "--measures", names, "--fresh", ranks=ranks))
        output = self.path("out", "stopped.h5")
        for limit in ("0.01", "0.3", "0.6"):
            run = confer("compare", self.path("data"), "--output", output, "--quiet", "--measures", names,
                         "--time-limit", limit, ranks=2)
            self.assertIn(run.code, (0, 75), run.err)
            if run.code == 0:
                break
        run = confer("compare", self.path("data"), "--output", output, "--quiet", "--measures", names, ranks=3)
        self.assertEqual(run.code, 0, run.err)
        same(open_results(output))

    def test_other_measures_beside_them_change_nothing(self):
        self.write(90)
        alone = self.compare([self.path("data")], "--measures", "cka_rbf,knn_mutual")
        mixed = self.compare([self.path("data")], "--measures", "core,cka_rbf,knn_mutual", "--fresh")
        for name in ("cka_rbf", "knn_mutual"):
            np.testing.assert_allclose(mixed[name].values, alone[name].values, rtol=0, atol=2e-7)
        linear = self.compare([self.path("data")], "--measures", "cka,cka_debiased", "--fresh")
        for name in LINEAR:
            np.testing.assert_allclose(linear[name].values, mixed[name].values, rtol=0, atol=1e-6, err_msg=name)

    def test_degenerate_representations(self):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((60, 5)).astype(np.float32)
        clustered = np.repeat(x[:2], 30, axis=0)  # more than half of the distances are zero or equal
        one_hot = np.zeros((60, 5), np.float32)
        one_hot[0, 0] = 1  # nearly all samples coincide: no bandwidth, no direction
        acts.write_checkpoint(self.path("data", "n.h5"), "n", 0,
                              {"good": x, "clusters": clustered, "dead": np.zeros_like(x), "rare": one_hot})
        results = self.compare([self.path("data")], "--measures", "cka_rbf,rsa_spearman,distance_correlation,knn_mutual",
                               "--dissimilarity", "cosine", code=1)
        layers = list(results["layer"].values)
        good, dead, rare = layers.index("good"), layers.index("dead"), layers.index("rare")
        meanings = results["pair_status"].attrs["flag_meanings"].split()
        self.assertEqual(meanings[int(results["pair_status"][good, dead])], "representation_failed")
        self.assertEqual(meanings[int(results["pair_status"][good, rare])], "undefined")
        self.assertTrue(np.isnan(results["cka_rbf"].values[good, rare]))
        self.assertTrue(np.isfinite(results["distance_correlation"].values[good, rare]))
        self.assertAlmostEqual(float(results["cka_rbf"][good, good]), 1.0, places=12)
        few = {"a": x[:3], "b": x[3:6, :2]}
        acts.write_checkpoint(self.path("few", "n.h5"), "n", 0, few)
        results = self.compare([self.path("few")], "--measures", "cka_rbf,cka_rbf_debiased,knn_mutual,cknna", code=1)
        self.assertTrue(np.isnan(results["cka_rbf_debiased"].values).all())
        self.assertTrue(np.isfinite(results["cka_rbf"].values).all())
        self.assertEqual(float(results["knn_mutual"][0, 1]), 1.0)  # both others are the only neighbours there are

    def test_equal_distances_have_no_correlation(self):
        for samples in (4, 5, 80, 400):
            rng = np.random.default_rng(samples)
            layers = {"equal": np.eye(samples), "scaled": 3.3 * np.eye(samples) + 0.7,
                      "good": rng.standard_normal((samples, 3))}
            acts.write_checkpoint(self.path(f"{samples}", "n.h5"), "n", 0,
                                  {name: x.astype(np.float32) for name, x in layers.items()})
            for options in ((), ("--exact",)):
                names = ("distance_correlation", "distance_correlation_unbiased", "rsa_pearson")
                results = self.compare([self.path(f"{samples}")], "--measures", ",".join(names), *options, code=1)
                for name in names[1:]:
                    found = results[name].values
                    self.assertAlmostEqual(found[2, 2], 1, places=12, msg=(name, samples))
                    self.assertTrue(np.isnan(found[:2]).all() and np.isnan(found[:, :2]).all(), (name, samples, found))
                self.assertTrue(np.isfinite(results["distance_correlation"].values).all())

    def test_independent_data_are_at_chance(self):
        rng = np.random.default_rng(5)
        for net in range(6):
            acts.write_checkpoint(self.path("data", f"n{net}.h5"), f"n{net}", 0,
                                  {"l": rng.standard_normal((500, 20)).astype(np.float32)})
        names = ("cka_rbf", "cka_rbf_debiased", "rsa_pearson", "rsa_spearman", "distance_correlation_unbiased",
                 "knn_mutual", "knn_jaccard")
        results = self.compare([self.path("data")], "--measures", ",".join(names), ranks=2)
        for name in names:
            z = results[f"{name}_z"].values[np.triu_indices(6, 1)]
            self.assertLess(np.abs(z).max(), 4.5, name)
            self.assertLess(abs(z.mean()), 1.5, name)
            self.assertGreater(np.abs(z).mean(), 0.2, name)


if __name__ == "__main__":
    unittest.main()

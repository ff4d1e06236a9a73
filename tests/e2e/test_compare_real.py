"""`confer compare` on activations of really trained networks, against the NumPy oracle and published numbers."""
import os
import shutil
import unittest

import numpy as np

import oracle
from program import DATA, TestCase

A = os.path.join(DATA, "A")
MLP = os.path.join(DATA, "C", "mlp-s0")
DIGITS = os.path.join(DATA, "D")
PAIR = os.path.join(DATA, "E", "pair-relu-rich-s0")
GRU = os.path.join(DATA, "F")
PUBLISHED = os.path.join(DATA, "third_party")


class CompareReal(TestCase):
    def check(self, results, representations, tolerance, **oracle_options):
        """Every core measure, its chance level and the coordinates agree with the oracle; NaN only where it has NaN."""
        expected = oracle.all_pairs(representations, **oracle_options)
        self.assertEqual(list(results["label"].values), [r.label for r in representations])
        self.assertEqual(list(results["label_b"].values), [r.label for r in representations])
        np.testing.assert_array_equal(results["rank"].values, [r.rank for r in representations])
        np.testing.assert_array_equal(results["features"].values, [r.matrix.shape[1] for r in representations])
        np.testing.assert_allclose(results["participation_ratio"].values,
                                   [r.participation_ratio if r.rank else np.nan for r in representations], rtol=1e-6)
        for name in oracle.MEASURES:
            got, want = results[name].values, expected[name]
            if name == "procrustes_angle":  # near 0 an angle has half of the digits that its cosine has
                got, want = np.cos(got), np.cos(want)
            np.testing.assert_array_equal(np.isnan(got), np.isnan(want), name)
            allowed = tolerance
            if name == "pwcca":  # ill-defined where canonical correlations are equal
                allowed = tolerance + 20 * oracle.pairwise(oracle.pwcca_looseness, representations)
            self.assertLessEqual(np.nanmax(np.abs(got - want) - allowed), 0, name)
        for name in oracle.WITH_CHANCE:
            np.testing.assert_allclose(results[f"{name}_null"].values, expected[f"{name}_null"], rtol=1e-6,
                                       err_msg=name)
            np.testing.assert_allclose(results[f"{name}_z"].values, expected[f"{name}_z"], rtol=1e-4, atol=1e-4,
                                       err_msg=name)
        np.testing.assert_allclose(results["cca_null"].values, expected["cca_null"], rtol=0, atol=1e-6)
        others = ~np.eye(len(representations), dtype=bool)
        np.testing.assert_array_equal(results["cca_above_edge"].values[others], expected["cca_above_edge"][others])
        return expected

    def test_four_networks_agree_with_the_oracle(self):
        results = self.compare([A], ranks=2)
        self.assertEqual(results["cka"].dims, ("a", "b"))
        self.assertEqual(results["cka"].shape, (20, 20))
        self.check(results, oracle.load(oracle.files(A)), 1e-6)

    def test_exact_agrees_to_rounding(self):
        for data in (A, MLP):
            with self.subTest(data):
                results = self.compare([data], "--exact", ranks=2)
                representations = oracle.load(oracle.files(data))
                self.check(results, representations, 1e-9)
                expected = oracle.pairwise(oracle.pwcca, representations)
                self.assertLess(np.abs(results["pwcca"].values - expected).max(), 1e-9)

    def test_checkpoints_of_one_run(self):
        self.check(self.compare([MLP]), oracle.load(oracle.files(MLP)), 1e-6)

    def test_more_features_than_samples(self):
        self.check(self.compare([DIGITS], ranks=3), oracle.load(oracle.files(DIGITS)), 1e-6)

    def test_conv_layouts(self):
        for rule in ("positions", "flatten"):
            with self.subTest(rule):
                results = self.compare([A], "--conv", rule, "--layers", "conv*")
                kept = [r for r in oracle.load(oracle.files(A), conv=rule) if r.layer.startswith("conv")]
                self.check(results, kept, 1e-6)

    def test_sequence_layouts(self):
        for rule in ("positions", "last", "mean", "flatten"):
            with self.subTest(rule):
                results = self.compare([GRU], "--sequence", rule, ranks=2)
                self.check(results, oracle.load(oracle.files(GRU), sequence=rule), 1e-6)

    def test_steps_of_a_trajectory(self):
        representations = oracle.load(oracle.files(PAIR))
        step = sorted({r.step for r in representations})[100]
        results = self.compare([PAIR], "--steps", step, "--measures", "cka,procrustes")
        kept = [r.factor() for r in representations if r.step == step]
        self.assertEqual(list(results["label"].values), [r.label for r in kept])
        # Two samples leave one direction: every similarity of two representations that see a difference is 1.
        np.testing.assert_allclose(results["cka"].values, 1.0, atol=1e-6)

    def test_kept_components_and_rank_rule(self):
        for options, arguments, tolerance in (
                (("--variance", "0.9"), {"variance": 0.9}, 1e-6), (("--components", "5"), {"components": 5}, 1e-6),
                # Debiased CKA takes the lengths of whole rows, also of what the rank rule leaves out.
                (("--rank-tolerance", "1e-2"), {"relative_tolerance": 1e-2}, 1e-5)):
            with self.subTest(options):
                self.check(self.compare([MLP], *options), oracle.load(oracle.files(MLP)), tolerance, **arguments)

    def test_a_range_of_samples(self):
        results = self.compare([A], "--samples", "250:850", ranks=2)
        kept = oracle.load(oracle.files(A))
        for r in kept:  # the rank rule looks at the values in use
            r.matrix = r.matrix[250:850]
        expected = oracle.all_pairs(kept)
        np.testing.assert_array_equal(results["samples"].values, 600)
        np.testing.assert_allclose(results["cka"].values, expected["cka"], atol=1e-6)
        np.testing.assert_allclose(results["pwcca"].values, expected["pwcca"], atol=1e-3)

    def test_other_inputs_are_never_compared(self):
        results = self.compare([A, MLP, DIGITS, GRU], "--steps", "last", code=1)
        networks = results["network"].values
        status = results["pair_status"]
        meanings = dict(zip(np.atleast_1d(status.attrs["flag_values"]).tolist(), status.attrs["flag_meanings"].split()))
        for name in oracle.MEASURES:
            nan = np.isnan(results[name].values)
            self.assertTrue(nan.any(), name)
            reasons = {meanings[int(code)] for code in status.values[nan]}
            self.assertFalse(reasons & {"ok", "saturated"}, name)
        families = np.array([str(f) for f in results["family"].values])
        other = families[:, None] != families[None, :]
        np.testing.assert_array_equal(np.isnan(results["cka"].values), other)
        self.assertGreaterEqual(len(set(networks)), 7)

    def test_published_numbers(self):
        results = self.compare([PUBLISHED], "--coefficients", "--measures", "pwcca,svcca,cca", ranks=2)
        first, second = results["network"].values.tolist()
        self.assertEqual((first, second), ("svcca-mnist-0", "svcca-mnist-1"))
        self.assertAlmostEqual(float(results["pwcca"][0, 1]), 0.80744, delta=5e-6)
        self.assertAlmostEqual(float(results["pwcca"][1, 0]), 0.79896, delta=5e-6)
        self.assertAlmostEqual(float(results["svcca"][0, 1]), 0.77875, delta=5e-6)
        self.assertAlmostEqual(float(results["cca"][0, 1]), 0.705726, delta=1e-6)
        pairs = list(zip(results["pair_a"].values.tolist(), results["pair_b"].values.tolist()))
        rho = results["canonical_correlation"].values[pairs.index((0, 1)) if (0, 1) in pairs else pairs.index((1, 0))]
        printed = [.946246, .920247, .905424, .883260, .847350, .777148, .736530, .574116, .376654, .090288]
        np.testing.assert_allclose(rho[:10], printed, rtol=0, atol=1e-6)
        x, y = (r.factor() for r in oracle.load(oracle.files(PUBLISHED)))
        np.testing.assert_allclose(rho[:10], oracle.canonical_correlations(x, y), rtol=0, atol=1e-7)

    def test_bit_identical_for_any_ranks_and_order(self):
        paths = oracle.files(A, MLP)
        reference = self.compare(paths, code=1, name="1.h5")
        shuffled = list(np.random.default_rng(3).permutation(paths))
        moved = []
        for i, path in enumerate(reversed(paths)):  # other names and places, too
            moved.append(self.path("moved", f"{i:02d}.h5"))
            shutil.copy(path, moved[-1])
        for name, data, ranks in (("2.h5", paths, 2), ("3.h5", shuffled, 3), ("4.h5", [os.path.dirname(moved[0])], 4)):
            with self.subTest(name):
                results = self.compare(data, ranks=ranks, code=1, name=name)
                self.assertEqual(set(results.variables), set(reference.variables))
                for variable in reference.variables:
                    if variable == "key" or set(reference[variable].dims) & {"phase", "file"}:
                        continue  # time, place and age of files
                    want, got = reference[variable].values, results[variable].values
                    if want.dtype.kind == "f":  # bits, with equal NaN
                        want, got = want.view(np.int64), got.view(np.int64)
                    np.testing.assert_array_equal(got, want, variable)

    def test_attributes_say_what_the_numbers_are(self):
        results = self.compare([MLP])
        for name in oracle.MEASURES:
            for attribute in ("long_name", "formula", "reference", "kind", "symmetric", "range"):
                self.assertIn(attribute, results[name].attrs, name)
        self.assertEqual(results["cka"].attrs["kind"], "similarity")
        self.assertEqual(results["procrustes_angle"].attrs["kind"], "distance")
        np.testing.assert_array_equal(results["cka"].values, results["cka"].values.T)


if __name__ == "__main__":
    unittest.main()

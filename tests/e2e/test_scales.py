"""Measures do not depend on the scale of activations: neither overflow nor underflow may, short of refusing a layer."""
import unittest

import numpy as np

import acts
from program import TestCase, confer, open_results


class Scales(TestCase):

    def write(self, name, scale):
        rng = np.random.default_rng(0)
        base = rng.standard_normal((60, 5))
        for net in range(2):
            layers = {"tall": (base @ rng.standard_normal((5, 7)) + rng.standard_normal((60, 7)) + 2) * scale,
                      "wide": rng.standard_normal((60, 80)) * scale}
            acts.write_checkpoint(self.path(name, f"net{net}.h5"), f"net{net}", 0, layers,
                                  targets={"labels": np.arange(60) % 3})
        return self.path(name)

    def test_values_do_not_depend_on_scale(self):
        options = ("--measures", "all", "--bootstrap", "2", "--permutations", "2")
        expected = self.compare([self.write("one", 1.0)], *options, code=1, name="one.h5")
        for scale in (1e-140, 1e-37, 1e37, 1e150):
            results = self.compare([self.write(f"by{scale}", scale)], *options, code=1, ranks=2, name=f"by{scale}.h5")
            np.testing.assert_array_equal(results["pair_status"].values, expected["pair_status"].values)
            np.testing.assert_allclose(results["total_variance"].values / scale**2, expected["total_variance"].values, 1e-6)
            for name in expected.data_vars:
                if expected[name].dims in (("a", "b"), ("checkpoint_a", "checkpoint_b")) and expected[name].dtype == float:
                    np.testing.assert_allclose(results[name].values, expected[name].values, rtol=1e-4, atol=1e-6,
                                               err_msg=f"{name} {scale}")

    def test_squares_beyond_double_precision_are_refused(self):
        for scale, status, reason in ((1e200, "nonfinite", "so large that their squares"),
                                      (1e-200, "constant", "so small that their squares")):
            data = self.write(f"by{scale}", scale)
            for options in ((), ("--svd", "scalapack"), ("--rank-tolerance", "1e-3")):
                results = self.compare([data], "--fresh", *options, code=1, ranks=2)
                self.assertEqual(set(results["status"].values), {status})
                self.assertIn(reason, str(results["status_detail"].values[0]))
                self.assertTrue((results["pair_status"].values != 0).all())
            run = confer("align", data, "--target", "labels", "--output", self.path("align.h5"), "--quiet")
            self.assertEqual(run.code, 1, run.err)
            self.assertIn(reason, str(open_results(self.path("align.h5"))["status_detail"].values[0]))
            for command in ("match", "dynamics"):
                options = ("--convergence",) if command == "dynamics" else ()
                run = confer(command, data, "--output", self.path(command + ".h5"), "--quiet", *options)
                self.assertIn(run.code, (0, 1, 3), run.err)

    def test_noise_below_the_stored_type_is_no_variation(self):
        values = (np.float32(1) + np.random.default_rng(1).integers(0, 2, (50, 4)) * np.float32(2.0**-23)).astype("f4")
        other = np.random.default_rng(2).standard_normal((50, 4)).astype("f4")
        acts.write_checkpoint(self.path("noise", "net.h5"), "net", 0, {"noise": values, "signal": other})
        results = self.compare([self.path("noise")], code=1)
        self.assertEqual(list(results["status"].values), ["constant", "ok"])
        self.assertIn("rounding of the stored numbers", str(results["status_detail"].values[0]))


if __name__ == "__main__":
    unittest.main()

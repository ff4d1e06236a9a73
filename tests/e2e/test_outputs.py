"""What stands where the output shall be, or beside the data: nothing of the user's is lost, results are no data."""
import os
import unittest

import h5py
import numpy as np

import acts
from program import TestCase, confer, open_results


class Outputs(TestCase):

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(0)
        for net in range(2):
            acts.write_checkpoint(self.path("data", f"net{net}.h5"), f"net{net}", 0,
                                  {"a": rng.standard_normal((30, 4)), "b": rng.standard_normal((30, 3))},
                                  targets={"labels": np.arange(30) % 2})

    def expect_refused(self, victim, *arguments, ranks=1):
        with open(victim, "rb") as file:
            before = file.read()
        run = confer(*arguments, ranks=ranks)
        self.assertEqual(run.code, 2, run.err)
        self.assertIn("--output", run.err)
        self.assertIn("would replace it", run.err)
        with open(victim, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_data_are_never_replaced(self):
        data, victim = self.path("data", ""), self.path("data", "net0.h5")
        for command, options in (("compare", ()), ("align", ("--target", "labels")), ("match", ()),
                                 ("dynamics", ("--convergence",))):
            for source in (data, victim, self.path("data", "net1.h5")):  # the last one leaves the victim out
                self.expect_refused(victim, command, source, "--output", victim, *options, ranks=2)
        link = self.path("link.h5")
        os.symlink(victim, link)
        self.expect_refused(victim, "compare", data, "--output", link)
        with open(victim, "r+b") as file:
            file.truncate(os.path.getsize(victim) // 2)
        self.expect_refused(victim, "compare", data, "--output", victim)

    def test_results_beside_the_data_are_not_data(self):
        data, output = self.path("data", ""), self.path("data", "results.h5")
        for source in (data, data, self.path("data", "*.h5")):
            run = confer("compare", source, "--output", output, "--measures", "cka", ranks=2)
            self.assertEqual(run.code, 0, run.err)
            self.assertEqual(open_results(output).sizes["a"], 4)
        self.assertEqual(confer("catalog", data).code, 0)
        run = confer("compare", data, output, "--output", self.path("other.h5"))
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("it holds results of confer, not activations", run.err)
        os.makedirs(self.path("only", ""), exist_ok=True)
        os.rename(output, self.path("only", "results.h5"))
        run = confer("compare", self.path("only", ""), "--output", self.path("other.h5"))
        self.assertEqual(run.code, 3, run.err)
        self.assertIn("it holds results of confer, not activations", run.err)

    def test_a_table_does_not_replace_its_results(self):
        output = self.path("results.h5")
        self.assertEqual(confer("compare", self.path("data", ""), "--output", output, "--quiet").code, 0)
        self.expect_refused(output, "table", output, "--output", output)
        with h5py.File(output, "r") as file:
            self.assertIn("cka", file)


if __name__ == "__main__":
    unittest.main()

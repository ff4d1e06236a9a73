"""The command plan: what it prints for data and for sizes, and that a run holds prediction and measurement."""
import json
import os
import re
import unittest

import acts
import numpy as np
import program

SIZES = ("--representations", "1000", "--samples", "2000", "--neurons", "256", "--rank", "50")


def plan(*arguments, ranks=1):
    return program.confer("plan", *arguments, ranks=ranks)


class Plan(program.TestCase):
    def data(self):
        rng = np.random.default_rng(1)
        for network in ("a", "b", "c"):
            acts.write_checkpoint(self.path("data", network + ".h5"), network, 5,
                                  {layer: rng.standard_normal((300, 20)).astype(np.float32) for layer in ("x", "y")})
        return self.path("data", "")

    def plan_json(self, *arguments, ranks=1):
        run = plan(*arguments, "--json", ranks=ranks)
        self.assertEqual(run.code, 0, run.err)
        return json.loads(run.out)

    def test_four_thousand_ranks_are_planned_on_one(self):
        run = plan(*SIZES, "--ranks", "4096", "--nodes", "64", "--threads", "2")
        self.assertEqual((run.code, run.err), (0, ""))
        for words in ("1,000 representations of 2,000 rows x 256 neurons, 50 directions", "499,500 pairs",
                      "4,096 ranks on 64 nodes", "read headers", "factor", "pairs", "write", "balance",
                      "#SBATCH --nodes=64\n", "#SBATCH --ntasks-per-node=64\n", "#SBATCH --cpus-per-task=2\n",
                      "#SBATCH --signal=B:USR1@120\n", "#SBATCH --requeue\n"):
            self.assertIn(words, run.out)
        self.assertRegex(run.out, r"#SBATCH --mem=[1-9]\d*M\n")
        self.assertRegex(run.out, r"#SBATCH --time=\d+-\d\d:\d\d:00\n")

    def test_data_tell_sizes_and_selected_pairs(self):
        data = self.data()
        for options, pairs in (((), 15), (("--pairs", "cross-network"), 12), (("--pairs", "same-layer"), 6),
                               (("--pairs", "to=a@*"), 9), (("--layers", "x"), 3)):
            with self.subTest(options=options):
                self.assertEqual(self.plan_json(data, *options)["pairs"], pairs)
        found = self.plan_json(data)
        self.assertEqual(found["representations"], 6)
        factor = {phase["name"]: phase for phase in found["phases"]}["factor"]
        self.assertEqual(factor["bytes_read"], 6 * 300 * 20 * 4)
        self.assertGreaterEqual(found["results_bytes"], 9 * 6 * 6 * 8)

    def test_ranks_are_those_it_runs_on_unless_named(self):
        self.assertEqual(self.plan_json(*SIZES, ranks=3)["ranks"], 3)
        self.assertEqual(self.plan_json(*SIZES, "--ranks", "7", ranks=2)["ranks"], 7)

    def test_one_rank_sends_nothing_and_exact_stores_twice(self):
        single, double = self.plan_json(*SIZES), self.plan_json(*SIZES, "--exact")
        self.assertEqual([phase["words_sent_per_rank"] for phase in single["phases"]], [0, 0, 0, 0])
        self.assertGreater(double["store_per_node"], 1.8 * single["store_per_node"])

    def test_an_output_is_accepted_and_not_written(self):
        run = plan(self.data(), "--output", self.path("out", "r.h5"))
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(os.listdir(self.path("out")), [])

    def test_wrong_usage(self):
        for words, arguments in (("DATA is missing", ()), ("--samples", SIZES[:2]), ("--neurons", SIZES[:4]),
                                 ("--neurons", ("data", "--neurons", "5")), ("--representations", (*SIZES, "data")),
                                 ("--nodes", (*SIZES, "--ranks", "2", "--nodes", "3")), ("--ranks", (*SIZES, "--ranks", "0")),
                                 ("--samples", (*SIZES[:2], "--samples", "1", "--neurons", "5"))):
            with self.subTest(arguments=arguments):
                run = plan(*arguments)
                self.assertEqual((run.code, run.out), (2, ""), run.err)
                message = next(line for line in run.err.splitlines() if line.startswith("confer: "))
                self.assertIn(words, message)
        self.assertEqual(plan(self.path("nothing.h5")).code, 3)

    def test_results_hold_prediction_and_measurement(self):
        results = self.compare([self.data()], ranks=2)
        self.assertEqual(list(results["phase"].values), ["read headers", "factor", "pairs", "write"])
        self.assertEqual(results["phase_predicted_seconds"].dims, ("phase",))
        predicted = results["phase_predicted_seconds"].values
        self.assertTrue((predicted > 0).all(), predicted)
        self.assertTrue((results["phase_limit_seconds"].values <= predicted).all())
        measured, share = results["phase_seconds"].values, results["phase_limit_share"].values
        known = ~np.isnan(share)
        self.assertTrue(known[1])
        self.assertFalse(known[3])  # the file cannot hold the time of its own writing
        np.testing.assert_allclose(share[known], (results["phase_limit_seconds"].values / measured)[known])
        self.assertTrue(all(re.search("products|spectra|files|reading|eigen|rank", str(text))
                            for text in results["phase_limit"].values))


if __name__ == "__main__":
    unittest.main()

"""Every phase of a comparison beside its prediction, whatever measures it is for; and memory as it was planned."""
import json
import os
import shutil
import unittest

import numpy as np

import acts
from program import TestCase, confer

MIB = 1 << 20
# Options of the comparison, phases it adds before or after the pairs, words of what they may run against.
FAMILIES = {
    "held out": (("--measures", "regression_held_out,procrustes_held_out"), (), ()),
    "held out beside factors": (("--measures", "regression_held_out,cka,svcca"), (), ()),
    "bootstrap": (("--measures", "cka,pwcca", "--bootstrap", "3"), (), ("bootstrap",)),
    "draws": (("--measures", "cka", "--bootstrap", "2", "--permutations", "3"), (), ("bootstrap", "permutations")),
    "jackknife": (("--measures", "cka_rbf,rsa_spearman,knn_mutual,cka", "--jackknife", "4"), ("rows",), ("jackknife",)),
    "kernels": (("--measures", "cka_rbf"), ("rows",), ()),
    "ranks": (("--measures", "rsa_spearman"), ("rows",), ()),
    "lists": (("--measures", "knn_mutual", "--neighbours", "20"), ("rows",), ()),
    "neurons": (("--measures", "match_one_to_one,cka"), ("neurons",), ()),
}


class Phases(TestCase):
    def data(self, samples, neurons, networks=3):
        shutil.rmtree(self.path("data"), ignore_errors=True)
        rng = np.random.default_rng(1)
        shared = rng.standard_normal((samples, 20)).astype(np.float32)
        for number in range(networks):
            x = shared @ rng.standard_normal((20, neurons)).astype(np.float32)
            x += rng.standard_normal(x.shape).astype(np.float32)
            acts.write_checkpoint(self.path("data", f"net{number}.h5"), f"net{number}", 0, {"fc": x})
        return self.path("data", "")

    def run_family(self, data, options, *more, ranks=1):
        """Every run writes a file of its own: values of an earlier one would be taken over."""
        self.runs = getattr(self, "runs", 0) + 1
        return self.compare([data], *options, *more, ranks=ranks, name=f"results-{self.runs}.h5")

    def expect_kept(self, results):
        """High water grows from phase to phase: none may lie above what has been planned up to then."""
        measured, planned = results["phase_memory"].values, results["phase_memory_planned"].values
        self.assertTrue((measured <= 1.15 * np.maximum.accumulate(planned)).all(), (measured / MIB, planned / MIB))

    def test_every_phase_is_predicted_and_measured(self):
        data = self.data(800, 48)
        for family, (options, before, after) in FAMILIES.items():
            for ranks in (1, 3):
                with self.subTest(family=family, ranks=ranks):
                    results = self.run_family(data, options, ranks=ranks)
                    self.assertEqual(tuple(results["phase"].values),
                                     ("read headers", "factor", *before, "pairs", *after, "write"))
                    for name in ("phase_seconds", "phase_predicted_seconds", "phase_limit_seconds", "phase_flops",
                                 "phase_memory", "phase_memory_planned"):
                        self.assertTrue(np.isfinite(results[name].values).all(), name)
                    predicted, limit = results["phase_predicted_seconds"].values, results["phase_limit_seconds"].values
                    self.assertTrue((limit > 0).all() and (limit <= 1.001 * predicted).all(), (limit, predicted))
                    self.assertTrue(all(str(text) for text in results["phase_limit"].values))
                    measured, share = results["phase_seconds"].values, results["phase_limit_share"].values
                    known = measured > 1e-3
                    np.testing.assert_allclose(share[:-1][known[:-1]], (limit / measured)[:-1][known[:-1]])
                    arithmetic = dict(zip(results["phase"].values, results["phase_flops"].values))
                    for phase in ({"pairs", *before, *after} - ({"pairs"} if family == "lists" else set())
                                  - ({"rows"} if family == "kernels" else set())):
                        self.assertGreater(arithmetic[phase], 0, phase)

    def test_memory_is_what_was_planned(self):
        for samples, neurons, families in (
                (24000, 256, ("held out", "held out beside factors", "bootstrap", "draws", "neurons")),
                (4000, 256, ("kernels", "ranks", "lists", "jackknife"))):
            data = self.data(samples, neurons)
            for family in families:
                with self.subTest(family=family):
                    results = self.run_family(data, FAMILIES[family][0])
                    self.expect_kept(results)
                    self.assertGreater(results["phase_memory"].values.max(), 42 * MIB)  # or nothing has been said

    def test_memory_that_is_allowed_is_kept_to_with_the_same_results(self):
        # The last are so long that rows are put in another order in several portions.
        for family, size, allowed in (("held out", (25000, 192), 100), ("bootstrap", (25000, 192), 110),
                                      ("draws", (300000, 40, 2), 66)):
            with self.subTest(family=family):
                data = self.data(*size)
                options = FAMILIES[family][0]
                roomy = self.run_family(data, options)
                for ranks in (1, 2):
                    tight = self.run_family(data, options, "--memory-per-rank", f"{allowed}MiB", ranks=ranks)
                    self.assertLessEqual(tight["phase_memory_planned"].values.max(), allowed * MIB)
                    self.assertLessEqual(tight["phase_memory"].values.max(), 1.15 * allowed * MIB)
                    for name in set(roomy.data_vars) - {n for n in roomy.data_vars if "phase" in roomy[n].dims}:
                        if roomy[name].dtype.kind == "f":  # factors are made another way, which rounds another way
                            np.testing.assert_allclose(tight[name].values, roomy[name].values, rtol=1e-4, atol=1e-5,
                                                       err_msg=name)

    def test_too_little_memory_for_folds_is_refused_before_work_begins(self):
        data = self.data(3000, 400, networks=2)
        run = confer("compare", data, "--output", self.path("out", "r.h5"), *FAMILIES["held out"][0], "--folds", "50",
                     "--memory-per-rank", "200MiB", ranks=2)
        self.assertEqual(run.code, 2, run.err)
        message = next(line for line in run.err.splitlines() if line.startswith("confer: "))
        self.assertRegex(message, r"--memory-per-rank is too small .to judge .* held-out .* needs [3-9]\d\d MiB .* --folds")
        self.assertEqual(os.listdir(self.path("out")), [])

    def test_the_plan_tells_the_same_phases(self):
        data = self.data(300, 20)
        for family, (options, before, after) in FAMILIES.items():
            with self.subTest(family=family):
                run = confer("plan", data, *options, "--json")
                self.assertEqual(run.code, 0, run.err)
                phases = {phase["name"]: phase for phase in json.loads(run.out)["phases"]}
                self.assertEqual(tuple(phases), ("read headers", "factor", *before, "pairs", *after, "write"))
                self.assertTrue(all(phase["seconds"] > 0 and phase["memory"] > 0 for phase in phases.values()), phases)


if __name__ == "__main__":
    unittest.main()

"""`confer dynamics` beside the theory: convergence, time steps of sequences, groups of networks, units of autoencoders."""
import dataclasses
import os
import unittest

import numpy as np

import oracle
from acts import write_checkpoint
from program import DATA, TestCase, confer, open_results

MLP = os.path.join(DATA, "C", "mlp-s0")
GRU = os.path.join(DATA, "F", "char-gru-s0")


def alike(x, y):
    """PWCCA of factored representations, mean of both directions."""
    return .5 * (oracle.pwcca(x, y) + oracle.pwcca(y, x))


class Development(TestCase):
    def dynamics(self, *arguments, ranks=1, code=0, name="dynamics.h5"):
        output = self.path("out", name)
        self.run_ = confer("dynamics", *arguments, "--output", output, ranks=ranks)
        self.assertEqual(self.run_.code, code, self.run_.out + self.run_.err)
        if code > 1:
            return None
        self.assertEqual([f for f in os.listdir(os.path.dirname(output)) if not f.endswith(".h5")], [])
        return open_results(output)

    def test_trained_layers_converge_to_their_last_state(self):
        results = self.dynamics(MLP, "--convergence", ranks=2)
        self.assertEqual(list(results["series_layer"].values), ["hidden1", "hidden2", "output"])
        self.assertEqual(list(results["checkpoint"].values), [0, 1, 64, 512, 2048])
        states = {(r.step, r.layer): r.factor() for r in oracle.load(oracle.files(MLP))}
        for i, layer in enumerate(results["series_layer"].values):
            expected = [alike(states[step, layer], states[2048, layer]) for step in (0, 1, 64, 512, 2048)]
            np.testing.assert_allclose(results["convergence"].values[i], expected, atol=2e-3)
            rho = oracle.canonical_correlations(states[64, layer], states[2048, layer])
            found = results["convergence_correlation"].values[i, 2]
            np.testing.assert_allclose(found[np.isfinite(found)][:len(rho) // 2], rho[:len(rho) // 2], atol=2e-3)
        first, second = results["convergence_mean"].values[:2]
        self.assertGreater(first, second, "the lower hidden layer converges first")
        # What early and middle steps share stays, what they do not share goes.
        stable, unstable = results["stable"].values[:, 2:], results["unstable"].values[:, 2:]
        self.assertTrue(np.all(1 - stable < .5 * (1 - unstable)))

    def test_planted_directions_stay_or_go(self):
        rng = np.random.default_rng(0)
        n, steps = 200, list(range(0, 100, 10))
        kept = rng.standard_normal((n, 6))
        hidden = np.array([np.hstack([kept, rng.standard_normal((n, 6))]) @ rng.standard_normal((12, 12)) for _ in steps])
        slow = kept + rng.standard_normal((n, 6)) * np.linspace(2, 0, len(steps))[:, None, None]
        quick = kept + rng.standard_normal((n, 6)) * (2 * np.linspace(1, 0, len(steps)) ** 8)[:, None, None]
        write_checkpoint(self.path("in", "x.h5"), "net", steps, {"quick": quick, "hidden": hidden, "slow": slow})
        for ranks in (1, 3):
            results = self.dynamics(self.path("in"), "--convergence", "--measure", "cka", ranks=ranks, name=f"{ranks}.h5")
            self.assertEqual(results.attrs["measure"], "cka")
            mean = dict(zip(results["series_layer"].values, results["convergence_mean"].values))
            self.assertGreater(mean["quick"], mean["slow"])
            self.assertAlmostEqual(float(results["bottom_up"][0]), np.sign(mean["quick"] - mean["hidden"]) / 3 +
                                   np.sign(mean["hidden"] - mean["slow"]) / 3 + 1 / 3)
            row = results.isel(series=list(results["series_layer"].values).index("hidden"))
            # A quarter of the twelve directions is followed: three of the six that stay, three of those that change.
            np.testing.assert_allclose(row["stable"].values[2:], 1, atol=1e-6)
            self.assertLess(np.nanmax(row["unstable"].values[[2, 3, 6, 7, 8, 9]]), .5)
            rho = row["convergence_correlation"].values[3]
            np.testing.assert_allclose(rho[:6], 1, atol=1e-6)
            self.assertLess(rho[6], .6)

    def test_time_steps_of_a_sequence(self):
        results = self.dynamics(GRU, "--sequences", "--layers", "gru1", ranks=2)
        whole = next(r for r in oracle.load(oracle.files(GRU)) if r.layer == "gru1")
        states = [dataclasses.replace(whole, matrix=whole.matrix.reshape(128, 32, 64)[:, t]).factor() for t in range(32)]
        found = results["time_similarity"].values[0]
        for a, b in ((0, 31), (10, 11), (30, 31), (5, 5)):
            self.assertAlmostEqual(found[a, b], alike(states[a], states[b]), delta=2e-3)
            self.assertEqual(found[a, b], found[b, a])
        np.testing.assert_array_equal(results["time_to_last"].values[0], found[:, 31])
        self.assertIn("gru1", self.run_.out)

    def test_time_steps_through_training(self):
        rng = np.random.default_rng(1)
        final = rng.standard_normal((50, 4, 3))
        for step, mix in ((0, 0), (5, .5), (9, 1)):
            states = mix * final + (1 - mix) * rng.standard_normal(final.shape)
            write_checkpoint(self.path("in", f"{step}.h5"), "net", step, {"rnn": states})
        results = self.dynamics(self.path("in"), "--sequences", "--measure", "cka")
        self.assertEqual(list(results["sequence_step"].values), [0, 5, 9])
        to_final = results["time_to_final"].values
        np.testing.assert_allclose(to_final[2], 1, atol=1e-12)
        self.assertTrue(np.all(to_final[0] < to_final[1]) and np.all(to_final[1] < 1))

    def networks(self, groups, each, n=60):
        """Networks whose layer `late` is that of their group but for noise, and whose layer `early` is nobody's."""
        rng = np.random.default_rng(2)
        matrices = {}
        for g, attrs in enumerate(groups):
            common = rng.standard_normal((n, 4))
            for k in range(each):
                name = f"g{g}-s{k}"
                layers = {"early": rng.standard_normal((n, 4)), "late": common + .3 * rng.standard_normal((n, 4))}
                write_checkpoint(self.path("in", f"{name}.h5"), name, 10, layers, attrs=attrs)
                matrices[name] = layers
        return matrices

    def test_groups_of_networks(self):
        matrices = self.networks([{"kind": "one", "width": 16}, {"kind": "two", "width": 128}], 4)
        results = self.dynamics(self.path("in"), "--group-by", "kind,width", "--measure", "cka", ranks=2)
        rows = {(str(k), str(l), str(a), str(b)): i for i, (k, l, a, b) in enumerate(zip(
            *(results[name].values for name in ("group_key", "group_layer", "group_a", "group_b"))))}
        self.assertEqual({key for key, *_ in rows}, {"kind", "width", "kind, width"})

        def cka(x, y):
            x, y = x - x.mean(axis=0), y - y.mean(axis=0)
            return ((x.T @ y) ** 2).sum() / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)

        for layer in ("early", "late"):
            of = {g: [m[layer] for name, m in matrices.items() if name.startswith(g)] for g in ("g0", "g1")}
            within = [cka(x, y) for i, x in enumerate(of["g0"]) for y in of["g0"][:i]]
            between = [cka(x, y) for x in of["g0"] for y in of["g1"]]
            for row, values in ((rows["kind", layer, "one", "one"], within), (rows["kind", layer, "one", "two"], between)):
                mean = float(results["group_mean"][row])
                self.assertAlmostEqual(mean, np.mean(values), delta=1e-6)
                self.assertEqual(int(results["group_pairs"][row]), len(values))
                low, high = float(results["group_low"][row]), float(results["group_high"][row])
                self.assertLess(low, mean)
                self.assertGreater(high, mean)
                self.assertTrue(min(values) - 1e-6 <= low and high <= max(values) + 1e-6)
        late = [rows["kind", "late", *pair] for pair in (("one", "one"), ("one", "two"))]
        self.assertGreater(results["group_low"][late[0]], results["group_high"][late[1]], "the intervals are apart")
        cell = rows["kind, width", "late", "two, 128", "two, 128"]
        self.assertEqual(float(results["group_value_a"][cell]), 128)
        self.assertEqual(float(results["group_value_a"][rows["width", "late", "16", "16"]]), 16)

        found = {(str(k), str(l)): i for i, (k, l) in
                 enumerate(zip(results["clustering_key"].values, results["clustering_layer"].values))}
        for layer in ("late", "mean of layers"):
            i = found["kind", layer]
            self.assertEqual(float(results["clustering_agreement"][i]), 1)
            self.assertEqual(list(results["cluster"].values[i]), [0] * 4 + [1] * 4)
            order = results["cluster_order"].values[i]
            self.assertEqual(sorted(order), list(range(8)))
            self.assertIn(set(order[:4]), (set(range(4)), set(range(4, 8))))
        self.assertLess(float(results["clustering_agreement"][found["kind", "early"]]), .5)

    def test_groups_that_are_too_small_are_told(self):
        results = self.dynamics(os.path.join(DATA, "A"), "--group-by", "label_set")
        self.assertIn("no interval for label_set generalizing: 2 networks make a single pair", self.run_.err)
        self.assertTrue(np.all(np.isnan(results["group_low"].values)))
        mean = {(l, a, b): m for l, a, b, m in zip(*(results[name].values for name in
                                                     ("group_layer", "group_a", "group_b", "group_mean")))}
        for layer in ("conv2", "conv3", "fc1"):
            self.assertGreater(mean[layer, "generalizing", "generalizing"], mean[layer, "memorizing", "memorizing"])
        agreement = dict(zip(results["clustering_layer"].values, results["clustering_agreement"].values))
        self.assertEqual(agreement["mean of layers"], 1, "clusters recover the two groups")
        self.dynamics(os.path.join(DATA, "A"), "--group-by", "no_such", code=2)
        self.assertIn("label_set", self.run_.err)
        self.dynamics(os.path.join(DATA, "A"), "--group-by", "seed", "--measure", "no_such", code=2)

    def test_networks_without_the_attribute_are_left_out(self):
        self.networks([{"kind": "one"}, {"kind": "two"}, {}], 3)
        results = self.dynamics(self.path("in"), "--group-by", "kind", "--measure", "cka")
        self.assertEqual(set(results["group_a"].values), {"one", "two"})
        self.assertTrue(np.all(results["cluster"].values[0, 6:] == -1))
        self.assertIn("g2-s0", self.run_.err)

    def test_census_of_units(self):
        rng = np.random.default_rng(3)
        n = 800
        active = [rng.standard_normal(n) for _ in range(2)]
        passive = [.01 * rng.standard_normal(n) for _ in range(2)]
        mixed = rng.standard_normal(n) * np.where(rng.random(n) < .5, .3, 1)
        means = np.stack([*active, *passive, mixed], axis=1)
        variances = np.stack([np.full(n, .02), np.full(n, .05), np.full(n, .99), np.full(n, 1.0),
                              np.where(rng.random(n) < .5, .05, 1.0)], axis=1)
        write_checkpoint(self.path("in", "x.h5"), "vae", 3, {"mu": means, "logvar": np.log(variances)})
        results = self.dynamics(self.path("in"), "--census", "mu,logvar")
        meanings = dict(zip(results["unit_kind"].attrs["flag_values"], results["unit_kind"].attrs["flag_meanings"].split()))
        self.assertEqual([meanings[k] for k in results["unit_kind"].values], ["active"] * 2 + ["passive"] * 2 + ["mixed"])
        self.assertEqual(list(results["unit_low_entropy"].values[:4]), [0, 0, 1, 1])
        np.testing.assert_allclose(results["unit_variance"].values, means.var(axis=0), rtol=.01)
        gaussian = .5 * np.log(2 * np.pi * np.e * means.var(axis=0))
        np.testing.assert_allclose(results["unit_entropy"].values[:4], gaussian[:4], atol=.12)
        divergence = .5 * (means ** 2 + variances - 1 - np.log(variances)).mean(axis=0)
        np.testing.assert_allclose(results["unit_divergence"].values, divergence, rtol=1e-9)
        without = self.dynamics(self.path("in"), "--census", "mu", name="without.h5")
        self.assertTrue(np.all(without["unit_kind"].values == -1))
        np.testing.assert_array_equal(without["unit_low_entropy"].values, results["unit_low_entropy"].values)
        self.dynamics(self.path("in"), "--census", "absent", code=2)

    def test_several_at_once_with_damage(self):
        rng = np.random.default_rng(4)
        for step in range(3):
            bad = rng.standard_normal((40, 5))
            if step == 1:
                bad[3, 2] = np.nan
            layers = {"good": rng.standard_normal((40, 5)), "bad": bad}
            write_checkpoint(self.path("in", f"{step}.h5"), "net", step, layers)
        results = self.dynamics(self.path("in"), "--convergence", code=1)
        self.assertIn("bad", self.run_.err)
        rows = dict(zip(results["series_layer"].values, results["convergence"].values))
        self.assertTrue(np.all(np.isfinite(rows["good"])) and np.all(np.isnan(rows["bad"])))
        self.dynamics(self.path("in"), "--sequences", code=3)
        self.dynamics(self.path("in"), "--steps", "0", "--convergence", code=3)


if __name__ == "__main__":
    unittest.main()

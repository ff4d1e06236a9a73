"""Files damaged at random: whatever happens to one network, no rank hangs or crashes, the results are whole, and the
numbers of the other networks stay what they are."""
import os
import shutil
import unittest

import numpy as np

from program import DATA, TestCase, confer, open_results

TRIALS = 50
NETWORK = os.path.join(DATA, "C", "mlp-s0", "step-000512.h5")
OTHERS = [os.path.join(DATA, "C", "mlp-s0", f"step-{step:06d}.h5") for step in (0, 2048)]


def damage(path, random):
    """Changes the file in one of the ways disks and interrupted copies do; says how."""
    size = os.path.getsize(path)
    kind = random.choice(["truncate", "bits", "header", "zeros", "shuffle", "append"])
    with open(path, "r+b") as f:
        if kind == "truncate":
            f.truncate(int(random.integers(size)))
        elif kind == "append":
            f.seek(0, os.SEEK_END)
            f.write(random.bytes(int(random.integers(1, 5000))))
        else:
            where = int(random.integers(4096 if kind == "header" else size))
            length = {"bits": 1, "header": 8}.get(kind, int(random.integers(1, 20000)))
            f.seek(where)
            old = f.read(length)
            f.seek(where)
            if kind == "bits":
                f.write(bytes(b ^ (1 << int(random.integers(8))) for b in old))
            else:
                f.write(bytes(len(old)) if kind == "zeros" else random.bytes(len(old)))
    return kind


class Damage(TestCase):
    def test_random_damage(self):
        reference = self.compare([*OTHERS, NETWORK], name="reference.h5")
        kept = reference["step"].values != 512
        for trial in range(TRIALS):
            random = np.random.default_rng(trial)
            damaged = self.path(f"trial-{trial}", "damaged.h5")
            shutil.copy(NETWORK, damaged)
            kind = damage(damaged, random)
            output = self.path(f"trial-{trial}", "out", "results.h5")
            with self.subTest(trial=trial, kind=kind):
                run = confer("compare", *OTHERS, damaged, "--output", output, ranks=int(random.choice([1, 3])))
                self.assertIn(run.code, (0, 1), run.err)
                self.assertNotRegex(run.err, r"HDF5-DIAG|terminate called|Signal:")
                self.assertEqual(os.listdir(os.path.dirname(output)), ["results.h5"])
                results = open_results(output)
                same = np.isin(results["label"].values, reference["label"].values[kept])
                for name in ("cka", "svcca", "procrustes", "regression"):
                    np.testing.assert_allclose(results[name].values[np.ix_(same, same)],
                                               reference[name].values[np.ix_(kept, kept)], rtol=0, atol=2e-7,
                                               err_msg=name)
            shutil.rmtree(os.path.dirname(damaged))


if __name__ == "__main__":
    unittest.main()

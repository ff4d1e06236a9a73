"""Results open in the programs people use: xarray with both of its netCDF libraries, h5py, and CSV readers."""
import csv
import io
import os
import subprocess
import tempfile
import unittest
import warnings

import acts
import h5py
import numpy as np
import xarray

CONFER = os.environ["CONFER"]


def engines():
    """What xarray can read netCDF-4 with here; h5netcdf is always there."""
    found = ["h5netcdf"]
    try:
        import netCDF4  # noqa: F401
        found.append("netcdf4")
    except ImportError:
        pass
    return found


class ResultsReaders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        rng = np.random.default_rng(5)
        base = rng.normal(size=(60, 6))
        cls.networks = ['one, "quoted"', "=two()", "drei\u00e9\nline"]
        for i, network in enumerate(cls.networks):
            layers = {"fc": (base @ rng.normal(size=(6, 5))).astype(np.float32), "out": base[:, :3] + i}
            acts.write_checkpoint(os.path.join(cls.directory.name, f"net{i}.h5"), network, 10 * i, layers,
                                  attrs={"train_loss": 0.5 / (i + 1), "family": "a,b"})
        cls.path = os.path.join(cls.directory.name, "results.h5")
        done = subprocess.run([CONFER, "compare", *(os.path.join(cls.directory.name, f"net{i}.h5") for i in range(3)),
                               "--output", cls.path, "--coefficients", "--quiet"],
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        with xarray.open_dataset(cls.path, engine="h5netcdf") as data:
            cls.data = data.load()

    def table(self, *arguments):
        done = subprocess.run([CONFER, "table", self.path, *arguments], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))

    def test_xarray_reads_the_same_with_all_engines_and_no_warning(self):
        for engine in engines():
            with self.subTest(engine=engine), warnings.catch_warnings():
                warnings.simplefilter("error")
                with xarray.open_dataset(self.path, engine=engine) as data:
                    xarray.testing.assert_equal(data.load(), self.data)
                    self.assertEqual(data.sizes["a"], 6)
                    self.assertEqual(data["cka"].dims, ("a", "b"))
                    for name in ("label", "network", "step", "layer", "rank", "status", "train_loss"):
                        self.assertIn(name, data.coords)
                        self.assertEqual(data[name].dims, ("a",))
                    self.assertEqual(sorted(set(data["network"].values)), sorted(self.networks))
                    self.assertEqual(data["pwcca"].attrs["symmetric"], 0)
                    self.assertTrue(data.attrs["job"].startswith("command = compare\n"))

    def test_other_analyses_open_with_all_engines_too(self):
        data, out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data"), self.directory.name
        for words in (["align", os.path.join(data, "D"), "--target", "labels,onehot", "--learning-curve"],
                      ["dynamics", os.path.join(data, "E"), "--controls"],
                      ["dynamics", os.path.join(data, "A"), "--group-by", "label_set"],
                      ["dynamics", os.path.join(data, "F"), os.path.join(data, "C"), "--convergence", "--sequences"]):
            path = os.path.join(out, "other.h5")
            done = subprocess.run([CONFER, *words, "--output", path, "--quiet"], capture_output=True, text=True, timeout=300)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            found = []
            for engine in engines():
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    with xarray.open_dataset(path, engine=engine) as opened:
                        found.append(opened.load())
                xarray.testing.assert_equal(found[0], found[-1])
            variable = next(name for name in found[0].data_vars if found[0][name].dtype == float)
            done = subprocess.run([CONFER, "table", path, "--measure", variable], capture_output=True, text=True, timeout=120)
            rows = list(csv.reader(io.StringIO(done.stdout)))
            self.assertEqual(len(rows), 1 + found[0][variable].size, variable)

    def test_h5py_finds_every_dimension_by_name(self):
        with h5py.File(self.path) as f:
            for name, item in f.items():
                if item.attrs.get("CLASS") == b"DIMENSION_SCALE":
                    continue
                for dimension in item.dims:
                    self.assertEqual(len(dimension), 1, name)
            self.assertEqual([f["cka"].dims[i][0].name for i in range(2)], ["/a", "/b"])

    def test_the_job_in_the_results_runs_again(self):
        job, again = os.path.join(self.directory.name, "job.ini"), os.path.join(self.directory.name, "again.h5")
        with open(job, "w") as f:
            f.write(self.data.attrs["job"])
        done = subprocess.run([CONFER, "--job", job, "--output", again], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        with xarray.open_dataset(again, engine="h5netcdf") as data:
            for name in ("cka", "pwcca", "cca_z", "label"):
                xarray.testing.assert_identical(data[name], self.data[name])

    def test_tidy_tables_hold_every_value(self):
        rows = self.table()
        header, rows = rows[0], rows[1:]
        self.assertTrue(all(len(row) == len(header) for row in rows))
        records = [dict(zip(header, row)) for row in rows]
        measures = [name for name in self.data.data_vars if "kind" in self.data[name].attrs]
        self.assertEqual(len(records), 36 * len(measures))
        by_label = self.data.assign_coords(a=self.data["label"].values, b=self.data["label"].values)
        for record in records:
            value = by_label[record["measure"]].sel(a=record["row"], b=record["column"]).item()
            np.testing.assert_array_equal(float(record["value"]), value)
            if record["null"]:
                null = by_label[record["measure"] + "_null"].sel(a=record["row"], b=record["column"]).item()
                np.testing.assert_array_equal(float(record["null"]), null)
        self.assertEqual({record["row_network"] for record in records}, set(self.networks))
        self.assertEqual({record["column_step"] for record in records}, {"0", "10", "20"})
        self.assertEqual({record["measure"] for record in records}, set(measures))

    def test_wide_tables_are_the_matrix(self):
        rows = self.table("--measure", "pwcca", "--wide")
        labels = list(self.data["label"].values)
        self.assertEqual(rows[0][1:], labels)
        self.assertEqual([row[0] for row in rows[1:]], labels)
        np.testing.assert_array_equal(np.array([row[1:] for row in rows[1:]], float), self.data["pwcca"].values)

    def test_other_variables_have_tables_too(self):
        rows = self.table("--measure", "rank,train_loss")
        self.assertEqual(rows[0], ["label", "network", "step", "layer", "rank", "train_loss"])
        self.assertEqual([int(row[4]) for row in rows[1:]], list(self.data["rank"].values))
        rows = self.table("--measure", "canonical_correlation")
        self.assertEqual(rows[0], ["component", "row", "column", "canonical_correlation"])
        np.testing.assert_array_equal([float(row[3]) for row in rows[1:]],
                                      self.data["canonical_correlation"].values.ravel())

    def test_tables_can_go_to_files(self):
        output = os.path.join(self.directory.name, "cka.csv")
        self.assertEqual(self.table("--measure", "cka", "--output", output), [])
        with open(output, newline="", encoding="utf-8") as f:
            self.assertEqual(list(csv.reader(f)), self.table("--measure", "cka"))


if __name__ == "__main__":
    unittest.main()

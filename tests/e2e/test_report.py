"""`confer report`: the page a browser shows. Figures need the Vega bundles in the build, checks of them Chromium."""

import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import numpy as np
import xarray

from acts import write_checkpoint
from program import DATA, TestCase, confer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'

# Runs in the page once all is drawn: what each figure shows; of matrices the tooltip of one cell and the order of rows.
PROBE = """
(async () => {
  while (document.body.dataset.state !== "drawn") await new Promise(resolve => setTimeout(resolve, 50));
  const result = { hacked: "hacked" in window, width: document.documentElement.scrollWidth, figures: [] };
  for (const place of document.querySelectorAll(".drawing")) {
    const canvas = place.querySelector("canvas"), svg = place.querySelector("svg");
    const colours = new Set();
    if (canvas) for (const word of new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width,
                                                   canvas.height).data.buffer)) colours.add(word);
    result.figures.push({ title: place.closest("figure").querySelector("h3").textContent, state: place.dataset.state,
                          marks: svg ? svg.querySelectorAll(".mark-rect path, .mark-symbol path, .mark-line path, " +
                                                            ".mark-rule line").length : 0,
                          colours: colours.size, height: place.clientHeight,
                          actions: [...place.querySelectorAll(".vega-actions a")].map(a => a.textContent) });
  }
  const cells = [...document.querySelectorAll(".square svg")].map(svg => [...svg.querySelectorAll(".mark-rect path")]
                .filter(path => path.__data__ && path.__data__.datum.k === 5)[0]).filter(Boolean);
  result.tooltips = [];
  for (const cell of cells) {
    const box = cell.getBoundingClientRect();
    cell.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: box.x + 2, clientY: box.y + 2 }));
    await new Promise(resolve => setTimeout(resolve, 20));
    const lines = [...document.querySelectorAll("#vg-tooltip-element tr")];
    result.tooltips.push(Object.fromEntries(lines.map(row => [...row.children].map(item => item.textContent))));
  }
  const order = document.querySelector("select[name=order]");
  if (order) {
    const where = () => { const data = cells[0].__data__.datum; return [data.x, data.y]; };
    result.before = where();
    order.value = "depth";
    order.dispatchEvent(new Event("change"));
    await new Promise(resolve => setTimeout(resolve, 300));
    const moved = [...document.querySelectorAll(".square svg .mark-rect path")]
                .filter(path => path.__data__.datum.k === 5);
    result.after = [moved[0].__data__.datum.x, moved[0].__data__.datum.y];
  }
  const out = document.createElement("pre");
  out.id = "probe";
  out.textContent = JSON.stringify(result);
  document.body.appendChild(out);
})();
"""


def comparison(path, networks, steps, layers, seed=0):
    """A results file with random numbers, made without confer. Returns the dataset."""
    names = [(n, s, l) for n in networks for s in steps for l in layers]
    count = len(names)
    values = np.random.default_rng(seed).uniform(0.05, 0.95, (count, count))
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1)

    def text(items):
        return np.array(list(items), dtype=object)

    labels = text(f"{n}@{s}/{l}" for n, s, l in names)
    columns = {"label": labels, "network": text(n for n, _, _ in names), "layer": text(l for _, _, l in names),
               "status": text("ok" for _ in names), "warnings": text("" for _ in names),
               "step": np.array([s for _, s, _ in names]), "depth": np.array([layers.index(l) for _, _, l in names])}
    for name, value in (("samples", 500), ("features", 64), ("rank", 30)):
        columns[name] = np.full(count, value)
    columns["participation_ratio"] = np.full(count, 7.5)
    data = xarray.Dataset({name: ("a", value) for name, value in columns.items()}, {"a": labels, "b": labels},
                          {"format": "confer-results/1", "command": "compare"})
    for name, kind in (("cka", "similarity"), ("procrustes_angle", "distance")):
        matrix = values if kind == "similarity" else np.arccos(values)
        data[name] = (("a", "b"), matrix, {"kind": kind, "long_name": name, "symmetric": 1,
                                           "range": np.array([0.0, 1.0 if kind == "similarity" else 1.6])})
    data["cka_null"] = (("a", "b"), np.full((count, count), 0.1))
    data["cka_se"] = (("a", "b"), 0.01 + values / 100)
    data["cka_p"] = (("a", "b"), values / 1000)
    data["pair_status"] = (("a", "b"), np.zeros((count, count), np.int64), {"flag_meanings": "ok saturated"})
    data.to_netcdf(path, engine="h5netcdf")
    return data


def visit(page, width, height):
    """Opens the page in a browser without a screen; returns what the probe saw and what the console said."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    nonce = re.search(r'<script nonce="([0-9a-f]+)">', text).group(1)
    probed = page.replace(".html", "-probed.html")
    with open(probed, "w", encoding="utf-8") as file:
        file.write(f'{text}<script nonce="{nonce}">{PROBE}</script>')
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                              "--disable-background-networking", f"--user-data-dir={profile}",
                              f"--window-size={width},{height}", "--enable-logging=stderr",
                              "--virtual-time-budget=60000", "--dump-dom", f"file://{probed}"],
                             capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    found = re.search(r'<pre id="probe">(.*?)</pre>', run.stdout, re.S)
    console = [line for line in run.stderr.splitlines() if ":CONSOLE" in line]
    if not found:
        raise AssertionError("the page was not drawn\n" + "\n".join(console) + run.stderr[-2000:])
    return json.loads(html.unescape(found.group(1))), console


class Report(TestCase):
    def report(self, *results):
        page = self.path("report.html")
        run = confer("report", *results, "--output", page)
        self.assertEqual(run.code, 0, run.err)
        with open(page, encoding="utf-8") as file:
            return page, file.read()

    def test_page_is_whole_and_refers_to_nothing(self):
        comparison(self.path("r.h5"), ["one", "two", "three"], [0, 10], ["conv", "fc"])
        page, text = self.report(self.path("r.h5"))
        self.assertTrue(text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n"))
        self.assertIn("<b>12 representations</b> compared: 3 networks, 6 checkpoints, 2 layers", text)
        self.assertEqual(sorted(os.listdir(self.directory)), ["r.h5", "report.html"])
        self.assertNotRegex(text.split("<script", 1)[0], r"(src|href)=")

    def test_two_files_make_two_sections(self):
        for name in ("x", "y<b>"):
            comparison(self.path(f"{name}.h5"), [name], [0], ["a", "b", "c"])
        _, text = self.report(self.path("x.h5"), self.path("y<b>.h5"))
        self.assertEqual(text.count("<section>"), 2)
        self.assertIn("(x.h5)</h2>", text)
        self.assertIn("(y&lt;b&gt;.h5)</h2>", text)

    def test_figures_as_files(self):
        data = comparison(self.path("r.h5"), [HOSTILE, "two"], [0], ["a", "b", "c"])
        run = confer("report", self.path("r.h5"), "--output", self.path("r.html"), "--figures", self.path("f", "x"))
        self.assertEqual(run.code, 0, run.err)
        files = sorted(os.listdir(self.path("f", "x", "")))
        specifications = [name for name in files if name.endswith(".vl.json")]
        self.assertIn("cka.vl.json", specifications)
        with open(self.path("f", "x", "cka.vl.json"), encoding="utf-8") as file:
            rows = json.load(file)["datasets"]["rows"]
        for field, name in (("v", "cka"), ("e", "cka_se"), ("n", "cka_null"), ("p", "cka_p")):
            np.testing.assert_array_equal([row[field] for row in rows], data[name].values.ravel())
        if "each also as SVG" not in run.err:
            self.assertEqual(files, specifications)
            self.assertIn("no SVG", run.err)
            return
        drawings = [name for name in files if name.endswith(".svg")]
        self.assertEqual([name[:-4] for name in drawings], [name[:-8] for name in specifications])
        self.assertEqual(len(files), 2 * len(drawings), files)
        for name in drawings:
            with open(self.path("f", "x", name), encoding="utf-8") as file:
                svg = file.read()
            self.assertGreater(len(ElementTree.fromstring(svg).findall(".//{*}path")), 3, name)
            self.assertNotIn("<script", svg)

    def test_what_is_not_a_result_is_refused(self):
        with open(self.path("text.h5"), "w", encoding="utf-8") as file:
            file.write("no HDF5")
        for arguments, code, words in ((["text.h5"], 3, "text.h5"), (["absent.h5"], 3, "absent.h5"), ([], 2, "RESULT")):
            run = confer("report", *map(self.path, arguments), "--output", self.path("report.html"))
            self.assertEqual(run.code, code, run.err)
            self.assertIn(words, run.err)
        self.assertFalse(os.path.exists(self.path("report.html")))
        comparison(self.path("r.h5"), ["one"], [0], ["a", "b"])
        self.assertEqual(confer("report", self.path("r.h5")).code, 2)
        self.assertEqual(confer("report", self.path("r.h5"), "--output", self.path("r.h5")).code, 2)
        self.assertEqual(confer("report", self.path("r.h5"), "--output", "/nowhere/at/all.html").code, 4)

    def test_every_analysis_in_a_browser(self):
        """Results of align and dynamics: each figure is drawn, at both widths, and shows the numbers of the file."""
        alignment, development = self.path("alignment.h5"), self.path("development.h5")
        planted = self.path("in", "planted.h5")
        rng = np.random.default_rng(0)
        kept = rng.standard_normal((60, 4))
        for seed in range(6):
            for step in (0, 2, 5, 10):
                noise = (.2 if seed < 3 else 2) + .1 * (10 - step)
                layers = {name: kept + noise * rng.standard_normal(kept.shape) for name in ("first", "second")}
                layers["rnn"] = kept[:, None] + noise * rng.standard_normal((60, 3, 4))
                write_checkpoint(planted.replace(".h5", f"{seed}-{step}.h5"), f"{HOSTILE}{seed}", step, layers,
                                 attrs={"kind": "calm" if seed < 3 else "<i>wild", "width": 8 << seed % 3})
        runs = [("align", os.path.join(DATA, "D"), "--target", "labels", "--output", alignment),
                ("dynamics", os.path.join(DATA, "E"), "--output", self.path("theory.h5")),
                ("dynamics", self.path("in"), "--convergence", "--sequences", "--group-by", "kind,width", "--census",
                 "first", "--measure", "cka", "--output", development)]
        for arguments in runs:
            run = confer(*arguments, "--quiet")
            self.assertEqual(run.code, 0, run.err)
        page, text = self.report(alignment, self.path("theory.h5"), development)
        if CHROMIUM is None or 'id="figures"' not in text:
            return  # what there is without a browser or without the bundles is checked elsewhere
        for width in (1280, 400):
            seen, console = visit(page, width, 900)
            self.assertEqual(console, [])
            self.assertFalse(seen["hacked"], "a name ran as a script")
            self.assertLessEqual(seen["width"], max(width, 500), "the page is wider than the window")
            self.assertEqual([figure["title"] for figure in seen["figures"]], [
                "Layer by layer", "Cumulative mass of the target", "Alignment curve",
                "Measured points and theory", "Rates over layers", "Final distances",
                "Convergence to the final state", "Directions that stay and directions that go",
                "Sorted correlations with the final state", "Time steps against each other",
                "Towards the last time step", "Towards the trained network", "Within and between groups",
                "Over a numeric attribute", "Clusters of networks", "Units of the latent layer"])
            for figure in seen["figures"]:
                self.assertEqual(figure["state"], "drawn", figure)
                self.assertGreater(figure["marks"] + figure["colours"], 2, figure)
                self.assertGreater(figure["height"], 200, figure)
        figures = {html.unescape(title): figure for title, figure in zip(
            (f["title"] for f in seen["figures"]), json.loads(re.search(r'id="figures">(.*?)</script>', text, re.S).group(1)))}
        with xarray.open_dataset(development, engine="h5netcdf") as data:
            columns = figures["Convergence to the final state"]["columns"]
            np.testing.assert_array_equal(columns["v"], data["convergence"].values.ravel())
            columns = figures["Within and between groups"]["columns"]
            np.testing.assert_array_equal(columns["v"], data["group_mean"].values[np.isfinite(data["group_mean"].values)])
            self.assertIn("within <i>wild", columns["line"])

    def test_in_a_browser_at_two_widths(self):
        data = comparison(self.path("r.h5"), [HOSTILE, "two", "three"], [0, 10], ["conv", "fc<b>", "{{out}}"])
        page, text = self.report(self.path("r.h5"))
        if CHROMIUM is None or 'id="figures"' not in text:
            return  # what there is without a browser or without the bundles was checked above
        for width in (1280, 400):
            seen, console = visit(page, width, 900)
            self.assertEqual(console, [])
            self.assertFalse(seen["hacked"], "a name ran as a script")
            self.assertLessEqual(seen["width"], max(width, 500), "the page is wider than the window")
            titles = [figure["title"] for figure in seen["figures"]]
            for title in ("Layer by layer", "Convergence to the final state", "Networks in the plane", "cka",
                          "procrustes_angle", "Value against chance", "Which representations belong together"):
                self.assertIn(title, titles)
            for figure in seen["figures"]:
                self.assertEqual(figure["state"], "drawn", figure)
                self.assertGreater(figure["marks"] + figure["colours"], 5, figure)
                self.assertGreater(figure["height"], 200, figure)
                self.assertEqual(figure["actions"], ["Save as SVG", "Save as PNG"])
        self.assertEqual(len(seen["tooltips"]), 2)
        for name, tooltip in zip(("cka", "procrustes_angle"), seen["tooltips"]):
            self.assertEqual(float(tooltip[name]), float(data[name].values[0, 5]), "not the number of the file")
            self.assertEqual(tooltip["row"], str(data["label"].values[0]), "the name is not shown as it is")
            self.assertEqual(tooltip["column"], str(data["label"].values[5]))
        self.assertEqual(float(seen["tooltips"][0]["chance level"]), 0.1)
        self.assertEqual(seen["before"], [5, 0])
        self.assertEqual(seen["after"], [13, 0], "order by depth: last layer of the first network, after 12 others")


if __name__ == "__main__":
    unittest.main()

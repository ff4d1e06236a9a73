"""The README says what the program says: its table of measures, commands, options and files.

`test_readme.py --write` (with CONFER set) puts the program's table of measures into the README.
"""
import os
import re
import sys
import unittest

import xarray

from program import DATA, HERE, TestCase, confer

ROOT = os.path.dirname(os.path.dirname(HERE))
README = os.path.join(ROOT, "README.md")
SECTION = re.compile(r"(<!-- measures:.*?-->\n)(.*?)(<!-- end of measures -->)", re.S)


def read():
    with open(README, encoding="utf-8") as f:
        return f.read()


def measures():
    return confer("measures", "--markdown").out


class Readme(TestCase):
    def test_measures_are_those_of_the_program(self):
        table = measures()
        self.assertIn("`pwcca`", table)
        self.assertEqual(SECTION.search(read()).group(2), table, "run tests/e2e/test_readme.py --write")

    def test_commands_and_options_exist(self):
        text = read()
        commands = set(re.findall(r"(?:^ {4}|`|-n \d )confer ([a-z]+)\b", text, re.M))
        self.assertGreaterEqual(commands, {"catalog", "compare", "table", "measures", "doctor"})
        helps = {}
        for command in commands:
            run = confer(command, "--help")
            self.assertEqual(run.code, 0, command + run.err)
            helps[command] = run.out
        for command, line in re.findall(r"^ {4}.*\bconfer ([a-z]+)\b([^#\n]*)", text, re.M):
            for option in re.findall(r"--[a-z-]+", line):
                self.assertIn(option, helps[command] + " --job --help", line)

    def test_the_lines_that_load_results_work(self):
        for command, data, *options in (("compare", "A", "results.h5"), ("align", "D", "alignment.h5", "--target", "labels"),
                                        ("match", "A", "matches.h5", "--clusters", "none"),
                                        ("dynamics", "E", "dynamics.h5")):
            run = confer(command, os.path.join(DATA, data), "--output", self.path(options[0]), "--quiet", *options[1:])
            self.assertEqual(run.code, 0, run.err)
        lines = re.search(r"### Output\n(.*?)\n## ", read(), re.S).group(1)
        lines = [line.strip() for line in lines.splitlines() if line.startswith("    ")]
        self.assertGreaterEqual(len(lines), 9)
        names = {"xarray": xarray}
        before = os.getcwd()
        os.chdir(self.directory)
        self.addCleanup(os.chdir, before)
        for line in lines:
            exec(line, names)  # noqa: S102: the README's own lines
        for name in ("results", "alignment", "dynamics"):
            names[name].close()

    def test_files_exist(self):
        text = read()
        names = re.findall(r"\]\(([\w./-]+)\)", text) + re.findall(r"\./([\w/]+\.sh)", text)
        self.assertGreater(len(names), 4)
        for name in names:
            self.assertTrue(os.path.exists(os.path.join(ROOT, name)), name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        updated = SECTION.sub(lambda match: match.group(1) + measures() + match.group(3), read())
        with open(README, "w", encoding="utf-8") as file:
            file.write(updated)
    else:
        unittest.main()

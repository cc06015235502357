"""A small tree of files that a self-test fills with one broken rule at a time."""

import os
import re
import tempfile
import textwrap
import unittest


class SampleTree(unittest.TestCase):
    """Gives each test an empty folder, and asserts on what a check says about it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return full

    def write_header(self, path, body):
        guard = "SLUICE_" + re.sub(r"\W", "_", path).upper() + "_"
        self.write(path, f"#ifndef {guard}\n#define {guard}\n{textwrap.dedent(body)}\n#endif\n")

    def assert_clean(self, violations):
        self.assertEqual([str(violation) for violation in violations], [])

    def assert_broken(self, violations, path, line, words):
        """Exactly one violation, at `path`:`line`, whose message contains `words`."""
        self.assertEqual(len(violations), 1, [str(violation) for violation in violations])
        self.assertEqual((violations[0].path, violations[0].line), (path, line))
        self.assertIn(words, violations[0].message)

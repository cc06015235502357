"""Documents that are installed lead to what is installed."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_REPOSITORY / "cmake"))

import install_docs  # pylint: disable=wrong-import-position

_LINK = re.compile(r"\]\(([^()\s]+)\)")


def installed(texts, *pairs):
    """What becomes of a repository of `texts` (path: text), as {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "source"), pathlib.Path(folder, "target")
        for path, text in texts.items():
            file = source / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf8")
        install_docs.main([str(source), str(target), *pairs])
        return {str(file.relative_to(target)): file.read_text(encoding="utf8")
                for file in target.rglob("*") if file.is_file()}


def rule(component):
    """The pairs that cmake/package.cmake gives for `component`."""
    text = (_REPOSITORY / "cmake/package.cmake").read_text(encoding="utf8")
    found = re.search(rf"sluice_install_docs\({component}\s+(.*?)\)", text, re.DOTALL)
    return found.group(1).split()


class InstallDocs(unittest.TestCase):
    """Each test is a claim about a link."""

    def test_a_link_to_what_is_installed_elsewhere_leads_there(self):
        texts = {"docs/a.md": "[b](../apps/b.md#part)", "apps/b.md": "[two\nlines](../docs/a.md)"}
        found = installed(texts, "docs=docs", "apps/b.md=README.md")
        self.assertEqual(found, {"docs/a.md": "[b](../README.md#part)",
                                 "README.md": "[two\nlines](docs/a.md)"})

    def test_a_link_to_a_folder_leads_to_the_folder(self):
        texts = {"README.md": "[docs](docs)", "docs/a.md": ""}
        self.assertEqual(installed(texts, "docs=docs", "README.md=x/README.md")["x/README.md"],
                         "[docs](../docs)")

    def test_a_link_to_what_stays_in_the_source_says_where_it_is_there(self):
        texts = {"docs/a.md": "see [its README](../tests/README.md), ![a picture](../b.png)\n"}
        self.assertEqual(installed(texts, "docs=docs")["docs/a.md"],
                         "see its README (`tests/README.md` in the source), "
                         "a picture (`b.png` in the source)\n")

    def test_what_is_installed_by_somebody_else_is_led_to_and_not_copied(self):
        texts = {"docs/a.md": "[unit](../ops/s.service)", "ops/s.service": ""}
        found = installed(texts, "docs=docs", "!ops/s.service=../lib/s.service")
        self.assertEqual(found, {"docs/a.md": "[unit](../../lib/s.service)"})

    def test_a_link_does_not_depend_on_where_one_is(self):
        texts = {"docs/a.md": "[unit](../ops/s.service)", "ops/s.service": ""}
        before = os.getcwd()
        try:
            os.chdir("/")
            found = installed(texts, "docs=docs", "!ops/s.service=../../../lib/s.service")
        finally:
            os.chdir(before)
        self.assertEqual(found, {"docs/a.md": "[unit](../../../../lib/s.service)"})

    def test_other_links_and_programs_stay_as_they_are(self):
        text = "[w](https://a.org/b.md) [h](#part)\n```js\nlist[0](b.md)\n```\n"
        self.assertEqual(installed({"docs/a.md": text}, "docs=docs")["docs/a.md"], text)

    def test_a_wrong_line_is_refused(self):
        for line in [[], ["."], [".", "/nowhere", "no pair"], [".", "/nowhere", "missing.md=a.md"]]:
            with self.assertRaises(SystemExit):
                install_docs.main(line)

    def test_no_link_of_what_the_packages_bring_is_dead(self):
        for component in ["worker", "conference"]:
            with self.subTest(component), tempfile.TemporaryDirectory() as folder:
                pairs = rule(component)
                root = pathlib.Path(folder, "usr/share/doc", component)
                command = [sys.executable, _REPOSITORY / "cmake/install_docs.py", _REPOSITORY, root]
                subprocess.run([*command, *pairs], check=True)
                # In the place of what others install.
                for pair in pairs:
                    if pair.startswith("!"):
                        file = root / pair.partition("=")[2]
                        file.parent.mkdir(parents=True, exist_ok=True)
                        file.touch()
                self._expect_no_dead_link(root)

    def _expect_no_dead_link(self, root):
        documents = list(root.rglob("*.md"))
        self.assertTrue(documents)
        for document in documents:
            for target in _LINK.findall(document.read_text(encoding="utf8")):
                if re.match(r"[a-z]+:|#", target):
                    continue
                path = document.parent / target.partition("#")[0]
                self.assertTrue(path.exists(), f"{document.name} leads to {target}")


if __name__ == "__main__":
    unittest.main()

"""Finds the files of the tree and takes comments and literals out of C++ text."""

import os
import re
from dataclasses import dataclass

import rules

CXX_SUFFIXES = (".h", ".cc")
SOURCE_SUFFIXES = CXX_SUFFIXES + (
    ".ts",
    ".js",
    ".mjs",
    ".py",
    ".sh",
    ".go",
    ".css",
    ".cmake",
    ".fbs",
)


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule, printed the way compilers print, so that editors can jump to it."""

    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def find_files(root, suffixes=SOURCE_SUFFIXES):
    """Paths relative to `root` of every file written by hand, in a fixed order."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in rules.SKIPPED_FOLDERS]
        for name in names:
            if name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def read_text(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def is_test(path):
    return re.search(r"_test\.(cc|py|ts|go)$|\.test\.(ts|js|mjs)$|_fuzz\.cc$", path) is not None


def folder_of(path):
    """The most specific row of the table that `path` belongs to, or None."""
    rows = [row for row in rules.FOLDERS if path.startswith(row.path + "/")]
    return max(rows, key=lambda row: len(row.path), default=None)


_LEXEMES = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<raw>(?:u8|[uUL])?R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<character>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.VERBOSE,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def _blank(text):
    return "".join(character if character == "\n" else " " for character in text)


def without_comments(text):
    """`text` with comments blanked; every line keeps its number and every column its place."""
    return _LEXEMES.sub(lambda m: _blank(m.group()) if m.group("comment") else m.group(), text)


def code_only(text):
    """`text` with comments, literals and preprocessor lines blanked."""

    def replace(match):
        if match.group("comment"):
            return _blank(match.group())
        # Something must stay where a literal stood: `f("x")` has an argument.
        return "0" + _blank(match.group()[1:])

    return _DIRECTIVE.sub(lambda m: _blank(m.group()), _LEXEMES.sub(replace, text))

"""Names: no empty words in file and type names, and header guards that follow the path."""

import re

import rules
from source_tree import CXX_SUFFIXES, Violation, code_only, find_files, read_text

_CXX_TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?|concept|namespace)\s+"
    r"(?:\[\[[^\]]*\]\]\s*)?(\w+)"
    r"|\busing\s+(\w+)\s*="
)
_SCRIPT_TYPE = re.compile(
    r"^[ \t]*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:class|interface|type|enum)\s+(\w+)",
    re.M,
)
_SCHEMA_TYPE = re.compile(r"^[ \t]*(?:table|struct|enum|union)\s+(\w+)", re.M)


def words_of(name):
    """The words of a snake_case, kebab-case or CamelCase name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def check(root):
    """All violations of the naming rule below `root`."""
    files = find_files(root)
    if not files:
        return [Violation(".", 0, "no source file found: nothing was checked")]
    violations = []
    for path in files:
        if path in rules.ALLOWED_NAMES:
            continue
        for part in path.split("/"):
            violations += _judge(path, 1, part.rsplit(".", 1)[0])
        text = read_text(root, path)
        violations += _check_types(path, text)
        if path.endswith(".h"):
            violations += _check_guard(path, text)
    return violations


def _judge(path, line, name):
    return [
        Violation(path, line, f"the name {name} contains {word}, which says nothing")
        for word in words_of(name)
        if word in rules.FORBIDDEN_WORDS
    ]


def _check_types(path, text):
    if path.endswith(CXX_SUFFIXES):
        text, pattern = code_only(text), _CXX_TYPE
    elif path.endswith(".ts"):
        pattern = _SCRIPT_TYPE
    elif path.endswith(".fbs"):
        pattern = _SCHEMA_TYPE
    else:
        return []
    violations = []
    for match in pattern.finditer(text):
        name = next(group for group in match.groups() if group)
        violations += _judge(path, text.count("\n", 0, match.start()) + 1, name)
    return violations


def _check_guard(path, text):
    guard = "SLUICE_" + re.sub(r"\W", "_", path).upper() + "_"
    if re.search(rf"^#ifndef {guard}\n#define {guard}$", text, re.M):
        return []
    return [Violation(path, 1, f"the header guard is not {guard}")]

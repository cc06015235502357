"""The size rule: files and functions small enough to be read at one go."""

import rules
from function_scanner import UnbalancedBraces, scan
from source_tree import (
    CXX_SUFFIXES,
    SOURCE_SUFFIXES,
    Violation,
    find_files,
    folder_of,
    is_test,
    read_text,
)

_UNMEASURED = (".fbs",)


def check(root):
    """All violations of the size rule below `root`."""
    files = [path for path in find_files(root, SOURCE_SUFFIXES) if not path.endswith(_UNMEASURED)]
    if not files:
        return [Violation(".", 0, "no source file found: nothing was checked")]
    violations = []
    for path in files:
        text = read_text(root, path)
        violations += _check_file(path, text)
        if path.endswith(CXX_SUFFIXES) and folder_of(path) is not None:
            violations += _check_functions(path, text)
    return violations


def _check_file(path, text):
    lines = text.count("\n")
    if is_test(path):
        limit = rules.MAX_TEST_LINES
    else:
        limit = rules.MAX_HEADER_LINES if path.endswith(".h") else rules.MAX_SOURCE_LINES
    if lines <= limit:
        return []
    return [Violation(path, limit + 1, f"{lines} lines, the limit is {limit}")]


def _check_functions(path, text):
    try:
        functions = scan(text)
    except UnbalancedBraces as problem:
        return [Violation(path, 1, f"cannot be measured: {problem}")]
    violations = []
    for function in functions:
        for what, value, limit in (
            ("lines", function.lines, rules.MAX_FUNCTION_LINES),
            ("parameters", function.parameters, rules.MAX_PARAMETERS),
            ("levels of nesting", function.nesting, rules.MAX_NESTING),
        ):
            if value > limit:
                message = f"{function.name} has {value} {what}, the limit is {limit}"
                violations.append(Violation(path, function.line, message))
    return violations

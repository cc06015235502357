"""The include rule: arrows point down, siblings never meet, libraries stay where the table puts
them.
"""

import re

import rules
from source_tree import (
    CXX_SUFFIXES,
    Violation,
    find_files,
    folder_of,
    is_test,
    read_text,
    without_comments,
)

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
_PROJECT_ROOTS = frozenset(row.path.split("/")[0] for row in rules.FOLDERS)


def check(root):
    """All violations of the include rule below `root`."""
    files = [path for path in find_files(root, CXX_SUFFIXES) if folder_of(path) is not None]
    if not files:
        return [Violation(".", 0, "no C++ file found: nothing was checked")]
    violations = []
    for path in files:
        text = without_comments(read_text(root, path))
        for match in _INCLUDE.finditer(text):
            message = _judge(path, match.group(2), quoted=match.group(1) == '"')
            if message:
                violations.append(Violation(path, text.count("\n", 0, match.start()) + 1, message))
    return violations


def _judge(path, header, quoted):
    """Why `path` may not include `header`, or None if it may."""
    row = folder_of(path)
    if header.split("/")[0] in _PROJECT_ROOTS and "/" in header:
        return _judge_project_header(path, row, header)
    if row.free:
        return None
    library = library_of(header)
    if library is None and header not in rules.STANDARD_HEADERS:
        if quoted:
            return f'"{header}" is not a path from the root of the repository'
        return f"<{header}> belongs to no library of the table"
    if row.pure and not is_test(path) and _is_impure(header):
        return f"{row.path} is pure: no <{header}>"
    if library is None or _may_use(row, path, library):
        return None
    return f"{row.path} may not use {library} here (<{header}>)"


def _judge_project_header(path, row, header):
    for folder, door in rules.FRONT_DOORS.items():
        if header.startswith(folder + "/") and not path.startswith(folder + "/") and header != door:
            return f"only {door} is for others, not {header}"
    if row.free:
        return None
    target = folder_of(header)
    allowed = (row.path,) + row.below + (rules.TEST_FOLDERS if is_test(path) else ())
    if target is not None and target.path in allowed:
        return None
    return f"{row.path} may not include {header}"


def library_of(header):
    for library, prefixes in rules.LIBRARY_HEADERS.items():
        for prefix in prefixes:
            if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
                return library
    return None


def _is_impure(header):
    return any(
        header == name or (name.endswith("/") and header.startswith(name))
        for name in rules.IMPURE_HEADERS
    )


def _may_use(row, path, library):
    if is_test(path) and library in rules.TEST_LIBRARIES:
        return True
    for name in (library, rules.PART_OF.get(library)):
        if name in row.libraries:
            stems = row.libraries[name]
            stem = re.sub(r"(_test)?\.cc$", "", path.rsplit("/", 1)[-1])
            if not stems or stem in stems:
                return True
    return False

"""The purity rule, read off the archives: what a core needs from outside decides whether it is
pure.

Every undefined symbol of a pure archive must be one of: a symbol of an archive that its folder may
use, the C++ library without its clocks, files and threads, a C function that computes, or a symbol
of a library that the table allows to this very file. Anything else is a violation, so an unheard-of
system call is caught as well.
"""

import os
import re
import subprocess
from dataclasses import dataclass

import rules
from source_tree import Violation

_IMPURE_CXX = re.compile("|".join(rules.IMPURE_CXX_PATTERNS))
_LIBRARIES = {library: re.compile(pattern) for library, pattern in rules.LIBRARY_SYMBOLS.items()}
_RUNTIME = re.compile(
    r"^(?:(?:vtable|typeinfo|typeinfo name|VTT|guard variable|TLS \w+ function) for )?"
    r"(?:std::|__cxxabiv1::|__gnu_cxx::)"
    r"|^operator (?:new|delete)\b|^[\w:<>, *&]+ std::\w"
)


@dataclass(frozen=True)
class Symbol:
    mangled: str
    name: str  # demangled
    member: str  # the object file inside the archive
    defined: bool


def check(build, nm="nm"):
    """All violations of the purity rule in the archives below the build tree `build`."""
    rows = [row for row in rules.FOLDERS if row.archive]
    archives = _find_archives(build)
    symbols, violations = {}, []
    for row in rows:
        path = archives.get(row.archive)
        if path:
            symbols[row.path] = read_symbols(path, nm)
        elif row.path != "sctp":  # Data channels are a part that a build may do without.
            violations.append(
                Violation(build, 0, f"libsluice_{row.archive}.a is missing: build it first")
            )
    for row in rows:
        if row.pure and row.path in symbols:
            path = os.path.relpath(archives[row.archive], build)
            violations += _check_archive(row, path, symbols)
    return violations


def _find_archives(build):
    found = {}
    for folder, _, names in os.walk(build):
        for name in names:
            match = re.fullmatch(r"libsluice_(\w+)\.a", name)
            if match:
                found[match.group(1)] = os.path.join(folder, name)
    return found


def read_symbols(archive, nm="nm"):
    """Every global symbol that the members of `archive` define or need."""
    plain, demangled = (_run_nm(nm, archive, flags) for flags in ([], ["--demangle"]))
    symbols = []
    for (member, kind, mangled), (_, _, name) in zip(plain, demangled, strict=True):
        # Weak references ("w", "v") are resolved to nothing unless the program brings the symbol
        # anyway.
        if kind not in "wv":
            symbols.append(Symbol(mangled, name, member, kind != "U"))
    return symbols


def _run_nm(nm, archive, flags):
    command = [nm, "--print-file-name", "--no-sort", "--extern-only", *flags, archive]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^.*?\.a:([^:]+):[0-9a-f ]* (\w) (.*)$", output, re.MULTILINE)
    return [(member, kind, name) for member, kind, name in rows]


def _check_archive(row, path, symbols):
    own = {symbol.mangled for symbol in symbols[row.path] if symbol.defined}
    below = {
        symbol.mangled
        for folder in row.below
        for symbol in symbols.get(folder, ())
        if symbol.defined
    }
    violations = []
    for symbol in symbols[row.path]:
        if symbol.defined or symbol.mangled in own or symbol.mangled in below:
            continue
        reason = _judge(row, symbol)
        if reason:
            violations.append(
                Violation(f"{path}({symbol.member})", 0, f"needs {symbol.name}: {reason}")
            )
    return violations


def _judge(row, symbol):
    """Why a file of `row` may not need `symbol`, or None if it may."""
    stem = symbol.member.split(".")[0]
    if _IMPURE_CXX.search(symbol.name):
        return "a clock, file, thread, stream or source of randomness"
    for library, pattern in _LIBRARIES.items():
        if pattern.search(symbol.name):
            return (
                None if _may_need(row, stem, library) else f"{row.path} may not use {library} here"
            )
    if symbol.mangled.startswith("_Z"):
        return None if _RUNTIME.search(symbol.name) else "no folder below defines it"
    # Fortified builds call __memcpy_chk where the source says memcpy.
    name = re.sub(r"^__(\w+)_chk$", r"\1", symbol.name)
    if name in rules.PURE_C_SYMBOLS:
        return None
    if name in rules.PRINTING_C_SYMBOLS:
        return None if stem in rules.PRINTING_FILES.get(row.path, ()) else "cores do not print"
    return "not a C function that only computes"


def _may_need(row, stem, library):
    if library in row.libraries:
        stems = row.libraries[library]
        return not stems or stem in stems
    # What base offers may be built on abseil, and inline functions carry that into whoever uses
    # base.
    base = next(folder for folder in rules.FOLDERS if folder.path == "base")
    return library == "abseil" and "base" in row.below and library in base.libraries

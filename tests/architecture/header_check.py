"""Headers stand alone: each compiles as the only include of a file, twice, so its guard is seen to
work.

Where a source of the same name includes it first, and is compiled by itself, the build has shown the
one (but for the standard headers that it has precompiled), and only the guard is looked at. The flags
are those of the build itself, read from compile_commands.json, so a header that compiles here compiles
wherever its folder does.
"""

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from source_tree import Violation, find_files, folder_of

# Compilers launched at the same time; the project's machines have two cores.
_JOBS = 2


class Command(NamedTuple):
    directory: str
    flags: list  # the compiler first
    shared: bool  # with other sources, as one translation unit


def check(root, build):
    """One violation for each header below `root` that does not compile on its own."""
    database = os.path.join(build, "compile_commands.json")
    if not os.path.exists(database):
        return [Violation(database, 0, "missing: configure with CMAKE_EXPORT_COMPILE_COMMANDS=ON")]
    headers = [path for path in find_files(root, (".h",)) if folder_of(path) is not None]
    if not headers:
        return [Violation(".", 0, "no header found: nothing was checked")]
    commands = _read_commands(root, database)
    if not commands:
        return [Violation(database, 0, "names no source file of this tree")]
    unseen = [header for header in headers if not _is_seen_by_build(root, header, commands)]
    with ThreadPoolExecutor(_JOBS) as pool:
        results = pool.map(
            lambda header: _compile(root, header, _nearest(commands, header)), unseen
        )
    return [violation for violation in results if violation]


def _read_commands(root, database):
    """Source path -> how it is compiled."""
    with open(database, encoding="utf-8") as file:
        entries = json.load(file)
    commands = {}
    for entry in entries:
        sources = _sources_in(os.path.join(entry["directory"], entry["file"]))
        flags = _flags(shlex.split(entry["command"]))
        command = Command(entry["directory"], flags, shared=len(sources) > 1)
        for source in sources:
            path = os.path.relpath(source, root)
            if not path.startswith(".."):
                commands[path] = command
    return commands


def _sources_in(path):
    """The file itself, or what it includes if it stands for several (SLUICE_UNITY)."""
    if not re.search(r"/Unity/unity_\w+\.cxx$", path):
        return [path]
    with open(path, encoding="utf-8") as file:
        return re.findall(r'^#include "(.+\.cc)"', file.read(), re.MULTILINE)


def _flags(words):
    """The compiler call without its launcher, its input, its output and its precompiled header: what
    that one includes, a header includes itself."""
    while os.path.basename(words[0]) in ("ccache", "distcc", "sccache"):
        words = words[1:]
    kept, rest = [words[0]], iter(_without_clangs_own(words[1:]))
    for word in rest:
        if word in ("-o", "-MF", "-MT", "-MQ", "-include"):
            next(rest, None)
        elif word not in ("-c", "-MD", "-MMD", "--", "-Winvalid-pch") and not word.endswith((".cc", ".cxx")):
            kept.append(word)
    return kept


def _without_clangs_own(words):
    """Clang is given the precompiled header, twice, as -Xclang OPTION -Xclang FILE."""
    kept = list(words)
    for option in ("-include-pch", "-include"):
        for i in range(len(kept) - 4, -1, -1):
            if kept[i : i + 3] == ["-Xclang", option, "-Xclang"]:
                del kept[i : i + 4]
    return kept


def _is_seen_by_build(root, header, commands):
    """True if its own source begins with it, is a translation unit of its own, and it has a guard."""
    own = re.sub(r"\.h$", ".cc", header)
    if own not in commands or commands[own].shared:
        return False
    with open(os.path.join(root, own), encoding="utf-8") as file:
        first = re.search(r'^#include ["<](.+)[">]', file.read(), re.MULTILINE)
    if first is None or first.group(1) != header:
        return False
    with open(os.path.join(root, header), encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line and not line.startswith("//")]
    guard = re.fullmatch(r"#ifndef (\w+)", lines[0]) if lines else None
    return guard is not None and lines[1] == f"#define {guard.group(1)}"


def _nearest(commands, header):
    """The command of the source that shares most of its path with `header`, its own .cc first."""
    own = re.sub(r"\.h$", ".cc", header)
    if own in commands:
        return commands[own]

    def shared(path):
        return (
            len(os.path.commonprefix([path.split("/"), header.split("/")])),
            path.endswith("_test.cc"),
            path,
        )

    return commands[max(commands, key=shared)]


def _compile(root, header, command):
    text = f'#include "{header}"\n#include "{header}"\n'
    result = subprocess.run(
        [*command.flags, "-I", root, "-fsyntax-only", "-x", "c++", "-"],
        cwd=command.directory,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode == 0:
        return None
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    return Violation(
        header, 1, f"does not stand alone: {errors[0] if errors else result.stderr.strip()[:300]}"
    )

"""Headers stand alone: each compiles as the only include of a file, twice, so its guard is seen to
work.

The flags are those of the build itself, read from compile_commands.json, so a header that compiles
here compiles wherever its folder does.
"""

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from source_tree import Violation, find_files, folder_of

# Compilers launched at the same time; the project's machines have two cores.
_JOBS = 2


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
    with ThreadPoolExecutor(_JOBS) as pool:
        results = pool.map(
            lambda header: _compile(root, header, _nearest(commands, header)), headers
        )
    return [violation for violation in results if violation]


def _read_commands(root, database):
    """Source path -> the compiler and the flags it is compiled with."""
    with open(database, encoding="utf-8") as file:
        entries = json.load(file)
    commands = {}
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        if not path.startswith(".."):
            commands[path] = (entry["directory"], _flags(shlex.split(entry["command"])))
    return commands


def _flags(words):
    """The compiler call without its launcher, its input and its output."""
    while os.path.basename(words[0]) in ("ccache", "distcc", "sccache"):
        words = words[1:]
    kept, rest = [words[0]], iter(words[1:])
    for word in rest:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(rest, None)
        elif word not in ("-c", "-MD", "-MMD", "--") and not word.endswith(".cc"):
            kept.append(word)
    return kept


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
    directory, flags = command
    text = f'#include "{header}"\n#include "{header}"\n'
    result = subprocess.run(
        [*flags, "-I", root, "-fsyntax-only", "-x", "c++", "-"],
        cwd=directory,
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

"""Copies documents to where they are installed, with links that lead somewhere there.

usage: install_docs.py REPOSITORY FOLDER PATH=TARGET...

PATH is a file or a folder of the repository, TARGET where it goes below FOLDER. With a "!" before
it, it is installed by somebody else, and only led to. A link to what is not installed becomes its
text, with the place in the source in parentheses.
"""

import os
import pathlib
import re
import shutil
import sys

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_FENCED = re.compile(r"(^[ \t]*```.*?^[ \t]*```[ \t]*$)", re.MULTILINE | re.DOTALL)

# Targets may lie above the folder ("../"). Paths are compared as if it were this deep: taken from the
# folder in which somebody happens to be, a few of these steps would end at the root.
_DEEP = "/1/2/3/4/5/6/7/8/"


class Installation:
    """What goes where: `placed` are copied, `known` is all that can be led to."""

    def __init__(self, repository):
        self._repository = repository
        self.placed = {}
        self.known = {}

    def add(self, path, target, copied=True):
        """The file or folder `path` goes to `target`; both are relative."""
        source = self._repository / path
        if not source.exists():
            raise SystemExit(f"install_docs: {path} is not in the repository")
        files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
        self.known[path] = target
        for file in files:
            name = file.relative_to(self._repository).as_posix()
            where = target if source.is_file() else f"{target}/{file.relative_to(source).as_posix()}"
            self.known[name] = where
            if copied:
                self.placed[name] = where

    def text_of(self, name):
        """The document `name` as it is installed."""
        text = (self._repository / name).read_text(encoding="utf8")
        # Every second part is a program.
        parts = _FENCED.split(text)
        parts[::2] = [_LINK.sub(lambda found: self._link(name, found), part) for part in parts[::2]]
        return "".join(parts)

    def _link(self, name, found):
        mark, text, target = found.groups()
        if re.match(r"[a-z][a-z0-9+.-]*:|#", target):
            return found.group()
        path, hash_sign, fragment = target.partition("#")
        meant = os.path.normpath(os.path.join(os.path.dirname(name), path))
        if meant in self.known:
            there = os.path.relpath(_DEEP + self.known[meant], _DEEP + os.path.dirname(self.known[name]))
            return f"{mark}[{text}]({there}{hash_sign}{fragment})"
        return f"{text} (`{meant}` in the source)"

    def copy(self, folder):
        """Writes everything below `folder`."""
        for name, where in self.placed.items():
            target = folder / where
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".md"):
                target.write_text(self.text_of(name), encoding="utf8")
                target.chmod(0o644)
            else:
                shutil.copyfile(self._repository / name, target)
                target.chmod(0o644)


def main(arguments):
    """Exit status 0 if everything is in its place."""
    if len(arguments) < 3 or not all("=" in pair for pair in arguments[2:]):
        raise SystemExit("usage: install_docs.py REPOSITORY FOLDER PATH=TARGET...")
    installation = Installation(pathlib.Path(arguments[0]).resolve())
    for pair in arguments[2:]:
        path, _, target = pair.partition("=")
        installation.add(path.removeprefix("!"), target, copied=not path.startswith("!"))
    installation.copy(pathlib.Path(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

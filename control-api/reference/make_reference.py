"""Writes docs/control-protocol.md out of the schema, or checks that it is current.

usage: make_reference.py [--check]
"""

import pathlib
import sys

from fbs_reader import read_schema
from markdown import render

_HERE = pathlib.Path(__file__).resolve().parent
_SCHEMA = _HERE.parent / "schema"
_PAGE = _HERE.parent.parent / "docs" / "control-protocol.md"
# In the order in which a reader meets them.
_ORDER = ("message", "request", "notification", "response", "observe", "stats", "rtp", "data", "common")


def page():
    """The text of the page, as the schema has it now."""
    names = {path.stem for path in _SCHEMA.glob("*.fbs")}
    ordered = [*_ORDER, *sorted(names - set(_ORDER))]
    files = [read_schema(name, (_SCHEMA / f"{name}.fbs").read_text()) for name in ordered]
    return render((_HERE / "preamble.md").read_text(), files)


def main(arguments):
    """The exit status."""
    if arguments not in ([], ["--check"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if not arguments:
        _PAGE.write_text(page())
        return 0
    if _PAGE.exists() and _PAGE.read_text() == page():
        return 0
    print("docs/control-protocol.md is not what the schema says:"
          " run python3 control-api/reference/make_reference.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

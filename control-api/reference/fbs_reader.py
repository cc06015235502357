"""Reads the schema of the control API: its declarations, with the comments that belong to them.

It knows the part of the FlatBuffers language that the schema uses, and says where it meets
something else, so that nothing is left out of the reference in silence.
"""

import dataclasses
import re


class SchemaError(Exception):
    """The schema has a line that this reader does not know."""


@dataclasses.dataclass
class Member:
    """A field of a table, a value of an enum or a table in a union."""

    name: str
    type: str = ""
    default: str = ""
    number: int = 0
    required: bool = False
    comment: str = ""


@dataclasses.dataclass
class Declaration:
    """A table, an enum or a union."""

    kind: str
    name: str
    type: str = ""
    section: str = ""
    comment: str = ""
    members: list[Member] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class File:
    """One file of the schema."""

    name: str
    comment: str = ""
    declarations: list[Declaration] = dataclasses.field(default_factory=list)
    root: str = ""


_OPENING = re.compile(r"(table|enum|union)\s+(\w+)(?:\s*:\s*(\w+))?\s*\{(.*)$")
_SECTION = re.compile(r"//\s*---\s*(.+?)\s*---$")
_FIELD = re.compile(r"(\w+)\s*:\s*(\[?[\w.]+\]?)\s*(?:=\s*([\w.+-]+))?\s*\(([^)]*)\)\s*;$")
_VALUE = re.compile(r"(\w+)\s*(?:=\s*(\d+))?\s*,?$")
_IGNORED = re.compile(r"(include|namespace|attribute|file_identifier)\b.*;$")
_ROOT = re.compile(r"root_type\s+(\w+)\s*;$")


def read_schema(name, text):
    """The declarations of the file `name`, whose contents are `text`, in their order."""
    return _Reader(name).read(text)


class _Reader:
    def __init__(self, name):
        self._file = File(name)
        self._comment = []
        self._section = ""
        self._open = None
        self._line = 0

    def read(self, text):
        lines = text.splitlines()
        for self._line, line in enumerate(lines, start=1):
            self._take(line.strip())
        if self._open is not None:
            raise self._error(f"{self._open.name} is not closed")
        return self._file

    def _take(self, line):
        if not line:
            self._end_of_paragraph()
        elif section := _SECTION.match(line):
            self._section = section[1]
            self._comment = []
        elif line.startswith("//"):
            self._comment.append(line[2:].strip())
        elif self._open is not None:
            self._take_inside(line)
        else:
            self._take_outside(line)

    # The first paragraph of a file speaks of the file.
    def _end_of_paragraph(self):
        if not self._file.declarations and self._open is None:
            parts = [self._file.comment, " ".join(self._comment)]
            self._file.comment = "\n\n".join(part for part in parts if part)
        self._comment = []

    def _take_outside(self, line):
        if root := _ROOT.match(line):
            self._file.root = root[1]
        elif opening := _OPENING.match(line):
            kind, name, underlying, rest = opening.groups()
            self._open = Declaration(
                kind, name, underlying or "", self._section, self._take_comment())
            self._take_rest(rest.strip())
        elif not _IGNORED.match(line):
            raise self._error(f"not understood: {line}")

    def _take_rest(self, rest):
        body, closed = (rest[:-1], True) if rest.endswith("}") else (rest, False)
        pieces = body.split(";") if self._open.kind == "table" else body.split(",")
        for piece in filter(None, (piece.strip() for piece in pieces)):
            self._take_inside(piece + ";" if self._open.kind == "table" else piece)
        if closed:
            self._close()

    def _take_inside(self, line):
        if line == "}":
            self._close()
            return
        code, _, remark = line.partition("//")
        code = code.strip()
        comment = " ".join(filter(None, [self._take_comment(), remark.strip()]))
        self._open.members.append(self._member(code, comment))

    def _member(self, code, comment):
        if self._open.kind == "table":
            field = _FIELD.match(code)
            if not field:
                raise self._error(f"not a field: {code}")
            name, type_, default, attributes = field.groups()
            number = re.search(r"\bid:\s*(\d+)", attributes)
            if not number:
                raise self._error(f"{name} has no id")
            required = re.search(r"\brequired\b", attributes) is not None
            return Member(name, type_, default or "", int(number[1]), required, comment)
        value = _VALUE.match(code)
        if not value:
            raise self._error(f"not a value: {code}")
        return Member(value[1], number=self._number_of(value[2]), comment=comment)

    # As flatc counts: enums from 0, unions from 1, each one more than the one before.
    def _number_of(self, written):
        if written is not None:
            return int(written)
        if self._open.members:
            return self._open.members[-1].number + 1
        return 1 if self._open.kind == "union" else 0

    def _close(self):
        self._file.declarations.append(self._open)
        self._open = None
        self._comment = []

    def _take_comment(self):
        comment, self._comment = " ".join(self._comment), []
        return comment

    def _error(self, message):
        return SchemaError(f"{self._file.name}:{self._line}: {message}")

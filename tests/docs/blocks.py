"""The fenced blocks of a Markdown page, with the directive that says how each is tried.

A directive is an HTML comment, which readers do not see, on the lines above a block:

    <!-- from: PATH -->           the block is part of that file, which tests of its own run
    <!-- file: NAME -->           saved under that name in the page's scratch folder
    <!-- background: TEXT -->     goes on running until the page ends; TEXT is waited for
    <!-- prints: TEXT -->         what it prints has TEXT in it
    <!-- fails: STATUS -->        it ends with that exit status
    <!-- prelude ... -->          code that the programs of the page begin with
"""

import dataclasses
import re


class PageError(Exception):
    """The page is not written as this reader expects."""


@dataclasses.dataclass
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int
    section: str
    directives: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Page:
    """The blocks of a page in their order, and what its programs begin with."""

    name: str
    blocks: list[Block] = dataclasses.field(default_factory=list)
    preludes: dict[str, str] = dataclasses.field(default_factory=dict)


_FENCE = re.compile(r"^(\s*)```(\S*)\s*$")
_DIRECTIVE = re.compile(r"^\s*<!--\s*(from|file|background|prints|fails):\s*(.+?)\s*-->$")
_PRELUDE = re.compile(r"^\s*<!--\s*prelude\s+(\w+)\s*$")


def read_page(name, text):
    """The page `name` with the contents `text`."""
    page, lines, index = Page(name), text.splitlines(), 0
    section, directives = "", {}
    while index < len(lines):
        line = lines[index]
        if fence := _FENCE.match(line):
            end = _end_of(lines, index, re.escape(fence[1]) + "```", name)
            body = "\n".join(each[len(fence[1]):] for each in lines[index + 1:end])
            page.blocks.append(Block(fence[2], body + "\n", index + 1, section, directives))
            directives, index = {}, end
        elif prelude := _PRELUDE.match(line):
            end = _end_of(lines, index, "-->", name)
            page.preludes[prelude[1]] = "\n".join(lines[index + 1:end]) + "\n"
            index = end
        elif directive := _DIRECTIVE.match(line):
            directives = {**directives, directive[1]: directive[2]}
        elif line.strip():
            if directives:
                raise PageError(f"{name}:{index + 1}: a directive without a block behind it")
            if line.startswith("#"):
                section = line.lstrip("# ")
        index += 1
    if directives:
        raise PageError(f"{name}: a directive without a block behind it")
    return page


def _end_of(lines, start, pattern, name):
    for index in range(start + 1, len(lines)):
        if re.match(rf"^\s*{pattern}\s*$", lines[index]):
            return index
    raise PageError(f"{name}:{start + 1}: is not closed")

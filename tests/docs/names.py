"""Whether the words in code type on a page exist in the code.

Only words that look like names of an API are looked for: `camelCase` and `CamelCase`.
"""

import pathlib
import re

_CODE = re.compile(r"`([^`\n]+)`")
_MEMBER = re.compile(r"[A-Za-z][a-z0-9]+[A-Z][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUFFIXES = {".ts", ".js", ".mjs", ".h", ".cc", ".fbs", ".go", ".sh", ".json", ".service"}
_LEFT_OUT = {"node_modules", "build", "dist", ".git"}
# Of browsers and the kernel, which we only read.
_OTHERS = {"framesDecoded", "qualityLimitationReason", "routerRtpCapabilities", "recvTransport"}


def words_of(repository):
    """Every word of the sources below `repository`."""
    words = set()
    for path in sources(pathlib.Path(repository)):
        words.update(_WORD.findall(path.read_text(errors="replace")))
    return words


def sources(folder):
    """The source files below `folder`."""
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in _LEFT_OUT:
                yield from sources(path)
        elif path.suffix in _SUFFIXES:
            yield path


def unknown_names(text, words):
    """Members that `text` names in code type, and that are none of `words`."""
    unknown = []
    for code in _CODE.findall(text):
        for name in filter(_MEMBER.fullmatch, _WORD.findall(code)):
            if name not in words and name not in _OTHERS:
                unknown.append(name)
    return unknown

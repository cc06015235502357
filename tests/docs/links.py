"""Whether the relative links of a page lead to a file, and to a heading in it.

Addresses of other hosts are not asked: a test must not depend on them.
"""

import pathlib
import re
import urllib.parse

_FENCED = re.compile(r"^([ \t]*)(`{3,})[^\n]*\n.*?^\1\2[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\]\(\s*([^)\s]+)[^)]*\)")
_CODE = re.compile(r"`[^`\n]+`")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_LINKED = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LEFT_OUT = {"node_modules", "build", "dist", ".git"}
# Not a page: the beginning of docs/control-protocol.md, whose links are right there.
_PARTS = {"preamble.md"}


def pages(folder):
    """The Markdown files below `folder`."""
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.is_dir():
            if path.name not in _LEFT_OUT:
                yield from pages(path)
        elif path.suffix == ".md" and path.name not in _PARTS:
            yield path


def dead_links(path, repository):
    """The links of the page `path` that lead nowhere, or out of `repository`."""
    text = _plain(path.read_text())
    return [link for link in _LINK.findall(_CODE.sub("", text)) if _is_dead(link, path, repository)]


def anchors(text):
    """What can stand behind `#` in a link to the page `text`: its headings, as GitHub names them."""
    found, seen = set(), {}
    for heading in _HEADING.findall(_plain(text)):
        name = _LINKED.sub(r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", name).replace(" ", "-")
        count = seen[name] = seen.get(name, -1) + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def _plain(text):
    return _COMMENT.sub("", _FENCED.sub("", text))


def _is_dead(link, path, repository):
    address = urllib.parse.urlsplit(link)
    if address.scheme or address.netloc:
        return False
    target = path
    if address.path:
        target = (path.parent / urllib.parse.unquote(address.path)).resolve()
        if not target.exists() or not target.is_relative_to(pathlib.Path(repository).resolve()):
            return True
    if not address.fragment:
        return False
    return target.suffix != ".md" or address.fragment not in anchors(target.read_text())

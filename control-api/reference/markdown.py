"""The reference of the control API as Markdown, out of the schema and a preamble."""

import re

_ANSWERS = re.compile(r"answers?:\s*(\w+(?:,\s*\w+)*)")
# Where the section in which a request stands does not say it.
_ASKED = re.compile(r"asked of:\s*([^;]+);?\s*")
_NUMBER_REMARK = re.compile(r"^\d+[.:,;]?\s*")
_WORD = re.compile(r"\[?([A-Z]\w+)\]?")
_MESSAGES = ("RequestBody", "ResponseBody", "NotificationBody")


class UnknownAnswer(Exception):
    """A request names an answer that is no member of ResponseBody."""


def render(preamble, files):
    """The whole page: `preamble`, then every declaration of `files`."""
    return _Page(files).render(preamble)


class _Page:
    def __init__(self, files):
        self._declarations = {each.name: each for file in files for each in file.declarations}
        self._files = files

    def render(self, preamble):
        requests = self._union("RequestBody")
        parts = [preamble.rstrip(), "## Requests", self._overview(requests)]
        parts += self._requests(requests)
        parts += ["## Notifications", self._notifications()]
        notifications = [member.name for member in self._union("NotificationBody").members]
        parts += self._details(notifications)
        parts += ["## Answers", "Each belongs to the requests that the first table names."]
        answers = [member.name for member in self._union("ResponseBody").members]
        parts += self._details(answers)
        parts += ["## Other tables and enums"]
        shown = {*answers, *notifications, *(member.name for member in requests.members)}
        parts += self._details([name for name in self._declarations if name not in shown])
        return "\n\n".join(parts) + "\n"

    def _union(self, name):
        return self._declarations[name]

    def _overview(self, requests):
        rows = ["| number | request | asked of | answer |", "| --- | --- | --- | --- |"]
        for member in requests.members:
            rows.append(
                f"| {member.number} | {_link(member.name)} | {_cell(self._target(member))}"
                f" | {', '.join(map(_link, self._answers(member)))} |")
        return "\n".join(rows)

    def _target(self, member):
        if asked := _ASKED.search(member.comment):
            return asked[1].strip()
        return self._declarations[member.name].section.removeprefix("To ") or "any object"

    # Several where it depends on the kind of the target.
    def _answers(self, member):
        named = _ANSWERS.search(member.comment)
        if not named:
            return ["Empty"]
        answers = re.split(r",\s*", named[1])
        unknown = set(answers) - {each.name for each in self._union("ResponseBody").members}
        if unknown:
            raise UnknownAnswer(f"{member.name}: {', '.join(sorted(unknown))}")
        return answers

    def _requests(self, requests):
        parts, section = [], None
        for name in sorted((each.name for each in requests.members), key=self._position):
            if self._declarations[name].section != section:
                section = self._declarations[name].section
                parts.append(f"### {section or 'Further requests'}")
            parts += self._details([name], level=4)
        return parts

    # Readers want what belongs together side by side, as the schema has it.
    def _position(self, name):
        return list(self._declarations).index(name)

    def _notifications(self):
        rows = ["| number | notification | what it tells |", "| --- | --- | --- |"]
        for member in self._union("NotificationBody").members:
            comment = self._declarations[member.name].comment
            rows.append(f"| {member.number} | {_link(member.name)} | {_cell(comment)} |")
        return "\n".join(rows)

    def _details(self, names, level=3):
        parts = []
        for name in names:
            declaration = self._declarations[name]
            parts.append(f"{'#' * level} {name}")
            if declaration.comment:
                parts.append(declaration.comment)
            parts.append(self._members(declaration))
        return parts

    def _members(self, declaration):
        if not declaration.members:
            return "Has no fields."
        if declaration.kind == "table":
            return self._fields(declaration)
        kind = f"`{declaration.type}`" if declaration.type else "Union"
        rows = [f"| {kind} | name | meaning |", "| --- | --- | --- |"]
        linked = declaration.kind == "union"
        for member in declaration.members:
            name = _link(member.name) if linked else f"`{member.name}`"
            comment = _NUMBER_REMARK.sub("", member.comment)
            comment = _ANSWERS.sub("", _ASKED.sub("", comment))
            rows.append(f"| {member.number} | {name} | {_cell(comment)} |")
        return "\n".join(rows)

    def _fields(self, declaration):
        rows = ["| id | field | type | if missing | meaning |", "| --- | --- | --- | --- | --- |"]
        for member in sorted(declaration.members, key=lambda each: each.number):
            rows.append(
                f"| {member.number} | `{member.name}` | {self._type(member.type)}"
                f" | {self._missing(member)} | {_cell(member.comment)} |")
        return "\n".join(rows)

    def _type(self, text):
        word = _WORD.fullmatch(text)
        if not word or word[1] not in self._declarations:
            return f"`{text}`"
        link = _link(word[1])
        return f"list of {link}" if text.startswith("[") else link

    def _missing(self, member):
        if member.required:
            return "an error"
        if member.default:
            return "not there" if member.default == "null" else f"`{member.default}`"
        declared = self._declarations.get(member.type)
        if member.type in ("string",) or member.type.startswith("["):
            return "empty"
        if declared is None:
            return "`false`" if member.type == "bool" else "`0`"
        if declared.kind == "enum":
            return f"`{declared.members[0].name}`"
        return "not there"


def _link(name):
    return f"[{name}](#{name.lower()})"


def _cell(text):
    return text.replace("|", "\\|").strip()

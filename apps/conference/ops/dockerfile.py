"""Reads a Dockerfile as far as ours goes: instructions in their order, stage by stage."""

import dataclasses
import json
import re
import shlex


class DockerfileError(Exception):
    """Something that this reader does not know, with its line."""


@dataclasses.dataclass
class Stage:
    """What lies between one FROM and the next."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = dataclasses.field(default_factory=list)


_KNOWN = {
    "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
}


def read(text):
    """The stages of the Dockerfile `text`."""
    stages = []
    for line, instruction in _logical_lines(text):
        word, _, rest = instruction.partition(" ")
        rest = rest.strip()
        if word == "FROM":
            match = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest)
            if not match:
                raise DockerfileError(f"line {line}: FROM {rest} is not understood")
            stages.append(Stage(match[1], match[2] or ""))
        elif word not in _KNOWN or not stages:
            raise DockerfileError(f"line {line}: {word} is not understood here")
        else:
            stages[-1].instructions.append((word, rest))
    return stages


def copy_of(rest):
    """Where a COPY takes from (a stage, or None for the context), the sources and the target."""
    words = shlex.split(rest)
    origin = None
    if words and words[0].startswith("--from="):
        origin = words.pop(0)[len("--from="):]
    if len(words) < 2 or any(word.startswith("--") for word in words):
        raise DockerfileError(f"COPY {rest} is not understood")
    return origin, words[:-1], words[-1]


def environment_of(rest):
    """The variables of an ENV."""
    return dict(word.split("=", 1) for word in shlex.split(rest))


def words_of(rest):
    """The words of an ENTRYPOINT or CMD in their JSON form."""
    words = json.loads(rest)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DockerfileError(f"{rest} is not a list of words")
    return words


def packages_of(stage):
    """What a stage installs with apt-get."""
    found = []
    for word, rest in stage.instructions:
        if word != "RUN":
            continue
        for command in rest.split("&&"):
            words = command.split()
            if words[:2] == ["apt-get", "install"]:
                found += [each for each in words[2:] if not each.startswith("-")]
    return found


def _logical_lines(text):
    number, joined, begin = 0, "", 0
    for line in text.splitlines():
        number += 1
        if line.lstrip().startswith("#") or (not joined and not line.strip()):
            continue
        begin = begin if joined else number
        joined += line.rstrip("\\").strip() + " " if line.endswith("\\") else line.strip()
        if not line.endswith("\\"):
            yield begin, joined
            joined = ""
    if joined:
        raise DockerfileError(f"line {begin}: the last line is not finished")

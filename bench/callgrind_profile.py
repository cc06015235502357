"""Reads what callgrind writes: how many instructions each function took itself.

The format is that of the Callgrind manual, "Callgrind Format Specification", as far as callgrind
3.19 uses it for one kind of cost.
"""

import re

_POSITION = re.compile(r"^(ob|fl|fi|fe|fn|cob|cfi|cfl|cfn)=(?:\((\d+)\))?(?: ?(.*))?$")
_COST = re.compile(r"^(?:[+*-]\d*|\d+|0x[0-9a-f]+)\s+(\d+)$")


class _Names:
    """A name is written once, and stands for itself by its number from then on."""

    def __init__(self):
        self._by_number = {}

    def read(self, number, name):
        if number is None:
            return name
        if name:
            self._by_number[number] = name
        return self._by_number.get(number, "")


class _Reader:
    def __init__(self, folded):
        self.profile = {}
        self._folded = folded
        self._objects, self._functions = _Names(), _Names()
        self._object = self._function = ""
        self._called_object = None

    def position(self, kind, number, name):
        if kind == "ob":
            self._object = self._objects.read(number, name)
        elif kind == "cob":
            self._called_object = self._objects.read(number, name)
        elif kind == "fn":
            self._function = self._functions.read(number, name)
        elif kind == "cfn":
            self._functions.read(number, name)

    def own(self, cost):
        if not self._is_folded(self._object):
            self._charge(cost)

    def call(self, cost):
        """What a callee took, with all that it called."""
        callee = self._object if self._called_object is None else self._called_object
        self._called_object = None
        if self._is_folded(callee) and not self._is_folded(self._object):
            self._charge(cost)

    def _is_folded(self, obj):
        return self._folded.search(obj) is not None

    def _charge(self, cost):
        key = (self._object, self._function)
        self.profile[key] = self.profile.get(key, 0) + cost


def read(lines, folded):
    """{(object, function): instructions in it, without those of what it calls}.

    Functions of objects that fit the pattern `folded` count as part of whoever calls them: of an
    instruction in memcpy one wants to know who copies.
    """
    reader = _Reader(folded)
    is_call = False
    for line in lines:
        line = line.rstrip("\n")
        position = _POSITION.match(line)
        if position:
            reader.position(*position.groups())
        elif line.startswith("calls="):
            is_call = True
        else:
            cost = _COST.match(line)
            if cost:
                (reader.call if is_call else reader.own)(int(cost.group(1)))
            is_call = False
    return reader.profile


def qualified_name(function):
    """A demangled name without parameters and template arguments."""
    name = function.replace("(anonymous namespace)", "unnamed")
    kept, depth = [], 0
    for i, character in enumerate(name):
        if character == "<" and not name[:i].endswith("operator"):
            depth += 1
        elif character == ">" and depth > 0:
            depth -= 1
        elif character == "(" and depth == 0 and not name[:i].endswith("operator"):
            break
        elif depth == 0:
            kept.append(character)
    # callgrind numbers the levels of recursion.
    return re.sub(r"'\d+$", "", "".join(kept))

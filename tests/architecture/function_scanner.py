"""Finds the functions of a C++ file by its braces: how long, how deeply nested, how many
parameters.

This is no parser. It knows enough of the language to tell a function body from a type, a namespace,
an initialiser and a lambda, which is all that the size rule asks. Where the braces of a file do not
pair (a brace hidden by the preprocessor), it says so instead of guessing.
"""

import re
from dataclasses import dataclass, field

from source_tree import code_only

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|\.\.\.|\S")
_TYPE_WORDS = frozenset(["class", "struct", "union", "enum"])
_CONTROL_WORDS = frozenset(["if", "for", "while", "switch", "do", "try", "catch"])
_CONTROL_HEADS = _CONTROL_WORDS | {"else"}
_LABELS = frozenset(["case", "default", "public", "private", "protected"])
_NOT_A_NAME = frozenset(
    ["alignas", "decltype", "noexcept", "requires", "__attribute__", "explicit"]
)


class UnbalancedBraces(Exception):
    """The braces of a file do not pair."""


@dataclass
class Function:
    name: str
    line: int
    last_line: int = 0
    parameters: int = 0
    nesting: int = 0

    @property
    def lines(self):
        return self.last_line - self.line + 1


@dataclass
class _Block:
    kind: str  # file, namespace, type, function, control, lambda or initialiser
    function: Function | None = None
    depth: int = 0  # nesting below the body of `function`
    head: list = field(default_factory=list)  # (token, line) of the statement being read
    parentheses: int = 0

    @property
    def declares(self):
        return self.kind in ("file", "namespace", "type")


def scan(text):
    """Every function defined in `text`, lambdas counted as part of the function around them."""
    functions, stack = [], [_Block("file")]
    for token, line in _tokens(code_only(text)):
        block = stack[-1]
        if token == "{":
            stack.append(_open(block))
        elif token == "}":
            if len(stack) == 1:
                raise UnbalancedBraces(f"line {line} closes a brace that was never opened")
            _close(stack, line, functions)
        else:
            _read(block, token, line)
    if len(stack) > 1:
        raise UnbalancedBraces("a brace is never closed")
    return functions


def _tokens(code):
    for number, line in enumerate(code.split("\n"), 1):
        for match in _TOKEN.finditer(line):
            yield match.group(), number


def _read(block, token, line):
    if token in "([":
        block.parentheses += 1
    elif token in ")]":
        block.parentheses -= 1
    ends_statement = token == ";" or (token == ":" and block.head and block.head[0][0] in _LABELS)
    if ends_statement and block.parentheses <= 0:
        block.head.clear()
        block.parentheses = 0
    else:
        block.head.append((token, line))


def _open(block):
    words = _without_prefixes([token for token, _ in block.head])
    kind = _kind(block, words)
    if kind == "function":
        start = _parameter_list(words)
        name = (
            "".join(words[:start][-3:])
            if words[start - 2 : start - 1] == ["::"]
            else words[start - 1]
        )
        function = Function(name, block.head[0][1], parameters=_count_parameters(words, start))
        return _Block(kind, function)
    if kind in ("namespace", "type"):
        return _Block(kind)
    depth = block.depth + _levels(kind, words)
    if block.function:
        block.function.nesting = max(block.function.nesting, depth)
    return _Block(kind, block.function, depth)


def _close(stack, line, functions):
    closed = stack.pop()
    if closed.kind == "function":
        closed.function.last_line = line
        functions.append(closed.function)
    if closed.kind in ("lambda", "initialiser"):
        stack[-1].head.append(("{}", line))  # The statement goes on behind the brace.
    else:
        stack[-1].head.clear()


def _levels(kind, words):
    """`for (...) if (...) {` is two levels, although it has one brace."""
    if kind == "control":
        return max(1, sum(1 for word in _outside_parentheses(words) if word in _CONTROL_WORDS))
    return 1 if kind == "lambda" else 0


def _kind(block, words):
    if block.parentheses > 0:
        return "lambda" if _ends_lambda(words) else "initialiser"
    if block.declares:
        return _kind_of_declaration(words)
    if not words:
        return "control"
    if _ends_lambda(words):
        return "lambda"
    if words[0] in _CONTROL_HEADS and words[-1] in (")", "else", "do", "try"):
        return "control"
    return "type" if words[0] in _TYPE_WORDS else "initialiser"


def _kind_of_declaration(words):
    if not words:
        return "initialiser"
    outside = _outside_parentheses(words)
    if "namespace" in outside or (words[0] == "extern" and len(words) <= 2):
        return "namespace"
    if "=" in outside and "operator" not in outside:
        return "lambda" if _ends_lambda(words) else "initialiser"
    start = _parameter_list(words)
    if start is None:
        return "type" if words[0] in _TYPE_WORDS else "initialiser"
    # In `Foo() : a_{1}, b_(2) {` the first brace initialises a member and the second is the body.
    after = _outside_parentheses(words[_matching(words, start) + 1 :])
    if ":" in after and (words[-1] == ">" or re.fullmatch(r"\w+", words[-1])):
        return "initialiser"
    return "function"


def _without_prefixes(words):
    """`words` without attributes and without a leading `template <...>`."""
    kept, index = [], 0
    while index < len(words):
        if words[index : index + 2] == ["[", "["]:
            index = _matching(words, index) + 1
        elif words[index] == "template" and words[index + 1 : index + 2] == ["<"]:
            index = _matching_angle(words, index + 1) + 1
        else:
            kept.append(words[index])
            index += 1
    return kept


def _matching(words, start):
    depth = 0
    for index in range(start, len(words)):
        if words[index] in "([":
            depth += 1
        elif words[index] in ")]":
            depth -= 1
            if depth == 0:
                return index
    return len(words) - 1


def _matching_angle(words, start):
    depth = 0
    for index in range(start, len(words)):
        depth += {"<": 1, ">": -1}.get(words[index], 0)
        if depth == 0:
            return index
    return len(words) - 1


def _outside_parentheses(words):
    kept, depth = [], 0
    for word in words:
        if word in ")]":
            depth -= 1
        if depth == 0:
            kept.append(word)
        if word in "([":
            depth += 1
    return kept


def _parameter_list(words):
    """The index of the parenthesis that opens the parameters, or None if there are none."""
    index = 0
    while index < len(words):
        if words[index] == "(" and index > 0:
            if words[index - 1] == "operator":  # operator()(...)
                index += 2
                continue
            if words[index - 1] not in _NOT_A_NAME:
                return index
        index = _matching(words, index) + 1 if words[index] in "([" else index + 1
    return None


def _count_parameters(words, start):
    inner = words[start + 1 : _matching(words, start)]
    if not inner or inner == ["void"]:
        return 0
    commas = depth = 0
    for word in inner:
        if word in "([<":
            depth += 1
        elif word in ")]>":
            depth -= 1
        elif word == "," and depth == 0:
            commas += 1
    return commas + 1


def _ends_lambda(words):
    """True if the brace behind `words` is the body of a lambda."""
    end = len(words) - 1
    if "->" in words:
        arrow = len(words) - 1 - words[::-1].index("->")
        if _last_open(words[arrow:]) is None:
            end = arrow - 1
    while end >= 0 and words[end] in ("mutable", "noexcept", "constexpr"):
        end -= 1
    if end >= 0 and words[end] == ")":
        end = _opening(words, end) - 1
    if end < 0 or words[end] != "]":
        return False
    before = _opening(words, end) - 1
    # `values[i]` is a subscript; a capture list follows an operator, a parenthesis or a comma.
    return before < 0 or words[before] == "return" or not re.fullmatch(r"\w+|\)|\]", words[before])


def _opening(words, end):
    depth = 0
    for index in range(end, -1, -1):
        if words[index] in ")]":
            depth += 1
        elif words[index] in "([":
            depth -= 1
            if depth == 0:
                return index
    return 0


def _last_open(words):
    """The index of a parenthesis in `words` that is not closed in it, or None."""
    open_at = []
    for index, word in enumerate(words):
        if word in "([":
            open_at.append(index)
        elif word in ")]" and open_at:
            open_at.pop()
    return open_at[-1] if open_at else None

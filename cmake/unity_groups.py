#!/usr/bin/env python3
"""Says which sources may be compiled together, as one file.

usage: unity_groups.py SIZE SOURCE...

Prints the groups, a line each, the sources of a group separated by semicolons. Two sources that define
the same name outside of functions and classes are never in one group: each has it in an anonymous
namespace of its own, and together they would not compile.
"""

import re
import sys

# The sources are formatted: what stands outside of functions and classes begins in the first column,
# or after a template's line. Too many names only make groups smaller.
kDefinition = re.compile(
    r'^(?:struct|class|enum class|enum)\s+(\w+)'
    r'|^(?!namespace|using [\w:]+;)[A-Za-z_][\w:<>,*&\s\[\]\'().]*?[\s*&](?!const\b)(\w+)\s*(?:=|\(|\{|\[|;)'
)


def names_of(path):
    with open(path, encoding='utf-8') as file:
        found = (kDefinition.match(line) for line in file)
        return {match.group(1) or match.group(2) for match in found if match}


def namespaces_of(path):
    with open(path, encoding='utf-8') as file:
        return tuple(re.findall(r'^namespace ([\w:]+)', file.read(), re.MULTILINE))


def group(sources, size):
    """Fills each group as far as it goes, in the order given."""
    groups = []
    for source in sources:
        names, namespaces = names_of(source), namespaces_of(source)
        for members, taken, place in groups:
            if len(members) < size and place == namespaces and not taken & names:
                members.append(source)
                taken |= names
                break
        else:
            groups.append(([source], names, namespaces))
    return [members for members, _, _ in groups]


def main():
    for members in group(sys.argv[2:], int(sys.argv[1])):
        print(';'.join(members))


if __name__ == '__main__':
    main()

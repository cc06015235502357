#!/usr/bin/env python3
"""Asks whether the design is still true. Exit status 1 if it is not, with one line for each broken
rule.

includes, names and sizes read the sources; purity and headers also need a build tree.
"""

import argparse
import os
import sys

import header_check
import include_check
import name_check
import purity_check
import size_check

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHECKS = {
    "includes": lambda options: include_check.check(options.root),
    "names": lambda options: name_check.check(options.root),
    "sizes": lambda options: size_check.check(options.root),
    "purity": lambda options: purity_check.check(options.build),
    "headers": lambda options: header_check.check(options.root, options.build),
}
NEED_BUILD = ("purity", "headers")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "checks", nargs="+", choices=sorted(CHECKS), metavar="CHECK", help=", ".join(CHECKS)
    )
    parser.add_argument(
        "--root", default=REPOSITORY, help="the tree to check (default: this repository)"
    )
    parser.add_argument("--build", help="the build tree whose archives and compiler flags are read")
    options = parser.parse_args()
    if not options.build and any(name in NEED_BUILD for name in options.checks):
        parser.error("purity and headers need --build")
    broken = 0
    for name in options.checks:
        violations = CHECKS[name](options)
        for violation in sorted(violations):
            print(violation)
        print(f"{name}: {f'{len(violations)} violations' if violations else 'ok'}")
        broken += len(violations)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

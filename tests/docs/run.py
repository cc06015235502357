"""Runs every command and program of the given pages, and looks at their names and links.

Without arguments it runs those in docs/, and looks at names and links of all pages of the repository.

usage: run.py [PAGE...]
"""

import pathlib
import sys
import tempfile

from blocks import PageError, read_page
from links import dead_links, pages
from names import unknown_names, words_of
from trial import Failure, Trial

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def main(arguments):
    """The exit status: 1 if a page is not as it says."""
    paths = [pathlib.Path(each).resolve() for each in arguments]
    failures = 0
    words = words_of(_REPOSITORY)
    for path in paths or pages(_REPOSITORY):
        faults = [f"{link} leads nowhere" for link in dead_links(path, _REPOSITORY)]
        faults += [f"nothing in the code is called {unknown}"
                   for unknown in unknown_names(path.read_text(), words)]
        for fault in faults:
            print(f"{path.relative_to(_REPOSITORY)}: {fault}", flush=True)
        failures += len(faults)
    for path in paths or sorted((_REPOSITORY / "docs").glob("*.md")):
        name = path.relative_to(_REPOSITORY)
        try:
            page = read_page(str(name), path.read_text())
            with tempfile.TemporaryDirectory() as scratch:
                print(f"{name}: {Trial(page, _REPOSITORY, scratch).run()} blocks tried", flush=True)
        except (Failure, PageError) as failure:
            print(failure, flush=True)
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

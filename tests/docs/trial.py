"""Tries a page: runs its commands and programs, and compares what is quoted with its source."""

import os
import pathlib
import selectors
import signal
import subprocess
import time

SECONDS_PER_BLOCK = 120
# Shown, not run: what a program prints, and what is part of something else.
_SHOWN = ("text", "")


class Failure(Exception):
    """A block of the page is not as the page says."""


class Trial:
    """One page, tried in `scratch`, an empty folder, with `repository` at hand."""

    def __init__(self, page, repository, scratch):
        self._page = page
        self._repository = pathlib.Path(repository)
        self._scratch = pathlib.Path(scratch)
        self._background = []
        self._environment = {**os.environ, "SCRATCH": str(self._scratch)}

    def run(self):
        """The number of blocks that were tried. Raises Failure for the first that fails."""
        tried = 0
        try:
            for block in self._page.blocks:
                tried += self._try(block)
            tried += self._try_programs()
        finally:
            self._stop_background()
        return tried

    def _try(self, block):
        directives = block.directives
        if "from" in directives:
            self._compare(block, directives["from"])
        elif "file" in directives:
            (self._scratch / directives["file"]).write_text(block.text)
        elif block.language == "sh":
            self._run_commands(block)
        elif block.language == "js":
            return 0  # With the others of its section.
        elif block.language in _SHOWN:
            return 0
        else:
            raise self._failure(block, f"nothing says how to try '{block.language}'")
        return 1

    # Each line of the block is a line of the source, in the same order.
    def _compare(self, block, path):
        source = self._repository / path
        if not source.is_file():
            raise self._failure(block, f"{path} does not exist")
        have = [line.strip() for line in source.read_text().splitlines()]
        want = [line.strip() for line in block.text.splitlines() if line.strip()]
        position = 0
        for line in want:
            try:
                position = have.index(line, position) + 1
            except ValueError:
                raise self._failure(block, f"not in {path}: {line}") from None

    def _run_commands(self, block):
        script = f"set -euo pipefail\n{block.text}"
        if "background" in block.directives:
            self._start(block, ["bash", "-c", script])
            return
        self._finish(block, ["bash", "-c", script])

    # All blocks of one section are one program: what the first declares, the second uses.
    def _try_programs(self):
        self._link_packages()
        sections = {}
        for block in self._page.blocks:
            if block.language == "js" and not {"from", "file"} & block.directives.keys():
                sections.setdefault(block.section, []).append(block)
        for number, blocks in enumerate(sections.values()):
            path = self._scratch / f"section_{number}.mjs"
            text = self._page.preludes.get("js", "") + "\n".join(each.text for each in blocks)
            path.write_text(text + self._page.preludes.get("epilogue", ""))
            self._finish(blocks[-1], ["node", str(path)], self._scratch)
        return sum(map(len, sections.values()))

    # As after `npm install` in an application.
    def _link_packages(self):
        scope = self._scratch / "node_modules" / "@sluice"
        scope.mkdir(parents=True, exist_ok=True)
        (scope / "sdk").symlink_to(self._repository / "control-api" / "node")

    def _finish(self, block, command, folder=None):
        process = self._spawn(command, folder or self._repository)
        try:
            output, _ = process.communicate(timeout=SECONDS_PER_BLOCK)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise self._failure(block, f"still runs after {SECONDS_PER_BLOCK} s") from None
        expected = int(block.directives.get("fails", "0"))
        if process.returncode != expected:
            raise self._failure(
                block, f"exit status {process.returncode}, not {expected}:\n{output}")
        self._expect(block, block.directives.get("prints"), output)

    def _start(self, block, command):
        process = self._spawn(command, self._repository)
        self._background.append(process)
        wanted, output = block.directives["background"], ""
        deadline = time.monotonic() + SECONDS_PER_BLOCK
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while wanted not in output:
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise self._failure(block, f"did not print '{wanted}':\n{output}")
                piece = os.read(process.stdout.fileno(), 65536)
                if not piece:
                    raise self._failure(block, f"ended before it printed '{wanted}':\n{output}")
                output += piece.decode(errors="replace")
        self._expect(block, block.directives.get("prints"), output)

    def _spawn(self, command, folder):
        return subprocess.Popen(
            command, cwd=folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def _expect(self, block, wanted, output):
        if wanted is not None and wanted not in output:
            raise self._failure(block, f"does not print '{wanted}':\n{output}")

    def _stop_background(self):
        for process in reversed(self._background):
            _kill(process)

    def _failure(self, block, message):
        return Failure(f"{self._page.name}:{block.line}: {message}")


# The whole group: a command of a page may be a script that starts others.
def _kill(process):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.communicate(timeout=10)
            break
        except subprocess.TimeoutExpired:
            continue

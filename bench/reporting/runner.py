"""Runs bench/load case after case, and the sinks, and keeps what they wrote."""

import json
import subprocess
import tempfile
from pathlib import Path

from reporting import figures
from reporting.plan import CALIBRATED_LOAD, MAX_ROOMS

# What a case may take beyond its rounds: joins, warm-ups, searches.
_PATIENCE_S = 3600
_TRIAL_SECONDS = 2


class CannotMeasure(Exception):
    """One sentence for the person who asked."""


def read_objects(text):
    """A JSON array, or one object a line."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        lines = (line.strip().rstrip(",") for line in text.splitlines())
        found = [json.loads(line) for line in lines if line.startswith("{")]
    return found if isinstance(found, list) else [found]


class Runner:
    """`build` is the folder of a release build, `said` is told what is going on."""

    def __init__(self, build, traces, extra, said=print):
        self._bench = Path(build) / "bench"
        self._traces = traces
        self._extra = list(extra)
        self._said = said
        if not (self._bench / "load").exists():
            raise CannotMeasure(f"{self._bench / 'load'} is missing: build the target load")

    def run_plan(self, plan, peers):
        """A result for each case: its name, title, options, and the objects of bench/load."""
        results = []
        for case in plan.cases:
            if case.calibrated:
                case = self._calibrate(case, peers)
            self._said(f"--- {case.name}: {case.title}")
            result = {"name": case.name, "title": case.title, "profile": case.profile}
            result["options"] = case.options
            try:
                result["entries"] = self._load(case.arguments(plan.seconds, plan.rounds, peers))
            except CannotMeasure as problem:
                self._said(f"{case.name}: {problem}")
                result.update(entries=[], problem=str(problem))
            results.append(result)
        return results

    def run_sink(self, plan):
        """Objects of forward_sink, or of limit alone where that is not built. Nothing without
        root."""
        program = self._bench / "forward_sink"
        words = list(plan.sink)
        if not program.exists():
            program, words = self._bench / "limit", ["--sink", *words]
        if not program.exists():
            return []
        self._said(f"--- {program.name} into a sink")
        try:
            return self._objects_of([str(program), *words])
        except CannotMeasure as problem:
            self._said(f"{program.name}: {problem}")
            return []

    def _calibrate(self, case, peers):
        """As many rooms as load the core of the first other server, or ours, far enough."""
        others = [peer for peer in peers if peer not in (figures.OURS, figures.LIMIT)]
        for reference in [*others, figures.OURS]:
            try:
                trial = case.with_options(rooms=1).arguments(_TRIAL_SECONDS, 1, [reference])
                share = figures.median_of(self._load(trial), reference, "cpu_share")
            except CannotMeasure:
                continue
            if share:
                rooms = max(1, min(MAX_ROOMS, round(CALIBRATED_LOAD / share)))
                self._said(f"{case.name}: {rooms} rooms, as one takes {share:.1%} of {reference}'s")
                return case.with_options(rooms=rooms)
        return case.with_options(rooms=1)

    def _load(self, arguments):
        words = [str(self._bench / "load"), *arguments, *self._extra]
        if self._traces:
            words += ["--traces", str(self._traces)]
        return self._objects_of(words)

    def _objects_of(self, words):
        with tempfile.TemporaryDirectory(prefix="sluice-report-") as folder:
            path = Path(folder) / "out.json"
            command = [*words, "--json", str(path)]
            try:
                done = subprocess.run(command, timeout=_PATIENCE_S, check=False)
            except subprocess.TimeoutExpired:
                raise CannotMeasure(f"it took more than {_PATIENCE_S} seconds") from None
            # With a peer that failed there are still the figures of the others.
            if path.exists():
                return read_objects(path.read_text(encoding="utf-8"))
            raise CannotMeasure(f"it ended with {done.returncode}")

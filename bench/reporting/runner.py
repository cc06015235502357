"""Runs bench/load case after case, and the sinks, and keeps what they wrote."""

import json
import subprocess
import tempfile
from pathlib import Path

from reporting import figures
from reporting.plan import MAX_RATE, MAX_ROOMS

# What a case may take beyond its rounds: joins, warm-ups, searches.
_PATIENCE_S = 3600
_TRIAL_SECONDS = 2
# Rooms are as many as load the core of the reference peer so far.
_ROOMS_LOAD = 0.8
# A rate is such that so much of the highest is forwarded, on average over storms of joins.
_STORM_LOAD = 0.5


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

    def run_plan(self, plan, peers, done=(), kept=lambda results: None):
        """A result for each case: its name, title, options, and the objects of bench/load. Those
        that are done already are not measured again; `kept` is given all so far after each."""
        results = []
        for case in plan.cases:
            before = next((one for one in done if one["name"] == case.name and one["entries"]), None)
            if before:
                results.append(before)
                continue
            if case.calibrated == "rooms":
                case = self._with_rooms(case, peers)
            elif case.calibrated == "rate":
                case = self._with_rate(case, results)
            self._said(f"--- {case.name}: {case.title}")
            result = {"name": case.name, "title": case.title, "profile": case.profile}
            result["options"] = case.options
            try:
                if not any(case.takes(peer) for peer in peers):
                    raise CannotMeasure("none of the peers takes part")
                result["entries"] = self._load(case.arguments(plan.seconds, plan.rounds, peers))
            except CannotMeasure as problem:
                self._said(f"{case.name}: {problem}")
                result.update(entries=[], problem=str(problem))
            results.append(result)
            kept(results)
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

    def _with_rooms(self, case, peers):
        """As many rooms as load the core of the first other server, or ours, far enough."""
        others = [peer for peer in peers
                  if case.takes(peer) and peer not in (figures.OURS, figures.LIMIT)]
        for reference in [*others, figures.OURS]:
            try:
                trial = case.with_options(rooms=1).arguments(_TRIAL_SECONDS, 1, [reference])
                share = figures.median_of(self._load(trial), reference, "cpu_share")
            except CannotMeasure:
                continue
            if share:
                rooms = max(1, min(MAX_ROOMS, round(_ROOMS_LOAD / share)))
                self._said(f"{case.name}: {rooms} rooms, as one takes {share:.1%} of {reference}'s")
                return case.with_options(rooms=rooms)
        return case.with_options(rooms=1)

    def _with_rate(self, case, results):
        """As much media as is half of what was forwarded without loss to as many receivers as
        stay, when all who come are there."""
        steady = case.options["steady"]
        found = {one["name"]: one["entries"] for one in results}
        highest = figures.median_of(found.get(f"rate_{steady}", []), figures.OURS, "packets_per_s")
        real_time = figures.median_of(found.get(f"broadcast_{steady}", []), figures.OURS,
                                      "packets_per_s")
        if not highest or not real_time:
            self._said(f"{case.name}: half of the highest load is not known; once as in real time")
            return case
        receivers = steady + case.options["receivers"]
        rate = _STORM_LOAD * highest / (real_time * receivers / steady)
        return case.with_options(rate=round(max(1, min(MAX_RATE, rate)), 2))

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

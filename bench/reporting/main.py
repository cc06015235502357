"""The command line of bench/report."""

import argparse
import json
import sys
from pathlib import Path

from reporting import document, machine, plots
from reporting.plan import PEERS, full_plan, short_plan
from reporting.runner import CannotMeasure, Runner

_ROOT = Path(__file__).resolve().parent.parent.parent
# Where pictures are, as seen from the document.
_IMAGES = "images/performance"


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/report",
        description="Measures Sluice next to its peers, on this machine, and writes performance.md "
        "with its plots. Peers that are not there are left out.",
    )
    parser.add_argument("--short", action="store_true",
                        help="minutes instead of hours, into build/report")
    parser.add_argument("--peers", default=",".join(PEERS), help="default: %(default)s")
    parser.add_argument("--out", type=Path,
                        help="folder of performance.md (default: docs; of --short: build/report)")
    parser.add_argument("--build", type=Path, default=_ROOT / "build/release",
                        help="folder of a release build (default: build/release)")
    parser.add_argument("--traces", type=Path, default=_ROOT / "bench/traffic/traces",
                        help="media to send (default: those of bench/traffic)")
    parser.add_argument("--only", default="",
                        help="cases whose names begin so, with commas between them")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE",
                        help="measure nothing: write the document out of this report.json")
    parser.add_argument("--load-arg", action="append", default=[], metavar="ARG",
                        help="one more argument for bench/load; may be repeated")
    return parser.parse_args(arguments)


def _selected(plan, only):
    if not only:
        return plan
    starts = tuple(name for name in only.split(",") if name)
    cases = tuple(case for case in plan.cases if case.name.startswith(starts))
    if not cases:
        raise CannotMeasure(f"--only: no case begins with {only}")
    return type(plan)(plan.name, plan.seconds, plan.rounds, cases, plan.sink)


def _measure(options):
    plan = _selected(short_plan() if options.short else full_plan(), options.only)
    peers = [peer for peer in options.peers.split(",") if peer]
    if not peers:
        raise CannotMeasure("--peers: names nobody")
    runner = Runner(options.build, options.traces, options.load_arg)
    # Before it runs: figures of an interrupted report belong to nothing.
    report = {
        "machine": machine.describe(_ROOT),
        "mitigations": machine.kernel_mitigations(),
        "plan": {"name": plan.name, "seconds": plan.seconds, "rounds": plan.rounds},
        "peers": peers,
    }
    report["results"] = runner.run_plan(plan, peers)
    report["sink"] = runner.run_sink(plan)
    if not any(result["entries"] for result in report["results"]):
        raise CannotMeasure("no case could be measured")
    return report


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as problem:
        raise CannotMeasure(f"--from: {problem}") from None


def write_report(report, folder):
    """performance.md, its pictures, and the figures that both were made of."""
    pictures = plots.draw(report["results"])
    images = folder / _IMAGES
    images.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (images / f"{name}.svg").write_text(picture, encoding="utf-8")
    text = document.write(report, list(pictures), _IMAGES)
    (folder / "performance.md").write_text(text, encoding="utf-8")
    return folder / "performance.md"


def main(arguments):
    """The exit code."""
    options = _parse(arguments)
    folder = options.out or (_ROOT / "build/report" if options.short else _ROOT / "docs")
    try:
        report = _read(options.source) if options.source else _measure(options)
        if not options.source:
            kept = _ROOT / "build/report/report.json"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(report, indent=1), encoding="utf-8")
        print(f"wrote {write_report(report, folder)}")
    except CannotMeasure as problem:
        print(f"bench/report: {problem}", file=sys.stderr)
        return 1
    return 0

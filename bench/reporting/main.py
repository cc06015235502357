"""The command line of bench/report."""

import argparse
import json
import sys
from pathlib import Path

from reporting import document, machine, plots
from reporting.plan import PEERS, full_plan, long_plan, short_plan
from reporting.runner import CannotMeasure, Runner

_ROOT = Path(__file__).resolve().parent.parent.parent
# Where pictures are, as seen from the document.
_IMAGES = "images/performance"
# What is measured so far.
_UNFINISHED = _ROOT / "build/report/unfinished.json"


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/report",
        description="Measures Sluice next to its peers, on this machine, and writes performance.md "
        "with its plots. Peers that are not there are left out.",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", action="store_true",
                        help="two minutes, for a look, into build/report")
    length.add_argument("--long", action="store_true", help="two hours, with more cases")
    parser.add_argument("--resume", action="store_true",
                        help="measure only what an interrupted run, which is kept in "
                        "build/report/unfinished.json, has not measured yet")
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


def _keep(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _unfinished(options, plan, commit):
    """Results of an interrupted run of the same plan and commit."""
    if not options.resume:
        return []
    before = _read(_UNFINISHED, "--resume")
    if (before["plan"], before["commit"]) != (plan.name, commit):
        raise CannotMeasure(f"--resume: what is kept is of plan {before['plan']} and commit "
                            f"{before['commit']}, not of {plan.name} and {commit}")
    return before["results"]


def _measure(options):
    chosen = short_plan() if options.short else long_plan() if options.long else full_plan()
    plan = _selected(chosen, options.only)
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
    commit = report["machine"]["commit"]
    done = _unfinished(options, plan, commit)

    def keep(results):
        _keep(_UNFINISHED, {"plan": plan.name, "commit": commit, "results": results})

    report["results"] = runner.run_plan(plan, peers, done, keep)
    report["sink"] = runner.run_sink(plan)
    if not any(result["entries"] for result in report["results"]):
        raise CannotMeasure("no case could be measured")
    return report


def _read(path, option="--from"):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as problem:
        raise CannotMeasure(f"{option}: {problem}") from None


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
            _keep(_ROOT / "build/report/report.json", report)
        print(f"wrote {write_report(report, folder)}")
    except CannotMeasure as problem:
        print(f"bench/report: {problem}", file=sys.stderr)
        return 1
    return 0

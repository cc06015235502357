"""What is to be shown, next to what was: one row for each goal, from the figures of a report.

Goals are numbered as in the list that they come from: cost next to others (1), next to the bare work
(2), the highest rate (3), delay (4), memory (5), joins (6), workers (7).
"""

from dataclasses import dataclass
from typing import Callable

from reporting import figures
from reporting.figures import LIMIT, OURS

COST = "cpu_us_per_packet"
# Trains count as equally long so far.
SAME_TRAINS = 0.05


@dataclass(frozen=True)
class Goal:
    """`measure` takes a report, and gives a number or None where it was not measured."""

    item: int
    wording: str
    bound: float
    measure: Callable
    at_least: bool = False
    unit: str = ""
    digits: int = 2
    # More that belongs to it, or "".
    note: Callable = lambda report: ""

    def shown(self, value):
        return "–" if value is None else f"{value:,.{self.digits}f}{self.unit}"

    @property
    def aim(self):
        return f"{'≥' if self.at_least else '≤'} {self.shown(self.bound)}"

    def is_met(self, value):
        return value >= self.bound if self.at_least else value <= self.bound


def entries_of(report, name):
    """Of the case with this name; none if it was not measured."""
    return next((one["entries"] for one in report["results"] if one["name"] == name), [])


def _ours(name, path, unit=1.0):
    def measure(report):
        value = figures.median_of(entries_of(report, name), OURS, path)
        return None if value is None else value / unit
    return measure


def _ratio(name, peer, path=COST):
    return lambda report: figures.ratio_to(entries_of(report, name), peer, path)


def _loss_note(name, peer):
    """A peer that loses much does less for its time."""
    def note(report):
        loss = figures.median_of(entries_of(report, name), peer, "loss")
        return f"{peer} lost {loss:.0%}" if loss is not None and loss >= 0.01 else ""
    return note


def _trains_note(name):
    def note(report):
        entries = entries_of(report, name)
        ours, theirs = (figures.median_of(entries, peer, "train_mean") for peer in (OURS, LIMIT))
        if not ours or not theirs:
            return ""
        same = abs(ours / theirs - 1) <= SAME_TRAINS
        return f"trains {ours:.2f} : {theirs:.2f}" + ("" if same else ", which are not the same")
    return note


def _against_mediasoup(name, wording, bound):
    return Goal(1, f"CPU per packet, of mediasoup's: {wording}", bound, _ratio(name, "mediasoup"),
                note=_loss_note(name, "mediasoup"))


def _against_limit(name, wording, bound):
    return Goal(2, f"CPU per packet, of the bare work's: {wording}", bound, _ratio(name, LIMIT),
                note=_trains_note(name))


def _sink(train):
    """All suites but the one that is asked for are left out."""
    def measure(report):
        for entry in report["sink"]:
            is_it = (entry["cipher"], entry["receivers"], entry["train"]) == ("gcm128", 500, train)
            if is_it and entry.get("engine_ns"):
                return entry["engine_ns"]["median"] / 1000
        return None
    return measure


def _rate_goals(receivers):
    name = f"rate_{receivers}"
    wording = f"packets/s without loss, 1 to {receivers}"
    yield Goal(3, f"{wording}, of mediasoup's", 2.2, _ratio(name, "mediasoup", "packets_per_s"),
               at_least=True)
    yield Goal(3, f"{wording} (where mediasoup is not there)", 450_000,
               _ours(name, "packets_per_s"), at_least=True, digits=0)


def _delay_goals(receivers):
    for load, percentile, bound in (("50", "p50", 0.2), ("50", "p99", 1), ("90", "p99", 5)):
        yield Goal(4, f"delay {percentile} at {load} % of that, 1 to {receivers}", bound,
                   _ours(f"rate_{receivers}", f"at_{load}.delay_us.{percentile}", 1000), unit=" ms")


def _capacity(report):
    entries = entries_of(report, "workers_2")
    return figures.ratio_to(entries, OURS, "capacity_per_s", ours=f"{OURS} x2")


def _join_load(report):
    used = figures.median_of(entries_of(report, "join_busy"), OURS, "cpu_share")
    return "" if used is None else f"the worker used {used:.0%} of its core"


GOALS = (
    _against_mediasoup("broadcast_200", "1 to 200", 0.40),
    _against_mediasoup("broadcast_200_twcc1", "1 to 200 with transport-wide feedback", 0.33),
    _against_mediasoup("meeting_12", "rooms of 12", 0.50),
    _against_mediasoup("audio", "10 speakers to 300", 0.80),
    _against_mediasoup("meeting_small", "one room of 4", 1.0),
    _against_mediasoup("broadcast_200_ciphercm80", "1 to 200, AES-CM + HMAC-SHA1", 0.35),
    Goal(1, "CPU per packet, of Janus's: 1 to 200", 0.25, _ratio("broadcast_200", "janus"),
         note=_loss_note("broadcast_200", "janus")),
    _against_limit("broadcast_200", "1 to 200", 1.4),
    _against_limit("meeting_12", "rooms of 12", 1.8),
    Goal(2, "into a sink, 500 receivers, trains of 8", 0.70, _sink(8), unit=" µs"),
    Goal(2, "into a sink, 500 receivers, trains of 4", 1.0, _sink(4), unit=" µs"),
    *_rate_goals(200),
    *_rate_goals(500),
    *_delay_goals(200),
    *_delay_goals(500),
    Goal(5, "memory per idle transport", 60, _ours("idle", "bytes_per_receiver", 1000), unit=" kB",
         digits=1),
    Goal(5, "memory per receiver, 1 to 500", 90,
         _ours("broadcast_500", "bytes_per_receiver", 1000), unit=" kB", digits=1),
    Goal(5, "1,000 idle transports, of a core", 2, _ours("idle", "cpu_share", 0.01), unit=" %"),
    Goal(6, "joins per second under half of the highest load", 200,
         _ours("join_busy", "joins_per_s"), at_least=True, digits=0, note=_join_load),
    Goal(6, "delay p99 meanwhile", 5, _ours("join_busy", "delay_us.p99", 1000), unit=" ms"),
    Goal(6, "memory after ten storms, of that after the first", 1.10,
         _ours("join_busy", "rss_growth")),
    Goal(7, "two workers carry, of what one does", 1.9, _capacity, at_least=True),
)


def rows(report):
    """(goal, value or None, verdict) for each; alternatives for an absent peer only without it."""
    there = {peer for result in report["results"] for peer in figures.peers_of(result["entries"])}
    found = []
    for goal in GOALS:
        if "where mediasoup is not there" in goal.wording and "mediasoup" in there:
            continue
        value = goal.measure(report)
        verdict = "not measured" if value is None else "met" if goal.is_met(value) else "**missed**"
        found.append((goal, value, verdict))
    return found

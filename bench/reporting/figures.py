"""From the objects that bench/load writes to medians, spreads and ratios.

An object is one peer in one round. A figure is named by its path in the object: `delay_us.p99`.
"""

import statistics
from dataclasses import dataclass

OURS = "sluice"
# Not a peer but what the machine allows.
LIMIT = "limit"


@dataclass(frozen=True)
class Figure:
    """What a document shows of a case."""

    path: str
    title: str
    unit: float = 1
    digits: int = 2
    # A smaller figure is the better one; a larger one; neither.
    better: str = "less"


FIGURES = {
    figure.path: figure
    for figure in (
        Figure("cpu_us_per_packet", "CPU, µs per packet"),
        Figure("user_us_per_packet", "user, µs per packet"),
        Figure("system_us_per_packet", "system, µs per packet"),
        Figure("packets_per_s", "packets per second", digits=0, better="more"),
        Figure("loss", "loss, %", unit=0.01, digits=3),
        Figure("delay_us.p50", "delay p50, ms", unit=1000),
        Figure("delay_us.p99", "delay p99, ms", unit=1000),
        Figure("delay_us.p999", "delay p99.9, ms", unit=1000),
        Figure("delay_us.max", "delay max, ms", unit=1000),
        Figure("at_50.delay_us.p50", "delay p50 at 50 %, ms", unit=1000),
        Figure("at_50.delay_us.p99", "delay p99 at 50 %, ms", unit=1000),
        Figure("at_90.delay_us.p99", "delay p99 at 90 %, ms", unit=1000),
        Figure("syscalls_per_packet", "system calls per packet", digits=3),
        Figure("capacity_per_s", "packets per second of full cores", digits=0, better="more"),
        Figure("train_mean", "packets per train", better="neither"),
        Figure("bytes_per_receiver", "memory per receiver, kB", unit=1000, digits=0),
        Figure("rss_bytes", "memory, MB", unit=1e6, digits=1),
        Figure("rss_growth", "memory, last storm to first"),
        Figure("cpu_share", "CPU, % of a core", unit=0.01, digits=1),
        Figure("joins_per_s", "joins per second", digits=0, better="more"),
        Figure("join_ms.p50", "join to media p50, ms", digits=1),
        Figure("join_ms.p99", "join to media p99, ms", digits=1),
    )
}


def value_at(entry, path):
    """The number at `path`, or None."""
    for key in path.split("."):
        entry = entry.get(key) if isinstance(entry, dict) else None
    is_number = isinstance(entry, (int, float)) and not isinstance(entry, bool)
    return entry if is_number else None


def measured(entries):
    """The objects that are rounds of a peer; not the ratios at the end."""
    return [entry for entry in entries if isinstance(entry, dict) and "peer" in entry]


def peers_of(entries):
    """In the order in which they took their turns."""
    return list(dict.fromkeys(entry["peer"] for entry in measured(entries)))


def values_of(entries, peer, path):
    found = (value_at(entry, path) for entry in measured(entries) if entry["peer"] == peer)
    return [value for value in found if value is not None]


def median_of(entries, peer, path):
    """Over the rounds, or None."""
    values = values_of(entries, peer, path)
    return statistics.median(values) if values else None


def spread_of(entries, peer, path):
    """From the smallest to the largest, as a part of the median, or None."""
    values = values_of(entries, peer, path)
    median = statistics.median(values) if values else 0
    return (max(values) - min(values)) / median if len(values) > 1 and median else None


def ratio_to(entries, peer, path, ours=OURS):
    """The median of what ours is of `peer`'s in the same round: drift touches it least. Or None."""
    by_round = {}
    for entry in measured(entries):
        value = value_at(entry, path)
        if value is not None:
            by_round.setdefault(entry.get("round"), {})[entry["peer"]] = value
    pairs = [
        values[ours] / values[peer]
        for values in by_round.values()
        if ours in values and values.get(peer)
    ]
    return statistics.median(pairs) if pairs else None


def worse_than_peers(results, tolerance=0.02):
    """(case, figure, peer, ratio) wherever a peer is better than we are; the limit is no peer."""
    found = []
    for result in results:
        for peer in peers_of(result["entries"]):
            # Several of ours are no peer either.
            if peer == LIMIT or peer.startswith(OURS):
                continue
            for figure in FIGURES.values():
                ratio = ratio_to(result["entries"], peer, figure.path)
                if ratio is not None and _is_worse(figure, ratio, tolerance):
                    found.append((result, figure, peer, ratio))
    return found


def _is_worse(figure, ratio, tolerance):
    if figure.better == "less":
        return ratio > 1 + tolerance
    return figure.better == "more" and ratio < 1 - tolerance

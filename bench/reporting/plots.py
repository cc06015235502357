"""Which plots a report has, out of the results of its cases."""

from reporting import figures
from reporting.svg_plot import Axis, Series, bar_plot, line_plot

_MICROSECONDS = "CPU per forwarded packet, µs"


def _named(results, profile):
    return [result for result in results if result["profile"] == profile and result["entries"]]


def _peers_in(results):
    names = (peer for result in results for peer in figures.peers_of(result["entries"]))
    return list(dict.fromkeys(names))


def _growth(results):
    """Broadcasts that differ in their size alone."""
    plain = {"cipher": "gcm128", "twcc": 0}
    return [result for result in _named(results, "broadcast")
            if {**result["options"], "receivers": 0} == {**plain, "receivers": 0}]


def _over_receivers(results, path, unit):
    growth = _growth(results)
    series = []
    for peer in _peers_in(growth):
        points = [(result["options"]["receivers"], figures.median_of(result["entries"], peer, path))
                  for result in growth]
        series.append(Series(peer, [(x, y / unit) for x, y in points if y is not None]))
    ticks = sorted({result["options"]["receivers"] for result in growth})
    return series, ticks


def cost_over_receivers(results):
    series, ticks = _over_receivers(results, "cpu_us_per_packet", 1)
    axes = (Axis("receivers of one sender", logarithmic=True, ticks=ticks), Axis(_MICROSECONDS))
    return line_plot("What one more receiver costs",
                     "broadcast, AES-128-GCM; medians of the rounds",
                     axes, series)


def memory_over_receivers(results):
    series, ticks = _over_receivers(results, "bytes_per_receiver", 1000)
    axes = (Axis("receivers of one sender", logarithmic=True, ticks=ticks),
            Axis("memory per receiver, kB"))
    return line_plot("Memory of a receiver", "broadcast, with media flowing", axes, series)


def _typical_round(entries, peer):
    """The round whose rate is the median, so that its steps belong together."""
    rounds = [entry for entry in figures.measured(entries)
              if entry["peer"] == peer and entry.get("steps")]
    rounds.sort(key=lambda entry: entry.get("packets_per_s", 0))
    return rounds[(len(rounds) - 1) // 2] if rounds else None


def delay_over_load(results):
    """Of the largest room that was searched for its highest rate."""
    searched = _named(results, "rate")
    if not searched:
        return None
    result = searched[0]
    series = []
    for peer in figures.peers_of(result["entries"]):
        entry = _typical_round(result["entries"], peer)
        steps = entry["steps"] if entry else []
        points = [(step["packets_per_s"] / 1000, figures.value_at(step, "delay_us.p99") / 1000)
                  for step in steps
                  if step.get("clean") and figures.value_at(step, "delay_us.p99")]
        series.append(Series(peer, points))
    axes = (Axis("forwarded packets per second, thousands"),
            Axis("added delay p99, ms", logarithmic=True))
    return line_plot("Delay over load",
                     f"broadcast to {result['options']['receivers']}, up to the highest rate "
                     "without loss", axes, series)


def _stack(entries, peer):
    """User and system; the whole where nobody knows the parts."""
    whole = figures.median_of(entries, peer, "cpu_us_per_packet")
    user = figures.median_of(entries, peer, "user_us_per_packet")
    system = figures.median_of(entries, peer, "system_us_per_packet")
    if whole is None or not user or not system:
        return whole
    part = user / (user + system)
    return (whole * part, whole * (1 - part))


def peers_side_by_side(results):
    shown = [result for result in results if result["entries"] and any(
        figures.median_of(result["entries"], peer, "cpu_us_per_packet") is not None
        for peer in figures.peers_of(result["entries"]))]
    shown = [result for result in shown if result["profile"] not in ("rate", "join", "idle")
             and "workers" not in result["options"]]
    series = [Series(peer, [_stack(result["entries"], peer) for result in shown])
              for peer in _peers_in(shown)]
    names = [_short(result) for result in shown]
    return bar_plot("Peers side by side", "a server's CPU time: user, and lighter behind it system; medians of the rounds",
                    Axis(_MICROSECONDS), names, series)


def _short(result):
    """As it fits below a group of bars."""
    options = result["options"]
    if result["profile"] == "broadcast":
        words = [f"1→{options['receivers']}"]
        if options.get("cipher", "gcm128") != "gcm128":
            words.append(options["cipher"])
        if options.get("twcc"):
            words.append("twcc")
        return " ".join(words)
    if result["profile"] == "meeting":
        return f"{options.get('rooms', 1)}×{options['members']}"
    return result["profile"]


PLOTS = {
    "cost_over_receivers": cost_over_receivers,
    "peers_side_by_side": peers_side_by_side,
    "delay_over_load": delay_over_load,
    "memory_over_receivers": memory_over_receivers,
}


def draw(results):
    """Name -> SVG of those plots for which there are figures."""
    drawn = {name: plot(results) for name, plot in PLOTS.items()}
    return {name: picture for name, picture in drawn.items() if picture}

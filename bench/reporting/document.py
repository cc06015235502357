"""docs/performance.md: tables of medians, what is worse than a peer, and how it was measured."""

from reporting import figures, goals
from reporting.figures import FIGURES, LIMIT, OURS

_TITLES = {
    "cost_over_receivers": "CPU per packet over the number of receivers",
    "peers_side_by_side": "CPU per packet of each peer in each case",
    "delay_over_load": "Added delay over the load",
    "memory_over_receivers": "Memory per receiver over their number",
}

_COST = ("cpu_us_per_packet", "user_us_per_packet", "system_us_per_packet", "syscalls_per_packet",
         "train_mean", "loss", "delay_us.p50", "delay_us.p99", "bytes_per_receiver")
_RATE = ("packets_per_s", "cpu_us_per_packet", "at_50.delay_us.p50", "at_50.delay_us.p99",
         "at_90.delay_us.p99", "train_mean")
_JOIN = ("joins_per_s", "join_ms.p50", "join_ms.p99", "delay_us.p99", "rss_growth")
_IDLE = ("cpu_share", "bytes_per_receiver")
_WORKERS = ("cpu_us_per_packet", "packets_per_s", "capacity_per_s", "train_mean", "loss",
            "delay_us.p99")
_SHOWN = {"rate": _RATE, "join": _JOIN, "idle": _IDLE}


def _number(value, figure):
    return "–" if value is None else f"{value / figure.unit:,.{figure.digits}f}"


def _cell(entries, peer, figure):
    """Median, spread over the rounds, and what ours is of it."""
    text = _number(figures.median_of(entries, peer, figure.path), figure)
    spread = figures.spread_of(entries, peer, figure.path)
    if spread is not None and spread >= 0.005:
        text += f" ±{spread * 50:.0f} %"
    ratio = None if peer == OURS else figures.ratio_to(entries, peer, figure.path)
    return text if ratio is None else f"{text} (**{ratio:.2f}**)"


def _table(rows):
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def _case_table(result):
    entries = result["entries"]
    peers = figures.peers_of(entries)
    rows = [["", *peers]]
    shown = _WORKERS if "workers" in result["options"] else _SHOWN.get(result["profile"], _COST)
    for path in shown:
        figure = FIGURES[path]
        if any(figures.median_of(entries, peer, path) is not None for peer in peers):
            rows.append([figure.title, *(_cell(entries, peer, figure) for peer in peers)])
    return _table(rows)


def _overview(results):
    """One line for each case: what a packet costs each peer."""
    peers = list(dict.fromkeys(p for r in results for p in figures.peers_of(r["entries"])))
    figure = FIGURES["cpu_us_per_packet"]
    rows = [["case", *peers]]
    for result in results:
        entries = result["entries"]
        cells = [_cell(entries, peer, figure) if figures.values_of(entries, peer, figure.path)
                 else "–" for peer in peers]
        if any(cell != "–" for cell in cells):
            rows.append([result["title"], *cells])
    return _table(rows)


def _worse(results):
    peers = {peer for result in results for peer in figures.peers_of(result["entries"])}
    if not peers - {OURS, LIMIT}:
        return "No peer was there to compare with."
    found = figures.worse_than_peers(results)
    if not found:
        return "Nothing that was measured in this run."
    rows = [["case", "figure", "peer", "Sluice's is so many times the peer's"]]
    rows += [[result["title"], figure.title, peer, f"{ratio:.2f}"]
             for result, figure, peer, ratio in found]
    return _table(rows)


def _goals(report):
    rows = [["", "what", "goal", "measured", ""]]
    for goal, value, verdict in goals.rows(report):
        note = goal.note(report)
        shown = goal.shown(value) + (f" ({note})" if note and value is not None else "")
        rows.append([str(goal.item), goal.wording, goal.aim, shown, verdict])
    return _table(rows)


def _sink_cost(cost):
    return "–" if not cost else f"{cost['min']:.0f} / {cost['median']:.0f}"


def _sink_table(objects):
    """Of forward_sink, engine and bare work; or of limit, the bare work alone."""
    rows = [["cipher", "receivers", "train", "Sluice, ns", "bare work, ns", "ratio"]]
    for entry in objects:
        bare = entry.get("bare_ns") if "bare_ns" in entry else entry.get("ns_per_packet")
        ratio = entry.get("ratio")
        rows.append([entry["cipher"], f"{entry['receivers']:,}", str(entry["train"]),
                     _sink_cost(entry.get("engine_ns")), _sink_cost(bare),
                     "–" if ratio is None else f"{ratio:.2f}"])
    return _table(rows)


def _versions(results):
    found = {}
    for result in results:
        for entry in figures.measured(result["entries"]):
            found[entry["peer"]] = entry.get("version") or "?"
    return found


def _machine_table(report):
    rows = [["", ""]]
    rows += [[name, str(value)] for name, value in report["machine"].items() if value]
    rows += [[f"version of {peer}", version]
             for peer, version in _versions(report["results"]).items()]
    missing = [peer for peer in report["peers"] if peer not in _versions(report["results"])]
    rows += [[f"version of {peer}", "was not there"] for peer in missing]
    return _table(rows)


def _how(report):
    plan = report["plan"]
    lines = [
        f"Cases ran {plan['rounds']} rounds of {plan['seconds']:g} seconds, the peers in turns; "
        "searches for the highest rate, joins and idle transports fewer rounds. "
        "Figures are medians of the rounds, ± half of the distance between the smallest and the "
        f"largest. Bold in brackets: Sluice's figure divided by the peer's, the median over the "
        "rounds. Servers have one core, the clients another; everything is on loopback, where a "
        "sender pays for its receivers' interrupts as well.",
        "",
        "`limit` is no SFU but the same work without one: receive, rewrite, encrypt, send. It says "
        "what this machine allows. In broadcasts, meetings and sound its trains are as long on "
        "average as Sluice's just were.",
    ]
    if report["machine"]["virtual machine"] == "yes":
        lines += ["", "This is a virtual machine: system calls cost more here than on bare metal, "
                  "and figures drift. Compare figures of one run only. "
                  f"Mitigations: {report['mitigations']}."]
    return "\n".join(lines)


def _silent(result, everybody):
    """Those who took part elsewhere and have no figures here."""
    return [peer for peer in everybody if peer not in figures.peers_of(result["entries"])]


def _details(results):
    parts = []
    everybody = _versions(results)
    for result in results:
        parts += [f"### {result['title'][0].upper()}{result['title'][1:]}", ""]
        if result.get("problem"):
            parts += [f"Not measured: {result['problem']}.", ""]
        elif result["entries"]:
            parts += [_case_table(result), ""]
            silent = _silent(result, everybody)
            if silent:
                parts += [f"This could not be measured of: {', '.join(silent)}.", ""]
    return "\n".join(parts).rstrip()


def write(report, pictures, image_folder):
    """The document's text. `pictures` are names of plots, which are in `image_folder`."""
    results = report["results"]
    images = [f"![{_TITLES[name]}]({image_folder}/{name}.svg)" for name in pictures]
    parts = ["# Performance", "",
             "Written by `bench/report`, which repeats all of it; do not edit.", ""]
    for image in images:
        parts += [image, ""]
    parts += ["## Goals", "", _goals(report), ""]
    parts += ["## What a forwarded packet costs", "",
              "CPU time of the server, user and system, in µs per packet delivered:", "",
              _overview(results), "",
              "## What is worse than a peer", "", _worse(results), ""]
    if report["sink"]:
        parts += ["## The send path alone", "",
                  "Into a device that takes trains whole, as a network card with segmentation "
                  "offload does: CPU ns per packet, smallest / median batch, trains of so many "
                  "packets per receiver.", "", _sink_table(report["sink"]), ""]
    parts += ["## How it was measured", "", _how(report), "", _machine_table(report), "",
              "## All figures", "", _details(results), ""]
    return "\n".join(parts)

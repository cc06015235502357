"""A made-up report for tests: two servers and the limit in three cases, two rounds each."""


def entry(peer, number, **figures):
    """As bench/load writes one."""
    base = {"peer": peer, "version": "1.0", "round": number, "loss": 0}
    return {**base, **figures}


def _case(name, profile, options, entries):
    return {"name": name, "title": name.replace("_", " "), "profile": profile, "options": options,
            "entries": [*entries, {"median_ratios_of_sluice_to": {}}]}


def _broadcast(receivers, costs):
    entries = []
    for number in range(2):
        for peer, cost in costs.items():
            drift = 1 + 0.1 * number
            entries.append(entry(peer, number, cpu_us_per_packet=cost * drift,
                                 user_us_per_packet=cost / 4, system_us_per_packet=cost,
                                 delay_us={"p50": 100, "p99": 10 * cost * 100},
                                 bytes_per_receiver=50_000))
    options = {"receivers": receivers, "cipher": "gcm128", "twcc": 0}
    return _case(f"broadcast_{receivers}", "broadcast", options, entries)


def _rate():
    entries = []
    for number, rate in enumerate((400_000, 500_000)):
        steps = [{"packets_per_s": rate * part, "clean": part <= 1, "delay_us": {"p99": 900 * part}}
                 for part in (0.5, 1, 1.2)]
        entries.append(entry("sluice", number, packets_per_s=rate, steps=steps))
        entries.append(entry("mediasoup", number, packets_per_s=rate / 2, steps=steps))
    return _case("rate_200", "rate", {"receivers": 200}, entries)


def report():
    """All parts that a document needs."""
    return {
        "machine": {"date": "2026-11-01", "processor": "made up", "virtual machine": "yes"},
        "mitigations": "none",
        "plan": {"name": "full", "seconds": 10, "rounds": 2},
        "peers": ["sluice", "limit", "mediasoup", "janus"],
        "results": [
            _broadcast(10, {"sluice": 4, "limit": 2, "mediasoup": 3}),
            _broadcast(200, {"sluice": 2, "limit": 1.5, "mediasoup": 5}),
            _rate(),
        ],
        "sink": [{"cipher": "gcm128", "receivers": 500, "train": 8, "ratio": 1.9,
                  "engine_ns": {"min": 700, "median": 720}, "bare_ns": {"min": 350, "median": 355}},
                 {"cipher": "cm80", "receivers": 500, "train": 8, "ratio": None,
                  "engine_ns": None, "bare_ns": None}],
    }

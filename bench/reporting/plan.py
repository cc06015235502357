"""What a report measures: cases of bench/load by name, for the documents and short for a look."""

from dataclasses import dataclass, field, replace

PEERS = ("sluice", "limit", "mediasoup", "janus")
_WITHOUT_JANUS = ("sluice", "limit", "mediasoup")
# Who is searched for a rate, or joined by hundreds: those that goals speak of.
_SERVERS = ("sluice", "mediasoup")

MAX_ROOMS = 64
MAX_RATE = 100


@dataclass(frozen=True)
class Case:
    """One run of bench/load over some peers."""

    name: str
    # May name options in braces.
    wording: str
    profile: str
    options: dict = field(default_factory=dict)
    # How an option is found out before: "rooms" that load the first other server to four fifths,
    # or a "rate" that is half of what Sluice carried in an earlier case.
    calibrated: str = ""
    # Those of the report that take part; where it differs from the plan, for how long.
    peers: tuple = PEERS
    seconds: float = 0
    rounds: int = 0

    @property
    def title(self):
        return self.wording.format(**{"rooms": "some", **self.options})

    def arguments(self, seconds, rounds, peers):
        """The command line of bench/load, without the program and --json."""
        words = ["--profile", self.profile, "--seconds", str(self.seconds or seconds)]
        words += ["--rounds", str(self.rounds or rounds)]
        words += ["--peers", ",".join(peer for peer in peers if self.takes(peer))]
        for name, value in self.options.items():
            words += [f"--{name}", str(value)]
        return words

    def takes(self, peer):
        """Peers that nobody here knows of take part in all."""
        return peer in self.peers or peer not in PEERS

    def with_options(self, **options):
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True)
class Plan:
    """All cases of a report, and how long each is looked at."""

    name: str
    seconds: float
    rounds: int
    cases: tuple
    sink: tuple


def _broadcast(receivers, peers=PEERS, **options):
    case = {"receivers": receivers, "cipher": "gcm128", "twcc": 0, **options}
    name = "_".join(["broadcast", str(receivers)] + [f"{k}{v}" for k, v in options.items()])
    parts = [f"1 to {receivers:,}"]
    if case["cipher"] != "gcm128":
        parts.append({"cm80": "AES-CM + HMAC-SHA1", "gcm256": "AES-256-GCM"}[case["cipher"]])
    if case["twcc"]:
        parts.append("transport-wide feedback")
    return Case(name, ", ".join(parts), "broadcast", case, peers=peers)


def _meetings():
    yield Case("meeting_small", "one room of 4", "meeting", {"rooms": 1, "members": 4},
               peers=_SERVERS)
    yield Case("meeting_12", "{rooms} rooms of 12", "meeting", {"members": 12},
               calibrated="rooms", peers=_WITHOUT_JANUS)
    yield Case("audio", "10 speakers to 300, {rooms} rooms", "audio", {"receivers": 300},
               calibrated="rooms", peers=_WITHOUT_JANUS)


def _rates(sizes, rounds):
    yield from (
        Case(f"rate_{receivers}", f"1 to {receivers}, as fast as it goes", "rate",
             {"receivers": receivers, "twcc": 0}, peers=_SERVERS, rounds=rounds)
        for receivers in sizes
    )


def _comings(storm, cycles):
    yield Case("join", f"{storm} come and go", "join",
               {"receivers": storm, "steady": 50, "twcc": 0, "cycles": 2}, peers=_SERVERS, rounds=1)
    yield Case("join_busy", f"{storm} come and go under half of the highest load", "join",
               {"receivers": storm, "steady": 200, "twcc": 0, "cycles": cycles}, calibrated="rate",
               peers=("sluice",), rounds=1)
    yield Case("idle", "1,000 idle transports", "idle", {"receivers": 1000}, peers=_SERVERS,
               rounds=2)


# A worker of its own for each sender, and as much to do for each as one has alone.
_WORKERS = Case("workers_2", "two workers, 1 to 100 each", "broadcast",
                {"receivers": 100, "twcc": 0, "rate": 4, "workers": 2}, peers=("sluice",), rounds=5)


def full_plan():
    """For the documents: about twenty minutes with four peers on two cores."""
    cases = (
        *(_broadcast(receivers) for receivers in (10, 50, 200, 500)),
        _broadcast(200, _WITHOUT_JANUS, twcc=1),
        _broadcast(200, _WITHOUT_JANUS, cipher="cm80"),
        *_meetings(),
        *_rates((200, 500), 1),
        *_comings(500, 10),
        _WORKERS,
    )
    sink = ("--ciphers", "gcm128", "--receivers", "500", "--trains", "1,4,8")
    return Plan("full", seconds=2.5, rounds=3, cases=cases, sink=sink)


def long_plan():
    """Once more and longer, with what no goal asks for: hours."""
    cases = (
        *(_broadcast(receivers) for receivers in (10, 50, 200, 500, 1000)),
        _broadcast(200, twcc=1),
        _broadcast(200, cipher="cm80"),
        _broadcast(200, cipher="gcm256"),
        *_meetings(),
        Case("mixed", "1 to 100 with 1 % loss", "mixed", {"receivers": 100}),
        *_rates((200, 500), 5),
        *_comings(500, 10),
        _WORKERS,
    )
    sink = ("--receivers", "10,100,500,1000", "--trains", "1,2,4,8,16")
    return Plan("long", seconds=10, rounds=5, cases=cases, sink=sink)


def short_plan():
    """For a look: two minutes with two peers; figures of a busy machine and no more."""
    cases = (_broadcast(10), _broadcast(200), *tuple(_meetings())[:1], *_rates((200,), 1))
    sink = ("--receivers", "100", "--trains", "1,8", "--ciphers", "gcm128", "--batches", "5")
    return Plan("short", seconds=2, rounds=1, cases=cases, sink=sink)

"""What a report measures: cases of bench/load by name, long for the documents and short for a look."""

from dataclasses import dataclass, field, replace

PEERS = ("sluice", "limit", "mediasoup", "janus")

# What a calibrated case asks for: as many rooms as load the core of the reference peer so far.
CALIBRATED_LOAD = 0.8
MAX_ROOMS = 64


@dataclass(frozen=True)
class Case:
    """One run of bench/load over all peers."""

    name: str
    # May name options in braces.
    wording: str
    profile: str
    options: dict = field(default_factory=dict)
    # Rooms are found by a trial with one room.
    calibrated: bool = False

    @property
    def title(self):
        return self.wording.format(**{"rooms": "some", **self.options})

    def arguments(self, seconds, rounds, peers):
        """The command line of bench/load, without the program and --json."""
        words = ["--profile", self.profile, "--seconds", str(seconds), "--rounds", str(rounds)]
        words += ["--peers", ",".join(peers)]
        for name, value in self.options.items():
            words += [f"--{name}", str(value)]
        return words

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


def _broadcast(receivers, **options):
    case = {"receivers": receivers, "cipher": "gcm128", "twcc": 1, **options}
    name = "_".join(["broadcast", str(receivers)] + [f"{k}{v}" for k, v in options.items()])
    parts = [f"1 to {receivers}"]
    if case["cipher"] != "gcm128":
        parts.append({"cm80": "AES-CM + HMAC-SHA1", "gcm256": "AES-256-GCM"}[case["cipher"]])
    if not case["twcc"]:
        parts.append("no transport-wide feedback")
    return Case(name, ", ".join(parts), "broadcast", case)


def _cases(sizes, rates, storm):
    yield from (_broadcast(receivers) for receivers in sizes)
    yield _broadcast(200, twcc=0)
    yield _broadcast(200, cipher="cm80")
    yield _broadcast(200, cipher="gcm256")
    yield Case("meeting_small", "one room of 4", "meeting", {"rooms": 1, "members": 4})
    yield Case("meeting_12", "{rooms} rooms of 12", "meeting", {"members": 12}, calibrated=True)
    yield Case("audio", "10 speakers to 300, {rooms} rooms", "audio", {"receivers": 300},
               calibrated=True)
    yield Case("mixed", "1 to 100 with 1 % loss", "mixed", {"receivers": 100})
    yield from (
        Case(f"rate_{receivers}", f"1 to {receivers}, as fast as it goes", "rate",
             {"receivers": receivers})
        for receivers in rates
    )
    yield Case("join", f"{storm} come and go", "join", {"receivers": storm})
    yield Case("idle", "1,000 idle transports", "idle", {"receivers": 1000})


def full_plan():
    """For the documents: about two hours with four peers."""
    cases = tuple(_cases((10, 50, 200, 500, 1000), (200, 500), 500))
    sink = ("--receivers", "10,100,500,1000", "--trains", "1,2,4,8,16")
    return Plan("full", seconds=10, rounds=5, cases=cases, sink=sink)


def short_plan():
    """For a look: two minutes with two peers; figures of a busy machine and no more."""
    keep = ("broadcast_10", "broadcast_200", "meeting_small", "rate_200")
    cases = tuple(case for case in _cases((10, 200), (200,), 100) if case.name in keep)
    sink = ("--receivers", "100", "--trains", "1,8", "--ciphers", "gcm128", "--batches", "5")
    return Plan("short", seconds=2, rounds=1, cases=cases, sink=sink)

#!/usr/bin/env python3
"""Counts the instructions that a forwarded packet takes, and compares them with the record.

build/release/bench/instructions runs one case of forwarding under callgrind (valgrind), which counts
the same on a busy machine as on a quiet one. A case that needs more than the record allows is a
failure. Counted against the record is everything but the cipher: valgrind's processor lacks the
instructions that bulk ciphers are made of, so what they take here says nothing. What lies in the
cipher's library is shown beside.

Exit status: 0, or 1 if a case takes too many, 2 for wrong usage, 77 if there is no valgrind.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import callgrind_profile

FOLDER = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(FOLDER)
RECORD = os.path.join(FOLDER, "instructions.json")

# By how much a case may exceed the record. Three runs agree within a thousandth.
TOLERANCE = 0.03

SKIPPED = 77

# Objects whose instructions are the cipher's.
CIPHER_OBJECTS = re.compile(r"/lib(?:crypto|ssl|IPSec_MB)[.-]")

# The C library works for whoever calls it, and callgrind does not know whose the stubs are through
# which it is called.
FOLDED_OBJECTS = re.compile(r"/(?:libc|ld-linux-x86-64)[.-]|^\?\?\?$")

# Which part of the work a function belongs to, by its qualified name: the first that fits.
PARTS = (
    ("bench", r"sluice::bench::|sluice::test::|^main$"),
    ("open", r"SrtpSession::Unprotect|ReplayWindow|SrtpTransform::Open|Link::Open"),
    ("seal", r"sluice::dtls::|Link::Seal|Sealer"),
    ("feedback", r"BandwidthEstimator::Receive|FeedbackAdapter|TransportFeedback|Trendline"
                 r"|ArrivalGrouper|OveruseDetector|AimdRate|LossRate|Compound|RtcpPacket"
                 r"|Egress::(?:ReceiveFeedback|ResendMissing|RecordBlocks|RecordNack)"),
    ("tell", r"worker::.*(?:Tell|Trace|ShareBandwidth|ShareAnew)|rtp::Allocator"
             r"|Observers|Outbox|KeepEstimateTrace|HandleStreamNeeds"),
    ("pace", r"rtp::Pacer|rtp::ProbeSource|Egress::(?:Enqueue|CountEvicted|UpdatePace|StartProbes|WriteProbe)"),
    ("decide", r"rtp::(?:Forwarder|SourceRun|SequenceMapper|TimestampMapper|LayerSelector"
               r"|PictureNumbers|PictureEnd|PayloadTypeMap)|worker::.*(?:Offer|Forward\b)"
               r"|Egress::(?:Push|Take)\b"),
    ("write header", r"rtp::EgressWriter|rtp::PaddingWriter|Egress::Write(?:Item|Rtx)"
                     r"|rtp::unnamed::(?:WriteElementHeader|Finish)"),
    ("record", r"rtp::(?:SendStream|RateMeter|RetransmissionCache|BandwidthEstimator|BusyRate"
               r"|WindowedRate|ReportScheduler|bwe)|Egress::Record"),
    ("receive", r"worker::Ingress|rtp::(?:RtpPacket|Stream|Nack|Feedback|Reception|Sequence|Layer"
                r"|Keyframe|codec|Dependency)|worker::ReceiveRt|ReceiveRtp|Engine::HandleDatagram"
                r"|RouteTable"),
    ("poll", r"PollTransmit|TransmitBatch|WriteMedia|WriteRtcp|WriteReports"),
    ("timers", r"HandleTimeout|NextTimeout|DeadlineHeap|LiteAgent"),
)


def part_of(name):
    for part, pattern in PARTS:
        if re.search(pattern, name):
            return part
    return "other"


def split(profile):
    """Instructions of a whole profile by part, and those of the cipher's library."""
    parts, cipher = {}, 0
    for (obj, function), cost in profile.items():
        if CIPHER_OBJECTS.search(obj):
            cipher += cost
            continue
        part = part_of(callgrind_profile.qualified_name(function))
        parts[part] = parts.get(part, 0) + cost
    # What the bench does to feed and count is no part of the product.
    parts.pop("bench", None)
    return parts, cipher


def count(program, case):
    """The figures of one case, per packet."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--quiet",
             f"--callgrind-out-file={out}", program, case],
            capture_output=True, text=True, check=False,
        )
        if run.returncode != 0:
            sys.exit(f"instructions {case} failed under valgrind:\n{run.stdout}{run.stderr}")
        with open(out, encoding="utf-8") as file:
            parts, cipher = split(callgrind_profile.read(file, FOLDED_OBJECTS))
    packets = int(run.stdout)
    if packets == 0 or not parts:
        sys.exit(f"instructions {case}: nothing was counted")
    return {
        "total": round(sum(parts.values()) / packets, 1),
        "parts": {part: round(cost / packets, 1) for part, cost in sorted(parts.items())},
        "cipher": round(cipher / packets, 1),
    }


def count_all(program, cases):
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(cases, pool.map(lambda case: count(program, case), cases)))


def table(figures):
    columns = sorted({part for figure in figures.values() for part in figure["parts"]})
    widths = [max(len(column), 6) for column in columns]
    head = "".join(f"  {column:>{width}}" for column, width in zip(columns, widths))
    lines = [f"{'instructions per packet':<24}{'total':>8}{head}  (cipher)"]
    for case, figure in figures.items():
        row = "".join(
            f"  {figure['parts'].get(column, 0):>{width}.0f}"
            for column, width in zip(columns, widths)
        )
        lines.append(f"{case:<24}{figure['total']:>8.0f}{row}  {figure['cipher']:>8.0f}")
    return "\n".join(lines)


def compare(figures, record):
    """One sentence for every case that the record does not allow, and one for every improvement."""
    worse, better = [], []
    for case, figure in figures.items():
        if case not in record:
            worse.append(f"{case} is not in the record")
            continue
        now, then = figure["total"], record[case]["total"]
        sentence = f"{case}: {now:.1f} instructions per packet, {then:.1f} in the record" + (
            f" ({100 * (now / then - 1):+.1f} %)"
        )
        if now > then * (1 + TOLERANCE):
            grown = {
                part: cost - record[case]["parts"].get(part, 0)
                for part, cost in figure["parts"].items()
            }
            part = max(grown, key=grown.get)
            worse.append(f"{sentence}; most of it in '{part}' ({grown[part]:+.1f})")
        elif now < then * (1 - TOLERANCE):
            better.append(sentence)
    worse += [f"{case} is in the record, but not measured" for case in record if case not in figures]
    return worse, better


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--program", default=os.path.join(REPOSITORY, "build/release/bench/instructions")
    )
    parser.add_argument("--record", action="store_true", help=f"write {RECORD} anew")
    parser.add_argument("--only", metavar="CASE", help="show one case and compare nothing")
    options = parser.parse_args()
    if not os.path.exists(options.program):
        parser.error(f"--program: there is no {options.program}; build the target 'instructions'")
    if shutil.which("valgrind") is None:
        print("skipped: there is no valgrind here; scripts/setup.sh installs it")
        return SKIPPED

    listed = subprocess.run([options.program, "--list"], capture_output=True, text=True, check=True)
    cases = listed.stdout.split()
    if options.only is not None:
        if options.only not in cases:
            parser.error(f"--only: there is no case '{options.only}', only {', '.join(cases)}")
        cases = [options.only]
    figures = count_all(options.program, cases)
    print(table(figures))
    if options.only is not None:
        return 0
    if options.record:
        with open(RECORD, "w", encoding="utf-8") as file:
            file.write(json.dumps(figures, indent=2) + "\n")
        print(f"recorded in {os.path.relpath(RECORD)}")
        return 0
    with open(RECORD, encoding="utf-8") as file:
        worse, better = compare(figures, json.load(file))
    for sentence in better:
        print(f"better: {sentence}; record it with bench/instructions.py --record")
    for sentence in worse:
        print(f"worse: {sentence}")
    if worse:
        print("If that is worth it, record it with bench/instructions.py --record, and say why.")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())

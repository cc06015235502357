import json
import stat
import tempfile
import unittest
from pathlib import Path

from reporting.plan import Case, Plan, full_plan, long_plan, short_plan
from reporting.runner import CannotMeasure, Runner, read_objects

# Writes what it was asked, as bench/load would; fails where a case wants it to.
_LOAD = """#!/bin/sh
echo "$*" >>"$(dirname "$0")/asked"
case "$*" in *--receivers\\ 13*) exit 1 ;; esac
for word; do last=$word; done
echo '[{"peer": "sluice", "round": 0, "cpu_share": 0.1}]' >"$last"
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        self.load = self.build / "bench/load"
        self.load.parent.mkdir()
        self.load.write_text(_LOAD, encoding="utf-8")
        self.load.chmod(self.load.stat().st_mode | stat.S_IXUSR)

    def run_cases(self, *cases, extra=()):
        runner = Runner(self.build, "traces", extra, said=lambda words: None)
        return runner.run_plan(Plan("some", 3, 2, cases, ()), ["sluice", "limit"])

    def asked(self):
        return (self.build / "bench/asked").read_text(encoding="utf-8").splitlines()

    def test_load_is_asked_for_the_case(self):
        case = Case("one", "one", "broadcast", {"receivers": 7})
        results = self.run_cases(case, extra=["--own-cpu=1"])
        self.assertEqual(results[0]["entries"][0]["peer"], "sluice")
        self.assertIn("--profile broadcast --seconds 3 --rounds 2 --peers sluice,limit "
                      "--receivers 7 --own-cpu=1 --traces traces --json", self.asked()[0])

    def test_case_that_fails_does_not_end_the_report(self):
        bad, good = ({"receivers": number} for number in (13, 7))
        results = self.run_cases(Case("bad", "", "broadcast", bad), Case("good", "", "idle", good))
        self.assertEqual(results[0]["problem"], "it ended with 1")
        self.assertEqual(len(results[1]["entries"]), 1)

    def test_rooms_are_as_many_as_load_the_reference(self):
        case = Case("m", "{rooms} rooms", "meeting", {"members": 12}, calibrated="rooms")
        results = self.run_cases(case)
        self.assertEqual(results[0]["options"]["rooms"], 8)
        self.assertEqual(results[0]["title"], "8 rooms")
        self.assertIn("--rooms 8", self.asked()[-1])

    def test_rate_of_storms_is_half_of_the_highest_when_all_are_there(self):
        case = Case("join", "join", "join", {"receivers": 500, "steady": 200}, calibrated="rate")
        done = [{"name": name, "entries": [{"peer": "sluice", "round": 0, "packets_per_s": rate}]}
                for name, rate in (("rate_200", 450_000), ("broadcast_200", 40_000))]
        plain = [Case(one["name"], "", "broadcast", {"receivers": 1}) for one in done]
        runner = Runner(self.build, "", (), said=lambda words: None)
        results = runner.run_plan(Plan("some", 3, 2, (*plain, case), ()), ["sluice"], done)
        # 700 receivers get 140,000 packets a second in real time.
        self.assertEqual(results[-1]["options"]["rate"], 1.61)

    def test_what_was_measured_before_is_not_measured_again(self):
        before = {"name": "one", "entries": [{"peer": "sluice"}]}
        runner = Runner(self.build, "", (), said=lambda words: None)
        cases = tuple(Case(name, "", "idle", {"receivers": 5}) for name in ("one", "two"))
        kept = []
        results = runner.run_plan(Plan("some", 3, 2, cases, ()), ["sluice"], [before], kept.extend)
        self.assertIs(results[0], before)
        self.assertEqual(len(self.asked()), 1)
        self.assertEqual([one["name"] for one in kept], ["one", "two"])

    def test_peer_that_a_case_leaves_out_is_not_asked_for(self):
        case = Case("one", "", "rate", {"receivers": 7}, peers=("sluice", "mediasoup"), rounds=1)
        self.run_cases(case)
        self.assertIn("--rounds 1 --peers sluice --receivers 7", self.asked()[0])

    def test_missing_load_is_said(self):
        self.load.unlink()
        with self.assertRaisesRegex(CannotMeasure, "build the target load"):
            self.run_cases()

    def test_objects_may_be_an_array_or_stand_one_a_line(self):
        objects = [{"a": 1}, {"b": 2}]
        self.assertEqual(read_objects(json.dumps(objects)), objects)
        self.assertEqual(read_objects('{"a": 1}\n{"b": 2}\n'), objects)
        self.assertEqual(read_objects('{"a": 1}'), objects[:1])


class PlanTest(unittest.TestCase):
    def test_names_of_cases_differ(self):
        for plan in (full_plan(), long_plan(), short_plan()):
            names = [case.name for case in plan.cases]
            self.assertEqual(len(names), len(set(names)))

    def test_titles_can_be_shown_before_rooms_are_known(self):
        for case in full_plan().cases:
            self.assertNotIn("{", case.title)


if __name__ == "__main__":
    unittest.main()

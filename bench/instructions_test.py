"""Tests of callgrind_profile.py and of how instructions.py judges."""

import re
import unittest

import callgrind_profile
import instructions

# As callgrind writes it: names once, then numbers; positions relative to the last one.
PROFILE = """\
# callgrind format
version: 1
positions: line
events: Ir
summary: 1111

ob=(1) /build/program
fl=(1) forwarder.cc
fn=(1) sluice::rtp::Forwarder::Admit(sluice::rtp::RtpPacket const&)
10 100
+2 20
cob=(2) /lib/libc.so.6
cfi=(2) memcpy.S
cfn=(2) memcpy
calls=4 5
* 40
cob=(3) /lib/libcrypto.so.3
cfn=(3) EVP_EncryptUpdate
calls=4 0
12 900

ob=(2)
fl=(2)
fn=(2)
5 40

ob=(3)
fl=(3) ???
fn=(3)
0 800
cob=(2)
cfn=(2)
calls=1 5
0 100

ob=(1)
fl=(1)
fn=(1)
-3 7
cfn=(4) sluice::rtp::Pacer::Push(std::chrono::time_point<int>)
calls=1 1
* 3

fn=(4)
1 3
""".splitlines(keepends=True)

LIBC = re.compile("/libc[.]")
FORWARDER = "sluice::rtp::Forwarder::Admit(sluice::rtp::RtpPacket const&)"


class CallgrindProfileTest(unittest.TestCase):
    def test_function_has_its_own_instructions_and_those_of_folded_callees(self):
        profile = callgrind_profile.read(PROFILE, LIBC)
        self.assertEqual(profile[("/build/program", FORWARDER)], 100 + 20 + 40 + 7)

    def test_folded_callees_count_where_they_are_called_from(self):
        profile = callgrind_profile.read(PROFILE, LIBC)
        self.assertEqual(profile[("/lib/libcrypto.so.3", "EVP_EncryptUpdate")], 900)
        self.assertNotIn(("/lib/libc.so.6", "memcpy"), profile)

    def test_nothing_is_lost_and_nothing_counts_twice(self):
        profile = callgrind_profile.read(PROFILE, LIBC)
        self.assertEqual(sum(profile.values()), 100 + 20 + 40 + 800 + 100 + 7 + 3)

    def test_name_goes_without_what_is_in_brackets(self):
        for function, name in (
            (FORWARDER, "sluice::rtp::Forwarder::Admit"),
            ("sluice::(anonymous namespace)::Pick(int)", "sluice::unnamed::Pick"),
            ("std::vector<int, std::allocator<int> >::push_back(int&&)", "std::vector::push_back"),
            ("main'2", "main"),
        ):
            self.assertEqual(callgrind_profile.qualified_name(function), name)


class InstructionsTest(unittest.TestCase):
    def test_cipher_and_bench_are_kept_out_of_the_total(self):
        parts, cipher = instructions.split(
            {
                ("/program", FORWARDER): 10,
                ("/program", "sluice::bench::FanOut::Feed()"): 5,
                ("/usr/lib/libcrypto.so.3", "aes"): 70,
            }
        )
        self.assertEqual(parts, {"decide": 10})
        self.assertEqual(cipher, 70)

    def test_more_than_allowed_is_worse_and_names_the_part(self):
        record = {"single": {"total": 100.0, "parts": {"pace": 50.0, "seal": 50.0}}}
        figures = {"single": {"total": 104.0, "parts": {"pace": 54.0, "seal": 50.0}}}
        worse, better = instructions.compare(figures, record)
        self.assertEqual(len(worse), 1)
        self.assertIn("'pace' (+4.0)", worse[0])
        self.assertEqual(better, [])

    def test_what_is_allowed_is_neither_worse_nor_better(self):
        record = {"single": {"total": 100.0, "parts": {}}}
        for total in (97.1, 102.9):
            figures = {"single": {"total": total, "parts": {}}}
            self.assertEqual(instructions.compare(figures, record), ([], []))

    def test_better_is_no_failure(self):
        record = {"single": {"total": 100.0, "parts": {}}}
        worse, better = instructions.compare({"single": {"total": 90.0, "parts": {}}}, record)
        self.assertEqual(worse, [])
        self.assertEqual(len(better), 1)

    def test_case_that_is_missing_on_one_side_is_a_failure(self):
        figure = {"total": 1.0, "parts": {}}
        for figures, record in (({"new": figure}, {}), ({}, {"old": figure})):
            worse, _ = instructions.compare(figures, record)
            self.assertEqual(len(worse), 1)


if __name__ == "__main__":
    unittest.main()

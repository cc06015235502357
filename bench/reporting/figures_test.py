import unittest

from reporting import figures
from reporting.sample import entry, report


class FiguresTest(unittest.TestCase):
    def test_value_is_found_by_its_path(self):
        one = {"delay_us": {"p99": 7}, "loss": 0, "at": None, "clean": True}
        self.assertEqual(figures.value_at(one, "delay_us.p99"), 7)
        self.assertEqual(figures.value_at(one, "loss"), 0)
        for path in ("delay_us.p50", "delay_us", "loss.p99", "at", "clean", "nothing"):
            self.assertIsNone(figures.value_at(one, path), path)

    def test_ratio_is_the_median_of_ratios_within_a_round(self):
        entries = [entry("sluice", 0, x=1), entry("janus", 0, x=2),
                   entry("sluice", 1, x=30), entry("janus", 1, x=60),
                   entry("sluice", 2, x=5), entry("janus", 2, x=5)]
        self.assertEqual(figures.ratio_to(entries, "janus", "x"), 0.5)

    def test_round_without_the_other_has_no_ratio(self):
        entries = [entry("sluice", 0, x=1), entry("janus", 1, x=2), entry("janus", 2, x=0)]
        self.assertIsNone(figures.ratio_to(entries, "janus", "x"))

    def test_spread_is_the_whole_range_in_parts_of_the_median(self):
        entries = [entry("sluice", i, x=x) for i, x in enumerate((9, 10, 12))]
        self.assertAlmostEqual(figures.spread_of(entries, "sluice", "x"), 0.3)
        self.assertIsNone(figures.spread_of(entries[:1], "sluice", "x"))

    def test_ratios_at_the_end_are_no_round(self):
        self.assertEqual(figures.peers_of(report()["results"][0]["entries"]),
                         ["sluice", "limit", "mediasoup"])

    def test_worse_is_dearer_or_slower_than_a_peer_and_not_than_the_limit(self):
        found = figures.worse_than_peers(report()["results"])
        named = {(result["name"], figure.path, peer) for result, figure, peer, _ in found}
        self.assertIn(("broadcast_10", "cpu_us_per_packet", "mediasoup"), named)
        self.assertNotIn("limit", {peer for _, _, peer in named})
        self.assertNotIn("broadcast_200", {name for name, _, _ in named})
        self.assertNotIn("rate_200", {name for name, _, _ in named})

    def test_fewer_packets_per_second_are_worse(self):
        result = {"name": "rate", "entries": [entry("sluice", 0, packets_per_s=1),
                                              entry("janus", 0, packets_per_s=2)]}
        found = figures.worse_than_peers([result])
        self.assertEqual([(figure.path, ratio) for _, figure, _, ratio in found],
                         [("packets_per_s", 0.5)])


if __name__ == "__main__":
    unittest.main()

import unittest

from reporting import document
from reporting.sample import report


def _row(text, start):
    return next(line for line in text.splitlines() if line.startswith(f"| {start} |"))


class DocumentTest(unittest.TestCase):
    def setUp(self):
        self.text = document.write(report(), ["cost_over_receivers"], "images")

    def test_cell_has_median_spread_and_ratio(self):
        self.assertEqual(_row(self.text, "broadcast 200"),
                         "| broadcast 200 | 2.10 ±5 % | 1.58 ±5 % (**1.33**) | 5.25 ±5 % (**0.40**) |")

    def test_what_is_worse_than_a_peer_is_told(self):
        worse = self.text.split("## What is worse")[1].split("\n## ")[0]
        self.assertIn("| broadcast 10 | CPU, µs per packet | mediasoup | 1.33 |", worse)

    def test_without_peers_nothing_is_called_better(self):
        alone = report()
        for result in alone["results"]:
            result["entries"] = [one for one in result["entries"] if one.get("peer") == "sluice"]
        text = document.write(alone, [], "images")
        self.assertIn("No peer was there to compare with.", text)

    def test_peer_that_was_not_there_is_named(self):
        self.assertEqual(_row(self.text, "version of janus"), "| version of janus | was not there |")

    def test_sink_shows_ours_next_to_the_bare_work(self):
        self.assertIn("| gcm128 | 500 | 8 | 700 / 720 | 350 / 355 | 1.90 |", self.text)
        self.assertIn("| cm80 | 500 | 8 | – | – | – |", self.text)

    def test_sink_of_limit_alone_has_the_bare_work(self):
        alone = report()
        alone["sink"] = [{"peer": "limit", "cipher": "gcm128", "receivers": 10, "train": 1,
                          "ns_per_packet": {"min": 2000, "median": 2020}}]
        text = document.write(alone, [], "images")
        self.assertIn("| gcm128 | 10 | 1 | – | 2000 / 2020 | – |", text)

    def test_case_that_failed_says_why(self):
        failed = report()
        failed["results"][0].update(entries=[], problem="it ended with 1")
        self.assertIn("Not measured: it ended with 1.", document.write(failed, [], "images"))

    def test_peer_that_failed_in_a_case_is_named_there(self):
        rate = self.text.split("### Rate 200")[1]
        self.assertIn("This could not be measured of: limit.", rate)

    def test_pictures_are_linked(self):
        self.assertIn("](images/cost_over_receivers.svg)", self.text)


if __name__ == "__main__":
    unittest.main()

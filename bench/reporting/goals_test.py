import unittest

from reporting import goals
from reporting.sample import entry, report


def _row(sample, start):
    return next(row for row in goals.rows(sample) if row[0].wording.startswith(start))


def _with(name, *entries):
    sample = report()
    sample["results"] = [{"name": name, "entries": list(entries)}]
    return sample


class GoalsTest(unittest.TestCase):
    def test_cost_is_judged_by_the_ratio_to_the_peer(self):
        goal, value, verdict = _row(report(), "CPU per packet, of mediasoup's: 1 to 200")
        self.assertEqual((goal.aim, goal.shown(value), verdict), ("≤ 0.40", "0.40", "met"))

    def test_what_is_short_of_its_goal_is_missed(self):
        sample = _with("rate_200", entry("sluice", 0, packets_per_s=3), entry("mediasoup", 0,
                                                                             packets_per_s=2))
        _, value, verdict = _row(sample, "packets/s without loss, 1 to 200")
        self.assertEqual((value, verdict), (1.5, "**missed**"))

    def test_what_was_not_measured_is_neither(self):
        self.assertEqual(_row(report(), "two workers")[1:], (None, "not measured"))

    def test_absolute_rate_counts_only_where_the_peer_is_absent(self):
        alone = _with("rate_200", entry("sluice", 0, packets_per_s=460_000))
        self.assertEqual(_row(alone, "packets/s without loss, 1 to 200 (where")[2], "met")
        together = [goal.wording for goal, _, _ in goals.rows(report())]
        self.assertFalse([words for words in together if "(where" in words])

    def test_trains_stand_beside_the_ratio_to_the_bare_work(self):
        for theirs, note in ((2.95, "trains 3.00 : 2.95"),
                             (2.5, "trains 3.00 : 2.50, which are not the same")):
            sample = _with("broadcast_200", entry("sluice", 0, train_mean=3),
                           entry("limit", 0, train_mean=theirs))
            goal = _row(sample, "CPU per packet, of the bare work's: 1 to 200")[0]
            self.assertEqual(goal.note(sample), note)

    def test_peer_that_loses_much_is_told(self):
        sample = _with("audio", entry("sluice", 0), entry("mediasoup", 0) | {"loss": 0.41})
        goal = _row(sample, "CPU per packet, of mediasoup's: 10 speakers")[0]
        self.assertEqual(goal.note(sample), "mediasoup lost 41%")

    def test_sink_is_judged_by_its_median(self):
        self.assertEqual(_row(report(), "into a sink, 500 receivers, trains of 8")[1], 0.72)

    def test_workers_are_judged_by_what_they_would_carry(self):
        sample = _with("workers_2", entry("sluice", 0, capacity_per_s=100),
                       entry("sluice x2", 0, capacity_per_s=195))
        self.assertEqual(_row(sample, "two workers")[1:], (1.95, "met"))

    def test_every_item_has_a_goal(self):
        self.assertEqual({goal.item for goal in goals.GOALS}, set(range(1, 8)))


if __name__ == "__main__":
    unittest.main()

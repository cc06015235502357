import unittest
import xml.etree.ElementTree as tree

from reporting import plots, svg_plot
from reporting.sample import report
from reporting.svg_plot import Axis, Series

_SVG = "{http://www.w3.org/2000/svg}"


def _texts(picture):
    return [one.text for one in tree.fromstring(picture).iter(f"{_SVG}text")]


def _lines(picture):
    found = tree.fromstring(picture).iter(f"{_SVG}polyline")
    return [[tuple(map(float, place.split(","))) for place in one.get("points").split()]
            for one in found]


class PlotsTest(unittest.TestCase):
    def test_every_plot_is_drawn_and_names_its_peers(self):
        drawn = plots.draw(report()["results"])
        self.assertEqual(list(drawn), list(plots.PLOTS))
        for name, picture in drawn.items():
            self.assertIn("sluice", _texts(picture), name)
            self.assertIn("mediasoup", _texts(picture), name)

    def test_without_figures_nothing_is_drawn(self):
        self.assertEqual(plots.draw([]), {})

    def test_more_receivers_are_further_right_and_dearer_is_higher(self):
        line = _lines(plots.cost_over_receivers(report()["results"]))[0]
        (x1, y1), (x2, y2) = line
        self.assertLess(x1, x2)
        self.assertLess(y1, y2)  # 4 us at 10 receivers, 2 us at 200; paper counts downwards

    def test_steps_with_loss_are_not_drawn(self):
        self.assertEqual([len(line) for line in _lines(plots.delay_over_load(report()["results"]))],
                         [2, 2])

    def test_peer_that_was_not_measured_has_no_bar(self):
        picture = svg_plot.bar_plot("t", "s", Axis("x"), ["a"], [Series("sluice", [1.5]),
                                                                 Series("janus", [None])])
        self.assertIn("1.50", _texts(picture))
        self.assertNotIn("janus", _texts(picture))

    def test_names_are_escaped(self):
        picture = svg_plot.line_plot('<&">', "", (Axis("x"), Axis("y")), [Series("a", [(1, 1)])])
        self.assertIn('<&">', _texts(picture))

    def test_points_are_inside_of_the_paper(self):
        axes = (Axis("x", logarithmic=True), Axis("y", logarithmic=True))
        points = [(3, 0.004), (70_000, 3), (1_000_000, 999)]
        for x, y in _lines(svg_plot.line_plot("t", "s", axes, [Series("a", points)]))[0]:
            self.assertTrue(svg_plot.LEFT <= x <= svg_plot.WIDTH - svg_plot.RIGHT)
            self.assertTrue(svg_plot.TOP <= y <= svg_plot.HEIGHT - svg_plot.BOTTOM)


if __name__ == "__main__":
    unittest.main()

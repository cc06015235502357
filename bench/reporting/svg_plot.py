"""Plots as SVG, by hand: lines over a logarithmic or linear axis, and bars side by side.

They are read on white and on dark pages, so they bring their own ground.
"""

import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 52, 56

# Told apart by those who do not see all colours, and by their marks.
COLOURS = {
    "sluice": "#0072b2",
    "limit": "#555555",
    "mediasoup": "#d55e00",
    "janus": "#009e73",
}
_OTHERS = ("#cc79a7", "#e69f00", "#56b4e9", "#882255")


def colour_of(name, index=0):
    return COLOURS.get(name, _OTHERS[index % len(_OTHERS)])


@dataclass
class Series:
    """A name and its points; or, of bars, its values, None where there is none."""

    name: str
    points: list = field(default_factory=list)


@dataclass
class Axis:
    """What it shows; a logarithmic one begins where its values do."""

    title: str
    logarithmic: bool = False
    ticks: list = None


class _Scale:
    """Where on the paper a value is."""

    def __init__(self, axis, values, start, end):
        self._log = axis.logarithmic
        self._start, self._end = start, end
        low = min(values) if axis.logarithmic else 0
        high = max(values)
        if axis.ticks:
            low, high = min(low, axis.ticks[0]), max(high, axis.ticks[-1])
            self.ticks = axis.ticks
        elif axis.logarithmic:
            self.ticks = _log_ticks(low, high)
            low, high = min(low, self.ticks[0]), max(high, self.ticks[-1])
        else:
            self.ticks = _ticks(high)
            high = self.ticks[-1]
        self._low, self._high = low, high

    def place(self, value):
        if self._log:
            part = _part(math.log(value), math.log(self._low), math.log(self._high))
        else:
            part = _part(value, self._low, self._high)
        return self._start + part * (self._end - self._start)


def _part(value, low, high):
    return 0.5 if high == low else (value - low) / (high - low)


def _ticks(high):
    """Zero to `high` or a little more, in four to eight round steps."""
    if high <= 0:
        return [0, 1]
    step = 10 ** math.floor(math.log10(high))
    for part in (5, 2, 1):
        if high / (step / part) <= 8:
            step /= part
            break
    return [step * i for i in range(math.ceil(high / step - 1e-9) + 1)]


def _log_ticks(low, high):
    """Powers of ten around all values, with 2 and 5 between them if there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts = (1, 2, 5) if last - first <= 2 else (1,)
    ticks = [part * 10.0**power for power in range(first, last + 1) for part in parts]
    below = max((tick for tick in ticks if tick <= low * 1.001), default=ticks[0])
    above = min((tick for tick in ticks if tick >= high * 0.999), default=ticks[-1])
    chosen = [tick for tick in ticks if below <= tick <= above]
    return chosen if len(chosen) > 1 else [below, above * 10]


def _label(value):
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:g}"


class _Paper:
    """Collects the elements of a picture."""

    def __init__(self, title, subtitle, width=WIDTH, height=HEIGHT):
        self.width, self.height = width, height
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12" role="img" aria-label="{_quoted(title)}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]
        self.text(LEFT, 22, title, size=15, weight="bold")
        self.text(LEFT, 40, subtitle, colour="#555555")

    def text(self, x, y, words, anchor="start", colour="#222222", size=12, **style):
        turned = f' transform="rotate({style["turn"]} {x:.1f} {y:.1f})"' if "turn" in style else ""
        weight = f' font-weight="{style["weight"]}"' if "weight" in style else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
            f'font-size="{size}"{weight}{turned}>{escape(str(words))}</text>'
        )

    def line(self, start, end, colour="#dddddd", width=1):
        self._parts.append(
            f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>'
        )

    def path(self, points, colour):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )

    def mark(self, x, y, colour, shape):
        if shape % 2 == 0:
            self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        else:
            self.box(x - 3.5, y - 3.5, 7, 7, colour)

    def box(self, x, y, width, height, colour, opacity=1):
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{colour}" fill-opacity="{opacity}"/>'
        )

    def finish(self):
        return "\n".join([*self._parts, "</svg>", ""])


def _quoted(text):
    return escape(text, {'"': "&quot;"})


def _draw_axes(paper, axes, scales):
    (x_axis, y_axis), (x_scale, y_scale) = axes, scales
    bottom, right = paper.height - BOTTOM, paper.width - RIGHT
    for tick in y_scale.ticks:
        y = y_scale.place(tick)
        paper.line((LEFT, y), (right, y))
        paper.text(LEFT - 8, y + 4, _label(tick), anchor="end")
    for tick in x_scale.ticks:
        x = x_scale.place(tick)
        paper.line((x, bottom), (x, bottom + 5), colour="#888888")
        paper.text(x, bottom + 20, _label(tick), anchor="middle")
    paper.line((LEFT, bottom), (right, bottom), colour="#888888")
    paper.text((LEFT + right) / 2, paper.height - 14, x_axis.title, anchor="middle")
    middle = (TOP + bottom) / 2
    paper.text(18, middle, y_axis.title, anchor="middle", turn=-90)


def _spread(labels, least=15):
    """Moves the heights of labels apart, from the highest on."""
    placed = []
    for y, *rest in sorted(labels):
        y = max(y, placed[-1][0] + least) if placed else y
        placed.append((y, *rest))
    return placed


def line_plot(title, subtitle, axes, series):
    """`series` have points (x, y); the last one of each carries its name."""
    series = [one for one in series if one.points]
    if not series:
        return None
    x_axis, y_axis = axes
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    x_scale = _Scale(x_axis, xs, LEFT, WIDTH - RIGHT)
    y_scale = _Scale(y_axis, ys, HEIGHT - BOTTOM, TOP + 8)
    paper = _Paper(title, subtitle)
    _draw_axes(paper, axes, (x_scale, y_scale))
    labels = []
    for index, one in enumerate(series):
        colour = colour_of(one.name, index)
        places = [(x_scale.place(x), y_scale.place(y)) for x, y in sorted(one.points)]
        paper.path(places, colour)
        for x, y in places:
            paper.mark(x, y, colour, index)
        labels.append((places[-1][1] + 4, one.name, colour))
    for y, name, colour in _spread(labels):
        paper.text(WIDTH - RIGHT + 10, y, name, colour=colour, weight="bold")
    return paper.finish()


# Of bars: how high one is with the room around it, and how much more there is between groups.
_BAR, _GAP = 15, 12
_NAMES = 130


def bar_plot(title, subtitle, axis, groups, series):
    """One group of lying bars for each of `groups`; a series has for each a value, or a pair of
    values of which the second continues the first."""
    series = [one for one in series if any(value is not None for value in one.points)]
    if not series or not groups:
        return None
    lengths = [_total(value) for one in series for value in one.points if value is not None]
    bottom = TOP + len(groups) * (_BAR * len(series) + _GAP)
    paper = _Paper(title, subtitle, height=bottom + BOTTOM)
    scale = _Scale(axis, lengths, _NAMES, WIDTH - RIGHT)
    for tick in scale.ticks:
        x = scale.place(tick)
        paper.line((x, TOP), (x, bottom))
        paper.text(x, bottom + 18, _label(tick), anchor="middle")
    paper.text((_NAMES + WIDTH - RIGHT) / 2, bottom + 40, axis.title, anchor="middle")
    y = TOP + _GAP / 2
    for g, group in enumerate(groups):
        paper.text(_NAMES - 10, y + _BAR * len(series) / 2 + 4, group, anchor="end")
        for s, one in enumerate(series):
            if one.points[g] is not None:
                _draw_bar(paper, scale, y + _BAR * s, one.points[g], colour_of(one.name, s))
        y += _BAR * len(series) + _GAP
    for s, one in enumerate(series):
        colour = colour_of(one.name, s)
        paper.box(WIDTH - RIGHT + 40, TOP + 10 + 20 * s, 12, 12, colour)
        paper.text(WIDTH - RIGHT + 58, TOP + 20 + 20 * s, one.name)
    return paper.finish()


def _total(value):
    return sum(value) if isinstance(value, tuple) else value


def _draw_bar(paper, scale, y, value, colour):
    end = 0
    for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
        start, end = end, end + part
        paper.box(scale.place(start), y, scale.place(end) - scale.place(start), _BAR - 3, colour,
                  opacity=1 if index == 0 else 0.55)
    words = f"{end:.2f}" if end < 10 else f"{end:.1f}"
    paper.text(scale.place(end) + 5, y + _BAR - 5, words, size=10)

// Lines and areas over time, with a legend that tells their values now, or under the pointer.

import { el } from '../page/dom';
import { ceilingOf } from '../page/sparkline';
import type { LivePoint } from '../protocol/live';
import { across, cursorLine, gridLine, Plot, timeLabels } from './plot';
import type { Pencil } from './plot';
import type { View } from './window';

export interface Line {
  name: string;
  // Of the theme, as "--water".
  colour: string;
  style: 'area' | 'line' | 'dashed';
  // Null: not known then.
  read: (point: LivePoint) => number | null;
}

export interface TimeChartOptions {
  title: string;
  about: string;
  lines: readonly Line[];
  format: (value: number) => string;
  // The scale goes at least as far; below it a flat line would look like a storm.
  least: number;
  // And no further, if there is a natural end.
  most?: number;
  small?: boolean;
  onPoint?: (at: number | null) => void;
}

// Points further apart than this are not joined: nobody was there to count.
const kGapMs = 3500;
const kLabelRoom = 16;

export class TimeChart {
  readonly element: HTMLElement;
  private readonly plot: Plot;
  private readonly values: HTMLElement[];

  constructor(private readonly options: TimeChartOptions) {
    this.plot = new Plot(options.onPoint);
    this.values = options.lines.map(() => el('b'));
    const legend = options.lines.map(({ name, colour }, i) =>
      el('span', { class: `key ${colour.replace('--', 'key-')}` }, name, ' ', this.values[i]),
    );
    this.element = el(
      'figure',
      { class: options.small ? 'chart small' : 'chart' },
      el(
        'figcaption',
        { title: options.about },
        el('strong', {}, options.title),
        el('span', { class: 'keys' }, ...legend),
      ),
      this.plot.element,
    );
    this.plot.element.setAttribute('role', 'img');
    this.plot.element.setAttribute('aria-label', `${options.title}. ${options.about}`);
  }

  draw(view: View): void {
    const { lines, format } = this.options;
    const told = view.cursor ?? view.points[view.points.length - 1] ?? null;
    for (const [i, line] of lines.entries()) {
      const value = told ? line.read(told) : null;
      const text = value === null ? '–' : format(value);
      const element = this.values[i];
      if (element && element.textContent !== text) element.textContent = text;
    }
    const pencil = this.plot.begin();
    if (pencil) this.drawOn(pencil, view);
  }

  private drawOn(pencil: Pencil, view: View): void {
    const { lines, format, small } = this.options;
    const ceiling = this.ceilingFor(view.points);
    const bottom = pencil.height - (small ? 2 : kLabelRoom);
    const top = small ? 3 : 14;
    const y = (value: number) => bottom - ((bottom - top) * Math.min(value, ceiling)) / ceiling;
    for (const share of small ? [] : [0.5, 1]) {
      gridLine(pencil, y(ceiling * share), format(ceiling * share));
    }
    pencil.context.fillStyle = pencil.colour('--grid');
    pencil.context.fillRect(0, bottom, pencil.width, 1);
    if (!small) timeLabels(pencil, view);
    for (const line of lines) drawLine(pencil, { line, view, y, bottom });
    if (view.cursor) cursorLine(pencil, across(pencil, view, view.cursor.date), bottom);
  }

  private ceilingFor(points: LivePoint[]): number {
    const { lines, least, most = Infinity } = this.options;
    const series = lines.map(({ colour, read }) => ({
      colour,
      filled: false,
      points: points.map((point) => ({ at: point.date, value: read(point) ?? 0 })),
    }));
    return Math.min(most, ceilingOf(series, least));
  }
}

interface Drawing {
  line: Line;
  view: View;
  y: (value: number) => number;
  bottom: number;
}

function drawLine(pencil: Pencil, { line, view, y, bottom }: Drawing): void {
  const { context, colour } = pencil;
  for (const run of runsOf(view.points, line.read)) {
    const places = run.map(({ date, value }) => [across(pencil, view, date), y(value)] as const);
    const [first, last] = [places[0], places[places.length - 1]];
    if (!first || !last) continue;
    context.beginPath();
    for (const place of places) context.lineTo(...place);
    context.strokeStyle = colour(line.colour);
    context.lineWidth = 1.75;
    context.lineJoin = 'round';
    context.setLineDash(line.style === 'dashed' ? [4, 4] : []);
    context.stroke();
    context.setLineDash([]);
    if (line.style !== 'area') continue;
    context.lineTo(last[0], bottom);
    context.lineTo(first[0], bottom);
    context.closePath();
    context.globalAlpha = 0.17;
    context.fillStyle = colour(line.colour);
    context.fill();
    context.globalAlpha = 1;
  }
}

// What can be joined without a gap.
function runsOf(points: LivePoint[], read: Line['read']): { date: number; value: number }[][] {
  const runs: { date: number; value: number }[][] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    const value = read(point);
    if (value === null) continue;
    if (point.date - before > kGapMs) runs.push([]);
    runs[runs.length - 1]?.push({ date: point.date, value });
    before = point.date;
  }
  return runs;
}

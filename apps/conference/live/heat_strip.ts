// How long packets took through the server: each second a column, each cell as bright as the share of
// packets in it, and two lines for the middle one and the slowest of a hundred.

import { el } from '../page/dom';
import { duration } from './format';
import { across, cursorLine, gridLine, Plot, timeLabels } from './plot';
import type { Pencil } from './plot';
import { percentileOf } from './window';
import type { View } from './window';

const kLabelRoom = 16;
const kLines = [
  { share: 0.5, name: 'half within', colour: '--text' },
  { share: 0.99, name: '99 of 100 within', colour: '--warning' },
] as const;

export class HeatStrip {
  readonly element: HTMLElement;
  private readonly plot: Plot;
  private readonly values = kLines.map(() => el('b'));

  constructor(onPoint: (at: number | null) => void) {
    this.plot = new Plot(onPoint);
    const about =
      'From the arrival of a packet to when the kernel has taken its copy for a receiver, with what it waited for the path of that receiver.';
    const legend = kLines.map(({ name, colour }, i) =>
      el('span', { class: `key ${colour.replace('--', 'key-')}` }, name, ' ', this.values[i]),
    );
    this.element = el(
      'figure',
      { class: 'chart' },
      el(
        'figcaption',
        { title: about },
        el('strong', {}, 'Forwarding delay'),
        el('span', { class: 'keys' }, ...legend),
      ),
      this.plot.element,
    );
    this.plot.element.setAttribute('role', 'img');
    this.plot.element.setAttribute('aria-label', `Forwarding delay. ${about}`);
  }

  draw(view: View): void {
    const told = view.cursor ?? view.points[view.points.length - 1];
    for (const [i, { share }] of kLines.entries()) {
      const value = told ? percentileOf(told.delays, view.delayBoundsUs, share) : null;
      const element = this.values[i];
      if (element) element.textContent = duration(value);
    }
    const pencil = this.plot.begin();
    if (pencil && view.delayBoundsUs.length > 1) drawStrip(pencil, view);
  }
}

// Logarithmic, as the cells are. Half a cell below the first bound stands for all that was faster.
function scaleOf({ delayBoundsUs: bounds }: View, bottom: number): (us: number) => number {
  const low = Math.log2((bounds[0] ?? 1) / 2);
  const high = Math.log2((bounds[bounds.length - 1] ?? 2) * 2);
  return (us) => bottom * (1 - (Math.log2(us) - low) / (high - low));
}

function drawStrip(pencil: Pencil, view: View): void {
  const { context, colour } = pencil;
  const bottom = pencil.height - kLabelRoom;
  const y = scaleOf(view, bottom);
  const column = Math.max(1, Math.ceil(across(pencil, view, view.from + 1000)) + 0.5);
  context.fillStyle = colour('--heat');
  for (const { date, delays } of view.points) {
    const total = delays.reduce((sum, value) => sum + value, 0);
    if (total === 0) continue;
    const x = across(pencil, view, date) - column;
    for (const [cell, packets] of delays.entries()) {
      if (packets === 0) continue;
      const [low, high] = edgesOf(view.delayBoundsUs, cell);
      // The root makes a packet in a thousand visible, for that is where trouble begins.
      context.globalAlpha = Math.min(1, 0.12 + 0.88 * Math.sqrt(packets / total));
      context.fillRect(x, y(high), column, Math.max(1, y(low) - y(high) - 0.5));
    }
  }
  context.globalAlpha = 1;
  for (const us of [100, 1000, 10_000, 100_000]) gridLine(pencil, y(us), duration(us), '--text');
  timeLabels(pencil, view);
  for (const { share, colour: name } of kLines) {
    drawPercentile(pencil, { view, y, share, name });
  }
  if (view.cursor) cursorLine(pencil, across(pencil, view, view.cursor.date), bottom);
}

interface PercentileLine {
  view: View;
  y: (us: number) => number;
  share: number;
  name: string;
}

function drawPercentile(pencil: Pencil, { view, y, share, name }: PercentileLine): void {
  const { context, colour } = pencil;
  context.beginPath();
  let joined = false;
  for (const { date, delays } of view.points) {
    const value = percentileOf(delays, view.delayBoundsUs, share);
    if (value === null) joined = false;
    else if (joined) context.lineTo(across(pencil, view, date), y(value));
    else context.moveTo(across(pencil, view, date), y(value));
    joined = value !== null;
  }
  context.strokeStyle = colour(name);
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
}

function edgesOf(bounds: number[], cell: number): [low: number, high: number] {
  const last = bounds[bounds.length - 1] ?? 1;
  const high = bounds[cell] ?? last * 2;
  return [cell === 0 ? high / 2 : (bounds[cell - 1] ?? last), high];
}

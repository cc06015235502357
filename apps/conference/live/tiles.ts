// The numbers at the top, each with its last minutes behind it.

import { el } from '../page/dom';
import type { LivePoint } from '../protocol/live';
import { bitRate, count, duration, percent } from './format';
import type { Line } from './time_chart';
import { TimeChart } from './time_chart';
import { meanOf, percentileOf, sumOf } from './window';
import type { View } from './window';

// A second is too short for what receivers report only once in a while.
const kSmoothing = 10;

interface TileOptions {
  title: string;
  about: string;
  colour: string;
  least: number;
  read: (point: LivePoint, boundsUs: number[]) => number | null;
  // The number and what stands beside it, of the last points that are shown.
  tell: (points: LivePoint[], view: View) => [number: string, beside: string];
}

class Tile {
  readonly element: HTMLElement;
  private readonly number = el('b', { class: 'number' });
  private readonly beside = el('span', { class: 'beside' });
  private readonly chart: TimeChart;
  private boundsUs: number[] = [];

  constructor(private readonly options: TileOptions) {
    const { title, about, colour, least, read } = options;
    const ofPoint = (point: LivePoint) => read(point, this.boundsUs);
    const line: Line = { name: title, colour, style: 'area', read: ofPoint };
    const format = (value: number) => count(value);
    this.chart = new TimeChart({ title, about, lines: [line], format, least, small: true });
    this.element = el(
      'section',
      { class: 'tile', title: about },
      el('h2', {}, title),
      el('p', {}, this.number, this.beside),
      this.chart.element,
    );
  }

  draw(view: View): void {
    this.boundsUs = view.delayBoundsUs;
    const end = view.cursor ? view.points.indexOf(view.cursor) + 1 : view.points.length;
    const [number, beside] = this.options.tell(view.points.slice(0, end), view);
    this.number.textContent = number;
    this.beside.textContent = beside;
    this.chart.draw(view);
  }
}

const last = (points: LivePoint[]) => points[points.length - 1];
const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

const kTiles: TileOptions[] = [
  {
    title: 'People',
    about: 'People in all rooms.',
    colour: '--accent',
    least: 4,
    read: ({ people }) => people,
    tell: (points) => {
      const { people = 0, rooms = 0 } = last(points) ?? {};
      return [count(people), `in ${plural(rooms, 'room', 'rooms')}`];
    },
  },
  {
    title: 'Streams',
    about: 'Streams on their way to one receiver each.',
    colour: '--accent',
    least: 10,
    read: ({ consumers }) => consumers,
    tell: (points) => {
      const { consumers = 0, people = 0 } = last(points) ?? {};
      return [count(consumers), people > 0 ? `${count(consumers / people)} to each` : ''];
    },
  },
  {
    title: 'To people',
    about: 'All that the server sends.',
    colour: '--accent',
    least: 1e5,
    read: ({ outBitrate }) => outBitrate,
    tell: (points) => {
      const { outBitrate = 0, people = 0 } = last(points) ?? {};
      return [bitRate(outBitrate), people > 0 ? `${bitRate(outBitrate / people)} each` : ''];
    },
  },
  {
    title: 'From people',
    about: 'All that comes to the server.',
    colour: '--water',
    least: 1e5,
    read: ({ inBitrate }) => inBitrate,
    tell: (points) => {
      const { inBitrate = 0, outBitrate = 0 } = last(points) ?? {};
      return [
        bitRate(inBitrate),
        inBitrate > 0 ? `sent on × ${count(outBitrate / inBitrate)}` : '',
      ];
    },
  },
  {
    title: 'Lost on the way',
    about: 'Of what is sent to people, as their browsers report; mean of ten seconds.',
    colour: '--danger',
    least: 0.02,
    read: ({ outLoss }) => outLoss,
    tell: (points) => [
      percent(meanOf(points, kSmoothing, ({ outLoss }) => outLoss)),
      `${percent(meanOf(points, kSmoothing, ({ inLoss }) => inLoss))} on the way here`,
    ],
  },
  {
    title: 'Delay in the server',
    about: 'Half of the packets of the last ten seconds were forwarded within this time.',
    colour: '--warning',
    least: 500,
    read: ({ delays }, boundsUs) => percentileOf(delays, boundsUs, 0.5),
    tell: (points, { delayBoundsUs }) => {
      const counts = sumOf(points.slice(-kSmoothing).map(({ delays }) => delays));
      const slow = percentileOf(counts, delayBoundsUs, 0.99);
      const typical = percentileOf(counts, delayBoundsUs, 0.5);
      return [duration(typical), slow === null ? '' : `99 % within ${duration(slow)}`];
    },
  },
];

export class Tiles {
  readonly element: HTMLElement;
  private readonly tiles = kTiles.map((options) => new Tile(options));

  constructor() {
    this.element = el('div', { class: 'tiles' }, ...this.tiles.map(({ element }) => element));
  }

  draw(view: View): void {
    for (const tile of this.tiles) tile.draw(view);
  }
}

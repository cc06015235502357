// One room: who many, what flows, what gets lost.

import { el } from '../page/dom';
import type { LivePoint, LiveRoom } from '../protocol/live';
import { bitRate, count, percent, perSecond } from './format';
import { TimeChart } from './time_chart';
import { meanOf } from './window';
import type { View } from './window';

const kSmoothing = 10;

export class RoomCard {
  readonly element: HTMLElement;
  private readonly people = el('span', { class: 'state' });
  private readonly facts = el('p', { class: 'facts' });
  private readonly chart: TimeChart;

  constructor(readonly name: string) {
    const read = (from: (room: LiveRoom) => number) => (point: LivePoint) => {
      const room = this.of(point);
      return room ? from(room) : null;
    };
    this.chart = new TimeChart({
      title: '',
      about: `Bit rates of the room ${name}.`,
      format: bitRate,
      least: 1e5,
      small: true,
      lines: [
        { name: 'out', colour: '--accent', style: 'area', read: read((room) => room.outBitrate) },
        { name: 'in', colour: '--water', style: 'area', read: read((room) => room.inBitrate) },
      ],
    });
    this.element = el(
      'section',
      { class: 'card' },
      el('header', {}, el('h3', { title: name }, name), this.people),
      this.chart.element,
      this.facts,
    );
  }

  draw(view: View): void {
    const end = view.cursor ? view.points.indexOf(view.cursor) + 1 : view.points.length;
    const shown = view.points.slice(0, end);
    const point = shown[shown.length - 1];
    const room = point && this.of(point);
    if (room) {
      this.people.textContent = `${room.people} ${room.people === 1 ? 'person' : 'people'}`;
      const loss = meanOf(shown, kSmoothing, (one) => this.of(one)?.outLoss ?? null);
      const repeats = meanOf(shown, kSmoothing, (one) => this.of(one)?.repeats ?? null) ?? 0;
      this.facts.textContent = [
        `${count(room.consumers)} streams`,
        `${percent(loss)} lost`,
        `${perSecond(repeats)} sent again`,
      ].join(' · ');
    }
    this.chart.draw(view);
  }

  private of(point: LivePoint): LiveRoom | undefined {
    return point.perRoom.find(({ name }) => name === this.name);
  }
}

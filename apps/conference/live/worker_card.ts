// One worker: how full it is and by what, and its last minutes.

import { el } from '../page/dom';
import type { LivePoint, LiveWorker } from '../protocol/live';
import { bitRate, bytes, count, duration, percent } from './format';
import { TimeChart } from './time_chart';
import type { View } from './window';

const kReasons: Record<string, string> = {
  processor: 'by processor',
  loop: 'by slow turns',
  streams: 'by streams',
};

export class WorkerCard {
  readonly element: HTMLElement;
  private readonly state = el('span', { class: 'state' });
  private readonly facts = el('p', { class: 'facts' });
  private readonly load = el('b');
  private readonly reason = el('span', { class: 'beside' });
  private readonly bar = el('i');
  private readonly charts: TimeChart[];

  constructor(private readonly index: number) {
    const small = true;
    const read = (from: (worker: LiveWorker) => number) => (point: LivePoint) => {
      const worker = this.of(point);
      return worker?.up ? from(worker) : null;
    };
    this.charts = [
      new TimeChart({
        title: 'Processor',
        about: 'Share of one core. Above 70 % bursts queue.',
        format: percent,
        least: 0.2,
        most: 1,
        small,
        lines: [{ name: '', colour: '--accent', style: 'area', read: read(({ cpu }) => cpu) }],
      }),
      new TimeChart({
        title: 'Longest turn',
        about: 'Of its event loop, in each second: so long may a packet have waited.',
        format: duration,
        least: 2000,
        small,
        lines: [
          { name: '', colour: '--warning', style: 'area', read: read((w) => w.longestTurnUs) },
        ],
      }),
      new TimeChart({
        title: 'Sent',
        about: 'All that this worker sends, to people and to other workers.',
        format: bitRate,
        least: 1e5,
        small,
        lines: [{ name: '', colour: '--water', style: 'area', read: read((w) => w.outBitrate) }],
      }),
    ];
    const bar = el('div', { class: 'bar', title: 'Load score, from 0 to 1' }, this.bar);
    this.element = el(
      'section',
      { class: 'card' },
      el('header', {}, el('h3', {}, `Worker ${index}`), this.state),
      el('p', { class: 'load' }, this.load, this.reason),
      bar,
      this.facts,
      el('div', { class: 'row' }, ...this.charts.map(({ element }) => element)),
    );
  }

  draw(view: View): void {
    const point = view.cursor ?? view.points[view.points.length - 1];
    const worker = point && this.of(point);
    const up = worker?.up ?? false;
    this.element.classList.toggle('down', !up);
    this.state.textContent = up ? '' : 'does not answer';
    const load = up ? (worker?.load ?? 0) : 0;
    this.load.textContent = up ? percent(load) : '–';
    this.reason.textContent =
      up && load >= 0.005 ? ` full ${kReasons[worker?.loadReason ?? ''] ?? ''}` : ' full';
    this.bar.style.width = `${Math.round(load * 100)}%`;
    this.bar.className = load >= 0.8 ? 'high' : load >= 0.5 ? 'middle' : '';
    this.facts.textContent = worker
      ? [
          `${count(worker.people)} people`,
          `${count(worker.consumers)} streams`,
          bytes(worker.memoryBytes),
        ].join(' · ')
      : '';
    for (const chart of this.charts) chart.draw(view);
  }

  private of(point: LivePoint): LiveWorker | undefined {
    return point.workers.find(({ index }) => index === this.index);
  }
}

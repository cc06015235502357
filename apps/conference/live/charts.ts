// The large charts: what flows, what gets lost, what paths carry, and how long packets take.

import { el } from '../page/dom';
import { bitRate, percent, perSecond } from './format';
import { HeatStrip } from './heat_strip';
import { TimeChart } from './time_chart';
import type { View } from './window';

export class Charts {
  readonly element: HTMLElement;
  private readonly parts: { element: HTMLElement; draw: (view: View) => void }[];

  constructor(onPoint: (at: number | null) => void) {
    this.parts = [
      new TimeChart({
        title: 'Bit rates',
        about: 'All that the server sends to people and gets from them.',
        format: bitRate,
        least: 1e5,
        onPoint,
        lines: [
          { name: 'to people', colour: '--accent', style: 'area', read: (p) => p.outBitrate },
          { name: 'from people', colour: '--water', style: 'area', read: (p) => p.inBitrate },
        ],
      }),
      new HeatStrip(onPoint),
      new TimeChart({
        title: 'Loss',
        about: 'Shares of the packets that networks lost, before anything is repaired.',
        format: percent,
        least: 0.02,
        most: 1,
        onPoint,
        lines: [
          { name: 'to people', colour: '--danger', style: 'area', read: (p) => p.outLoss },
          { name: 'from people', colour: '--warning', style: 'line', read: (p) => p.inLoss },
        ],
      }),
      new TimeChart({
        title: 'Repair',
        about:
          'What is done about loss: requests for packets, packets sent again, key frames asked for; and packets that were dropped here although somebody wanted them.',
        format: perSecond,
        least: 10,
        onPoint,
        lines: [
          { name: 'sent again', colour: '--good', style: 'area', read: (p) => p.repeats },
          { name: 'NACK', colour: '--warning', style: 'line', read: (p) => p.nacks },
          {
            name: 'key frames',
            colour: '--accent',
            style: 'line',
            read: (p) => p.keyFrameRequests,
          },
          { name: 'dropped', colour: '--danger', style: 'dashed', read: (p) => p.drops },
        ],
      }),
      new TimeChart({
        title: 'Paths to people',
        about:
          'What their paths are estimated to carry, what all that is wanted would take, and what is sent.',
        format: bitRate,
        least: 1e5,
        onPoint,
        lines: [
          { name: 'estimate', colour: '--water', style: 'line', read: (p) => p.estimate || null },
          { name: 'wanted', colour: '--warning', style: 'dashed', read: (p) => p.desired },
          { name: 'sent', colour: '--accent', style: 'area', read: (p) => p.outBitrate },
        ],
      }),
    ];
    this.element = el('div', { class: 'charts' }, ...this.parts.map(({ element }) => element));
  }

  draw(view: View): void {
    for (const part of this.parts) part.draw(view);
  }
}

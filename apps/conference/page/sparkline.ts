// A chart of the last minute, as small as a word.

import { el } from './dom';
import { kHistoryMs } from './stream_meter';

export interface Series {
  // A colour of the theme, as "--water".
  colour: string;
  // Filled down to the ground, or a mere line.
  filled: boolean;
  points: { at: number; value: number }[];
}

// Where the scale ends: a round number above everything shown, so that it does not jump about with
// each sample. Below `least` a flat line would look like a storm.
export function ceilingOf(series: Series[], least: number): number {
  const most = Math.max(least, ...series.flatMap(({ points }) => points.map(({ value }) => value)));
  const power = 10 ** Math.floor(Math.log10(most));
  const steps = [1, 1.5, 2, 3, 5, 7.5, 10];
  return (steps.find((step) => step * power >= most * 1.02) ?? 10) * power;
}

export class Sparkline {
  readonly element = el('canvas', { class: 'sparkline', 'aria-hidden': 'true' });

  constructor(private readonly least: number) {}

  draw(series: Series[], now: number): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const context = this.element.getContext('2d');
    if (!context || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting the size clears the canvas and is dear, so only when it is another one.
    if (this.element.width !== across || this.element.height !== down) {
      this.element.width = across;
      this.element.height = down;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const ceiling = ceilingOf(series, this.least);
    const style = getComputedStyle(this.element);
    for (const one of series) {
      const colour = style.getPropertyValue(one.colour) || '#fff';
      const place = ({ at, value }: { at: number; value: number }): [number, number] => [
        width * (1 - (now - at) / kHistoryMs),
        (height - 2) * (1 - Math.min(1, value / ceiling)) + 1,
      ];
      stroke(context, one, { colour, height, place });
    }
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  { points, filled }: Series,
  how: {
    colour: string;
    height: number;
    place: (point: Series['points'][number]) => [number, number];
  },
): void {
  const [first] = points;
  const last = points[points.length - 1];
  if (!first || !last) return;
  context.beginPath();
  for (const point of points) context.lineTo(...how.place(point));
  context.strokeStyle = how.colour;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.setLineDash(filled ? [] : [3, 3]);
  context.stroke();
  if (!filled) return;
  context.lineTo(how.place(last)[0], how.height);
  context.lineTo(how.place(first)[0], how.height);
  context.closePath();
  context.globalAlpha = 0.16;
  context.fillStyle = how.colour;
  context.fill();
  context.globalAlpha = 1;
}

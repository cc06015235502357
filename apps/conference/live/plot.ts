// What all charts have in common: a canvas of the right size, colours of the theme, a grid, a pointer.

import { el } from '../page/dom';

export interface Pencil {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  // A colour of the theme by its name, as "--water".
  colour: (name: string) => string;
}

export interface Axis {
  from: number;
  to: number;
}

const kFont = '11px Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export class Plot {
  readonly element = el('canvas', { class: 'plot' });

  // `onPoint` is told where the pointer is, from 0 to 1, or null when it leaves.
  constructor(onPoint?: (at: number | null) => void) {
    if (!onPoint) return;
    const tell = (event: PointerEvent) => {
      const { left, width } = this.element.getBoundingClientRect();
      onPoint(Math.min(1, Math.max(0, (event.clientX - left) / width)));
    };
    this.element.addEventListener('pointermove', tell);
    this.element.addEventListener('pointerdown', tell);
    for (const end of ['pointerleave', 'pointercancel'] as const) {
      this.element.addEventListener(end, () => onPoint(null));
    }
  }

  // Null while the chart is not on the screen.
  begin(): Pencil | null {
    const { clientWidth: width, clientHeight: height } = this.element;
    const context = this.element.getContext('2d');
    if (!context || width === 0 || height === 0) return null;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting the size is dear, so only when it is another one.
    if (this.element.width !== across || this.element.height !== down) {
      this.element.width = across;
      this.element.height = down;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = kFont;
    const style = getComputedStyle(this.element);
    const colour = (name: string) => style.getPropertyValue(name).trim() || '#888';
    return { context, width, height, colour };
  }
}

export function across({ width }: Pencil, { from, to }: Axis, date: number): number {
  return (width * (date - from)) / (to - from);
}

// A thin line through the whole chart, with its words above it at the left, in a colour of the theme.
export function gridLine(pencil: Pencil, y: number, words: string, ink = '--text-faint'): void {
  const { context, width, colour } = pencil;
  context.fillStyle = colour('--grid');
  context.fillRect(0, Math.round(y), width, 1);
  context.fillStyle = colour(ink);
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  context.fillText(words, 0, Math.round(y) - 2);
}

// How long ago, along the lower edge.
export function timeLabels(pencil: Pencil, { from, to }: Axis): void {
  const { context, width, height, colour } = pencil;
  context.fillStyle = colour('--text-faint');
  context.textBaseline = 'bottom';
  const minutes = Math.round((to - from) / 60_000);
  for (const [share, align] of [
    [0, 'left'],
    [0.5, 'center'],
    [1, 'right'],
  ] as const) {
    const ago = minutes * (1 - share);
    context.textAlign = align;
    context.fillText(ago === 0 ? 'now' : `${ago} min ago`, width * share, height);
  }
}

export function cursorLine(pencil: Pencil, x: number, bottom: number): void {
  const { context, colour } = pencil;
  context.fillStyle = colour('--text-dim');
  context.fillRect(Math.round(x), 0, 1, bottom);
}

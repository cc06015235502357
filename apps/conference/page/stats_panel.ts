// The panel over a tile: rows of words and numbers, and charts of the last minute. What is in it is
// decided in panel_content.ts.

import { el } from './dom';
import { Sparkline } from './sparkline';
import type { Series } from './sparkline';

export interface Row {
  label: string;
  value: string;
  // What the row means, for those who hover over it.
  hint?: string;
  // Steps that are reached, wanted, and there, drawn as a ladder before the value.
  ladder?: { reached: number; wanted: number; count: number };
  // Of less interest than the others: hidden in small tiles.
  minor?: boolean;
}

export interface Chart {
  label: string;
  value: string;
  // The scale ends no lower than here.
  least: number;
  series: Series[];
}

export interface PanelContent {
  rows: Row[];
  // One sentence beneath the rows, and how old it is.
  note: { text: string; age: string } | null;
  charts: Chart[];
}

interface Drawing {
  figure: HTMLElement;
  value: HTMLElement;
  line: Sparkline;
}

export class StatsPanel {
  readonly element: HTMLElement;
  private readonly rows = el('dl', { class: 'panel-rows' });
  private readonly noteText = el('span');
  private readonly noteAge = el('span', { class: 'panel-age' });
  private readonly note = el('p', { class: 'panel-note' }, this.noteText, this.noteAge);
  private readonly charts = el('div', { class: 'panel-charts' });
  private readonly drawings = new Map<string, Drawing>();

  constructor(title: string) {
    this.element = el(
      'section',
      { class: 'panel', 'aria-label': title },
      this.rows,
      this.note,
      this.charts,
    );
  }

  show({ rows, note, charts }: PanelContent, now: number): void {
    this.showRows(rows);
    this.note.hidden = note === null;
    setText(this.noteText, note?.text ?? '');
    setText(this.noteAge, note?.age ?? '');
    for (const [label, { figure }] of this.drawings) {
      figure.hidden = !charts.some((chart) => chart.label === label);
    }
    for (const chart of charts) this.showChart(chart, now);
  }

  private showRows(rows: Row[]): void {
    const shown = [...this.rows.children] as HTMLElement[];
    for (const extra of shown.slice(rows.length)) extra.remove();
    rows.forEach((row, at) => {
      const line = shown[at] ?? this.rows.appendChild(emptyRow());
      const [label, value] = line.children as unknown as [HTMLElement, HTMLElement];
      const [steps, text] = value.children as unknown as [HTMLElement, HTMLElement];
      line.classList.toggle('minor', row.minor ?? false);
      line.title = row.hint ?? '';
      setText(label, row.label);
      setText(text, row.value);
      showLadder(steps, row.ladder);
    });
  }

  private showChart({ label, value, least, series }: Chart, now: number): void {
    let drawing = this.drawings.get(label);
    if (!drawing) {
      const text = el('span', { class: 'chart-value' });
      const line = new Sparkline(least);
      const head = el('figcaption', {}, el('span', {}, label), text);
      const figure = el('figure', { class: 'chart' }, head, line.element);
      this.charts.append(figure);
      drawing = { value: text, line, figure };
      this.drawings.set(label, drawing);
    }
    setText(drawing.value, value);
    drawing.line.draw(series, now);
  }
}

function emptyRow(): HTMLElement {
  const value = el('dd', {}, el('span', { class: 'ladder' }), el('span'));
  return el('div', {}, el('dt'), value);
}

function showLadder(element: HTMLElement, ladder: Row['ladder']): void {
  element.hidden = !ladder;
  if (!ladder) return;
  const { reached, wanted, count } = ladder;
  while (element.children.length > count) element.lastElementChild?.remove();
  while (element.children.length < count) element.append(el('i'));
  [...element.children].forEach((step, at) => {
    step.className = at < reached ? 'reached' : at < wanted ? 'wanted' : '';
  });
}

// Text that stays the same costs no layout.
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

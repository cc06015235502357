// What is left when a call is over: why, and what to do next.

import { el } from './dom';

export interface EndChoice {
  label: string;
  run: () => void;
}

export function endView(title: string, text: string, choices: EndChoice[]): HTMLElement {
  const buttons = choices.map(({ label, run }, index) =>
    el(
      'button',
      { type: 'button', class: index === 0 ? 'primary' : 'text-button quiet', onclick: run },
      label,
    ),
  );
  return el(
    'main',
    { class: 'end' },
    el('div', { class: 'end-card', role: 'alert' }, el('h1', {}, title), el('p', {}, text)),
    el('div', { class: 'end-choices' }, ...buttons),
  );
}

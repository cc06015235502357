// Short messages that come and go at the foot of the page, and are read out by screen readers.

import { el, icon } from './dom';

const kStayMs = 4500;
const kStayWarningMs = 9000;
const kMost = 4;

export type ToastKind = 'note' | 'warning';

export class Toasts {
  readonly element = el('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

  // One with an action waits for it, unless it is `passing`.
  show(
    text: string,
    kind: ToastKind = 'note',
    action?: { label: string; run: () => void },
    passing = action === undefined,
  ): void {
    // The same trouble twice is one toast.
    for (const shown of this.element.children) {
      if (shown instanceof HTMLElement && shown.dataset['text'] === text) shown.remove();
    }
    while (this.element.children.length >= kMost) this.element.firstElementChild?.remove();
    const toast = el('div', { class: `toast ${kind}`, 'data-text': text });
    if (kind === 'warning') toast.append(icon('warning'));
    toast.append(el('span', {}, text));
    if (action) {
      const run = () => {
        toast.remove();
        action.run();
      };
      toast.append(el('button', { type: 'button', class: 'link', onclick: run }, action.label));
    }
    this.element.append(toast);
    if (passing) setTimeout(() => toast.remove(), kind === 'note' ? kStayMs : kStayWarningMs);
  }

  clear(): void {
    this.element.replaceChildren();
  }
}

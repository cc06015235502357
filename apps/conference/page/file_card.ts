// A file in the chat: what it is, how it stands, and what can be done about it.

import { el, icon } from './dom';
import type { FilePhase, SharedFile } from './files';
import { sizeOf } from './file_wording';

export interface FileCardActions {
  accept(file: SharedFile): void;
  cancel(file: SharedFile): void;
  save(file: SharedFile): void;
  remove(file: SharedFile): void;
}

type Action = keyof FileCardActions;

const kActionsOf: Record<'own' | 'theirs', Record<FilePhase, [Action, string][]>> = {
  own: {
    offered: [['cancel', 'Withdraw']],
    waiting: [],
    moving: [],
    complete: [],
    failed: [],
    gone: [],
  },
  theirs: {
    offered: [['accept', 'Accept']],
    waiting: [['cancel', 'Cancel']],
    moving: [['cancel', 'Cancel']],
    complete: [
      ['save', 'Save'],
      ['remove', 'Remove'],
    ],
    failed: [['accept', 'Try again']],
    gone: [],
  },
};

export class FileCard {
  readonly element: HTMLElement;
  private readonly progress: HTMLProgressElement;
  private readonly note = el('p', { class: 'file-note' });
  private readonly buttons = el('div', { class: 'file-actions' });
  private shown: FilePhase | null = null;

  constructor(
    readonly file: SharedFile,
    private readonly actions: FileCardActions,
  ) {
    const { name, size } = file.offer;
    this.progress = el('progress', { max: 1, 'aria-label': `Progress of ${name}` });
    this.element = el(
      'div',
      { class: 'file-card' },
      icon('file'),
      el(
        'div',
        { class: 'file-text' },
        el('p', { class: 'file-name', title: name }, name),
        el('p', { class: 'file-size' }, sizeOf(size)),
        this.progress,
        // What changes many times a second is not to be read out each time.
        el('div', { 'aria-live': 'off' }, this.note),
      ),
      this.buttons,
    );
    this.update();
  }

  update(): void {
    const { phase, fraction, note } = this.file;
    this.element.dataset['phase'] = phase;
    const isUnderWay = this.file.peerId === null ? fraction > 0 : phase === 'moving';
    this.progress.hidden = !isUnderWay;
    this.progress.value = fraction;
    this.note.textContent = note;
    this.note.hidden = note === '';
    // Buttons stay the same while they mean the same, so that the focus stays with them.
    if (this.shown !== phase) this.showButtons(phase);
  }

  private showButtons(phase: FilePhase): void {
    this.shown = phase;
    const hadFocus = this.buttons.contains(document.activeElement);
    const { actions, file } = this;
    const choices = kActionsOf[file.peerId === null ? 'own' : 'theirs'][phase];
    const buttons = choices.map(([action, label], index) =>
      el(
        'button',
        {
          type: 'button',
          class: `text-button ${index === 0 && action !== 'cancel' ? 'strong' : 'quiet'}`,
          'aria-label': `${label} ${file.offer.name}`,
          onclick: () => actions[action](file),
        },
        label,
      ),
    );
    this.buttons.replaceChildren(...buttons);
    if (hadFocus) buttons[0]?.focus();
  }
}

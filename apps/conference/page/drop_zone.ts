// Files that are dragged onto the room.

import { el, icon } from './dom';

export class DropZone {
  private readonly hint = el(
    'div',
    { class: 'drop-hint', hidden: true },
    icon('file'),
    el('p', {}, 'Drop to offer it to everybody'),
  );
  private depth = 0;
  private readonly stop = new AbortController();

  // A file that is dropped beside the room would take the page with it, hence the whole document.
  constructor(room: HTMLElement, share: (files: File[]) => void) {
    room.append(this.hint);
    const { signal } = this.stop;
    const on = (name: 'dragenter' | 'dragover' | 'dragleave' | 'drop', act: () => void) =>
      document.addEventListener(
        name,
        (event) => {
          if (!event.dataTransfer?.types.includes('Files')) return;
          event.preventDefault();
          act();
          if (name === 'drop') share([...event.dataTransfer.files]);
        },
        { signal },
      );
    // Each element that is passed over enters and leaves.
    on('dragenter', () => this.show(this.depth + 1));
    on('dragover', () => {});
    on('dragleave', () => this.show(this.depth - 1));
    on('drop', () => this.show(0));
  }

  dispose(): void {
    this.stop.abort();
    this.hint.remove();
  }

  private show(depth: number): void {
    this.depth = Math.max(0, depth);
    this.hint.hidden = this.depth === 0;
  }
}

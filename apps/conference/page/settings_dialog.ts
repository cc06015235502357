// Devices, chosen during a call.

import { DevicePickers } from './device_pickers';
import type { PickerListener } from './device_pickers';
import { el, iconButton } from './dom';

export class SettingsDialog {
  readonly pickers: DevicePickers;
  private readonly dialog: HTMLDialogElement;

  constructor(listener: PickerListener) {
    this.pickers = new DevicePickers(listener);
    this.dialog = el(
      'dialog',
      { class: 'settings', 'aria-label': 'Settings' },
      el(
        'header',
        {},
        el('h2', {}, 'Settings'),
        iconButton('close', 'Close settings', () => this.dialog.close(), 'small'),
      ),
      this.pickers.element,
      el(
        'p',
        { class: 'hint' },
        'Keys: M mutes, V turns the camera on or off, C opens the chat. The slider of a tile sets its volume.',
      ),
    );
    // A click beside the box lands on the dialog itself.
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    document.body.append(this.dialog);
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  dispose(): void {
    this.dialog.remove();
  }
}

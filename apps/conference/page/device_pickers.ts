// Two menus: which camera, which microphone. Used in the lobby and in the settings of a room.

import { el } from './dom';
import type { Choice, DeviceList } from './local_media';

export interface PickerListener {
  picked(device: 'camera' | 'microphone', id: string): void;
}

export class DevicePickers {
  readonly element = el('div', { class: 'pickers' });
  private readonly camera = el('select', { 'aria-label': 'Camera' });
  private readonly microphone = el('select', { 'aria-label': 'Microphone' });

  constructor(listener: PickerListener) {
    for (const [device, menu, title] of [
      ['camera', this.camera, 'Camera'],
      ['microphone', this.microphone, 'Microphone'],
    ] as const) {
      menu.addEventListener('change', () => listener.picked(device, menu.value));
      this.element.append(el('label', { class: 'field' }, el('span', {}, title), menu));
    }
  }

  update({ cameras, microphones }: DeviceList, inUse: Choice): void {
    fill(this.camera, cameras, inUse.camera, 'camera');
    fill(this.microphone, microphones, inUse.microphone, 'microphone');
  }
}

function fill(
  menu: HTMLSelectElement,
  devices: MediaDeviceInfo[],
  inUse: string | null,
  what: string,
): void {
  const options = devices.map(({ deviceId, label }, index) => {
    const text = label || `${what} ${index + 1}`;
    return el('option', { value: deviceId, selected: deviceId === inUse }, text);
  });
  menu.disabled = options.length === 0;
  if (options.length === 0) options.push(el('option', {}, `No ${what} available`));
  menu.replaceChildren(...options);
}

// The page before the call: see yourself, say who you are, choose devices, go in.

import { DevicePickers } from './device_pickers';
import { el, icon, iconButton, relabel } from './dom';
import { Tile } from './tile';
import { isRoomName, kMaxNameLength, kMaxRoomLength, tidyName } from '../protocol/messages';
import { roomNameFrom } from './params';

export interface LobbyActions {
  join(room: string, name: string): void;
  toggleMicrophone(): void;
  toggleCamera(): void;
  picked(device: 'camera' | 'microphone', id: string): void;
}

export interface LobbyOptions {
  room: string;
  // The address names the room, so it is not asked for.
  roomIsFixed: boolean;
  name: string;
  // What the person should know before anything else; null if all is well.
  notice: string | null;
  blocked: boolean;
}

export class LobbyView {
  readonly element: HTMLElement;
  readonly preview = new Tile({ name: 'You', self: true });
  readonly pickers: DevicePickers;
  private readonly microphone: HTMLButtonElement;
  private readonly camera: HTMLButtonElement;
  private readonly meter = el('i', { class: 'meter-level' });
  private readonly nameField: HTMLInputElement;
  private readonly roomField: HTMLInputElement;
  private readonly complaint = el('p', { class: 'complaint', role: 'alert' });

  constructor(
    private readonly options: LobbyOptions,
    private readonly actions: LobbyActions,
  ) {
    this.pickers = new DevicePickers(actions);
    this.microphone = iconButton('mic', 'Mute', () => actions.toggleMicrophone());
    this.camera = iconButton('camera', 'Camera off', () => actions.toggleCamera());
    const field = { type: 'text', autocomplete: 'off', spellcheck: 'false' };
    this.nameField = el('input', {
      ...field,
      id: 'name',
      autocomplete: 'name',
      maxlength: kMaxNameLength,
      value: options.name,
      placeholder: 'How others see you',
    });
    this.roomField = el('input', {
      ...field,
      id: 'room',
      maxlength: kMaxRoomLength,
      value: options.room,
      disabled: options.roomIsFixed,
    });
    this.preview.setName('You', options.name || 'You');
    this.nameField.addEventListener('input', () => {
      this.preview.setName('You', tidyName(this.nameField.value) || 'You');
    });
    this.complaint.hidden = true;
    const meter = el('div', { class: 'meter', 'aria-hidden': 'true' }, this.meter);
    const buttons = el('div', { class: 'preview-controls' }, this.microphone, this.camera, meter);
    const stand = el('div', { class: 'preview' }, this.preview.element, buttons);
    const card = el('div', { class: 'lobby-card' }, stand, this.form());
    this.element = el('main', { class: 'lobby' }, brand(), card);
  }

  focus(): void {
    (this.nameField.value
      ? this.element.querySelector<HTMLElement>('.join')
      : this.nameField
    )?.focus();
  }

  setMicrophone(on: boolean): void {
    this.microphone.classList.toggle('off', !on);
    this.microphone.setAttribute('aria-pressed', String(!on));
    relabel(this.microphone, on ? 'mic' : 'micOff', on ? 'Mute' : 'Unmute');
    this.preview.setMuted(!on);
    if (!on) this.setLevel(0);
  }

  setCamera(track: MediaStreamTrack | null): void {
    const on = track !== null;
    this.camera.classList.toggle('off', !on);
    this.camera.setAttribute('aria-pressed', String(!on));
    relabel(this.camera, on ? 'camera' : 'cameraOff', on ? 'Turn camera off' : 'Turn camera on');
    this.preview.setTrack(track);
  }

  // From 0 to 1, as measured; shown on a scale on which speech fills half of the bar.
  setLevel(level: number): void {
    this.meter.style.setProperty('--level', String(Math.min(1, Math.sqrt(level) * 1.6)));
  }

  dispose(): void {
    this.preview.dispose();
    this.element.remove();
  }

  private form(): HTMLElement {
    const { notice, blocked, roomIsFixed, room } = this.options;
    const title = roomIsFixed ? `Join ${room}` : 'Start a conversation';
    const join = el(
      'button',
      { type: 'submit', class: 'join primary', disabled: blocked },
      'Join now',
    );
    const submit = (event: Event) => {
      event.preventDefault();
      this.submit();
    };
    return el(
      'form',
      { class: 'lobby-form', novalidate: true, onsubmit: submit },
      el('h2', {}, title),
      notice ? el('p', { class: 'notice', role: 'alert' }, icon('warning'), notice) : null,
      el('label', { class: 'field' }, el('span', {}, 'Your name'), this.nameField),
      roomIsFixed ? null : el('label', { class: 'field' }, el('span', {}, 'Room'), this.roomField),
      this.pickers.element,
      this.complaint,
      join,
    );
  }

  private submit(): void {
    const room = this.options.roomIsFixed ? this.options.room : roomNameFrom(this.roomField.value);
    if (!isRoomName(room)) {
      this.complaint.textContent =
        'A room name has letters, digits and the marks . _ ~ - and begins with a letter or digit.';
      this.complaint.hidden = false;
      this.roomField.focus();
      return;
    }
    this.actions.join(room, tidyName(this.nameField.value) || 'Guest');
  }
}

function brand(): HTMLElement {
  return el(
    'div',
    { class: 'brand' },
    el('img', { src: '/icon.svg', alt: '', width: 36, height: 36 }),
    el('span', {}, 'Sluice'),
  );
}

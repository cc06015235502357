// One tile: a picture or an avatar, a name, and what is the matter with either.

import { hueOf, initialsOf } from './avatar';
import { el, icon, iconButton, relabel } from './dom';

export type Quality = 'good' | 'fair' | 'poor' | 'lost';

const kQualityText: Record<Quality, string> = {
  good: 'Good connection',
  fair: 'Fair connection',
  poor: 'Poor connection',
  lost: 'Connection lost, waiting for it to return',
};

export interface TileOptions {
  name: string;
  // One's own picture: mirrored, silent, without a volume.
  self?: boolean;
  screen?: boolean;
  onVolume?: (volume: number) => void;
  onPin?: () => void;
  onPanel?: () => void;
}

export class Tile {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly isScreen: boolean;
  private readonly nameLabel = el('span', { class: 'tile-name' });
  private readonly mutedMark = el(
    'span',
    { class: 'tile-muted', title: 'Microphone is off' },
    icon('micOff'),
  );
  private readonly signal = el('span', { class: 'signal', role: 'img' }, el('i'), el('i'), el('i'));
  private readonly notice = el(
    'div',
    { class: 'tile-notice' },
    el('span', { class: 'spinner' }),
    '',
  );
  private readonly avatar = el('div', { class: 'avatar', 'aria-hidden': 'true' });
  private readonly pin: HTMLButtonElement;
  private readonly panelButton: HTMLButtonElement;
  private panel: HTMLElement | null = null;
  private label = '';

  constructor({ name, self, screen, onVolume, onPin, onPanel }: TileOptions) {
    this.isScreen = screen ?? false;
    this.video = el('video', { autoplay: true, playsinline: true });
    // As a property: the attribute alone does not mute an element made by script.
    this.video.muted = true;
    const classes = ['tile', self && !screen && 'self', screen && 'screen'].filter(Boolean);
    const badge = el('div', { class: 'badge' }, this.mutedMark, this.nameLabel, this.signal);
    this.pin = iconButton('pin', '', () => onPin?.(), 'tool');
    this.pin.hidden = !onPin;
    this.panelButton = iconButton('chart', '', () => onPanel?.(), 'tool');
    this.panelButton.hidden = !onPanel;
    const volume = onVolume ? volumeControl(name, onVolume) : null;
    this.element = el(
      'article',
      { class: classes.join(' ') },
      this.avatar,
      this.video,
      this.notice,
      badge,
      el('div', { class: 'tools' }, volume, this.pin, this.panelButton),
    );
    if (onPin) this.video.addEventListener('dblclick', () => onPin());
    this.setName(self ? `${name} (you)` : name, name);
    this.setPinned(false);
    this.showPanel(null);
    this.setMuted(false);
    this.setPicture(false);
    this.setQuality('good');
    if (self) this.signal.hidden = true;
  }

  setName(shown: string, person = shown): void {
    this.label = shown;
    this.nameLabel.textContent = shown;
    this.element.setAttribute('aria-label', shown);
    this.avatar.textContent = initialsOf(person);
    this.avatar.style.setProperty('--hue', String(hueOf(person)));
    this.element.style.setProperty('--hue', String(hueOf(person)));
  }

  setStream(stream: MediaStream | null): void {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
  }

  // The same picture by another way: its last frame stays until the first of the new track.
  succeed(track: MediaStreamTrack): void {
    const shown = this.video.srcObject;
    if (!(shown instanceof MediaStream)) return this.setStream(new MediaStream([track]));
    const before = shown.getTracks();
    shown.addTrack(track);
    for (const one of before) shown.removeTrack(one);
  }

  // A track of one's own; null shows the avatar. The same track again changes nothing, because a
  // fresh stream would make the picture flicker.
  setTrack(track: MediaStreamTrack | null): void {
    const shown = this.video.srcObject;
    const same = shown instanceof MediaStream && track !== null && shown.getTracks()[0] === track;
    if (!same) this.setStream(track ? new MediaStream([track]) : null);
    this.setPicture(track !== null);
  }

  // False shows the avatar.
  setPicture(visible: boolean): void {
    this.element.classList.toggle('no-picture', !visible);
  }

  setMuted(muted: boolean): void {
    this.mutedMark.hidden = !muted;
  }

  setSpeaking(speaking: boolean): void {
    this.element.classList.toggle('speaking', speaking);
  }

  // Dominates the conversation, which is more than making a sound.
  setActiveSpeaker(active: boolean): void {
    this.element.classList.toggle('active-speaker', active);
  }

  setPinned(pinned: boolean): void {
    this.pin.setAttribute('aria-pressed', String(pinned));
    relabel(this.pin, 'pin', pinned ? `Unpin ${this.label}` : `Pin ${this.label}`);
  }

  get title(): string {
    return this.label;
  }

  // Null closes it.
  showPanel(panel: HTMLElement | null): void {
    if (this.panel !== panel) {
      this.panel?.remove();
      this.panel = panel;
      if (panel) this.element.append(panel);
    }
    this.panelButton.setAttribute('aria-pressed', String(panel !== null));
    relabel(this.panelButton, 'chart', `Details of ${this.label}`);
  }

  setQuality(quality: Quality): void {
    this.signal.dataset['quality'] = quality;
    this.signal.title = kQualityText[quality];
    this.signal.setAttribute('aria-label', kQualityText[quality]);
    this.setNotice(quality === 'lost' ? 'Connection lost…' : null);
  }

  setNotice(text: string | null): void {
    this.notice.hidden = text === null;
    if (text !== null) this.notice.lastChild!.textContent = text;
  }

  dispose(): void {
    this.video.srcObject = null;
    this.element.remove();
  }
}

function volumeControl(name: string, onVolume: (volume: number) => void): HTMLElement {
  const slider = el('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 100,
    'aria-label': `Volume of ${name}`,
  });
  slider.addEventListener('input', () => onVolume(slider.valueAsNumber / 100));
  return el('label', { class: 'volume', title: `Volume of ${name}` }, icon('volume'), slider);
}

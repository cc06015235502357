// What the page shows: a tile for every picture, a chat, and a row of buttons.

import type { View } from '../layer_choice';
import { el, icon, iconButton, relabel } from '../dom';
import type { Person, Stream } from './people';

export interface Actions {
  microphone(): void;
  camera(): void;
  screen(): void;
  leave(): void;
  say(text: string): boolean;
}

interface Tile {
  element: HTMLElement;
  video: HTMLVideoElement;
  name: HTMLElement;
}

export interface Own {
  name: string;
  stream: MediaStream;
  microphoneOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
}

export class RoomView {
  readonly element: HTMLElement;
  private readonly stage = el('main', { class: 'stage' });
  private readonly state = el('span', { class: 'state', role: 'status' });
  private readonly notice = el('p', { class: 'notice', role: 'alert', hidden: true });
  private readonly said = el('ol', { 'aria-live': 'polite' });
  private readonly tiles = new Map<string, Tile>();
  private readonly sounds = new Map<string, HTMLAudioElement>();
  private readonly buttons: Record<'microphone' | 'camera' | 'screen', HTMLButtonElement>;

  constructor(
    room: string,
    private readonly actions: Actions,
  ) {
    this.buttons = {
      microphone: iconButton('mic', 'Turn off microphone', () => actions.microphone()),
      camera: iconButton('camera', 'Turn off camera', () => actions.camera()),
      screen: iconButton('screen', 'Share screen', () => actions.screen()),
    };
    const leave = iconButton('leave', 'Leave', () => actions.leave(), 'danger');
    this.element = el(
      'div',
      { class: 'plain' },
      el('header', { class: 'bar' }, el('h1', {}, room), this.state, this.notice),
      this.stage,
      el('nav', { class: 'controls' }, ...Object.values(this.buttons), leave),
      this.talk(),
    );
  }

  show(own: Own, people: Iterable<Person>, state: string): void {
    this.state.dataset['state'] = state;
    this.state.textContent = state;
    this.showButtons(own);
    const seen = new Set<string>(['own']);
    const tile = this.tile('own', own.name, 'own');
    this.play(tile, own.cameraOn ? own.stream.getVideoTracks()[0] : undefined);
    tile.name.replaceChildren(own.name, ...(own.microphoneOn ? [] : [icon('micOff')]));
    for (const person of people) this.showPerson(person, seen);
    for (const [id, { element }] of this.tiles) {
      if (seen.has(id)) continue;
      element.remove();
      this.tiles.delete(id);
    }
    for (const [id, sound] of this.sounds) {
      if (seen.has(id)) continue;
      sound.srcObject = null;
      this.sounds.delete(id);
    }
  }

  // Of every picture, by its consumer.
  views(people: Iterable<Person>): Map<string, View> {
    const views = new Map<string, View>();
    for (const { id, streams } of people) {
      for (const [source, { description }] of streams) {
        const { element } = this.tiles.get(`${id} ${source}`) ?? {};
        if (!element || description.kind !== 'video') continue;
        const { width, height } = element.getBoundingClientRect();
        const scale = window.devicePixelRatio;
        views.set(description.id, {
          ...{ width: width * scale, height: height * scale, outOfSight: false },
          fit: source === 'screen' ? 'contain' : 'cover',
          inBackground: document.hidden,
          importance: source === 'screen' ? 'staged' : 'thumbnail',
        });
      }
    }
    return views;
  }

  heard(name: string, text: string): void {
    this.said.append(el('li', {}, el('b', {}, name), text));
    while (this.said.childElementCount > 500) this.said.firstElementChild?.remove();
    this.said.lastElementChild?.scrollIntoView({ block: 'end' });
  }

  warn(text: string): void {
    this.notice.textContent = text;
    this.notice.hidden = text === '';
  }

  private showButtons({ microphoneOn, cameraOn, sharing }: Own): void {
    const { microphone, camera, screen } = this.buttons;
    relabel(microphone, microphoneOn ? 'mic' : 'micOff', `Turn ${on(microphoneOn)} microphone`);
    relabel(camera, cameraOn ? 'camera' : 'cameraOff', `Turn ${on(cameraOn)} camera`);
    relabel(screen, 'screen', sharing ? 'Stop sharing' : 'Share screen');
    microphone.classList.toggle('off', !microphoneOn);
    camera.classList.toggle('off', !cameraOn);
    screen.classList.toggle('active', sharing);
  }

  private showPerson({ id, name, streams }: Person, seen: Set<string>): void {
    const camera = streams.get('camera');
    const microphone = streams.get('microphone');
    const tile = this.tile(`${id} camera`, name);
    seen.add(`${id} camera`);
    this.play(tile, flowing(camera));
    const muted = !flowing(microphone);
    tile.name.replaceChildren(name, ...(muted ? [icon('micOff')] : []));
    const screen = streams.get('screen');
    if (screen) {
      seen.add(`${id} screen`);
      this.play(this.tile(`${id} screen`, `${name}, screen`, 'screen'), screen.track);
    }
    for (const source of ['microphone', 'screen-audio'] as const) {
      const stream = streams.get(source);
      if (!stream) continue;
      seen.add(`${id} ${source}`);
      this.sound(`${id} ${source}`, stream.track);
    }
  }

  private tile(id: string, name: string, className = ''): Tile {
    const known = this.tiles.get(id);
    if (known) return known;
    const video = el('video', { autoplay: true, playsinline: true });
    video.muted = true;
    const label = el('span', { class: 'name' }, name);
    const initial = el('span', { class: 'initial', 'aria-hidden': true }, [...name][0] ?? '?');
    const attributes = { class: `tile ${className}`, 'data-tile': id };
    const element = el('section', attributes, video, initial, label);
    const tile = { element, video, name: label };
    this.tiles.set(id, tile);
    this.stage.append(element);
    return tile;
  }

  private play({ element, video }: Tile, track: MediaStreamTrack | undefined): void {
    element.classList.toggle('dark', !track);
    const shown = (video.srcObject as MediaStream | null)?.getTracks()[0];
    if (shown !== track) video.srcObject = track ? new MediaStream([track]) : null;
  }

  private sound(id: string, track: MediaStreamTrack): void {
    const known = this.sounds.get(id);
    if ((known?.srcObject as MediaStream | null)?.getTracks()[0] === track) return;
    const sound = known ?? el('audio', { autoplay: true });
    sound.srcObject = new MediaStream([track]);
    void sound.play().catch(() => this.warn('Click anywhere to hear the others.'));
    this.sounds.set(id, sound);
  }

  private talk(): HTMLElement {
    const input = el('input', {
      ...{ name: 'text', placeholder: 'Say something', maxlength: 4000, autocomplete: 'off' },
      'aria-label': 'Message to everybody',
    });
    const submit = (event: Event) => {
      event.preventDefault();
      if (this.actions.say(input.value)) input.value = '';
    };
    const send = el(
      'button',
      { class: 'round small', 'aria-label': 'Send', title: 'Send' },
      icon('send'),
    );
    return el('aside', { class: 'talk' }, this.said, el('form', { onsubmit: submit }, input, send));
  }
}

function on(isOn: boolean): string {
  return isOn ? 'off' : 'on';
}

function flowing(stream: Stream | undefined): MediaStreamTrack | undefined {
  return stream && !stream.paused ? stream.track : undefined;
}

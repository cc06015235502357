// Entry point of the page without a library: RTCPeerConnection, a WebSocket, and no other way in.

import type { PageConfig } from '../../protocol/messages';
import { Backoff } from '../backoff';
import { el } from '../dom';
import { parseParams } from '../params';
import { isFinal } from '../failures';
import { RequestError } from '../signalling';
import { Call } from './call';
import { diagnose, type PlainDiagnostics } from './diagnostics';
import { OwnMedia } from './own_media';
import { RoomView } from './view';

declare global {
  interface Window {
    sluicePlain?: PlainDiagnostics;
  }
}

class Page {
  private readonly params = parseParams(location.pathname, location.search);
  private readonly session = randomHex();
  private readonly backoff = new Backoff();
  private readonly media = new OwnMedia(() => this.draw());
  private call: Call | null = null;
  private view: RoomView | null = null;
  private name = this.params.name;
  private left = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: PageConfig,
  ) {
    window.sluicePlain = diagnose(() => ({ call: this.call, media: this.media, left: this.left }));
    setInterval(() => this.lookAtTiles(), 1000);
    document.addEventListener('visibilitychange', () => this.lookAtTiles());
  }

  start(): void {
    const { room, autoJoin } = this.params;
    if (room === null) {
      this.message('Which room?', 'The address of this page names one: /plain?room=NAME');
    } else if (autoJoin && this.name !== '') void this.enter(room);
    else this.askName(room);
  }

  private askName(room: string): void {
    const input = el('input', { name: 'name', placeholder: 'Your name', maxlength: 40 });
    input.value = this.name;
    const submit = (event: Event) => {
      event.preventDefault();
      this.name = input.value.trim();
      if (this.name !== '') void this.enter(room);
    };
    const button = el('button', { class: 'primary' }, 'Join');
    this.root.replaceChildren(
      el(
        'div',
        { class: 'enter' },
        el('h1', {}, room),
        el('p', {}, 'A plain RTCPeerConnection, without any library, in the same rooms.'),
        el('form', { onsubmit: submit }, input, button),
      ),
    );
  }

  private async enter(room: string): Promise<void> {
    const view = (this.view = new RoomView(room, {
      microphone: () => this.toggleMicrophone(),
      camera: () => void this.attempt(() => this.toggleCamera()),
      screen: () => void this.attempt(() => this.toggleScreen()),
      leave: () => this.leave(),
      say: (text) => this.say(text),
    }));
    this.root.replaceChildren(view.element);
    this.draw();
    const { audio, video } = this.params;
    await this.attempt(() => this.media.open({ audio, video }));
    await this.join(room, view);
  }

  private async join(room: string, view: RoomView): Promise<void> {
    const { config, name, session } = this;
    const socket = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const url = `${socket}//${location.host}/ws?room=${encodeURIComponent(room)}`;
    const setup = { url, config, name, session, token: this.params.token };
    const again = () => setTimeout(() => void this.join(room, view), this.backoff.next());
    try {
      this.call = await Call.join(setup, this.media, {
        changed: () => this.draw(),
        heard: (from, text) => view.heard(from, text),
        notice: (text) => view.warn(text),
        ended: (reason, final) => {
          this.call = null;
          this.draw();
          if (final) return this.message('The call has ended', reason);
          view.warn(reason);
          again();
        },
      });
      this.backoff.reset();
      view.warn('');
      this.draw();
    } catch (error) {
      if (this.left) return;
      const { message } = error as Error;
      const code = error instanceof RequestError ? error.code : 'closed';
      if (code !== 'closed' && code !== 'timeout' && isFinal(code)) {
        return this.message('You cannot come in', message);
      }
      view.warn(message);
      again();
    }
  }

  private draw(): void {
    const { call, media } = this;
    this.view?.show(
      {
        name: this.name,
        stream: media.stream,
        microphoneOn: media.track('microphone')?.enabled ?? false,
        cameraOn: media.track('camera') !== null,
        sharing: media.track('screen') !== null,
      },
      call?.people.all.values() ?? [],
      call?.state ?? 'connecting',
    );
  }

  private lookAtTiles(): void {
    const { call, view } = this;
    if (call && view) call.view(view.views(call.people.all.values()));
  }

  // Others see that it is off: the server is told as well.
  private toggleMicrophone(): void {
    const track = this.media.track('microphone');
    if (!track) return;
    track.enabled = !track.enabled;
    const { link, signalling } = this.call ?? {};
    const mid = link?.sendings.find(({ use }) => use.source === 'microphone')?.transceiver.mid;
    const producerId = link?.producers[mid ?? ''];
    const method = track.enabled ? 'resumeProducer' : 'pauseProducer';
    if (producerId) {
      signalling?.request(method, { producerId }).catch((error: Error) => {
        track.enabled = false;
        this.view?.warn(error.message);
        this.draw();
      });
    }
    this.draw();
  }

  private async toggleCamera(): Promise<void> {
    const { link } = this.call ?? {};
    if (!link) return;
    if (this.media.track('camera')) await this.media.stop(link, 'camera');
    else await this.media.startCamera(link);
  }

  private async toggleScreen(): Promise<void> {
    const { link } = this.call ?? {};
    if (!link) return;
    if (this.media.track('screen')) await this.media.stop(link, 'screen');
    else await this.media.shareScreen(link);
  }

  private say(text: string): boolean {
    const said = this.call?.talk.say(text) ?? null;
    if (said !== null) this.view?.heard(this.name, said);
    return said !== null;
  }

  private leave(): void {
    this.left = true;
    this.call?.leave();
    this.media.close();
    this.message('The call has ended', 'You have left.');
  }

  // A device that is missing or refused is told, and the call goes on without.
  private async attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.view?.warn((error as Error).message);
    }
    this.draw();
  }

  private message(title: string, text: string): void {
    this.root.replaceChildren(
      el('div', { class: 'enter', role: 'alert' }, el('h1', {}, title), el('p', {}, text)),
    );
  }
}

function randomHex(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function start(): void {
  const root = document.getElementById('app');
  const block = document.getElementById('sluice-config');
  if (!root || !block?.textContent) throw new Error('this page was not served by its server');
  new Page(root, JSON.parse(block.textContent) as PageConfig).start();
}

start();

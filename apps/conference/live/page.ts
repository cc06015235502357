// The live page put together: what is shown, where, and in which state the page is.

import { el } from '../page/dom';
import { Charts } from './charts';
import { clockTime } from './format';
import type { FeedState } from './feed';
import { RoomCard } from './room_card';
import { Tiles } from './tiles';
import { WorkerCard } from './worker_card';
import type { View, Window } from './window';

const kSpans = [2, 5, 10];

export class LivePage {
  private readonly state = el('span', { class: 'pill', role: 'status' });
  private readonly about = el('span', { class: 'about' });
  private readonly tiles = new Tiles();
  private readonly charts: Charts;
  private readonly workers = el('div', { class: 'cards' });
  private readonly rooms = el('div', { class: 'cards' });
  private readonly roomsLeftOut = el('p', { class: 'hint' });
  private readonly empty = el(
    'p',
    { class: 'empty' },
    'Nobody is here. ',
    el('a', { href: '/' }, 'Open a room'),
    ', and it shows up within a second.',
  );
  private readonly body: HTMLElement;
  private readonly workerCards = new Map<number, WorkerCard>();
  private readonly roomCards = new Map<string, RoomCard>();

  constructor(
    private readonly root: HTMLElement,
    private readonly window: Window,
    private readonly onToken: (token: string) => void,
  ) {
    this.charts = new Charts((at) => {
      window.point(at);
      this.draw();
    });
    this.body = el(
      'main',
      {},
      this.tiles.element,
      this.charts.element,
      el('h2', { class: 'part' }, 'Workers'),
      this.workers,
      el('h2', { class: 'part' }, 'Rooms'),
      this.empty,
      this.rooms,
      this.roomsLeftOut,
    );
    root.replaceChildren(this.header(), this.body);
  }

  show(state: FeedState): void {
    this.state.className = `pill ${state.kind}`;
    this.state.textContent =
      state.kind === 'live' ? 'live' : state.kind === 'lost' ? state.reason : '';
    if (state.kind === 'locked') this.body.replaceWith(this.lock(state.wrong));
    else if (state.kind === 'forbidden') this.showOnly(el('p', { class: 'empty' }, state.reason));
    else if (!this.body.isConnected) this.showOnly(this.body);
  }

  draw(): void {
    const view = this.window.view();
    const { last, version } = this.window;
    this.about.textContent = [
      location.host,
      version && `version ${version}`,
      view.cursor ? `at ${clockTime(view.cursor.date)}` : last && clockTime(last.date),
    ]
      .filter(Boolean)
      .join(' · ');
    this.body.classList.toggle('waiting', last === null);
    this.tiles.draw(view);
    this.charts.draw(view);
    this.drawWorkers(view);
    this.drawRooms(view);
  }

  private drawWorkers(view: View): void {
    for (const { index } of this.window.last?.workers ?? []) {
      if (this.workerCards.has(index)) continue;
      const card = new WorkerCard(index);
      this.workerCards.set(index, card);
      this.workers.append(card.element);
    }
    for (const card of this.workerCards.values()) card.draw(view);
  }

  // Cards stay where they are while their rooms do: what moves cannot be read.
  private drawRooms(view: View): void {
    const { last } = this.window;
    const names = (last?.perRoom ?? []).map(({ name }) => name);
    for (const [name, card] of this.roomCards) {
      if (names.includes(name)) continue;
      card.element.remove();
      this.roomCards.delete(name);
    }
    for (const name of names) {
      if (this.roomCards.has(name)) continue;
      const card = new RoomCard(name);
      this.roomCards.set(name, card);
      this.rooms.append(card.element);
    }
    this.empty.hidden = names.length > 0 || last === null;
    const more = last?.roomsLeftOut ?? 0;
    this.roomsLeftOut.hidden = more === 0;
    this.roomsLeftOut.textContent = `and ${more} smaller ${more === 1 ? 'room' : 'rooms'}`;
    for (const card of this.roomCards.values()) card.draw(view);
  }

  private header(): HTMLElement {
    const spans = kSpans.map((minutes) => {
      const label = `${minutes} min`;
      const button = el('button', { type: 'button', 'aria-pressed': 'false' }, label);
      button.addEventListener('click', () => {
        this.window.spanMs = minutes * 60_000;
        for (const other of spans) other.setAttribute('aria-pressed', String(other === button));
        this.draw();
      });
      if (minutes * 60_000 === this.window.spanMs) button.setAttribute('aria-pressed', 'true');
      return button;
    });
    return el(
      'header',
      { class: 'top' },
      el('a', { href: '/', class: 'brand' }, el('img', { src: '/icon.svg', alt: '' }), 'Sluice'),
      this.state,
      this.about,
      el('div', { class: 'spans', role: 'group', 'aria-label': 'How much is shown' }, ...spans),
    );
  }

  private lock(wrong: boolean): HTMLElement {
    const field = el('input', {
      type: 'password',
      name: 'token',
      autocomplete: 'current-password',
      required: true,
      'aria-label': 'Metrics token',
    });
    const form = el(
      'form',
      { class: 'empty lock' },
      el(
        'p',
        {},
        wrong ? 'That was not the token.' : 'This page needs the metrics token of the server.',
      ),
      field,
      el('button', { class: 'primary' }, 'Show'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.onToken(field.value.trim());
    });
    this.root.querySelector('form')?.replaceWith(form);
    return form;
  }

  private showOnly(element: HTMLElement): void {
    const [header] = this.root.children;
    if (header) this.root.replaceChildren(header, element);
  }
}

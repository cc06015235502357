// The room on the screen: a header, the tiles, the control bar. It shows what it is told and
// reports what was pressed; what that means is decided in app.ts.

import { el, icon, iconButton, relabel } from './dom';
import { layoutGrid } from './grid';
import type { ViewMode } from './staging';
import type { Tile } from './tile';

export interface RoomActions {
  toggleMicrophone(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  toggleView(): void;
  togglePanels(): void;
  toggleChat(): void;
  openSettings(): void;
  copyLink(): void;
  leave(): void;
}

export type RoomStatus = 'connecting' | 'live' | 'unstable' | 'reconnecting' | 'rejoining';

const kStatusText: Record<RoomStatus, string> = {
  connecting: 'Connecting…',
  live: 'Connected',
  unstable: 'Unstable connection',
  reconnecting: 'Server gone, reconnecting…',
  rejoining: 'Media server restarted, rejoining…',
};

const kGap = 12;

export class RoomView {
  readonly element: HTMLElement;
  private readonly count = el('span', { class: 'count' });
  private readonly status = el('span', { class: 'pill', role: 'status' });
  private readonly stage = el('div', { class: 'stage' });
  private readonly grid = el('div', { class: 'grid' });
  private readonly floor = el('main', { class: 'floor' }, this.stage, this.grid);
  private readonly invitation: HTMLElement;
  private readonly microphone: HTMLButtonElement;
  private readonly camera: HTMLButtonElement;
  private readonly screen: HTMLButtonElement;
  private readonly layout: HTMLButtonElement;
  private readonly panels: HTMLButtonElement;
  private readonly chat: HTMLButtonElement;
  private readonly unread = el('span', { class: 'unread', 'aria-hidden': 'true', hidden: true });
  private readonly resized = new ResizeObserver(() => this.relayout());

  constructor(room: string, actions: RoomActions, canShareScreen: boolean) {
    this.microphone = iconButton('mic', 'Mute', () => actions.toggleMicrophone());
    this.camera = iconButton('camera', 'Camera off', () => actions.toggleCamera());
    this.screen = iconButton('screen', 'Share screen', () => actions.toggleScreen());
    this.screen.hidden = !canShareScreen;
    this.layout = iconButton('layout', 'Speaker view', () => actions.toggleView());
    this.panels = iconButton('chart', 'Details (I)', () => actions.togglePanels());
    this.chat = iconButton('chat', 'Chat (C)', () => actions.toggleChat());
    this.chat.append(this.unread);
    this.invitation = el(
      'div',
      { class: 'invitation' },
      el('p', {}, 'Nobody else is here yet.'),
      copyButton('Copy invitation link', () => actions.copyLink(), 'primary'),
    );
    const header = el(
      'header',
      { class: 'bar top' },
      el('h1', { class: 'room-name', title: room }, room),
      el('span', { class: 'people', title: 'People in this room' }, icon('people'), this.count),
      el('span', { class: 'grow' }),
      this.status,
      copyButton('Copy link', () => actions.copyLink(), 'quiet'),
    );
    const controls = el(
      'nav',
      { class: 'bar controls', 'aria-label': 'Call controls' },
      this.microphone,
      this.camera,
      this.screen,
      this.layout,
      this.panels,
      this.chat,
      iconButton('settings', 'Settings', () => actions.openSettings()),
      iconButton('leave', 'Leave the room', () => actions.leave(), 'danger'),
    );
    this.element = el('div', { class: 'room' }, header, this.floor, controls);
    this.floor.append(this.invitation);
    this.resized.observe(this.floor);
    this.setStatus('connecting');
    this.setPeople(1);
  }

  // Who is shown, in this order. At most one tile takes the stage.
  setTiles(tiles: Tile[], staged: Tile | null): void {
    arrange(
      this.grid,
      tiles.filter((tile) => tile !== staged),
    );
    arrange(this.stage, staged ? [staged] : []);
    this.floor.classList.toggle('with-stage', staged !== null);
    this.relayout();
  }

  setPeople(count: number): void {
    this.count.textContent = String(count);
    this.count.setAttribute('aria-label', count === 1 ? '1 person' : `${count} people`);
  }

  setStatus(status: RoomStatus): void {
    this.status.textContent = kStatusText[status];
    this.status.dataset['status'] = status;
  }

  setInvitation(visible: boolean): void {
    this.invitation.hidden = !visible;
  }

  setMicrophone(on: boolean): void {
    toggle(this.microphone, on);
    relabel(this.microphone, on ? 'mic' : 'micOff', on ? 'Mute (M)' : 'Unmute (M)');
  }

  setCamera(on: boolean): void {
    toggle(this.camera, on);
    const label = on ? 'Turn camera off (V)' : 'Turn camera on (V)';
    relabel(this.camera, on ? 'camera' : 'cameraOff', label);
  }

  setSharing(on: boolean): void {
    this.screen.classList.toggle('active', on);
    this.screen.setAttribute('aria-pressed', String(on));
    relabel(this.screen, 'screen', on ? 'Stop sharing' : 'Share screen');
  }

  setView(mode: ViewMode): void {
    const speaker = mode === 'speaker';
    this.layout.setAttribute('aria-pressed', String(speaker));
    relabel(this.layout, speaker ? 'grid' : 'layout', speaker ? 'Grid (G)' : 'Speaker view (G)');
  }

  setPanels(open: boolean): void {
    this.panels.classList.toggle('active', open);
    this.panels.setAttribute('aria-pressed', String(open));
  }

  // The panel beside the tiles; hidden until it is opened.
  setChat(panel: HTMLElement): void {
    this.element.insertBefore(panel, this.floor.nextSibling);
  }

  setChatOpen(open: boolean): void {
    this.element.classList.toggle('with-chat', open);
  }

  focusChatButton(): void {
    this.chat.focus();
  }

  setUnread(unread: number, open: boolean): void {
    this.chat.classList.toggle('active', open);
    this.chat.setAttribute('aria-pressed', String(open));
    this.unread.hidden = unread === 0;
    this.unread.textContent = unread > 99 ? '99+' : String(unread);
    const label = unread === 0 ? 'Chat (C)' : `Chat, ${unread} unread (C)`;
    this.chat.setAttribute('aria-label', label);
    this.chat.title = label;
  }

  dispose(): void {
    this.resized.disconnect();
    this.element.remove();
  }

  private relayout(): void {
    const count = this.grid.children.length;
    // With a stage the tiles are a film strip, which the style sheet lays out by itself.
    if (this.floor.classList.contains('with-stage') || count === 0) return;
    const { clientWidth: width, clientHeight: height } = this.grid;
    const { tileWidth, tileHeight } = layoutGrid({ width, height, count, gap: kGap });
    this.grid.style.setProperty('--tile-width', `${tileWidth}px`);
    this.grid.style.setProperty('--tile-height', `${tileHeight}px`);
    this.grid.style.setProperty('--gap', `${kGap}px`);
  }
}

// Moves only what is out of place: a video that is taken out of the document and put back pauses.
function arrange(parent: HTMLElement, tiles: Tile[]): void {
  const wanted = new Set<Element>(tiles.map(({ element }) => element));
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  tiles.forEach(({ element, video }, index) => {
    if (parent.children[index] === element) return;
    parent.insertBefore(element, parent.children[index] ?? null);
    if (video.srcObject) void video.play().catch(() => {});
  });
}

function toggle(button: HTMLButtonElement, on: boolean): void {
  button.classList.toggle('off', !on);
  button.setAttribute('aria-pressed', String(!on));
}

function copyButton(label: string, onclick: () => void, className: string): HTMLButtonElement {
  const attributes = { type: 'button', class: `text-button ${className}`, 'aria-label': label };
  return el('button', { ...attributes, onclick }, icon('link'), el('span', {}, label));
}

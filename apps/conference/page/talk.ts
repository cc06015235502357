// Chat and files of a call: connects what is said, the panel that shows it, and the call.

import type { Call } from './call';
import { ChatView } from './chat_view';
import { Conversation } from './conversation';
import type { Entry } from './conversation';
import { DropZone } from './drop_zone';
import type { InLane } from './lane';
import type { SharedFile } from './files';
import { sizeOf } from './file_wording';
import { kMostOffers } from './files';
import type { RoomView } from './room_view';
import type { DataListener } from './session_data';
import { pageTiming } from './timing';
import type { Toasts } from './toasts';
import { encodeWord, kMaxTextLength, tidyText } from './words';

// Of what was said while nobody looked.
const kToastLength = 80;
// Until then a download that was begun has read what it needs.
const kUrlLifeMs = 60_000;

export interface TalkState {
  open: boolean;
  connected: boolean;
  unread: number;
  malformed: number;
  leftOut: number;
  refusedLanes: number;
  entries: {
    name: string;
    own: boolean;
    text: string | null;
    file: { name: string; size: number; phase: string; fraction: number; note: string } | null;
  }[];
}

export interface TalkOptions {
  call: () => Call | null;
  ownName: () => string;
  nameOf: (peerId: string) => string | undefined;
  toasts: Toasts;
}

export class Talk implements DataListener {
  private readonly conversation: Conversation;
  private readonly view: ChatView;
  private room: RoomView | null = null;
  private zone: DropZone | null = null;
  private connected = false;

  constructor(private readonly options: TalkOptions) {
    const data = () => options.call()?.talking?.data ?? null;
    this.conversation = new Conversation({
      openLane: async (peerId, topic) => {
        const session = data();
        if (!session) throw new Error('There is no connection.');
        return session.openLane(peerId, topic);
      },
      sha256: globalThis.crypto?.subtle ? sha256 : null,
      tellAll: (word) => data()?.say(encodeWord(word)) ?? false,
      inventId: () => hex(crypto.getRandomValues(new Uint8Array(16))),
      timing: pageTiming,
      wallClock: () => Date.now(),
      listener: {
        added: (entry) => this.added(entry),
        removed: (entry) => this.view.remove(entry),
        fileChanged: (file) => this.view.updateFile(file),
        unreadChanged: () => this.showButton(),
      },
    });
    this.view = new ChatView({
      say: (text) => this.say(text),
      share: (files) => void this.share(files),
      close: () => this.setOpen(false),
      accept: (file) => this.accept(file),
      cancel: (file) => this.conversation.files.cancel(file.key),
      save,
      remove: (file) => this.remove(file),
    });
  }

  // What was said stays on the page from one stay to the next.
  attach(room: RoomView): void {
    this.room = room;
    room.setChat(this.view.element);
    this.zone = new DropZone(room.element, (files) => void this.share(files));
    this.showButton();
  }

  detach(): void {
    this.conversation.reset();
    this.zone?.dispose();
    this.zone = this.room = null;
    this.view.element.hidden = true;
    this.conversation.setOpen(false);
  }

  toggle(): void {
    this.setOpen(!this.view.isOpen);
  }

  peerLeft(peerId: string, name: string): void {
    this.conversation.peerLeft(peerId, name);
  }

  reset(): void {
    this.conversation.reset();
  }

  chatHeard(peerId: string, data: unknown): void {
    this.conversation.heard(peerId, this.options.nameOf(peerId) ?? 'Somebody', data);
  }

  chatOpen(open: boolean): void {
    this.connected = open;
    this.view.setConnected(open);
  }

  laneOffered(peerId: string, topic: string): InLane | null {
    return this.conversation.files.laneOffered(peerId, topic);
  }

  state(): TalkState {
    const { unread, malformed, leftOut, files, entries } = this.conversation;
    return {
      open: this.view.isOpen,
      connected: this.connected,
      unread,
      malformed,
      leftOut,
      refusedLanes: files.refused,
      entries: entries.map(({ name, peerId, text, file }) => ({
        name,
        own: peerId === null,
        text,
        file: file && { ...pick(file), name: file.offer.name, size: file.offer.size },
      })),
    };
  }

  private setOpen(open: boolean): void {
    if (!this.room) return;
    this.view.setOpen(open);
    this.conversation.setOpen(open);
    this.room.setChatOpen(open);
    this.showButton();
    if (!open) this.room.focusChatButton();
  }

  private say(text: string): boolean {
    if (tidyText(text) === '') return false;
    const said = this.conversation.say(this.options.ownName(), text);
    if (!said) this.options.toasts.show(whyNotSaid(text), 'warning');
    return said;
  }

  private async share(files: File[]): Promise<void> {
    if (files.length === 0) return;
    if (!this.view.isOpen) this.setOpen(true);
    if (files.length > kMostOffers) {
      const text = `Only the first ${kMostOffers} of ${files.length} files are offered.`;
      this.options.toasts.show(text, 'warning');
    }
    for (const file of files.slice(0, kMostOffers)) {
      try {
        await this.conversation.share(this.options.ownName(), file);
      } catch (error) {
        this.options.toasts.show(error instanceof Error ? error.message : String(error), 'warning');
      }
    }
  }

  private accept(file: SharedFile): void {
    const obstacle = this.conversation.files.accept(file.key);
    if (obstacle) this.options.toasts.show(obstacle, 'warning');
  }

  private remove(file: SharedFile): void {
    const entry = this.conversation.entries.find((one) => one.file === file);
    if (entry) this.conversation.remove(entry);
  }

  private added(entry: Entry): void {
    this.view.add(entry);
    if (entry.peerId === null || this.view.isOpen) return;
    const { name, text, file } = entry;
    const said = file
      ? `offers ${file.offer.name} (${sizeOf(file.offer.size)})`
      : shorten(text ?? '');
    const action = { label: 'Read', run: () => this.setOpen(true) };
    this.options.toasts.show(file ? `${name} ${said}` : `${name}: ${said}`, 'note', action, true);
  }

  private showButton(): void {
    this.room?.setUnread(this.conversation.unread, this.view.isOpen);
  }
}

function whyNotSaid(text: string): string {
  return tidyText(text).length > kMaxTextLength
    ? `A message has ${kMaxTextLength} letters at most.`
    : 'The message was not sent: there is no connection to the others at the moment.';
}

function shorten(text: string): string {
  const letters = [...text.replace(/\s+/g, ' ')];
  return letters.length > kToastLength ? `${letters.slice(0, kToastLength).join('')}…` : text;
}

function pick({ phase, fraction, note }: SharedFile) {
  return { phase, fraction, note };
}

// The browser asks where to, or puts it where downloads go: either way because somebody pressed.
function save({ offer, content }: SharedFile): void {
  if (!content) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = offer.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), kUrlLifeMs);
}

async function sha256(content: Pick<Blob, 'arrayBuffer'>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await content.arrayBuffer())));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

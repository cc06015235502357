// What was said in this room while this page was in it: bounded, and with a count of what is unread.
//
// The server keeps nothing, so that whoever comes later starts with an empty page.

import { Files } from './files';
import type { FilesOptions, SharedFile } from './files';
import { kMaxTextLength, readChatWord, tidyText } from './words';
import type { ChatWord } from './words';

// More than anybody reads back; older ones go.
export const kMostEntries = 500;
// A person types slower; what is faster is left out and counted.
const kWordsPerSecond = 4;
const kWordBurst = 20;

export interface Entry {
  readonly id: number;
  // Null for our own; the name is as it was.
  readonly peerId: string | null;
  readonly name: string;
  // Date.now() of this page: the clock of others is not to be trusted.
  readonly at: number;
  // One of both.
  readonly text: string | null;
  readonly file: SharedFile | null;
}

export interface ConversationListener {
  added(entry: Entry): void;
  removed(entry: Entry): void;
  fileChanged(file: SharedFile): void;
  unreadChanged(unread: number): void;
}

export interface ConversationOptions extends Omit<FilesOptions, 'changed'> {
  // Of all day, in milliseconds.
  wallClock: () => number;
  listener: ConversationListener;
}

interface Allowance {
  words: number;
  at: number;
}

export class Conversation {
  readonly entries: Entry[] = [];
  readonly files: Files;
  unread = 0;
  // Words that made no sense, and those that came too fast.
  malformed = 0;
  leftOut = 0;
  private open = false;
  private lastId = 0;
  private readonly allowances = new Map<string, Allowance>();

  constructor(private readonly options: ConversationOptions) {
    const changed = (file: SharedFile) => options.listener.fileChanged(file);
    this.files = new Files({ ...options, changed });
  }

  // False if it was not sent: empty, too long, or nobody is connected.
  say(name: string, typed: string): boolean {
    const text = tidyText(typed);
    if (text === '' || text.length > kMaxTextLength) return false;
    if (!this.options.tellAll({ type: 'say', text })) return false;
    this.add({ peerId: null, name, text, file: null });
    return true;
  }

  // Rejects with an Error whose message is a sentence.
  async share(name: string, source: Parameters<Files['offer']>[0]): Promise<void> {
    const file = await this.files.offer(source);
    this.add({ peerId: null, name, text: null, file });
  }

  // Whatever somebody sent.
  heard(peerId: string, name: string, data: unknown): void {
    if (!this.allow(peerId)) {
      this.leftOut += 1;
      return;
    }
    const word = readChatWord(data);
    if (!word) {
      this.malformed += 1;
      return;
    }
    this.take(peerId, name, word);
  }

  peerLeft(peerId: string, name: string): void {
    this.allowances.delete(peerId);
    this.files.peerLeft(peerId, name);
  }

  reset(): void {
    this.allowances.clear();
    this.files.reset();
  }

  // Whether somebody looks at it.
  setOpen(open: boolean): void {
    this.open = open;
    if (open) this.setUnread(0);
  }

  remove(entry: Entry): void {
    const at = this.entries.indexOf(entry);
    if (at < 0) return;
    this.entries.splice(at, 1);
    if (entry.file) this.files.forget(entry.file.key);
    this.options.listener.removed(entry);
  }

  private take(peerId: string, name: string, word: ChatWord): void {
    switch (word.type) {
      case 'say':
        return this.addUnread({ peerId, name, text: word.text, file: null });
      case 'withdraw':
        return this.files.withdrawn(peerId, word.id);
      case 'file': {
        const { id, name: fileName, size, sha256 } = word;
        const file = this.files.offered(peerId, { id, name: fileName, size, sha256 });
        if (file) this.addUnread({ peerId, name, text: null, file });
      }
    }
  }

  private addUnread(what: Omit<Entry, 'id' | 'at'>): void {
    this.add(what);
    if (!this.open) this.setUnread(this.unread + 1);
  }

  private add(what: Omit<Entry, 'id' | 'at'>): void {
    const entry = { id: ++this.lastId, at: this.options.wallClock(), ...what };
    this.entries.push(entry);
    this.options.listener.added(entry);
    // What is under way is kept for as long as there is anything else to let go.
    while (this.entries.length > kMostEntries) {
      const idle = this.entries.find(({ file }) => file?.phase !== 'moving');
      this.remove(idle ?? (this.entries[0] as Entry));
    }
  }

  private setUnread(unread: number): void {
    if (unread === this.unread) return;
    this.unread = unread;
    this.options.listener.unreadChanged(unread);
  }

  private allow(peerId: string): boolean {
    const now = this.options.timing.now();
    const known = this.allowances.get(peerId) ?? { words: kWordBurst, at: now };
    const words = Math.min(kWordBurst, known.words + ((now - known.at) / 1000) * kWordsPerSecond);
    const allowed = words >= 1;
    this.allowances.set(peerId, { words: allowed ? words - 1 : words, at: now });
    return allowed;
  }
}

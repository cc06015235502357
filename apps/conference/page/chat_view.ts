// The chat beside the room: what was said, files, and a line to write. It shows what it is told and
// reports what was pressed; what that means is decided in talk.ts.

import type { Entry } from './conversation';
import { el, iconButton } from './dom';
import { FileCard } from './file_card';
import type { FileCardActions } from './file_card';
import type { SharedFile } from './files';
import { linkedText } from './linked_text';
import { kMaxTextLength } from './words';

export interface ChatActions extends FileCardActions {
  // False if it was not sent and should stay where it is.
  say(text: string): boolean;
  share(files: File[]): void;
  close(): void;
}

// Whoever is so near the end wants to see what comes.
const kNearEnd = 60;
const kMostRows = 5;

export class ChatView {
  readonly element: HTMLElement;
  private readonly list: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly sendButton: HTMLButtonElement;
  private readonly attach: HTMLButtonElement;
  private readonly lines = new Map<number, HTMLElement>();
  private readonly cards = new Map<string, FileCard>();

  constructor(private readonly actions: ChatActions) {
    this.list = el('ol', { class: 'chat-list', role: 'log', 'aria-label': 'Messages' });
    this.empty = el(
      'p',
      { class: 'chat-empty' },
      'Messages and files reach those who are in the room now. Nothing is kept on the server.',
    );
    this.input = el('textarea', {
      rows: 1,
      maxlength: kMaxTextLength,
      placeholder: 'Message to everybody',
      'aria-label': 'Message to everybody',
      oninput: () => this.fit(),
      onkeydown: (event) => this.onKey(event as KeyboardEvent),
    });
    const picker = el('input', { type: 'file', multiple: true, hidden: true, tabindex: -1 });
    picker.addEventListener('change', () => {
      actions.share([...(picker.files ?? [])]);
      // The same file may be chosen again.
      picker.value = '';
    });
    this.attach = iconButton('attach', 'Offer a file', () => picker.click(), 'small');
    this.sendButton = iconButton('send', 'Send', () => this.submit(), 'small active');
    this.element = el(
      'aside',
      {
        class: 'chat',
        'aria-label': 'Chat',
        hidden: true,
        onkeydown: (event) => this.escape(event),
      },
      el(
        'header',
        { class: 'chat-head' },
        el('h2', {}, 'Chat'),
        iconButton('close', 'Close chat', () => actions.close(), 'small'),
      ),
      el(
        'div',
        { class: 'chat-scroll', tabindex: 0, 'aria-label': 'Messages' },
        this.empty,
        this.list,
      ),
      el('div', { class: 'composer' }, this.attach, picker, this.input, this.sendButton),
    );
    this.setConnected(false);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  setOpen(open: boolean): void {
    this.element.hidden = !open;
    if (!open) return;
    this.scrollToEnd();
    this.input.focus();
  }

  // Without a connection the line can be written, but not be sent.
  setConnected(connected: boolean): void {
    this.sendButton.disabled = !connected;
    this.attach.disabled = !connected;
    this.input.placeholder = connected ? 'Message to everybody' : 'Not connected…';
  }

  add(entry: Entry): void {
    const follow = this.isNearEnd();
    const own = entry.peerId === null;
    const content = entry.file ? this.card(entry.file) : textLine(entry.text ?? '');
    const at = new Date(entry.at);
    const line = el(
      'li',
      { class: `chat-line ${own ? 'own' : 'theirs'}` },
      el(
        'p',
        { class: 'chat-who' },
        el('span', { class: 'chat-name' }, own ? 'You' : entry.name),
        el('time', { datetime: at.toISOString(), title: at.toLocaleString() }, clockTime(at)),
      ),
      content,
    );
    this.lines.set(entry.id, line);
    this.list.append(line);
    this.empty.hidden = true;
    if (follow || own) this.scrollToEnd();
  }

  remove(entry: Entry): void {
    const line = this.lines.get(entry.id);
    const hadFocus = line?.contains(document.activeElement);
    line?.remove();
    this.lines.delete(entry.id);
    if (entry.file) this.cards.delete(entry.file.key);
    this.empty.hidden = this.lines.size > 0;
    if (hadFocus) this.input.focus();
  }

  updateFile(file: SharedFile): void {
    const follow = this.isNearEnd();
    this.cards.get(file.key)?.update();
    if (follow) this.scrollToEnd();
  }

  private card(file: SharedFile): HTMLElement {
    const card = new FileCard(file, this.actions);
    this.cards.set(file.key, card);
    return card.element;
  }

  private onKey(event: KeyboardEvent): void {
    // Enter ends a word of an input method before it ends a message.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  private escape(event: Event): void {
    if ((event as KeyboardEvent).key === 'Escape') this.actions.close();
  }

  private submit(): void {
    if (!this.actions.say(this.input.value)) return;
    this.input.value = '';
    this.fit();
    this.input.focus();
  }

  // As high as what is written, up to a few rows.
  private fit(): void {
    const rows = this.input.value.split('\n').length;
    this.input.rows = Math.min(kMostRows, rows);
    if (rows < 2 && this.input.scrollHeight > this.input.clientHeight + 4) this.input.rows = 3;
  }

  private get scroller(): HTMLElement | null {
    return this.list.parentElement;
  }

  private isNearEnd(): boolean {
    const { scroller } = this;
    if (!scroller) return true;
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < kNearEnd;
  }

  private scrollToEnd(): void {
    this.scroller?.scrollTo({ top: this.scroller.scrollHeight });
  }
}

function textLine(text: string): HTMLElement {
  const pieces = linkedText(text).map(({ text: shown, href }) =>
    href === null
      ? document.createTextNode(shown)
      : el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, shown),
  );
  return el('p', { class: 'chat-text', dir: 'auto' }, ...pieces);
}

function clockTime(at: Date): string {
  return at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

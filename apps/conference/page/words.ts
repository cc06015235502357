// What pages say to each other on data channels, and how much of what another page says is believed.
//
// Everything here comes from strangers: whatever is not exactly as it should be is refused whole.

import { kMaxDataBytes } from '../protocol/messages';

export const kMaxTextLength = 4000;
export const kMaxFileNameLength = 120;
// Both sides hold a file in memory while it is checked.
export const kMaxFileBytes = 100_000_000;
// An index stands before each part; what follows fills the message.
const kIndexBytes = 4;
export const kPartBytes = kMaxDataBytes - kIndexBytes;

export interface FileOffer {
  // 32 hexadecimal digits, drawn by the sender.
  id: string;
  name: string;
  size: number;
  // 64 hexadecimal digits.
  sha256: string;
}

// To all, on the chat.
export type ChatWord =
  { type: 'say'; text: string } | ({ type: 'file' } & FileOffer) | { type: 'withdraw'; id: string };

// On lanes, from who receives to who sends: begin; so many bytes have come; all is well; what came
// is not what was promised. The sender says nothing but parts.
export type LaneWord =
  { type: 'go' } | { type: 'got'; bytes: number } | { type: 'done' } | { type: 'damaged' };

export interface Part {
  index: number;
  bytes: Uint8Array;
}

export function encodeWord(word: ChatWord | LaneWord): string {
  return JSON.stringify(word);
}

export function readChatWord(data: unknown): ChatWord | null {
  const word = readObject(data);
  switch (word?.type) {
    case 'say': {
      const text = typeof word.text === 'string' ? tidyText(word.text) : '';
      return text === '' || text.length > kMaxTextLength ? null : { type: 'say', text };
    }
    case 'file':
      return readOffer(word);
    case 'withdraw':
      return isId(word.id) ? { type: 'withdraw', id: word.id } : null;
    default:
      return null;
  }
}

export function readLaneWord(data: unknown): LaneWord | null {
  const word = readObject(data);
  switch (word?.type) {
    case 'go':
    case 'done':
    case 'damaged':
      return { type: word.type };
    case 'got':
      return isSize(word.bytes) ? { type: 'got', bytes: word.bytes } : null;
    default:
      return null;
  }
}

export function encodePart({ index, bytes }: Part): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(kIndexBytes + bytes.length);
  new DataView(message.buffer).setUint32(0, index);
  message.set(bytes, kIndexBytes);
  return message;
}

export function readPart(data: unknown): Part | null {
  if (!(data instanceof ArrayBuffer)) return null;
  if (data.byteLength <= kIndexBytes || data.byteLength > kMaxDataBytes) return null;
  return { index: new DataView(data).getUint32(0), bytes: new Uint8Array(data, kIndexBytes) };
}

// Line breaks and tabs stay; what turns or hides text goes, and so do blanks at the ends.
export function tidyText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{C}\n\t\u200c\u200d]/gu, '')
    .trim();
}

// A name that any system can save, and that shows its real ending: without folders, without marks
// that reverse the text, without a leading dot.
export function tidyFileName(name: string): string {
  const plain = name
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replace(/[\\/:*?"<>|]/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (plain === '') return 'file';
  const letters = [...plain];
  if (letters.length <= kMaxFileNameLength) return plain;
  const ending = /\.[^.\s]{1,10}$/u.exec(plain)?.[0] ?? '';
  return letters.slice(0, kMaxFileNameLength - [...ending].length).join('') + ending;
}

function readOffer(word: Record<string, unknown>): ChatWord | null {
  const { id, name, size, sha256 } = word;
  if (!isId(id) || typeof name !== 'string' || name.length > 1024 || !isSize(size)) return null;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  return { type: 'file', id, name: tidyFileName(name), size, sha256 };
}

function readObject(data: unknown): Record<string, unknown> | null {
  // A letter has three bytes at most where it has one unit of length, and control marks six in JSON.
  if (typeof data !== 'string' || data.length > kMaxDataBytes) return null;
  try {
    const value: unknown = JSON.parse(data);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

function isSize(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= kMaxFileBytes
  );
}

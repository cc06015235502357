// Text with the addresses in it found, so that they can be pressed. Nothing is fetched, and nothing
// but http and https becomes a link.

export interface Piece {
  text: string;
  // Null for plain text.
  href: string | null;
}

const kAddress = /\bhttps?:\/\/[^\s<>"'`]+/giu;
// What ends a sentence does not end an address.
const kTrailing = /[.,;:!?…)\]}]+$/u;
// Of one message.
const kMostLinks = 20;

export function linkedText(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(kAddress)) {
    if (pieces.length >= 2 * kMostLinks) break;
    const address = trimmed(match[0]);
    const href = hrefOf(address);
    if (href === null) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), href: null });
    pieces.push({ text: address, href });
    at = match.index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), href: null });
  return pieces;
}

// A bracket stays if it was opened in the address.
function trimmed(address: string): string {
  const tail = kTrailing.exec(address)?.[0] ?? '';
  const plain = address.slice(0, address.length - tail.length);
  return tail.startsWith(')') && plain.includes('(') ? `${plain})` : plain;
}

function hrefOf(address: string): string | null {
  try {
    const url = new URL(address);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

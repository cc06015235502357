// A face for who shows none: initials on a colour, both made from the name.

// Up to two initials, of the first and the last word; by code point, so that no letter is split.
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  const letters = chosen.map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

// A hue in degrees; the same name has the same colour on every screen. (FNV-1a, then spread by the
// golden angle so that similar names do not get similar colours.)
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return Math.round((hash % 360) * 137.508) % 360;
}

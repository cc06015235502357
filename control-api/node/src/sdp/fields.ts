// Reads the words of an attribute. Each function returns the value in its type or throws a plain
// Fault with the reason; whoever knows the line makes an SdpError of it.
import { quoted } from './sdp_error.js';

/** A reason without a place. */
export class Fault extends Error {}

// RFC 8866 §9, token.
const tokenPattern = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+$/;
// RFC 8839 §5.4, ice-char.
const iceCharPattern = /^[A-Za-z0-9+/]+$/;

/** The words between single spaces. */
export function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

export function asToken(text: string | undefined, what: string, most = 255): string {
  if (text === undefined || text.length > most || !tokenPattern.test(text))
    throw new Fault(`${what} ${quoted(text ?? '')} is not a token of 1 to ${most} characters`);
  return text;
}

/** Letters, digits, + and / (RFC 8839 §5.4). */
export function asIceChars(
  text: string | undefined,
  what: string,
  least: number,
  most: number,
): string {
  if (text === undefined || text.length < least || text.length > most || !iceCharPattern.test(text))
    throw new Fault(`${what} is not of ${least} to ${most} letters, digits, + and /`);
  return text;
}

export function asInteger(
  text: string | undefined,
  what: string,
  least: number,
  most: number,
): number {
  const isNumber = text !== undefined && text.length <= 10 && /^[0-9]+$/.test(text);
  const value = isNumber ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new Fault(`${what} ${quoted(text ?? '')} is not an integer from ${least} to ${most}`);
  return value;
}

export function asOneOf<Choice extends string>(
  text: string | undefined,
  what: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new Fault(`${what} ${quoted(text ?? '')} is none of ${choices.join(', ')}`);
  return found;
}

/** The text before and after the first `mark`; the second is undefined without one. */
export function cut(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}

// Reads fields of values that come from the network. Each function returns the field in its type or
// throws a TypeError whose message names it.
import { UnsupportedError } from '../errors.js';
import type { AppData } from '../types.js';

export type Dictionary = Record<string, unknown>;

/** Texts longer than this are nobody's codec name, URI or parameter. */
const maxTextLength = 2048;
const idPattern = /^[!-~]{1,64}$/;

export function asDictionary(value: unknown, where: string): Dictionary {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${where} is not an object`);
  }
  return value as Dictionary;
}

export function asText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new TypeError(`${where} is not a string`);
  if (value.length > maxTextLength)
    throw new TypeError(`${where} is longer than ${maxTextLength} characters`);
  return value;
}

export function asName(value: unknown, where: string): string {
  const text = asText(value, where);
  if (text === '') throw new TypeError(`${where} is empty`);
  return text;
}

/** An id as the worker takes it: it appears in logs and in statistics as it is. */
export function asId(value: unknown, where: string): string {
  const text = asText(value, where);
  if (!idPattern.test(text)) {
    throw new TypeError(`${where} is not 1 to 64 printable ASCII characters without spaces`);
  }
  return text;
}

export function asInteger(value: unknown, where: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new TypeError(`${where} is not an integer from ${least} to ${most}`);
  }
  return value;
}

export function asNumber(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new TypeError(`${where} is not a number`);
  return value;
}

export function asBoolean(value: unknown, where: string): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${where} is not a boolean`);
  return value;
}

export function asOneOf<Choice extends string>(
  value: unknown,
  where: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new TypeError(`${where} is none of ${choices.join(', ')}`);
  return found;
}

/** Missing lists are empty. `read` gets each entry with its place, for messages. */
export function asList<Entry>(
  value: unknown,
  where: string,
  most: number,
  read: (entry: unknown, where: string) => Entry,
): Entry[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError(`${where} is not an array`);
  if (value.length > most) throw new TypeError(`${where} has more than ${most} entries`);
  return value.map((entry, index) => read(entry, `${where}[${index}]`));
}

/** `read` only if the field is there; null counts as missing, as JSON writers like to send it. */
export function optional<Value>(
  value: unknown,
  where: string,
  read: (value: unknown, where: string) => Value,
): Value | undefined {
  return value === undefined || value === null ? undefined : read(value, where);
}

/** `appData` of any creator: an object, empty if missing. */
export function asAppData<Data extends AppData>(value: Data | undefined): Data {
  return (value === undefined ? {} : asDictionary(value, 'appData')) as Data;
}

/** Refuses an option that would otherwise be dropped in silence. False is what happens anyway. */
export function requireUnused(value: unknown, where: string): void {
  if (value === undefined || value === null || value === false) return;
  throw new UnsupportedError(`${where} is not supported`);
}

/**
 * `object` without the fields that are undefined, so that its JSON and its equality say what is
 * there.
 */
export function compact<Value extends object>(object: Value): Value {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Value;
}

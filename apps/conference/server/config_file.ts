// The configuration file: one JSON object, in which comments and trailing commas are allowed.
//
// A library reads it that knows where each value stands, so that every fault is told with its line
// and column, all of them at once.

import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';

import { kOptionTable, rowOf } from './option_table';
import type { OptionKey } from './option_table';

export interface FileEntry {
  key: OptionKey;
  values: string[];
  // "sluice.json:3:5"
  place: string;
}

export interface FileContent {
  entries: FileEntry[];
  // Sentences, each with its place.
  faults: string[];
}

// An operator's file has a kilobyte; what is far beyond is the wrong file.
export const kMaxConfigBytes = 256 * 1024;

// One slip makes a few; a file that is no JSON makes one for each byte.
const kMaxSyntaxFaults = 10;

export function readConfig(name: string, text: string): FileContent {
  const place = (offset: number) => `${name}:${lineAndColumn(text, offset)}`;
  if (Buffer.byteLength(text) > kMaxConfigBytes) {
    return { entries: [], faults: [`${name} has more than ${kMaxConfigBytes} bytes.`] };
  }
  const errors: ParseError[] = [];
  const root = parseBounded(text.replace(/^\uFEFF/, ' '), errors);
  if (root === 'too deep')
    return { entries: [], faults: [`${name}:1:1: this is nested too deep.`] };
  if (errors.length > 0) {
    const faults = errors
      .slice(0, kMaxSyntaxFaults)
      .map(({ error, offset }) => `${place(offset)}: ${printParseErrorCode(error)}.`);
    return { entries: [], faults };
  }
  if (root?.type !== 'object') {
    return { entries: [], faults: [`${name}:1:1: this must be one object in braces.`] };
  }
  return readObject(root, place);
}

// The library calls itself for each level, of which an object of options has two.
function parseBounded(text: string, errors: ParseError[]): Node | undefined | 'too deep' {
  try {
    return parseTree(text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (error instanceof RangeError) return 'too deep';
    throw error;
  }
}

function readObject(root: Node, place: (offset: number) => string): FileContent {
  const content: FileContent = { entries: [], faults: [] };
  const seen = new Set<string>();
  for (const { children = [] } of root.children ?? []) {
    const [name, value] = children;
    if (!name || !value) continue;
    const key = String(name.value);
    const at = place(name.offset);
    const values = isKey(key) ? valuesOf(key, value) : `"${key}" is not an option.`;
    if (seen.has(key)) content.faults.push(`${at}: "${key}" is here twice.`);
    else if (typeof values === 'string') content.faults.push(`${at}: ${values}`);
    else content.entries.push({ key: key as OptionKey, values, place: at });
    seen.add(key);
  }
  return content;
}

function isKey(key: string): key is OptionKey {
  return Object.hasOwn(kOptionTable, key);
}

// Texts, as a command line would have them, or the sentence of the fault.
function valuesOf(key: OptionKey, node: Node): string[] | string {
  const nodes = node.type === 'array' ? (node.children ?? []) : [node];
  if (node.type === 'array' && !rowOf(key).isList) return `${key} must be one value, not a list.`;
  if (!nodes.every(({ type }) => type === 'string' || type === 'number' || type === 'boolean')) {
    return `${key} must be text, a number, true or false${rowOf(key).isList ? ', or a list of those' : ''}.`;
  }
  return nodes.map(({ value }) => String(value));
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return `${before.length}:${(before[before.length - 1] ?? '').length + 1}`;
}

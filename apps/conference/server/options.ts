// The configuration of the conference server: flags over environment over file over default.
//
// Parsing is a function of its arguments, environment and the text of the file: it prints nothing.
// All that is wrong is told at once, each in one sentence that names where it stands.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { readConfig } from './config_file';
import { environmentNameOf, flagOf, kOptionKeys, rowOf } from './option_table';
import type { OptionKey, Options } from './option_table';
import { WrongValue } from './option_values';

export { defaultStateDir } from './option_table';
export type { Options } from './option_table';

// Where each value came from: a flag, a variable, a place in a file, or "default".
export type Origins = Record<OptionKey, string>;

export type Parsed =
  | { kind: 'run' | 'check'; options: Options; origins: Origins; config: string | null }
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'wrong'; faults: string[] };

// Throws what the file system throws.
export type ReadFile = (path: string) => string;

// What somebody said about one option, in the words of whoever said it.
interface Statement {
  values: string[];
  // Begins a sentence about a fault: "--port", "SLUICE_PORT", "sluice.json:3:5: port".
  name: string;
  origin: string;
}

type Statements = Map<OptionKey, Statement>;

interface CommandLine {
  statements: Statements;
  faults: string[];
  config: string | null;
  asked: Set<string>;
}

const kSpecial = {
  config: { type: 'string' },
  'check-config': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export function parseOptions(
  args: string[],
  env: NodeJS.ProcessEnv,
  readFile: ReadFile = () => '{}',
): Parsed {
  const line = readCommandLine(args);
  if (line.asked.has('help')) return { kind: 'help' };
  if (line.asked.has('version')) return { kind: 'version' };
  const config = line.config ?? (env.SLUICE_CONFIG || null);
  const faults = [...line.faults];
  const sources = [line.statements, readEnvironment(env)];
  if (config !== null) sources.push(readStatementsOfFile(config, readFile, faults));
  const { options, origins } = combine(sources, env, faults);
  faults.push(...contradictions(options, sources));
  if (faults.length > 0) return { kind: 'wrong', faults };
  // A certificate without HTTPS would be a mistake that nobody notices.
  if (options.cert !== null) options.https = true;
  const kind = line.asked.has('check-config') ? 'check' : 'run';
  return { kind, options, origins, config };
}

function readCommandLine(args: string[]): CommandLine {
  const keys = new Map<string, OptionKey>(kOptionKeys.map((key) => [flagOf(key), key]));
  const spec: Record<string, { type: 'string' | 'boolean'; short?: string }> = { ...kSpecial };
  for (const [flag, key] of keys) {
    spec[flag] = { type: rowOf(key).isSwitch ? 'boolean' : 'string' };
    if (rowOf(key).isSwitch) spec[`no-${flag}`] = { type: 'boolean' };
  }
  // Not strict: that would end with the first fault, and the operator wants to see all of them.
  const lenient = {
    args,
    options: spec,
    strict: false,
    allowPositionals: true,
    tokens: true,
  } as const;
  const line: CommandLine = { statements: new Map(), faults: [], config: null, asked: new Set() };
  for (const token of parseArgs(lenient).tokens ?? []) {
    if (token.kind === 'positional') line.faults.push(`"${token.value}" is not an option.`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token as { name: string; rawName: string; value?: string };
    const type = Object.hasOwn(spec, name) ? spec[name]?.type : undefined;
    const inline = 'inlineValue' in token && token.inlineValue === true;
    const fault = flagFault(type, value, inline);
    if (fault) line.faults.push(`${rawName} ${fault}`);
    else if (name === 'config') line.config = value ?? null;
    else if (type === 'boolean') noteSwitch(line, keys, name);
    else note(line.statements, keys.get(name) as OptionKey, value ?? '', rawName);
  }
  return line;
}

function flagFault(
  type: 'string' | 'boolean' | undefined,
  value: string | undefined,
  inline: boolean,
): string | null {
  if (type === undefined) return 'is not an option. See --help.';
  if (type === 'boolean') return inline ? 'takes no value.' : null;
  if (value === undefined || (!inline && /^-./.test(value))) return 'needs a value.';
  return null;
}

function noteSwitch(line: CommandLine, keys: Map<string, OptionKey>, name: string): void {
  const key = keys.get(name) ?? keys.get(name.replace(/^no-/, ''));
  if (key === undefined) line.asked.add(name);
  else {
    const values = [keys.has(name) ? 'on' : 'off'];
    line.statements.set(key, { values, name: `--${name}`, origin: `--${name}` });
  }
}

// The last of several counts, or all of them where the option is a list.
function note(statements: Statements, key: OptionKey, value: string, name: string): void {
  const before = rowOf(key).isList ? (statements.get(key)?.values ?? []) : [];
  statements.set(key, { values: [...before, value], name, origin: name });
}

// A variable that is empty is one that is not set. Lists are separated by blanks.
function readEnvironment(env: NodeJS.ProcessEnv): Statements {
  const statements: Statements = new Map();
  for (const key of kOptionKeys) {
    const name = environmentNameOf(key);
    const text = env[name];
    if (!text) continue;
    const values = rowOf(key).isList ? text.split(/\s+/).filter(Boolean) : [text];
    statements.set(key, { values, name, origin: name });
  }
  return statements;
}

function readStatementsOfFile(config: string, readFile: ReadFile, faults: string[]): Statements {
  let text: string;
  try {
    text = readFile(resolve(config));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    faults.push(`${config} cannot be read: ${reason}.`);
    return new Map();
  }
  const content = readConfig(config, text);
  faults.push(...content.faults);
  return new Map(
    content.entries.map(({ key, values, place }) => [
      key,
      { values, name: `${place}: ${key}`, origin: place },
    ]),
  );
}

// The first source that says something about an option decides, a list as a whole.
function combine(sources: Statements[], env: NodeJS.ProcessEnv, faults: string[]) {
  const options: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const key of kOptionKeys) {
    const { read, isList } = rowOf(key);
    // What a higher source hides is checked as well: it is a mistake that waits.
    for (const said of sources.map((source) => source.get(key)).reverse()) {
      if (!said) continue;
      const values = valuesOf(said, read, faults);
      if (values === null) continue;
      options[key] = isList ? values : values[0];
      origins[key] = said.origin;
    }
    if (key in origins) continue;
    origins[key] = 'default';
    options[key] = fallbackOf(key, env, faults);
  }
  return { options: options as Options, origins: origins as Origins };
}

// Asked for only where nothing was said: a default may not exist on this machine.
function fallbackOf(key: OptionKey, env: NodeJS.ProcessEnv, faults: string[]): unknown {
  const { fallback } = rowOf(key);
  try {
    return typeof fallback === 'function' ? fallback(env) : fallback;
  } catch (error) {
    faults.push((error as Error).message);
    return null;
  }
}

function valuesOf(
  said: Statement,
  read: (text: string) => unknown,
  faults: string[],
): unknown[] | null {
  const values: unknown[] = [];
  for (const text of said.values) {
    try {
      values.push(read(text));
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      faults.push(`${said.name} ${error.message}`);
      return null;
    }
  }
  return values;
}

// What no option is wrong about by itself.
function contradictions(options: Options, sources: Statements[]): string[] {
  const given = (key: OptionKey) => sources.some((source) => source.has(key));
  const faults: string[] = [];
  if (given('cert') !== given('key')) {
    faults.push('--cert and --key belong together: give both or neither.');
  }
  const { rtcPort, workers } = options;
  // A worker that is replaced goes on for a while beside its successor.
  if (rtcPort !== 0 && rtcPort + 2 * workers - 1 > 65535) {
    const ports = 2 * workers;
    faults.push(`--rtc-port ${rtcPort} leaves no ${ports} ports below 65536, two for each worker.`);
  }
  if (given('webhookUrls') && !given('webhookSecret')) {
    faults.push('--webhook-url needs --webhook-secret, or nobody could tell who posts.');
  }
  return faults;
}

export function defaultControlSocket(stateDir: string, port: number): string {
  return resolve(stateDir, `control-${port}.sock`);
}

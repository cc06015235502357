// The options in words: for --help, for the README, and for --check-config.

import { environmentNameOf, flagOf, kOptionKeys, rowOf } from './option_table';
import type { OptionKey, Options } from './option_table';
import type { Origins } from './options';

const kHelpColumn = 26;
const kHelpWidth = 100;

export function usage(): string {
  const rows = kOptionKeys.map((key) => {
    const { help, isList } = rowOf(key);
    const often = isList ? '; may be given more than once' : '';
    return entry(flagWithOperand(key), `${help}${often} (default: ${shownDefault(key) || 'none'})`);
  });
  const special = [
    entry('--config FILE', 'read options from this file too (default: $SLUICE_CONFIG)'),
    entry('--check-config', 'say what every option is and where it comes from, and end'),
    entry('--help, --version', ''),
  ];
  return `Usage: sluice-conference [options]

Each option may also stand in the environment, as SLUICE_ and its name in capitals
(${environmentNameOf('rtcPort')}), and in a file. Flags come before the environment, that before the file.

${[...rows, ...special].join('\n')}
`;
}

// The rows of the README's table; a test keeps it current.
export function markdownTable(): string {
  const rows = kOptionKeys.map((key) => {
    const { help, isList } = rowOf(key);
    const often = isList ? '; repeatable' : '';
    const flag = flagWithOperand(key).replace(/\|/g, '\\|');
    return `| \`${flag}\` | \`${key}\` | ${shownDefault(key)} | ${help}${often} |`;
  });
  return ['| option | in a file | default | meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

// What --check-config prints. Secrets are told by their number and length only, webhooks without what
// stands in their query.
export function effective(options: Options, origins: Origins): string {
  const rows = kOptionKeys.map(
    (key) => [key, shownValue(key, options[key]), origins[key]] as const,
  );
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      ([key, value, from]) =>
        `${key.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${from}\n`,
    )
    .join('');
}

function flagWithOperand(key: OptionKey): string {
  return `--${flagOf(key)} ${rowOf(key).operand}`.trimEnd();
}

function shownDefault(key: OptionKey): string {
  const { shown, fallback } = rowOf(key);
  if (shown !== undefined) return shown;
  return fallback === null || Array.isArray(fallback) ? '' : String(fallback);
}

function shownValue(key: OptionKey, value: unknown): string {
  if (value === null) return '-';
  const { isSecret, display } = rowOf(key);
  if (display)
    return JSON.stringify(Array.isArray(value) ? value.map(display) : display(String(value)));
  if (!isSecret) return JSON.stringify(value);
  const secrets = Array.isArray(value) ? value : [value];
  if (secrets.length === 0) return '[]';
  return secrets.map(masked).join(' ');
}

function masked(secret: unknown): string {
  if (typeof secret === 'string') return `(secret of ${Buffer.byteLength(secret)} bytes)`;
  const { urls, username } = secret as { urls: string[]; username?: string };
  return [...urls, ...(username === undefined ? [] : [username, '(secret)'])].join(',');
}

function entry(flag: string, help: string): string {
  const words = help.replace(/`/g, '').split(' ');
  const lines = [`  ${flag}`.padEnd(kHelpColumn)];
  if ((lines[0] ?? '').length > kHelpColumn) lines.push(' '.repeat(kHelpColumn));
  for (const word of words) {
    const last = lines[lines.length - 1] ?? '';
    const joined = `${last}${last.trim() === '' || last.length === kHelpColumn ? '' : ' '}${word}`;
    if (joined.length <= kHelpWidth) lines[lines.length - 1] = joined;
    else lines.push(' '.repeat(kHelpColumn) + word);
  }
  return lines.join('\n').trimEnd();
}

// The tables of docs/metrics.md, out of the table that the exposition is made from.

import { kScopes } from './metric_table';

const kBegin = '<!-- metrics: made by `npm run reference`, from server/metric_table.ts -->';
const kEnd = '<!-- end of metrics -->';

export function metricReference(): string {
  const parts = kScopes.map(({ title, about, prefix, labels, rows }) => {
    const lines = rows.map(({ name, type, help, labels: own = [] }) => {
      const all = [...labels, ...own].map((label) => `\`${label}\``).join(', ');
      return `| \`${prefix}${name}\` | ${type} | ${all} | ${help.replace(/\|/g, '\\|')} |`;
    });
    const head = '| metric | type | labels | meaning |\n| --- | --- | --- | --- |';
    return `### ${title}\n\n${about}\n\n${head}\n${lines.join('\n')}`;
  });
  return [kBegin, ...parts, kEnd].join('\n\n');
}

// The document with its tables as they are now. Throws if it has no place for them.
export function withReference(document: string): string {
  const [begin, end] = [document.indexOf(kBegin), document.indexOf(kEnd)];
  if (begin === -1 || end < begin) throw new Error(`there is no line "${kBegin}"`);
  return document.slice(0, begin) + metricReference() + document.slice(end + kEnd.length);
}

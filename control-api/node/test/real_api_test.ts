// Every row of api_table.ts against live objects, and the document that tells of them.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { workerBin } from '../src/index.js';
import { BweTraceT, TraceInfo, TraceT, TraceType } from '../src/generated/schema.js';
import { decodeTrace, transportTraceTypes } from '../src/trace.js';
import type { Row, Section } from './api_row.js';
import { table } from './api_table.js';
import { World } from './api_world.js';
import { skip } from './real_worker.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const document = `${root}../../docs/api.md`;

describe('the API, row by row', { skip }, () => {
  const world = new World();

  before(async () => {
    await world.build(workerBin, (of) => {
      for (const section of table.filter((each) => each.of === of))
        for (const { is, name } of section.rows)
          if (is === 'event' || is === 'observer') world.note(of, is, name);
    });
    await world.live();
    const bwe = new BweTraceT(4, 3, 2, 1, 5, 'overuse', 6, 'remb');
    const trace = new TraceT(TraceType.Bwe, 1n, 0, TraceInfo.BweTrace, bwe);
    world.samples.set('bweTrace', decodeTrace(trace, transportTraceTypes)?.info);
  });

  for (const section of table) {
    for (const row of section.rows.filter(({ is }) => is === 'option'))
      test(`${section.title}: option ${row.name}`, () => checkOption(section, row));
    test(`${section.title}: properties, methods, fields`, () => {
      for (const row of section.rows) checkShape(section, row);
    });
  }

  test('every event has come', async () => {
    await world.end();
    const missing = table.flatMap(({ of, title, rows }) =>
      rows.flatMap((row) => {
        if (row.is !== 'event' && row.is !== 'observer') return [];
        if (row.by !== undefined)
          return isTest(row.by) ? [] : [`${title}: there is no test ${row.by}`];
        return world.has(of, row.is, row.name) ? [] : [`${title}: ${row.is} ${row.name}`];
      }),
    );
    assert.deepEqual(missing, []);
  });

  async function checkOption(section: Section, row: Row): Promise<void> {
    assert.ok(row.is === 'option');
    const { take, good } = world.creators.get(section.of) ?? assert.fail(`no ${section.of}`);
    const [name, inner] = row.name.split('.') as [string, string?];
    const wrong = inner === undefined ? row.wrong : { [inner]: row.wrong };
    // Ways that exclude one another.
    const rest = Object.entries(good).filter(([key]) => !excludes(name, key));
    const asked = { ...Object.fromEntries(rest), ...prerequisites(section, name) };
    const options = { ...asked, [name]: wrong };
    await assert.rejects(take(options as never), (error: Error) => {
      assert.ok(error instanceof TypeError, `${error.name}: ${error.message}`);
      assert.match(error.message, new RegExp(inner ?? name));
      return true;
    });
  }

  function checkShape(section: Section, row: Row): void {
    if (row.is === 'method') {
      const object = world.first<Record<string, unknown>>(section.of);
      assert.equal(typeof object[row.name], 'function', `${section.title}.${row.name}`);
    }
    if (row.is !== 'property' && row.is !== 'field') return;
    const holder = row.is === 'property' ? world.first(section.of) : world.samples.get(section.of);
    const value = (holder as Record<string, unknown> | undefined)?.[row.name];
    const type = Array.isArray(value) ? 'array' : typeof value;
    assert.ok(row.type.split(',').includes(type), `${section.title}.${row.name} is ${type}`);
  }
});

test('docs/api.md tells of the same rows', () => {
  const text = write();
  if (process.env.UPDATE_DOCS !== undefined) writeFileSync(document, text);
  assert.equal(readFileSync(document, 'utf8'), text, 'run the tests with UPDATE_DOCS=1');
});

const excluding = ['webRtcServer', 'listenInfos', 'listenIps', 'listenInfo', 'listenIp'];

function excludes(name: string, key: string): boolean {
  const both = excluding.includes(name) && excluding.includes(key);
  return both || (name === 'dataProducerId' && key === 'producerId');
}

// What has to be there for an option to be read at all.
function prerequisites({ of }: Section, name: string): object {
  if (/^(sctp|maxSend|maxReceive)/.test(name) && of !== 'createDirectTransport')
    return { enableSctp: true };
  if (name === 'port' && /^create(Plain|Pipe)/.test(of))
    return { listenIp: '127.0.0.1', listenInfo: undefined };
  if (name === 'port' && of === 'createWebRtcTransport')
    return { listenIps: ['127.0.0.1'], webRtcServer: undefined };
  return {};
}

function isTest(by: string): boolean {
  const [file, title] = by.split(/: (.*)/s) as [string, string];
  return readFileSync(`${root}test/${file}.ts`, 'utf8').includes(`'${title}'`);
}

function write(): string {
  const rows = table.flatMap((section) => section.rows);
  const differing = rows.filter(({ note }) => note !== undefined);
  const share = ((100 * (rows.length - differing.length)) / rows.length).toFixed(1);
  const lines = [
    '# The API, row by row',
    '',
    'Written by `UPDATE_DOCS=1 npm test` in `control-api/node`; do not edit. Every row is asked of live objects of a real',
    'worker by `real_api_test`: a property and a field have the type that is told, a method is there, an option is',
    'refused by its name where it has a wrong type, and an event has come, or comes in the test that is named. What methods',
    'and options bring about is shown by the other tests of `control-api/node/test` and of `tests/sim`; where that is more, or',
    'something else, than what users of mediasoup know is in [a table of its own](../control-api/node/README.md#where-it-differs-from-mediasoup-on-purpose).',
    '',
    `${rows.length} rows; ${rows.length - differing.length} are present with the same name, type and place (${share} %), ${differing.length} differ on purpose.`,
    '',
  ];
  for (const section of table) lines.push(`## ${section.title}`, '', ...describeRows(section), '');
  return lines.join('\n');
}

function describeRows({ rows }: Section): string[] {
  return [
    '| | name | what it is | how it is |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.is} | \`${row.name}\` | ${detailOf(row)} | ${stateOf(row)} |`),
  ];
}

function detailOf(row: Row): string {
  if (row.is === 'property' || row.is === 'field') return row.type.replaceAll(',', ' or ');
  if (row.is === 'option') return row.initial === undefined ? '' : `\`${row.initial}\` if missing`;
  return row.is === 'observer' ? 'of `observer`' : '';
}

function stateOf(row: Row): string {
  if (row.note !== undefined) return `differs: ${row.note}`;
  if (row.is === 'option') return 'read and checked';
  if (row.is !== 'event' && row.is !== 'observer') return 'there';
  return row.by === undefined ? 'has come' : `comes (\`${row.by}\`)`;
}

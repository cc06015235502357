import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { withReference } from './metric_reference';
import { allMetricNames } from './metric_table';

// Tests run in the folder of the package.
const kReference = join(process.cwd(), '../../docs/metrics.md');
const kDashboard = join(process.cwd(), 'ops/grafana-dashboard.json');

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string; datasource: { uid: string } }[];
  panels?: Panel[];
}

interface Variable {
  name: string;
  type: string;
  query: string | { query: string };
}

const dashboard = JSON.parse(readFileSync(kDashboard, 'utf8')) as {
  title: string;
  uid: string;
  id: null;
  schemaVersion: number;
  time: { from: string; to: string };
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: { name: string; expr?: string; datasource: object }[] };
};

const drawn = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = [
  ...drawn.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.flatMap(({ expr }) => expr ?? []),
  ...dashboard.templating.list.map(({ query }) =>
    typeof query === 'string' ? query : query.query,
  ),
];

test('the reference of metrics is current (otherwise: npm run reference)', () => {
  const document = readFileSync(kReference, 'utf8');
  assert.equal(document, withReference(document));
});

test('the dashboard asks for metrics that exist, and nothing else', () => {
  const known = allMetricNames();
  const asked = queries.flatMap((query) => query.match(/\bsluice_[a-z_]+/g) ?? []);
  assert.ok(asked.length > 50);
  for (const name of asked) assert.ok(known.has(name), name);
});

test('the dashboard uses counters and histograms by their rates, gauges as they are', () => {
  for (const query of queries.filter((one) => !one.startsWith('label_values'))) {
    for (const [, name = '', before = ''] of countersOf(query)) {
      assert.match(before, /(rate|increase|changes)\($/, `${name} in ${query}`);
    }
    let depth = 0;
    for (const letter of query) depth += letter === '(' ? 1 : letter === ')' ? -1 : 0;
    assert.equal(depth, 0, query);
  }
});

// Each counter of a query, with what stands before it.
function countersOf(query: string): [string, string, string][] {
  return [...query.matchAll(/\bsluice_[a-z_]+(_total|_bucket)\b/g)].map((match) => [
    match[0],
    match[0],
    query.slice(0, match.index),
  ]);
}

test('the dashboard is of the form that Grafana imports', () => {
  assert.ok(dashboard.title && /^[a-zA-Z0-9_-]{1,40}$/.test(dashboard.uid));
  assert.equal(dashboard.id, null, 'a number would be that of another installation');
  assert.ok(dashboard.schemaVersion >= 36);
  assert.match(dashboard.time.from, /^now-/);
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { title, type, gridPos, description, datasource, targets = [] } of drawn) {
    assert.ok(['timeseries', 'stat', 'heatmap'].includes(type), type);
    assert.ok(title && description && description.endsWith('.'), title);
    assert.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' });
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24 && gridPos.h > 0, title);
    assert.ok(targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
    for (const target of targets) assert.equal(target.datasource.uid, '${datasource}');
  }
});

test('no panels of the dashboard lie on one another', () => {
  const cells = new Set<string>();
  for (const { title, gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; ++x) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; ++y) {
        assert.ok(!cells.has(`${x} ${y}`), title);
        cells.add(`${x} ${y}`);
      }
    }
  }
});

test('every variable that the dashboard uses is declared, and every row is there', () => {
  const declared = new Set(dashboard.templating.list.map(({ name }) => name));
  const used = queries.flatMap((query) => query.match(/\$\{?[a-z]+/g) ?? []);
  for (const name of used) assert.ok(declared.has(name.replace(/^\$\{?/, '')), name);
  const rows = dashboard.panels.flatMap(({ type, title }) => (type === 'row' ? title : []));
  const wanted = ['Overview', 'Media', 'Losses', 'Estimates', 'Delay', 'Workers', 'Rooms'];
  assert.deepEqual(rows, wanted);
});

// What the targets of a panel answer, as the data frames that Grafana's components draw.

import { FieldType, Registry, applyFieldOverrides, toDataFrame } from '@grafana/data';

// All choices of the dashboard are "All".
const kAll = '.*';
// As the data source of Grafana chooses it: four scrapes, or a step and a scrape.
const kScrapesInRate = 4;

export function windowOf({ from, to, scrapeSeconds, points }) {
  const step = Math.max(scrapeSeconds, Math.ceil((to - from) / points));
  const rate = Math.max(kScrapesInRate * scrapeSeconds, step + scrapeSeconds);
  return { from, to, step, rate };
}

function substitute(expr, variables, { rate }) {
  const known = { __rate_interval: `${rate}s` };
  for (const { name } of variables) known[name] = kAll;
  return expr.replace(/\$(\w+|\{\w+\})/g, (text, name) => {
    const value = known[name.replace(/[{}]/g, '')];
    if (value === undefined) throw new Error(`the dashboard has no variable ${text}`);
    return value;
  });
}

// [{ metric, values: [[seconds, text]] }]
export async function ask(expr, variables, range) {
  const url = new URL('/api/v1/query_range', location.href);
  url.searchParams.set('query', substitute(expr, variables, range));
  for (const name of ['step', 'to', 'from']) {
    const words = { step: 'step', to: 'end', from: 'start' };
    url.searchParams.set(words[name], range[name]);
  }
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${expr}`);
  return answer.data.result;
}

function legendOf({ legendFormat }, metric) {
  if (!legendFormat) return Object.values(metric).join(' ') || 'Value';
  return legendFormat.replace(/\{\{(\w+)\}\}/g, (_, name) => metric[name] ?? '');
}

// A step without a value is a hole, as Grafana has it.
function frameOf(target, { metric, values }, { from, to, step }) {
  const known = new Map(
    values.map(([seconds, text]) => [Math.round(seconds * 1000), Number(text)]),
  );
  const times = [];
  for (let at = Math.round(from * 1000); at <= to * 1000; at += step * 1000) times.push(at);
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: times },
      {
        name: 'Value',
        type: FieldType.number,
        labels: metric,
        config: { displayNameFromDS: legendOf(target, metric) },
        values: times.map((at) => known.get(at) ?? null),
      },
    ],
  });
}

// One frame for each series of each target; `findings` gets what came back empty.
export async function framesOf(panel, variables, range, findings) {
  const frames = [];
  for (const target of panel.targets) {
    const series = await ask(target.expr, variables, range);
    if (series.length === 0) findings.push({ panel: panel.title, target: target.legendFormat });
    frames.push(...series.map((one) => frameOf(target, one, range)));
  }
  return frames;
}

// Grafana makes this list of what each panel offers to configure; here are the paths that are used.
const kPaths = ['unit', 'min', 'max', 'decimals', 'color', 'thresholds', 'mappings', 'noValue'];
const kCustomPaths = [
  ...['drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'gradientMode', 'showPoints'],
  ...['spanNulls', 'axisSoftMin', 'axisSoftMax', 'scaleDistribution', 'transform', 'hideFrom'],
  ...['lineStyle', 'stacking', 'axisPlacement', 'axisLabel', 'pointSize', 'thresholdsStyle'],
];

const registry = new Registry(() => {
  const item = (path, isCustom) => ({
    ...{ id: isCustom ? `custom.${path}` : path, path, isCustom, name: path },
    process: (value) => value,
    shouldApply: (field) => field.type !== FieldType.time,
  });
  return [...kPaths.map((path) => item(path)), ...kCustomPaths.map((path) => item(path, true))];
});

// Fields with the unit, colour and thresholds of the panel.
export function configured(frames, panel, theme) {
  for (const id of unknownPaths(panel.fieldConfig)) {
    throw new Error(`${panel.title}: this page does not know the field option ${id}`);
  }
  return applyFieldOverrides({
    ...{ data: frames, fieldConfig: panel.fieldConfig, theme, timeZone: 'utc' },
    ...{ fieldConfigRegistry: registry, replaceVariables: (text) => text },
  });
}

function unknownPaths({ defaults, overrides }) {
  const { custom = {}, ...rest } = defaults;
  const ids = [
    ...Object.keys(rest),
    ...Object.keys(custom).map((path) => `custom.${path}`),
    ...overrides.flatMap(({ properties }) => properties.map(({ id }) => id)),
  ];
  return ids.filter((id) => registry.getIfExists(id) === undefined);
}

// The text in which Prometheus and what is like it read metrics: exposition format 0.0.4, or
// OpenMetrics 1.0 for whoever asks for it.

export type Labels = Readonly<Record<string, string>>;

export interface HistogramValue {
  // In the unit of the metric, ascending; each count is of what was at most as much, and above the
  // bound before. The last count is of what was above all bounds.
  bounds: readonly number[];
  counts: readonly number[];
  sum: number;
}

export type MetricType = 'gauge' | 'counter' | 'histogram';

export interface Sample {
  labels: Labels;
  value: number | HistogramValue;
}

export interface Family {
  // A counter's ends in "_total".
  name: string;
  type: MetricType;
  help: string;
  samples: Sample[];
}

export type Format = 'text' | 'openmetrics';

export const kContentTypes: Record<Format, string> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

// OpenMetrics if it is accepted by name; text/plain is what everybody else expects.
export function formatFor(accept: string | undefined): Format {
  for (const part of (accept ?? '').split(',')) {
    const [type, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const refused = parameters.some((text) => /^q=0(\.0*)?$/.test(text));
    if (type === 'application/openmetrics-text' && !refused) return 'openmetrics';
  }
  return 'text';
}

// A family without samples is left out: there is nothing to scrape, and its type is of no use.
export function writeMetrics(families: readonly Family[], format: Format): string {
  const lines: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    // In OpenMetrics a counter is called without what its samples end in.
    const called = format === 'openmetrics' ? family.name.replace(/_total$/, '') : family.name;
    lines.push(`# HELP ${called} ${escapeHelp(family.help, format)}`);
    lines.push(`# TYPE ${called} ${family.type}`);
    for (const sample of family.samples) writeSample(lines, family.name, sample);
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function writeSample(lines: string[], name: string, { labels, value }: Sample): void {
  if (typeof value === 'number') {
    lines.push(`${name}${writeLabels(labels)} ${writeNumber(value)}`);
    return;
  }
  let count = 0;
  for (const [i, bound] of value.bounds.entries()) {
    count += value.counts[i] ?? 0;
    lines.push(`${name}_bucket${writeLabels({ ...labels, le: writeBound(bound) })} ${count}`);
  }
  for (const more of value.counts.slice(value.bounds.length)) count += more;
  lines.push(`${name}_bucket${writeLabels({ ...labels, le: '+Inf' })} ${count}`);
  lines.push(`${name}_sum${writeLabels(labels)} ${writeNumber(value.sum)}`);
  lines.push(`${name}_count${writeLabels(labels)} ${count}`);
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

// OpenMetrics escapes quotes here as well, the older format does not.
function escapeHelp(text: string, format: Format): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
  return format === 'openmetrics' ? escaped.replace(/"/g, '\\"') : escaped;
}

function writeNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

// OpenMetrics wants a point in bounds, so that "1" and "1.0" are not two series.
function writeBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

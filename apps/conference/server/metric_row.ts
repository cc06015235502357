// How a metric is described, and how its samples are read out of what it tells of.

import type { EngineHistogram, EngineTraffic } from './engine';
import type { HistogramValue, MetricType, Sample } from './metric_text';

export interface Row<T> {
  name: string;
  type: MetricType;
  help: string;
  // In addition to what the subject itself is told apart by.
  labels?: readonly string[];
  read: (subject: T) => Sample[];
}

type Value = number | HistogramValue;

export function plain<T>(
  type: MetricType,
  name: string,
  help: string,
  read: (subject: T) => Value | null,
): Row<T> {
  const samples = (subject: T) => {
    const value = read(subject);
    return value === null ? [] : [{ labels: {}, value }];
  };
  return { name, type, help, read: samples };
}

export function each<T>(
  row: Omit<Row<T>, 'read'> & { labels: readonly string[] },
  read: (subject: T) => [string[], number][],
): Row<T> {
  const samples = (subject: T) =>
    read(subject).map(([values, value]) => ({
      labels: Object.fromEntries(row.labels.map((name, i) => [name, values[i] ?? ''])),
      value,
    }));
  return { ...row, read: samples };
}

// Two series: of what people send, and of what they receive.
export function bothWays(
  name: string,
  help: string,
  read: (traffic: EngineTraffic) => [number, number],
): Row<EngineTraffic> {
  return each({ name, type: 'counter', help, labels: ['direction'] }, (traffic) => {
    const [incoming, outgoing] = read(traffic);
    return [
      [['in'], incoming],
      [['out'], outgoing],
    ];
  });
}

export function seconds(histogram: EngineHistogram | undefined): HistogramValue | null {
  if (histogram === undefined || histogram.boundsUs.length === 0) return null;
  return {
    bounds: histogram.boundsUs.map((bound) => bound / 1e6),
    counts: histogram.counts,
    sum: histogram.sumUs / 1e6,
  };
}

// A heat map of histograms. Grafana keeps that panel in its own program and not in its library, so
// this one is ours, on the library's plot: axes and colours follow the panel's options.

import React, { useMemo } from 'react';
import { FieldType, getValueFormat, formattedValueToString } from '@grafana/data';
import { UPlotChart, UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { interpolateSpectral } from 'd3-scale-chromatic';

const kLegendHeight = 28;

const boundOf = ({ le }) => (le === '+Inf' ? Infinity : Number(le));

// Buckets count everything up to their bound; a row is what is between two bounds.
export function rowsOf(frames) {
  const bounded = frames
    .map(({ fields: [, { labels, values }] }) => ({ bound: boundOf(labels), values }))
    .sort((a, b) => a.bound - b.bound);
  return bounded.map(({ bound, values }, at) => {
    const below = bounded[at - 1]?.values;
    return {
      bound,
      counts: values.map((value, i) =>
        value === null ? null : Math.max(0, value - (below?.[i] ?? 0)),
      ),
    };
  });
}

// Rows that stayed empty above and below what there is are left away, but for one.
function worthShowing(rows) {
  const used = rows.map(({ counts }) => counts.some((count) => count > 0));
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)];
  return first < 0 ? rows : rows.slice(Math.max(0, first - 1), last + 2);
}

function builderOf({ rows, times, step, range, color, unit, theme }) {
  const builder = new UPlotConfigBuilder('utc');
  const format = getValueFormat(unit);
  const label = (at) => {
    const bound = rows[at - 1]?.bound;
    if (bound === undefined) return '';
    return bound === Infinity ? '+Inf' : formattedValueToString(format(bound));
  };
  builder.addScale({
    ...{ scaleKey: 'x', isTime: true, orientation: 0, direction: 1 },
    range: () => [range.from * 1000, range.to * 1000],
  });
  builder.addScale({
    ...{ scaleKey: 'y', orientation: 1, direction: 1 },
    range: () => [0, rows.length],
  });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: 'bottom', timeZone: 'utc', theme });
  builder.addAxis({
    ...{ scaleKey: 'y', placement: 'left', theme, grid: { show: false } },
    splits: () =>
      rows.map((_, at) => at + 1).filter((at) => at % Math.ceil(rows.length / 10) === 0),
    values: (_, splits) => splits.map(label),
  });
  builder.addSeries({
    scaleKey: 'y',
    theme,
    drawStyle: 'points',
    show: true,
    pointColor: 'transparent',
  });
  builder.addHook('draw', (plot) => paint(plot, { rows, times, step, color }));
  return builder;
}

const mostOf = (rows) => Math.max(1, ...rows.flatMap(({ counts }) => counts.map(Number)));

function shade(count, most, { exponent, reverse, steps }) {
  const share = Math.round((count / most) ** exponent * (steps - 1)) / (steps - 1);
  return interpolateSpectral(reverse ? 1 - share : share);
}

function paint(plot, { rows, times, step, color }) {
  const { ctx } = plot;
  const most = mostOf(rows);
  const gap = devicePixelRatio;
  ctx.save();
  for (const [row, { counts }] of rows.entries()) {
    const [bottom, top] = [row, row + 1].map((at) => plot.valToPos(at, 'y', true));
    for (const [i, count] of counts.entries()) {
      if (!(count > 0)) continue;
      // A value stands for the time before it.
      const [left, right] = [times[i] - step * 1000, times[i]].map((at) =>
        plot.valToPos(at, 'x', true),
      );
      if (right <= plot.bbox.left) continue;
      ctx.fillStyle = shade(count, most, color);
      const from = Math.max(left, plot.bbox.left);
      ctx.fillRect(from, top, Math.max(1, right - from - gap), bottom - top - gap);
    }
  }
  ctx.restore();
}

function Scale({ color, most, unit }) {
  const stops = Array.from({ length: 12 }, (_, i) =>
    shade((i / 11) ** (1 / color.exponent), 1, color),
  );
  const text = formattedValueToString(getValueFormat(unit)(most));
  return (
    <div className="heat-scale">
      0
      <div style={{ background: `linear-gradient(to right, ${stops.join(',')})` }} />
      {text}
    </div>
  );
}

export function Heat({ panel, frames, range, width, height }) {
  const theme = useTheme2();
  const { options } = panel;
  const { builder, data, most } = useMemo(() => {
    const rows = worthShowing(rowsOf(frames));
    const times = frames[0].fields.find(({ type }) => type === FieldType.time).values;
    const { step } = range;
    const unit = options.yAxis.unit;
    return {
      builder: builderOf({ rows, times, step, range, color: options.color, unit, theme }),
      data: [times, times.map(() => null)],
      most: mostOf(rows),
    };
  }, []);
  return (
    <>
      <UPlotChart config={builder} data={data} width={width} height={height - kLegendHeight} />
      <Scale color={options.color} most={most} unit={options.cellValues.unit} />
    </>
  );
}

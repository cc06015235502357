// One component for each kind of panel that the dashboard has.

import React from 'react';
import { dateTime, getFieldDisplayValues } from '@grafana/data';
import { BigValue, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';

import { configured } from './data.js';
import { Heat } from './heat.jsx';

const kAnnotationDash = [6, 4];

function timeRangeOf({ from, to }) {
  const [start, end] = [from, to].map((at) => dateTime(at * 1000));
  return { from: start, to: end, raw: { from: start, to: end } };
}

// Dashed lines at `times`, as Grafana draws annotations.
function annotate(config, times, color) {
  config.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = color;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(kAnnotationDash.map((length) => length * devicePixelRatio));
    for (const at of times) {
      const x = Math.round(plot.valToPos(at, 'x', true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  });
}

function Curves({ panel, frames, range, annotations, width, height }) {
  const theme = useTheme2();
  return (
    <TimeSeries
      frames={configured(frames, panel, theme)}
      timeRange={timeRangeOf(range)}
      timeZone="utc"
      structureRev={1}
      width={width}
      height={height}
      options={panel.options}
      legend={panel.options.legend}
    >
      {(config) => {
        const { color, times } = annotations;
        annotate(config, times, theme.visualization.getColorByName(color));
        return null;
      }}
    </TimeSeries>
  );
}

function Numbers({ panel, frames, width, height }) {
  const theme = useTheme2();
  const { options, fieldConfig } = panel;
  const getValues = () =>
    getFieldDisplayValues({
      ...{ fieldConfig, reduceOptions: options.reduceOptions, theme, timeZone: 'utc' },
      ...{ data: configured(frames, panel, theme), sparkline: options.graphMode !== 'none' },
      replaceVariables: (text) => text,
    });
  const renderValue = ({ value: { display, sparkline }, width: wide, height: high, count }) => (
    <BigValue
      value={display}
      count={count}
      sparkline={sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      width={wide}
      height={high}
      theme={theme}
    />
  );
  return (
    <VizRepeater
      getValues={getValues}
      renderValue={renderValue}
      source={frames}
      renderCounter={1}
      orientation={options.orientation}
      width={width}
      height={height}
    />
  );
}

const kKinds = { timeseries: Curves, stat: Numbers, heatmap: Heat };

export function Panel(props) {
  const Kind = kKinds[props.panel.type];
  if (!Kind) throw new Error(`${props.panel.title}: no component draws a ${props.panel.type}`);
  if (props.frames.length === 0) return <div className="no-data">No data</div>;
  return <Kind {...props} />;
}

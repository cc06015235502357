// Puts the panels of the dashboard where it says, each asked of the Prometheus behind this page.

import React from 'react';
import { createRoot } from 'react-dom/client';
import { ThemeContext, createTheme } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import 'uplot/dist/uPlot.min.css';

import { ask, framesOf, windowOf } from './data.js';
import { Panel } from './panels.jsx';

// The grid of Grafana: 24 columns, rows of 30 pixels, 8 between all.
const kColumns = 24;
const kRow = 30;
const kGap = 8;
const kHeader = 56;

function place({ x, y, w, h }, width) {
  const column = (width - kGap) / kColumns;
  return {
    left: kGap + x * column,
    top: kHeader + y * (kRow + kGap),
    width: w * column - kGap,
    height: h * (kRow + kGap) - kGap,
  };
}

function Header({ dashboard, range }) {
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, 19);
  return (
    <header>
      <h1>{dashboard.title}</h1>
      {dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map(({ name, label }) => (
          <span key={name} className="choice">
            <b>{label}</b> All
          </span>
        ))}
      <span className="times">
        {clock(range.from)} to {clock(range.to)} UTC
      </span>
    </header>
  );
}

function Dashboard({ dashboard, loaded, range, annotations, width }) {
  return (
    <>
      <Header dashboard={dashboard} range={range} />
      {dashboard.panels.map((panel) => {
        const { left, top, width: w, height: h } = place(panel.gridPos, width);
        const style = { position: 'absolute', left, top, width: w, height: h };
        if (panel.type === 'row') {
          return (
            <h2 key={panel.id} style={style}>
              {panel.title}
            </h2>
          );
        }
        const props = { panel, frames: loaded.get(panel.id), range, annotations };
        return (
          <div key={panel.id} style={style}>
            <PanelChrome width={w} height={h} title={panel.title} description={panel.description}>
              {(inner, high) => <Panel {...props} width={inner} height={high} />}
            </PanelChrome>
          </div>
        );
      })}
    </>
  );
}

// When what the annotation asks for began to be.
async function annotationsOf(dashboard, range) {
  const own = dashboard.annotations.list.find(({ builtIn }) => !builtIn);
  const series = await ask(own.expr, dashboard.templating.list, range);
  const times = series.flatMap(({ values }) =>
    values
      .filter(([at], i) => i === 0 || at - values[i - 1][0] > range.step)
      .map(([at]) => at * 1000),
  );
  return { color: own.iconColor, times };
}

async function draw() {
  const { dashboard, window: asked, width } = await (await fetch('/setup.json')).json();
  const range = windowOf(asked);
  const findings = [];
  const loaded = new Map();
  for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
    loaded.set(panel.id, await framesOf(panel, dashboard.templating.list, range, findings));
  }
  const annotations = await annotationsOf(dashboard, range);
  const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  document.body.style.height = `${kHeader + bottom * (kRow + kGap) + kGap}px`;
  const theme = createTheme({ colors: { mode: dashboard.style } });
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.querySelector('#dashboard')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Dashboard {...{ dashboard, loaded, range, annotations, width }} />
    </ThemeContext.Provider>,
  );
  return findings;
}

window.drawing = draw();

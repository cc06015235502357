// Draws the dashboard as a picture.
//
// usage: npm run draw -- [--data FOLDER | --prometheus URL --minutes N] [--out FILE] [--width N]
//
//   --data FOLDER      what record.mjs has kept (default: recorded)
//   --prometheus URL   a Prometheus that runs, and its last N minutes (default 60), scraped every 15 s
//   --out FILE         default: docs/images/dashboard.png
//
// Says which targets have nothing to show. Exit status 1 if one cannot be asked or drawn.

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

import { openPrometheus } from './prometheus.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const kIcons = join(here, 'node_modules/@grafana/ui/dist/public/');
const kTypes = { '.svg': 'image/svg+xml', '.json': 'application/json', '.css': 'text/css' };
const kPoints = 400;
const kDrawMs = 60_000;
// What fonts, icons and plots need once everything is there.
const kSettleMs = 1500;

async function bundle() {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(here, 'page/main.jsx')], bundle: true, write: false, format: 'iife' },
    ...{ target: 'chrome111', minify: true, logLevel: 'error', outdir: here },
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.svg': 'text' },
  });
  return outputFiles.map(({ path, text }) => [`/${basename(path)}`, text]);
}

// The page, and the Prometheus behind the same address.
async function serve(setup, prometheus) {
  const html = `<!doctype html><meta charset="utf8">
    <link rel="stylesheet" href="/main.css"><link rel="stylesheet" href="/page.css">
    <body><div id="dashboard"></div><script src="/main.js"></script>`;
  const files = new Map([
    ['/', html],
    ...(await bundle()),
    ['/page.css', await readFile(join(here, 'page/page.css'))],
    ['/setup.json', JSON.stringify(setup)],
  ]);
  const answer = async (url) => {
    if (url.pathname.startsWith('/api/')) {
      const asked = await fetch(new URL(url.pathname + url.search, prometheus));
      return Buffer.from(await asked.arrayBuffer());
    }
    if (files.has(url.pathname)) return files.get(url.pathname);
    const path = resolve(kIcons, url.pathname.replace(/^\/public\//, ''));
    if (!path.startsWith(kIcons)) throw new Error('outside of the icons');
    return readFile(path);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const type = kTypes[extname(url.pathname)] ?? (url.pathname === '/' ? 'text/html' : '');
    answer(url).then(
      (body) => response.writeHead(200, { 'Content-Type': type || 'text/plain' }).end(body),
      (error) => response.writeHead(404).end(error.message),
    );
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

// A picture of flat colours takes a third of the space with a palette, and loses nothing.
function saveWithFewColours(png, out) {
  const filter = 'split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=none';
  const args = ['-v', 'error', '-y', '-f', 'image2pipe', '-i', '-', '-vf', filter, out];
  const { status, error, stderr } = spawnSync('ffmpeg', args, { input: png });
  if (error) throw new Error(`${error.message}: install Debian's ffmpeg`);
  if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
}

async function photograph(url, { width, out }) {
  const executablePath = process.env.SLUICE_CHROMIUM ?? '/usr/bin/chromium';
  const args = ['--no-sandbox', '--disable-gpu'];
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: 'dark' });
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.setDefaultTimeout(kDrawMs);
    await page.goto(url);
    const findings = await page.evaluate(() => window.drawing);
    await page.waitForTimeout(kSettleMs);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    saveWithFewColours(await page.screenshot({ fullPage: true }), out);
    return findings;
  } finally {
    await browser.close();
  }
}

function number(option, text, low, high) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`--${option} must be a whole number from ${low} to ${high}, not "${text}"`);
}

async function sourceOf(values) {
  if (values.prometheus) {
    const to = Math.floor(Date.now() / 1000);
    const from = to - 60 * number('minutes', values.minutes, 1, 10_000);
    return { url: values.prometheus, window: { from, to, scrapeSeconds: 15 }, close: () => {} };
  }
  const folder = resolve(values.data);
  const window = JSON.parse(await readFile(join(folder, 'window.json'), 'utf8'));
  return { ...(await openPrometheus(join(folder, 'data'))), window };
}

async function main() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: 'recorded' },
      prometheus: { type: 'string' },
      minutes: { type: 'string', default: '60' },
      out: { type: 'string', default: join(here, '../../../../docs/images/dashboard.png') },
      width: { type: 'string', default: '1600' },
    },
  });
  const dashboard = JSON.parse(await readFile(join(here, '../grafana-dashboard.json'), 'utf8'));
  const width = number('width', values.width, 800, 4000);
  const source = await sourceOf(values);
  const window = { ...source.window, points: kPoints };
  const server = await serve({ dashboard, window, width }, source.url);
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    const findings = await photograph(url, { width, out: values.out });
    for (const { panel, target } of findings) console.log(`nothing to show: ${panel}, ${target}`);
    console.log(`saved ${values.out}`);
  } finally {
    server.close();
    await source.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(`draw: ${error.message}`);
  process.exitCode = 1;
}

// Builds dist/server, dist/recorder, dist/token and dist/page; with --tests builds and runs the unit tests instead.
//
// The server's packages stay outside its bundle and are loaded from node_modules; the page is one
// script and one style sheet, because it is loaded by strangers.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const node = { platform: 'node', target: 'node18', format: 'esm', packages: 'external' };
const quiet = { bundle: true, logLevel: 'warning', absWorkingDir: here, legalComments: 'none' };

async function buildServer() {
  for (const folder of ['server', 'recorder', 'token']) {
    const outdir = join(dist, folder);
    rmSync(outdir, { recursive: true, force: true });
    const entryPoints = [`${folder}/main.ts`];
    // What is imported later is a file of its own, or its packages would be loaded before main.
    await build({ ...quiet, ...node, entryPoints, outdir, splitting: true, sourcemap: true });
  }
}

async function buildPage() {
  const outdir = join(dist, 'page');
  rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    ...quiet,
    metafile: true,
    entryPoints: { app: 'page/main.ts', plain: 'page/plain/main.ts', live: 'live/main.ts' },
    outdir,
    platform: 'browser',
    target: ['chrome111', 'firefox120', 'safari15'],
    format: 'iife',
    minify: true,
  });
  const styles = {
    style: 'page/style.css',
    plain: 'page/plain/plain.css',
    live: 'live/live.css',
  };
  await build({ ...quiet, entryPoints: styles, outdir, minify: true });
  mkdirSync(outdir, { recursive: true });
  for (const name of ['index.html', 'icon.svg']) {
    copyFileSync(join(here, 'page', name), join(outdir, name));
  }
  writeFileSync(join(outdir, 'licences.txt'), licencesOf(Object.keys(metafile.inputs)));
  copyFileSync(join(here, 'live', 'live.html'), join(outdir, 'live.html'));
  copyFileSync(join(here, 'page', 'plain', 'index.html'), join(outdir, 'plain.html'));
}

// Of the packages that are inside of the page: whoever passes the page on passes these on with it.
function licencesOf(sources) {
  const packages = sources.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const texts = [...new Set(packages)].filter(Boolean).map((path) => {
    const folder = join(here, path);
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence and is inside of the page`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.sort().join(`\n${'-'.repeat(72)}\n\n`);
}

async function runTests() {
  const outdir = join(dist, 'tests');
  rmSync(outdir, { recursive: true, force: true });
  const folders = ['server', 'server/whip', 'recorder', 'token', 'ops', 'page', 'live', 'protocol'];
  const nameOf = (folder, name) => `${folder.replace('/', '_')}_${basename(name, '.ts')}`;
  const entryPoints = folders.flatMap((folder) =>
    readdirSync(join(here, folder))
      .filter((name) => name.endsWith('_test.ts'))
      .map((name) => ({ in: join(folder, name), out: nameOf(folder, name) })),
  );
  await build({ ...quiet, ...node, entryPoints, outdir, sourcemap: 'inline' });
  const files = readdirSync(outdir).map((name) => join(outdir, name));
  const args = ['--enable-source-maps', '--test', ...files];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: here });
  return status ?? 1;
}

// The tables in docs/metrics.md, from the table of the metrics.
async function writeReference() {
  const outfile = join(dist, 'reference.mjs');
  await build({ ...quiet, ...node, entryPoints: ['server/metric_reference.ts'], outfile });
  const { withReference } = await import(outfile);
  const path = join(here, '../../docs/metrics.md');
  writeFileSync(path, withReference(readFileSync(path, 'utf8')));
}

if (process.argv.includes('--tests')) {
  process.exitCode = await runTests();
} else if (process.argv.includes('--reference')) {
  await writeReference();
} else {
  await Promise.all([buildServer(), buildPage()]);
  console.log('conference: built dist/server, dist/recorder, dist/token and dist/page');
}

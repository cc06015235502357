// Builds dist/server, dist/recorder, dist/token and dist/page; with --tests builds and runs the unit tests instead.
//
// The server's packages stay outside its bundle and are loaded from node_modules; the page is one
// script and one style sheet, because it is loaded by strangers.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const node = { platform: 'node', target: 'node18', format: 'esm', packages: 'external' };
const quiet = { bundle: true, logLevel: 'warning', absWorkingDir: here, legalComments: 'none' };

async function buildServer() {
  for (const folder of ['server', 'recorder', 'token']) {
    const outfile = join(dist, folder, 'main.js');
    const entryPoints = [`${folder}/main.ts`];
    await build({ ...quiet, ...node, entryPoints, outfile, sourcemap: true });
  }
}

async function buildPage() {
  const outdir = join(dist, 'page');
  rmSync(outdir, { recursive: true, force: true });
  await build({
    ...quiet,
    entryPoints: { app: 'page/main.ts', plain: 'page/plain/main.ts' },
    outdir,
    platform: 'browser',
    target: ['chrome111', 'firefox120', 'safari15'],
    format: 'iife',
    minify: true,
  });
  const styles = { style: 'page/style.css', plain: 'page/plain/plain.css' };
  await build({ ...quiet, entryPoints: styles, outdir, minify: true });
  mkdirSync(outdir, { recursive: true });
  for (const name of ['index.html', 'icon.svg']) {
    copyFileSync(join(here, 'page', name), join(outdir, name));
  }
  copyFileSync(join(here, 'page', 'plain', 'index.html'), join(outdir, 'plain.html'));
}

async function runTests() {
  const outdir = join(dist, 'tests');
  rmSync(outdir, { recursive: true, force: true });
  const folders = ['server', 'server/whip', 'recorder', 'token', 'ops', 'page', 'protocol'];
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

if (process.argv.includes('--tests')) {
  process.exitCode = await runTests();
} else {
  await Promise.all([buildServer(), buildPage()]);
  console.log('conference: built dist/server, dist/recorder, dist/token and dist/page');
}

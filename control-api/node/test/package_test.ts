// What is installed elsewhere: both module systems, and the example of the README.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { workerBin } from '../src/index.js';
import { fakeWorkerBin } from './fixtures.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('ES modules and CommonJS export the same names', async () => {
  const common = createRequire(import.meta.url)('@sluice/sdk') as object;
  const modern = (await import('@sluice/sdk' as string)) as object;
  const names = (exported: object): string[] =>
    Object.keys(exported)
      .filter((name) => name !== 'default')
      .sort();
  assert.ok(names(modern).includes('createWorker'));
  assert.deepEqual(
    names(common).filter((name) => name !== 'module.exports'),
    names(modern),
  );
});

test('both find the same worker', () => {
  const code = "console.log(require('@sluice/sdk').workerBin)";
  const found = execFileSync(process.execPath, ['-e', code], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  assert.equal(found, workerBin);
});

test('the environment chooses the worker', () => {
  const code = "console.log(require('@sluice/sdk').workerBin)";
  const env = { ...process.env, SLUICE_WORKER_BIN: '/chosen' };
  assert.equal(
    execFileSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8', env }).trim(),
    '/chosen',
  );
});

test('the example runs and prints candidates', () => {
  const env = { ...process.env, SLUICE_WORKER_BIN: fakeWorkerBin() };
  const output = execFileSync(process.execPath, ['examples/embed.mjs'], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  assert.match(output, /udp 127\.0\.0\.1 40000/);
});

test('what is published has the example and the licence', () => {
  const line = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [made] = JSON.parse(execFileSync('npm', line, { cwd: root, encoding: 'utf8' })) as {
    files: { path: string }[];
  }[];
  const paths = made?.files.map(({ path }) => path) ?? [];
  for (const path of ['LICENSE', 'README.md', 'examples/embed.mjs', 'dist/esm/index.js']) {
    assert.ok(paths.includes(path), path);
  }
  const licence = (path: string) => readFileSync(`${root}${path}`, 'utf8');
  assert.equal(licence('LICENSE'), licence('../../LICENSE'));
});

// A Prometheus of our own: its settings, and one that only answers from what it kept.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const prometheusPath = process.env.SLUICE_PROMETHEUS ?? 'prometheus';
export const kScrapeSeconds = 2;
const kStartMs = 20_000;

// Below `folder`; what to call prometheus with. `target` has an address and the token of /metrics.
export async function writeSettings(folder, { address, token }) {
  const file = join(folder, 'prometheus.yml');
  const scrape = [
    `global: { scrape_interval: ${kScrapeSeconds}s }`,
    'scrape_configs:',
    '  - job_name: sluice',
    `    authorization: { credentials: ${token} }`,
    `    static_configs: [{ targets: ['${address}'] }]`,
  ];
  await writeFile(file, `${scrape.join('\n')}\n`);
  return options(file, join(folder, 'data'), '127.0.0.1:9090');
}

function options(file, data, listen) {
  return [
    `--config.file=${file}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${listen}`,
    '--log.level=warn',
  ];
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Answers from the `data` folder and scrapes nothing. { url, close }
export async function openPrometheus(data) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, 'scrape_configs: []\n');
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const stdio = ['ignore', 'ignore', 'inherit'];
  const child = spawn(prometheusPath, options(file, data, listen), { stdio });
  let failure = null;
  const ended = new Promise((resolve) => {
    child.once('error', ({ message }) => {
      const advice = "install Debian's prometheus, or name the program in SLUICE_PROMETHEUS";
      resolve((failure = new Error(`${message}: ${advice}`)));
    });
    child.once('exit', (code) => resolve((failure ??= new Error(`prometheus ended with ${code}`))));
  });
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  const url = `http://${listen}`;
  const deadline = Date.now() + kStartMs;
  for (;;) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    if (answer?.ok) return { url, close };
    if (failure === null && Date.now() > deadline) failure = new Error('prometheus does not start');
    if (failure !== null) {
      await close();
      throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

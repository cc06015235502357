// Three people on every kind of bad network, as a table.
//
// usage: npm run networks -- [--out DIR] [--only NAME[,NAME...]] [--short] [--codec VP8]
//
// Writes networks.md and networks.json into DIR (default: the current folder). Exit code 1 if a goal
// is missed. Needs root.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { goals } from './networks/goals.js';
import { play } from './networks/play.js';
import { kProfiles, kShortProfiles } from './networks/profiles.js';
import { markdown } from './networks/report.js';
import { chromiumPath } from './support/browser.js';
import { Network, kCamera } from './support/network.js';
import { whyNoNamespaces } from './support/namespace.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '.' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
    codec: { type: 'string' },
  },
});

function chosenProfiles() {
  const all = values.short ? kShortProfiles : kProfiles;
  if (!values.only) return all;
  const wanted = values.only.split(',');
  const unknown = wanted.find((name) => !all.some((profile) => profile.name === name));
  if (unknown) throw new Error(`no network is called "${unknown}": ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => wanted.includes(name));
}

function describeMachine(load) {
  const version = execFileSync(chromiumPath, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const { width, height, fps } = kCamera;
  return `${version}, ${availableParallelism()} cores, load ${load.map((one) => one.toFixed(1)).join(' to ')}; cameras of ${width}x${height} at ${fps} fps.`;
}

async function main() {
  if (whyNoNamespaces) throw new Error(whyNoNamespaces);
  const profiles = chosenProfiles();
  mkdirSync(values.out, { recursive: true });
  const params = values.codec ? { codec: values.codec } : {};
  const results = [];
  const load = [loadavg()[0]];
  const network = await Network.open();
  try {
    for (const profile of profiles) {
      process.stderr.write(`${profile.name} ...\n`);
      results.push(await play(network, profile, { fullWidth: kCamera.width, params }));
    }
  } finally {
    await network.close();
  }
  load.push(loadavg()[0]);
  const found = goals(results, kCamera.width);
  const facts = { results, goals: found, machine: describeMachine(load), badName: network.names.at(-1) };
  writeFileSync(join(values.out, 'networks.json'), JSON.stringify(facts, null, 1));
  writeFileSync(join(values.out, 'networks.md'), markdown(facts));
  process.stdout.write(markdown(facts));
  return found.every(({ met }) => met) ? 0 : 1;
}

process.exitCode = await main();

// Three people on every kind of bad network, as a table.
//
// usage: npm run networks -- [--out DIR] [--only NAME[,NAME...]] [--short] [--codec VP8]
//
// Writes networks.md and networks.json into DIR (default: the current folder). Exit code 1 if a
// goal is missed. Needs root.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { goals, shortGoals } from './networks/goals.js';
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
  const known = all.map(({ name }) => name).join(', ');
  if (unknown) throw new Error(`no network is called "${unknown}", only ${known}`);
  return all.filter(({ name }) => wanted.includes(name));
}

function describeMachine(load) {
  const output = execFileSync(chromiumPath, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
  const loads = load.map((one) => one.toFixed(1)).join(' to ');
  const cores = `${availableParallelism()} cores, load ${loads}`;
  const { width, height, fps } = kCamera;
  return `${output.trim()}, ${cores}; cameras of ${width}x${height} at ${fps} fps.`;
}

// A profile in which the call breaks down is a finding; the others are played all the same.
async function tryToPlay(network, profile) {
  const params = values.codec ? { codec: values.codec } : {};
  process.stderr.write(`${profile.name} ...\n`);
  try {
    return await play(network, profile, { fullWidth: kCamera.width, params });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return { profile: profile.name, failure: error.message.split('\n')[0] };
  }
}

async function main() {
  if (whyNoNamespaces) throw new Error(whyNoNamespaces);
  const profiles = chosenProfiles();
  mkdirSync(values.out, { recursive: true });
  const results = [];
  const load = [loadavg()[0]];
  const network = await Network.open();
  try {
    for (const profile of profiles) results.push(await tryToPlay(network, profile));
  } finally {
    await network.close();
  }
  load.push(loadavg()[0]);
  const found = values.short ? shortGoals(results) : goals(results, kCamera.width);
  const badName = network.names.at(-1);
  const facts = { machine: describeMachine(load), badName, goals: found, results };
  writeFileSync(join(values.out, 'networks.json'), JSON.stringify(facts, null, 1));
  writeFileSync(join(values.out, 'networks.md'), markdown(facts));
  process.stdout.write(markdown(facts));
  return found.every(({ met }) => met) ? 0 : 1;
}

process.exitCode = await main();

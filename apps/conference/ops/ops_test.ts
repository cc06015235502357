// What operators are given is true of the program: the unit, the image, the proxy, the settings.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseOptions } from '../server/options';

// Tests run in the folder of the package.
const kRepository = '../..';
const ops = (name: string) => readFileSync(`ops/${name}`, 'utf8');

const noSystemd =
  spawnSync('systemd-analyze', ['--version']).status === 0
    ? false
    : "there is no systemd-analyze: install Debian's systemd";

test('systemd takes the unit without a complaint', { skip: noSystemd }, () => {
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', './ops/sluice-conference.service'],
    { encoding: 'utf8' },
  );
  // What is installed elsewhere on this machine is no fault of the unit.
  const said = stderr.split('\n').filter((line) => line && !/is not executable/.test(line));
  assert.deepEqual(said, []);
  if (existsSync('/usr/bin/sluice-conference')) assert.equal(status, 0, stderr);
});

test('the unit starts what the package brings', () => {
  const commands = [...ops('sluice-conference.service').matchAll(/^Exec\w+=(\S+)/gm)];
  const rules = readFileSync(`${kRepository}/cmake/package.cmake`, 'utf8');
  assert.ok(rules.includes('install(PROGRAMS apps/conference/sluice-conference DESTINATION'));
  assert.deepEqual(
    commands.map(([, program]) => program),
    ['/usr/bin/sluice-conference', '/usr/bin/sluice-conference'],
  );
});

test('one command starts all three programs where they are installed', () => {
  const prefix = mkdtempSync(join(tmpdir(), 'sluice-ops-'));
  try {
    mkdirSync(join(prefix, 'bin'));
    const command = join(prefix, 'bin/sluice-conference');
    copyFileSync('sluice-conference', command);
    for (const name of ['server', 'token', 'recorder']) {
      const folder = join(prefix, 'lib/sluice/conference/dist', name);
      mkdirSync(folder, { recursive: true });
      const says = `console.log(process.env.SLUICE_CALLED_AS, '${name}', ...process.argv.slice(2));`;
      writeFileSync(join(folder, 'main.js'), says);
    }
    const run = (...line: string[]) =>
      spawnSync('sh', [command, ...line], { encoding: 'utf8' }).stdout.trim();
    assert.equal(run(), 'sluice-conference server');
    assert.equal(run('--port', '1'), 'sluice-conference server --port 1');
    assert.equal(run('token', '--room', 'a b'), 'sluice-conference token token --room a b');
    assert.equal(run('record', '--help'), 'sluice-conference record recorder --help');
  } finally {
    rmSync(prefix, { recursive: true });
  }
});

test('the unit is as closed as systemd can tell', { skip: noSystemd }, () => {
  const line = ['security', '--offline=true', '--threshold=20', './ops/sluice-conference.service'];
  const { status, stdout } = spawnSync('systemd-analyze', line, { encoding: 'utf8' });
  assert.equal(status, 0, stdout.split('\n').slice(-3).join('\n'));
});

test('the example configuration is right, and nobody knows a secret by it', () => {
  const file = () => ops('conference.json');
  const parsed = parseOptions(['--config', 'ops/conference.json'], {}, file);
  assert.ok(parsed.kind === 'run', JSON.stringify(parsed));
  assert.deepEqual(parsed.options.tokenSecrets, []);
  assert.deepEqual(parsed.options.adminSecrets, []);
});

test('the kernel knows the settings, and they hold what the worker asks for', () => {
  const lines = ops('90-sluice.conf').split('\n');
  const settings = lines.filter((line) => line && !line.startsWith('#'));
  assert.equal(settings.length, 3);
  for (const line of settings) {
    const [, name = '', value = ''] = /^([a-z_.]+) = (\d+)$/.exec(line) ?? [];
    assert.ok(name, line);
    // Of the first namespace only; a container sees no others.
    const path = `/proc/sys/${name.replace(/\./g, '/')}`;
    if (existsSync('/proc/sys/net/core/rmem_max')) assert.ok(existsSync(path), path);
    if (name.endsWith('mem_max')) {
      const header = readFileSync(`${kRepository}/worker/io/udp_socket.h`, 'utf8');
      const [, factor, shift] = /kDefaultBuffer = (\d+)u << (\d+)/.exec(header) ?? [];
      assert.equal(Number(value), Number(factor) << Number(shift));
    }
  }
});

test('the image is built of what is in the repository and what setup installs', () => {
  const reader = [
    'import json, sys',
    "sys.path.insert(0, 'ops')",
    'import dockerfile',
    "stages = dockerfile.read(open('ops/Dockerfile').read())",
    'print(json.dumps([{"name": s.name, "base": s.base, "packages": dockerfile.packages_of(s),',
    '  "copies": [dockerfile.copy_of(r) for w, r in s.instructions if w == "COPY"],',
    '  "entry": [dockerfile.words_of(r) for w, r in s.instructions if w == "ENTRYPOINT"]}',
    '  for s in stages]))',
  ].join('\n');
  const { status, stdout, stderr } = spawnSync('python3', ['-c', reader], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const stages = JSON.parse(stdout) as {
    name: string;
    base: string;
    packages: string[];
    copies: [string | null, string[], string][];
    entry: string[][];
  }[];
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['worker', 'conference', ''],
  );
  const setup = readFileSync(`${kRepository}/scripts/setup.sh`, 'utf8');
  const installed = setup.split(/[\s()]+/);
  for (const { base, copies, packages } of stages) {
    assert.equal(base, 'debian:12');
    for (const [from, sources] of copies) {
      for (const source of sources) {
        if (from === null) assert.ok(existsSync(`${kRepository}/${source}`), source);
        else assert.ok(stages.some(({ name }) => name === from));
      }
    }
    // Libraries at run time have other names than what is compiled against.
    const tools = packages.filter((name) => !/^lib.*\d$/.test(name));
    for (const name of tools) assert.ok(installed.includes(name), name);
  }
  const [entry] = stages[2]?.entry ?? [];
  assert.equal(entry?.[1], '/opt/sluice/apps/conference/dist/server/main.js');
});

test('the proxy hands on what the server needs, and not what it must not', () => {
  const text = ops('nginx.conf');
  for (const line of [
    'proxy_set_header Host $http_host;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_next_upstream error timeout http_503;',
    // Else an offer would end at a server that drains, and a fragment at one without the session.
    'proxy_next_upstream error timeout http_404 http_503 non_idempotent;',
    // Without it a stranger who sends "Host: localhost" would pass for somebody on this machine.
    'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    'location /admin/',
    'location = /metrics',
  ]) {
    assert.ok(text.includes(line), line);
  }
});

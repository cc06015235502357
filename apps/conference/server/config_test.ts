import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { test } from 'node:test';

import { kMaxConfigBytes } from './config_file';
import { effective, markdownTable, usage } from './option_report';
import { environmentNameOf, flagOf, kOptionKeys } from './option_table';
import { parseOptions } from './options';
import type { Options, Origins, Parsed } from './options';

const kSecret = 's'.repeat(40);

function parse(file: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Parsed {
  return parseOptions(['--config', 'sluice.json', ...args], env, () => file);
}

function good(parsed: Parsed): { options: Options; origins: Origins } {
  assert.ok(parsed.kind === 'run' || parsed.kind === 'check', JSON.stringify(parsed));
  return parsed;
}

function faultsOf(parsed: Parsed): string[] {
  assert.equal(parsed.kind, 'wrong', JSON.stringify(parsed));
  return (parsed as { faults: string[] }).faults;
}

test('a flag comes before the environment, that before the file, that before the default', () => {
  const file = '{"port": 1, "maxRooms": 1, "maxPeers": 1}';
  const env = { SLUICE_PORT: '2', SLUICE_MAX_ROOMS: '2' };
  const { options, origins } = good(parse(file, ['--port', '3'], env));
  const { port, maxRooms, maxPeers, maxPeersPerRoom } = options;
  assert.deepEqual([port, maxRooms, maxPeers, maxPeersPerRoom], [3, 2, 1, 32]);
  const from = [origins.port, origins.maxRooms, origins.maxPeers, origins.maxPeersPerRoom];
  assert.deepEqual(from, ['--port', 'SLUICE_MAX_ROOMS', 'sluice.json:1:28', 'default']);
});

test('a list of a higher source takes the place of the whole list of a lower one', () => {
  const file = '{"allowedOrigins": ["https://a.org", "https://b.org"]}';
  const two = good(parse(file)).options.allowedOrigins;
  assert.deepEqual(two, ['https://a.org', 'https://b.org']);
  const args = ['--allowed-origin', 'https://c.org', '--allowed-origin', 'https://d.org'];
  const flags = good(parse(file, args)).options.allowedOrigins;
  assert.deepEqual(flags, ['https://c.org', 'https://d.org']);
  const env = { SLUICE_ALLOWED_ORIGIN: ' https://e.org  https://f.org ' };
  const variable = good(parse(file, [], env)).options.allowedOrigins;
  assert.deepEqual(variable, ['https://e.org', 'https://f.org']);
});

test('every option can be set by a flag, a variable and a key of the file', () => {
  for (const key of kOptionKeys) {
    const name = flagOf(key);
    assert.ok(usage().includes(`--${name}`), name);
    const byFlag = parseOptions([`--${name}=\u0001`], {});
    const byVariable = parseOptions([], { [environmentNameOf(key)]: '\u0001' });
    const byFile = parseOptions([], { SLUICE_CONFIG: 'c' }, () => JSON.stringify({ [key]: {} }));
    for (const parsed of [byFlag, byVariable]) {
      // A path may hold any character; the one of a pair misses the other one.
      const takes = ['stateDir', 'workerBin', 'controlSocket'].includes(key);
      assert.equal(parsed.kind, takes ? 'run' : 'wrong', key);
    }
    assert.match(faultsOf(byFile).join(), new RegExp(`c:1:2: ${key} must be`));
  }
});

test('a switch of the file is taken back by --no-', () => {
  assert.equal(good(parse('{"https": true}')).options.https, true);
  assert.equal(good(parse('{"https": true}', ['--no-https'])).options.https, false);
  assert.equal(good(parse('{"whip": false}')).options.whip, false);
  assert.equal(good(parse('{"whip": false}', ['--whip', 'on'])).options.whip, true);
});

test('comments and trailing commas are allowed in the file', () => {
  const file = '\uFEFF// ours\n{\n  /* the page */ "port": 8443,\n}\n';
  assert.equal(good(parse(file)).options.port, 8443);
});

test('all faults are told at once, each with its place', () => {
  const file = '{\n  "prot": 1,\n  "port": 70000,\n  "listen": ["a"],\n  "listen": "b"\n}';
  const args = ['--workers', 'many', '--colour', 'extra', '--key', 'k.pem'];
  const faults = faultsOf(parse(file, args, { SLUICE_MAX_PEERS: '0' }));
  const expected = [
    '--colour is not an option. See --help.',
    '"extra" is not an option.',
    'sluice.json:2:3: "prot" is not an option.',
    'sluice.json:4:3: listen must be one value, not a list.',
    'sluice.json:5:3: "listen" is here twice.',
    'sluice.json:3:3: port must be a whole number from 0 to 65535, not "70000".',
    '--workers must be a whole number from 1 to 256, not "many".',
    'SLUICE_MAX_PEERS must be a whole number from 1 to 100000, not "0".',
    '--cert and --key belong together: give both or neither.',
  ];
  assert.deepEqual([...faults].sort(), [...expected].sort());
});

test('a value that a higher source hides must be right as well', () => {
  assert.match(
    faultsOf(parse('{"port": "x"}', ['--port', '1']))[0] ?? '',
    /^sluice\.json:1:2: port/,
  );
});

for (const [file, place] of [
  ['{"port": 1', /^sluice\.json:1:11: /],
  ['{"port": }', /^sluice\.json:1:10: /],
  ['[]', /^sluice\.json:1:1: /],
  ['', /^sluice\.json:1:1: /],
  ['{"port": null}', /^sluice\.json:1:2: port must be/],
  ['{"allowedOrigins": [{}]}', /^sluice\.json:1:2: allowedOrigins must be/],
  ['{"__proto__": 1}', /"__proto__" is not an option/],
  ['{"constructor": 1}', /"constructor" is not an option/],
  [`{"a": "${'x'.repeat(kMaxConfigBytes)}"}`, /has more than/],
] as const) {
  test(`the file ${file.slice(0, 30)} is refused with its place`, () => {
    assert.match(faultsOf(parse(file))[0] ?? '', place);
  });
}

test('a file that cannot be read is named', () => {
  const missing = parseOptions(['--config', 'no.json'], {}, () => {
    throw new Error('ENOENT');
  });
  assert.deepEqual(faultsOf(missing), ['no.json cannot be read: ENOENT.']);
});

test('a file that is no JSON ends in a few sentences', () => {
  assert.equal(faultsOf(parse('? '.repeat(1000))).length, 10);
  assert.deepEqual(faultsOf(parse('['.repeat(200_000))), [
    'sluice.json:1:1: this is nested too deep.',
  ]);
});

test('webhooks without a secret are refused', () => {
  const url = ['--webhook-url', 'https://example.org/hook'];
  assert.match(faultsOf(parseOptions(url, {}))[0] ?? '', /--webhook-secret/);
  good(parseOptions([...url, '--webhook-secret', kSecret], {}));
});

for (const [flag, value] of [
  ['--webhook-url', 'ftp://example.org'],
  ['--webhook-url', 'https://user:hunter2@example.org'],
  ['--ice-server', 'http://example.org'],
  ['--ice-server', 'turn:example.org:3478'],
  ['--ice-server', 'stun:example.org,user,pass'],
  ['--cors-origin', 'example.org'],
  ['--metrics-token', 'short'],
  ['--admin-secret', 'short'],
  ['--admin-secret', 'long enough, but not for a header, which is of one word'],
  ['--whip', 'perhaps'],
  ['--drain-timeout', '0'],
] as const) {
  test(`"${flag} ${value}" is refused in a sentence that names ${flag}`, () => {
    const faults = faultsOf(parseOptions([flag, value, '--webhook-secret', kSecret], {}));
    assert.ok(faults[0]?.startsWith(`${flag} `), faults.join());
    assert.ok(!faults[0]?.includes('hunter2'), faults.join());
  });
}

test('ICE servers are read with their credentials', () => {
  const args = ['--ice-server', 'stun:a.org:3478', '--ice-server', 'turn:b.org:3478,ann,p,w'];
  assert.deepEqual(good(parseOptions(args, {})).options.iceServers, [
    { urls: ['stun:a.org:3478'] },
    { urls: ['turn:b.org:3478'], username: 'ann', credential: 'p,w' },
  ]);
});

test('what is in force is told with its origin, and no secret is', () => {
  const args = [
    '--check-config',
    '--token-secret',
    kSecret,
    '--ice-server',
    'turn:b.org,ann,hunter2',
    '--webhook-url',
    'https://c.org/hook?key=hunter2',
    '--webhook-secret',
    kSecret,
  ];
  const parsed = parse('{"adminSecrets": ["' + kSecret + '"]}', args, { SLUICE_PORT: '8' });
  assert.equal(parsed.kind, 'check');
  const { options, origins } = good(parsed);
  const text = effective(options, origins);
  assert.match(text, /^port +8 +SLUICE_PORT$/m);
  assert.match(text, /^tokenSecrets +\(secret of 40 bytes\) +--token-secret$/m);
  assert.match(text, /^adminSecrets +\(secret of 40 bytes\) +sluice\.json:1:2$/m);
  assert.match(text, /^iceServers +turn:b\.org,ann,\(secret\) +--ice-server$/m);
  assert.match(text, /^webhookUrls +\["https:\/\/c\.org\/hook"\] +--webhook-url$/m);
  assert.match(text, /^maxRooms +200 +default$/m);
  assert.ok(!text.includes(kSecret) && !text.includes('hunter2'));
  assert.equal(text.trimEnd().split('\n').length, kOptionKeys.length);
});

test('who has no home has to say where state is kept, and nothing else', () => {
  const { homedir } = os;
  os.homedir = () => {
    throw new Error('ENOENT');
  };
  syncBuiltinESMExports();
  try {
    assert.equal(good(parseOptions(['--state-dir', '/state'], {})).options.stateDir, '/state');
    const parsed = parseOptions([], {});
    assert.ok(parsed.kind === 'wrong');
    assert.deepEqual(parsed.faults, ['--state-dir is needed, because this user has no home.']);
  } finally {
    os.homedir = homedir;
    syncBuiltinESMExports();
  }
});

test("the README's table of options is that of the program", () => {
  // Tests run in the folder of the package. SLUICE_WRITE_README=1 writes the table.
  const text = readFileSync('README.md', 'utf8');
  const [begin, end] = ['<!-- options -->\n', '\n<!-- end of options -->'];
  const [before, rest] = text.split(begin);
  const [table, after] = (rest ?? '').split(end);
  const written = `${before}${begin}${markdownTable()}${end}${after}`;
  if (process.env.SLUICE_WRITE_README === '1') writeFileSync('README.md', written);
  else assert.equal(table, markdownTable());
});

test('the help fits a terminal', () => {
  for (const line of usage().split('\n')) assert.ok(line.length <= 100, line);
});

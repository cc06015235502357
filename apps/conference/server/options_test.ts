import assert from 'node:assert/strict';
import { test } from 'node:test';

import { listenInfosOf, outwardAddress, urlHost } from './addresses';
import { parseOptions } from './options';
import type { Options } from './options';

function run(...args: string[]): Options {
  const parsed = parseOptions(args, {});
  assert.equal(parsed.kind, 'run', JSON.stringify(parsed));
  return (parsed as { options: Options }).options;
}

function wrong(args: string[], env: NodeJS.ProcessEnv = {}): string {
  const parsed = parseOptions(args, env);
  assert.equal(parsed.kind, 'wrong');
  const { faults } = parsed as { faults: string[] };
  assert.equal(faults.length, 1, faults.join(' '));
  return faults[0]!;
}

test('without options the server is local and has a worker per core', () => {
  const options = run();
  assert.equal(options.listen, '127.0.0.1');
  assert.equal(options.port, 3000);
  assert.equal(options.rtcPort, 40000);
  assert.equal(options.maxTcp, 1000);
  assert.equal(options.https, false);
  assert.ok(options.workers >= 1);
});

test('help and version need nothing else to be right', () => {
  assert.equal(parseOptions(['--help', '--port', 'x'], {}).kind, 'help');
  assert.equal(parseOptions(['--version'], {}).kind, 'version');
});

for (const [args, option] of [
  [['--port', 'x'], '--port'],
  [['--port', '65536'], '--port'],
  [['--port', '-1'], '--port'],
  [['--port=1e3'], '--port'],
  [['--port='], '--port'],
  [['--workers', '0'], '--workers'],
  [['--room-spread', '0'], '--room-spread'],
  [['--rtc-port', '65535', '--workers', '2'], '--rtc-port'],
  [['--listen', 'example.org'], '--listen'],
  [['--announced-address', 'a b'], '--announced-address'],
  [['--max-peers', '0'], '--max-peers'],
  [['--max-tcp', '20001'], '--max-tcp'],
  [['--cert', 'a.pem'], '--cert'],
  [['--worker-bin', ''], '--worker-bin'],
  [['--allowed-origin', 'https://a.org/path'], '--allowed-origin'],
  [['--allowed-origin', '*'], '--allowed-origin'],
  [['--log-level', 'loud'], '--log-level'],
  [['--token-secret', 'short'], '--token-secret'],
  [['--colour'], '--colour'],
  [['--port'], '--port'],
  [['--https=yes'], '--https'],
  [['extra'], 'extra'],
] as const) {
  test(`"${args.join(' ')}" is refused in one sentence that names ${option}`, () => {
    const message = wrong([...args]);
    assert.ok(message.includes(option), message);
    assert.ok(!message.includes('\n'), message);
  });
}

test('a secret never appears in a message', () => {
  assert.ok(!wrong(['--token-secret', 'hunter2']).includes('hunter2'));
  assert.match(wrong([], { SLUICE_TOKEN_SECRET: 'hunter2' }), /^SLUICE_TOKEN_SECRET/);
});

test('the environment gives the secret and the worker, options win', () => {
  const secret = 's'.repeat(32);
  const env = { SLUICE_TOKEN_SECRET: secret, SLUICE_WORKER_BIN: '/env/worker' };
  const fromEnv = parseOptions([], env) as { options: Options };
  assert.deepEqual(fromEnv.options.tokenSecrets, [secret]);
  assert.equal(fromEnv.options.workerBin, '/env/worker');
  const fromArgs = parseOptions(['--worker-bin', '/arg/worker'], env) as { options: Options };
  assert.equal(fromArgs.options.workerBin, '/arg/worker');
});

test('each worker has a media port of its own', () => {
  const options = run('--rtc-port', '5000', '--workers', '3', '--announced-address', 'sfu.example');
  const info = { ip: '127.0.0.1', announcedAddress: 'sfu.example', port: 5002 };
  const [udp, tcp] = [
    { protocol: 'udp', ...info },
    { protocol: 'tcp', ...info },
  ];
  assert.deepEqual(listenInfosOf(options, 2), [udp, tcp]);
  assert.deepEqual(listenInfosOf({ ...options, maxTcp: 0 }, 2), [udp]);
  assert.equal('port' in listenInfosOf(run('--rtc-port', '0'), 1)[0]!, false);
});

test('a wildcard is never announced', () => {
  const address = (text: string, internal = false) => ({
    address: text,
    internal,
    family: text.includes(':') ? 'IPv6' : 'IPv4',
    netmask: '',
    mac: '',
    cidr: null,
  });
  const found = {
    lo: [address('127.0.0.1', true)],
    eth0: [address('fe80::1'), address('192.0.2.7'), address('2001:db8::7')],
  } as unknown as Parameters<typeof outwardAddress>[1];
  assert.equal(outwardAddress('0.0.0.0', found), '192.0.2.7');
  assert.equal(outwardAddress('::', found), '2001:db8::7');
  assert.equal(outwardAddress('0.0.0.0', {}), null);
});

test('the address shown is one a person can open', () => {
  assert.equal(urlHost(run()), 'localhost');
  assert.equal(urlHost(run('--listen', '0.0.0.0')), 'localhost');
  assert.equal(urlHost(run('--listen', '192.0.2.7')), '192.0.2.7');
  assert.equal(urlHost(run('--listen', '2001:db8::7')), '[2001:db8::7]');

  const announced = (listen: string, address: string): string =>
    urlHost(run('--listen', listen, '--announced-address', address));
  assert.equal(announced('0.0.0.0', '203.0.113.7'), '203.0.113.7');
  assert.equal(announced('::', '2001:db8::9'), '[2001:db8::9]');
  assert.equal(announced('192.0.2.7', 'sfu.example'), 'sfu.example');
  assert.equal(announced('127.0.0.1', 'sfu.example'), 'localhost');
  assert.equal(announced('127.0.0.2', 'sfu.example'), '127.0.0.2');
});

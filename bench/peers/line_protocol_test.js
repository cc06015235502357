// What bench/load says is understood, and every request gets one answer, in order.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { Absent, Request, formatLine, parseLine, serve } from './line_protocol.js';

const requestOf = (line) => new Request(parseLine(line));

test('values are percent-decoded', () => {
  const { word, values } = parseLine('send fingerprint=sha-256%20AA%3ABB rtx=');
  assert.equal(word, 'send');
  assert.deepEqual(
    [...values],
    [
      ['fingerprint', 'sha-256 AA:BB'],
      ['rtx', ''],
    ],
  );
});

test('what is formatted is parsed to the same', () => {
  const line = formatLine('ok', { reason: 'a=b c\n,é', port: 40000, streams: ['1/2', '3'] });
  assert.match(line, /^ok [\x21-\x7e]+ [\x21-\x7e]+ [\x21-\x7e]+$/);
  const { values } = parseLine(line);
  assert.deepEqual([...values.values()], ['a=b c\n,é', '40000', '1/2,3']);
});

test('undefined values are left out', () => {
  assert.equal(formatLine('ok', { twcc_id: undefined, port: 1 }), 'ok port=1');
  assert.equal(formatLine('ok'), 'ok');
});

for (const line of ['', ' room', 'ROOM', 'room r0', 'room =r0', 'room  room=r0', 'room room=%']) {
  test(`"${line}" is refused`, () => assert.throws(() => parseLine(line), Error));
}

test('a missing value is named', () => {
  assert.throws(() => requestOf('room').text('room'), /room: room is missing/);
  assert.throws(() => requestOf('room room=').text('room'), /room: room is missing/);
});

test('numbers are whole, and as large as handles of Janus are', () => {
  assert.equal(requestOf('close transport=8421240160157659').number('transport'), 8421240160157659);
  for (const wrong of ['-1', '1.5', '0x10', 'one', '99999999999999999999']) {
    assert.throws(() => requestOf(`start cpu=${wrong}`).number('cpu'), /cpu=.* is no number/);
  }
  assert.equal(requestOf('start').numberOr('port_min', 7), 7);
});

// The lines that an adapter answers to these.
async function answers(adapter, lines) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.end(lines.map((line) => `${line}\n`).join(''));
  await serve(adapter, { input, output });
  output.end();
  return (await text(output)).split('\n').slice(0, -1);
}

// An adapter whose requests end when they are told to, and that keeps what happens.
class Told {
  happened = [];
  #ends = new Map();

  constructor() {
    for (const word of ['room', 'receive', 'connected'])
      this[word] = (request) => this.#begin(request);
  }

  stop() {
    this.happened.push('stop');
  }

  async end(name) {
    this.#ends.get(name)();
    await settled();
  }

  async #begin(request) {
    const name = request.text('name');
    this.happened.push(name);
    await new Promise((resolve) => this.#ends.set(name, resolve));
    return { name };
  }
}

// All that can happen without new input has happened.
async function settled() {
  for (let turn = 0; turn < 5; ++turn) await new Promise((resolve) => setImmediate(resolve));
}

async function begun(lines) {
  const [adapter, input, output] = [new Told(), new PassThrough(), new PassThrough()];
  const done = serve(adapter, { input, output });
  input.write(lines.map((line) => `${line}\n`).join(''));
  await settled();
  return { adapter, input, output, done };
}

test('a room waits for what came before it, and what comes after waits for the room', async () => {
  const lines = ['receive name=a', 'room name=b', 'receive name=c', 'stop'];
  const { adapter, done } = await begun(lines);
  assert.deepEqual(adapter.happened, ['a']);
  await adapter.end('a');
  assert.deepEqual(adapter.happened, ['a', 'b']);
  await adapter.end('b');
  assert.deepEqual(adapter.happened, ['a', 'b', 'c']);
  await adapter.end('c');
  await done;
  assert.deepEqual(adapter.happened, ['a', 'b', 'c', 'stop']);
});

test('receivers do not wait for one another, and are answered in their order', async () => {
  const { adapter, output, done } = await begun(['receive name=a', 'connected name=b', 'stop']);
  assert.deepEqual(adapter.happened, ['a', 'b']);
  await adapter.end('b');
  assert.equal(output.read(), null);
  await adapter.end('a');
  await done;
  assert.equal(String(output.read()), 'ok name=a\nok name=b\nok\n');
});

test('no more than a bounded number of receivers is served at once', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `n${at}`);
  const { adapter, input, done } = await begun(names.map((name) => `receive name=${name}`));
  const most = adapter.happened.length;
  assert.ok(most > 1 && most < names.length, `${most}`);
  await adapter.end('n0');
  assert.equal(adapter.happened.length, most + 1);
  for (const name of names.slice(1)) await adapter.end(name);
  input.end();
  await done;
});

test('what fails is answered with a reason, and the next request goes on', async () => {
  const adapter = {
    room: () => Promise.reject(new Error('no room')),
    start: () => {
      throw new Absent('no server');
    },
    stop() {},
  };
  assert.deepEqual(await answers(adapter, ['start', 'room', 'fly', 'stop']), [
    'skip reason=no%20server',
    'error reason=no%20room',
    'error reason=there%20is%20no%20request%20fly',
    'ok',
  ]);
});

test('nothing but the words of the protocol reaches the adapter', async () => {
  const adapter = { constructor: () => assert.fail('reached'), stop() {} };
  const [answer] = await answers(adapter, ['constructor', 'stop']);
  assert.match(answer, /^error/);
});

test('the end of the input stops the server once', async () => {
  let stops = 0;
  const adapter = { stop: () => void ++stops };
  await answers(adapter, []);
  assert.equal(stops, 1);
  await answers(adapter, ['stop', 'stop']);
  assert.equal(stops, 2);
});

// A Unix socket in a folder of its own: who may open it, and what can be done over it.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { ControlEventName } from '../protocol/control';
import { ControlClient } from '../recorder/control_client';
import { settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';
import { ControlSocket } from './control_socket';

async function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-control-'));
  const path = join(folder, 'inner', 'control.sock');
  const stage = await Stage.open();
  const control = await ControlSocket.open(path, stage.conference, stage.log);
  const client = await ControlClient.connect(path);
  const events: [ControlEventName, unknown][] = [];
  client.listen((event, data) => void events.push([event, data]));
  t.after(() => {
    client.close();
    control.close();
    rmSync(folder, { recursive: true });
  });
  // Until it has come through the socket.
  const heard = async (name: ControlEventName, count = 1): Promise<any[]> => {
    for (;;) {
      const found = events.filter(([event]) => event === name).map(([, data]) => data);
      if (found.length >= count) return found;
      await settle();
    }
  };
  return { stage, path, folder, client, heard };
}

const router = (stage: Stage) => [...stage.engine.workers[0]!.routers].at(-1)!;

test('nobody else can open the socket, or look into its folder', async (t) => {
  const { path, folder } = await open(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'inner')).mode & 0o777, 0o700);
});

test('who watches a room learns who is there, who comes, sends, stops and leaves', async (t) => {
  const { stage, client, heard } = await open(t);
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce('microphone', 'audio');
  const { people } = await client.request('watch', { room: 'blue' });
  assert.deepEqual(
    people.map(({ name, streams }) => [name, streams.map(({ source }) => source)]),
    [['Ann', ['microphone']]],
  );
  const bob = await stage.joined('blue', 'Bob');
  const [joined] = await heard('personJoined');
  assert.equal(joined.name, 'Bob');
  const { data } = await bob.produce('camera');
  const [started] = await heard('streamStarted');
  assert.deepEqual([started.peerId, started.stream.producerId], [joined.peerId, data.id]);
  await bob.request('closeProducer', { producerId: data.id });
  assert.deepEqual(await heard('streamEnded'), [{ producerId: data.id }]);
  bob.socket.drop();
  assert.deepEqual(await heard('personLeft'), [{ peerId: joined.peerId }]);
});

test('other rooms are nobody else’s business', async (t) => {
  const { stage, client, heard } = await open(t);
  await client.request('watch', { room: 'blue' });
  const red = await stage.joined('red', 'Rob');
  const { data } = await red.produce('camera');
  await assert.rejects(
    client.request('receive', { producerId: data.id, port: 5004 }),
    /no such stream in this room/,
  );
  await stage.joined('blue', 'Ann');
  const joined = await heard('personJoined');
  assert.deepEqual(
    joined.map(({ name }) => name),
    ['Ann'],
  );
});

test('when a worker dies, its people have left', async (t) => {
  const { stage, client, heard } = await open(t);
  await client.request('watch', { room: 'blue' });
  await stage.joined('blue', 'Ann');
  const [{ peerId }] = await heard('personJoined');
  stage.engine.workers[0]!.die();
  assert.deepEqual(await heard('personLeft'), [{ peerId }]);
});

test('a stream is received paused, and ends with the connection', async (t) => {
  const { stage, client } = await open(t);
  await client.request('watch', { room: 'blue' });
  const ann = await stage.joined('blue', 'Ann');
  const { data } = await ann.produce('camera');
  const before = router(stage).transports.size;
  const { consumerId } = await client.request('receive', { producerId: data.id, port: 5004 });
  assert.equal(router(stage).transports.size, before + 1);
  const [consumer] = [...router(stage).producers.get(data.id)!.consumers];
  assert.equal(consumer?.paused, true);
  await client.request('resume', { consumerId });
  await client.request('requestKeyFrame', { consumerId });
  assert.deepEqual([consumer?.paused, consumer?.keyFramesAsked], [false, 1]);
  client.close();
  while (router(stage).transports.size > before) await settle();
});

test('what makes no sense is refused by its field, and too long a line ends the talk', async (t) => {
  const { path } = await open(t);
  const socket = connect(path);
  let text = '';
  socket.on('data', (bytes) => (text += String(bytes)));
  socket.write('{"id":1,"method":"receive","data":{"producerId":"x","port":70000}}\n');
  while (!text.includes('\n')) await settle();
  assert.match(text, /data\.port/);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  socket.write('x'.repeat(200_000));
  await closed;
});

test('the socket of a killed server is replaced, that of a living one is not', async (t) => {
  const { stage, path } = await open(t);
  await assert.rejects(ControlSocket.open(path, stage.conference, stage.log), /another server/);
  const file = `${path}.txt`;
  writeFileSync(file, 'mine');
  await assert.rejects(ControlSocket.open(file, stage.conference, stage.log), /is no socket/);
  assert.ok(existsSync(file));
  const long = join(path, 'x'.repeat(120));
  await assert.rejects(ControlSocket.open(long, stage.conference, stage.log), /107 bytes/);
});

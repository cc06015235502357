import assert from 'node:assert/strict';
import { test } from 'node:test';

import { InvalidStateError } from '@sluice/sdk';

import { settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';

for (const [what, text] of [
  ['text that is not JSON', '{"id":'],
  ['JSON that is no request', '[1,2,3]'],
  ['an unknown method', '{"id":1,"method":"destroy","data":{}}'],
  ['a method of the prototype', '{"id":1,"method":"__proto__","data":{}}'],
  ['a fractional id', '{"id":1.5,"method":"ping","data":{}}'],
] as const) {
  test(`${what} closes the socket`, async () => {
    const stage = await Stage.open();
    const client = stage.client();
    client.socket.receive(text);
    await settle();
    assert.equal(client.socket.closedWith, 4010);
  });
}

test('a binary frame closes the socket', async () => {
  const stage = await Stage.open();
  const client = stage.client();
  client.socket.receive('{"id":1,"method":"ping"}', true);
  assert.equal(client.socket.closedWith, 4010);
});

test('a request with a wrong field is answered with its name and the talk goes on', async () => {
  const stage = await Stage.open();
  const client = stage.client();
  const answer = await client.join({ session: 'guessable' });
  assert.equal(answer.error?.code, 'bad_request');
  assert.match(answer.error?.message ?? '', /^join: session: /);
  assert.equal((await client.request('ping')).ok, true);
});

test('nothing but join is possible before joining', async () => {
  const stage = await Stage.open();
  const answer = await stage.client().produce();
  assert.equal(answer.error?.code, 'not_joined');
});

test('ten thousand messages in a second close the socket early', async () => {
  const stage = await Stage.open();
  const client = stage.client();
  for (let id = 1; id <= 10_000; ++id) {
    client.socket.receive(`{"id":${id},"method":"ping","data":{}}`);
    if (id % 25 === 0) await settle();
  }
  assert.equal(client.socket.closedWith, 4008);
  assert.ok(client.socket.frames.length <= 200);
});

test('a brisk but bearable pace is no offence', async () => {
  const stage = await Stage.open();
  const client = stage.client();
  for (let second = 0; second < 20; ++second) {
    for (let count = 0; count < 25; ++count) assert.equal((await client.request('ping')).ok, true);
    client.socket.pong();
    await stage.clock.advance(1000);
  }
  assert.equal(client.socket.closedWith, null);
});

test('a long message counts for several, as it costs as much', async () => {
  const stage = await Stage.open();
  const client = stage.client();
  const long = JSON.stringify({ id: 1, method: 'ping', data: { filler: 'x'.repeat(190_000) } });
  for (let count = 0; count < 12; ++count) client.socket.receive(long);
  assert.equal(client.socket.closedWith, null);
  client.socket.receive(long);
  assert.equal(client.socket.closedWith, 4008);
});

test('requests beyond the pending limit are refused, not queued', async () => {
  const stage = await Stage.open();
  let open = () => {};
  stage.engine.workers[0]!.gate = new Promise((resolve) => (open = resolve));
  const client = stage.client();
  // Held up inside the engine; each request but the first is answered in a later turn.
  const answers = Array.from({ length: 40 }, () => client.join());
  const codes = (await Promise.all(answers.slice(1))).map(({ error }) => error?.code);
  assert.ok(codes.includes('too_many_requests'));
  open();
  assert.equal((await answers[0])?.ok, true);
});

test('a socket that answers no ping is dropped, and its person leaves', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  await stage.clock.advance(10_000);
  assert.equal(ann.socket.pings, 1);
  bob.socket.pong();
  await stage.clock.advance(10_000);
  assert.equal(ann.socket.closedWith, 1006);
  assert.equal(bob.socket.closedWith, null);
  assert.equal(bob.events('peerLeft').length, 1);
});

test('a socket that joins no room is closed', async () => {
  const stage = await Stage.open();
  const idle = stage.client();
  const busy = await stage.joined();
  for (let ticks = 0; ticks < 6; ++ticks) {
    idle.socket.pong();
    busy.socket.pong();
    await stage.clock.advance(5000);
  }
  assert.equal(idle.socket.closedWith, 4009);
  assert.equal(busy.socket.closedWith, null);
});

test('a socket that does not read is dropped instead of filling memory', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  ann.socket.bufferedAmount = 2 * 1024 * 1024;
  await bob.produce();
  await settle();
  assert.equal(ann.socket.closedWith, 1006);
  assert.equal(stage.conference.peerCount, 1);
});

const kDtls = { fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }] };

// Somebody who is about to connect the first of two transports.
async function connecting() {
  const stage = await Stage.open();
  const ann = stage.client();
  const { data } = await ann.join();
  const transportId: string = data.sendTransport.id;
  const [router] = [...stage.engine.workers[0]!.routers];
  const transport = [...router!.transports].find(({ id }) => id === transportId)!;
  return { stage, ann, transport, connect: { transportId, dtlsParameters: kDtls } };
}

test('what the engine says in an error stays in the log', async () => {
  const { stage, ann, transport, connect } = await connecting();
  transport.failure = new Error('port 40000 is taken');
  const refused = await ann.request('connectTransport', connect);
  assert.equal(refused.error?.code, 'internal');
  assert.doesNotMatch(refused.error?.message ?? '', /40000/);
  assert.ok(stage.lines.some((line) => line.includes('port 40000 is taken')));
});

test('a transport is connected once, and who asks again is told so', async () => {
  const { stage, ann, transport, connect } = await connecting();
  const both = [ann.request('connectTransport', connect), ann.request('connectTransport', connect)];
  const [first, second] = await Promise.all(both);
  assert.equal(first?.ok, true);
  const third = await ann.request('connectTransport', connect);
  for (const refused of [second, third]) {
    assert.equal(refused?.error?.code, 'already_connected');
    assert.match(refused?.error?.message ?? '', /^connectTransport: transportId: /);
  }
  assert.ok(transport.connected);
  assert.ok(!stage.lines.some((line) => line.includes('a request failed')));
});

test('what could not be connected may be tried again', async () => {
  const { ann, transport, connect } = await connecting();
  transport.failure = new TypeError('dtlsParameters.fingerprints[0].value is no hash');
  const refused = await ann.request('connectTransport', connect);
  assert.equal(refused.error?.code, 'bad_request');
  assert.match(refused.error?.message ?? '', /^connectTransport: dtlsParameters\.fingerprints/);
  transport.failure = null;
  assert.equal((await ann.request('connectTransport', connect)).ok, true);
});

test('an engine that knows better is believed', async () => {
  const { ann, transport, connect } = await connecting();
  transport.failure = new InvalidStateError('it is connected');
  const refused = await ann.request('connectTransport', connect);
  assert.equal(refused.error?.code, 'already_connected');
});

test('the transport of a page that negotiates is left to its offers and answers', async () => {
  const stage = await Stage.open();
  const ann = stage.client();
  const { data } = await ann.join({ media: 'sdp' });
  const transportId = data.sendTransport.id;
  const connect = { transportId, dtlsParameters: kDtls };
  for (const refused of [
    await ann.request('connectTransport', connect),
    await ann.request('restartIce', { transportId }),
  ]) {
    assert.equal(refused.error?.code, 'bad_request');
    assert.match(refused.error?.message ?? '', /offers and answers/);
  }
});

test('no event of the room overtakes the answer to the join', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = stage.client();
  const joining = bob.join();
  const producing = ann.produce();
  await Promise.all([joining, producing]);
  await settle();
  assert.equal(bob.socket.frames[0]?.id, 1);
  const { data } = await joining;
  const heard = data.consumers.length + bob.events('newConsumer').length;
  assert.equal(heard, 1, 'the stream is told of exactly once');
});

// A room wider than a worker, in real browsers: who is on one worker sees and hears who is on the
// other, and does not notice when that one is killed, except that its people go and come back.

import assert from 'node:assert/strict';

import { allReceive } from '../support/participant.js';
import { until } from '../support/until.js';
import { connected, file, talk } from './chat.js';

const kNames = ['Ada', 'Bo', 'Cleo'];

// The newest process of the worker that `one` is on.
async function workerOf(server, one) {
  const { peerId } = await one.state();
  const [entry] = server.entries('a person joined').filter(({ facts }) => facts.peer === peerId);
  const { worker } = entry.facts;
  return { index: worker, pid: server.workerPids(worker).at(-1) };
}

async function workerDies(t, server, [ada, bo, cleo]) {
  const where = await Promise.all([ada, bo, cleo].map((one) => workerOf(server, one)));
  assert.deepEqual(
    where.map(({ index }) => index),
    [0, 1, 0],
    'people are on the worker that has the fewest',
  );
  const before = [await ada.from('Cleo'), await cleo.from('Ada')];
  const killedAt = Date.now();
  process.kill(where[1].pid, 'SIGKILL');
  await bo.until('has joined again', async () => {
    const { joins, phase } = await bo.state();
    return joins === 2 && phase === 'joined';
  });
  await allReceive([ada, bo, cleo]);
  t.diagnostic(`all see and hear all again ${Date.now() - killedAt} ms after the kill`);
  const after = [await ada.from('Cleo'), await cleo.from('Ada')];
  for (const one of [ada, cleo]) assert.equal((await one.state()).joins, 1);
  for (const [at, { framesDecoded, freezeCount }] of after.entries()) {
    assert.ok(framesDecoded > before[at].framesDecoded);
    assert.equal(freezeCount, before[at].freezeCount, 'nothing froze between the two who stayed');
  }
}

export async function spread(t, stage) {
  const server = await stage.startServer({ workers: 2, options: ['--room-spread', '1'] });
  const room = stage.freshRoom('wide');
  await t.test('a room on two workers, one of which is killed', async (t) => {
    const people = [];
    try {
      for (const name of kNames) {
        const one = await stage.participant(name, { room }, { server });
        people.push(one);
        // One after the other, so that it is known where each of them is.
        await one.joined();
      }
      await allReceive(people);
      await Promise.all(people.map(connected));
      await talk(people[0], people.slice(1));
      await file(people[0], people.slice(1));
      await workerDies(t, server, people);
    } finally {
      await Promise.all(people.map((one) => one.close().catch(() => {})));
    }
  });
  await until('all workers are well', async () => (await server.health()).status === 'ok');
}

// What breaks under a call and mends by itself: a worker, the server, a connection.

import assert from 'node:assert/strict';

import { allReceive } from '../support/participant.js';
import { Proxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const kRecoveryMs = 3000;
// The page notes by itself when it first saw somebody. Looking more often would only take the
// processor from those who are coming back.
const kLookMs = 250;

// Resolves with the time at which `one` first saw everybody else after its join number `joins`.
async function freshPictures(one, others, joins) {
  const look = async () => {
    const state = await one.state();
    const seen = state.peers.filter((peer) => peer.firstFrameAt !== null);
    return state.joins > joins && seen.length === others;
  };
  await one.until(`sees ${others} people anew`, look, { every: kLookMs });
  return one.page.evaluate(() => {
    const seen = window.sluice.state().peers.map((peer) => peer.firstFrameAt);
    return performance.timeOrigin + Math.max(...seen);
  });
}

async function lastPicture(people) {
  const others = people.length - 1;
  const times = await Promise.all(people.map((one) => freshPictures(one, others, 1)));
  return Math.round(Math.max(...times));
}

// Dan is seen by Eve, who only watches: enough to notice, and half of the work.
async function spareRoom(stage, room, play) {
  const dan = await stage.participant('Dan', { room });
  const eve = await stage.participant('Eve', { room, audio: 0, video: 0 });
  try {
    await play(dan, eve);
  } finally {
    await Promise.all([dan.close(), eve.close()]);
  }
}

async function workerDies(t, stage) {
  const { server } = stage;
  const rooms = [stage.freshRoom('struck'), stage.freshRoom('spared')];
  await stage.withPeople(['Ada', 'Bo', 'Cleo'], { room: rooms[0] }, async (...struck) => {
    await Promise.all(struck.map((one) => one.joined()));
    await spareRoom(stage, rooms[1], async (dan, eve) => {
      await Promise.all([allReceive(struck), eve.receives('Dan')]);
      const { index, pid } = server.workerOf(rooms[0]);
      assert.notEqual(index, server.workerOf(rooms[1]).index, 'each room has a worker of its own');
      const before = await eve.from('Dan');

      const killedAt = Date.now();
      process.kill(pid, 'SIGKILL');
      const last = await lastPicture(struck);
      const restartedAt = server.entries(`worker ${index} is up`).at(-1).at;
      assert.notEqual(server.workerPids(index).at(-1), pid);
      t.diagnostic(
        `worker killed: new worker after ${restartedAt - killedAt} ms, ` +
          `all pictures after ${last - killedAt} ms (${last - restartedAt} ms after the restart)`,
      );
      assert.ok(last - restartedAt < kRecoveryMs, `${last - restartedAt} ms after the restart`);
      await allReceive(struck);

      const after = await eve.goesOn('Dan', before);
      for (const one of [dan, eve]) assert.equal((await one.state()).joins, 1);
      assert.equal(after.freezeCount, before.freezeCount);
    });
  });
}

async function connectionBreaks(stage) {
  const proxy = await Proxy.start(stage.server.port);
  try {
    const room = stage.freshRoom('cut');
    const ada = await stage.participant('Ada', { room }, { base: proxy.url });
    const bo = await stage.participant('Bo', { room });
    try {
      await allReceive([ada, bo]);
      proxy.cut();
      await freshPictures(ada, 1, 1);
      await allReceive([ada, bo]);
      assert.equal((await bo.state()).joins, 1, 'only the cut tab joins again');
      assert.equal((await bo.state()).peers.length, 1, 'no ghost of the cut tab is left');
    } finally {
      await Promise.all([ada.close(), bo.close()]);
    }
  } finally {
    await proxy.stop();
  }
}

async function serverRestarts(t, stage) {
  const first = await stage.startServer({ workers: 1 });
  const { port } = first;
  const where = { server: first };
  const play = async (...people) => {
    await allReceive(people);
    assert.equal(await first.stop(), 0);
    await Promise.all(
      people.map((one) =>
        one.until('says that it reconnects', async () =>
          (await one.page.getByText('Server gone, reconnecting…').count()) > 0,
        ),
      ),
    );
    await stage.startServer({ workers: 1, port });
    const upAt = Date.now();
    const waited = (await lastPicture(people)) - upAt;
    t.diagnostic(`server restarted: all pictures ${waited} ms after it was up`);
    await allReceive(people);
  };
  await stage.withPeople(['Ada', 'Bo'], { room: stage.freshRoom('restart') }, play, where);
}

export async function recovery(t, stage) {
  await t.test('a worker is killed', (t) => workerDies(t, stage));
  await t.test('a connection breaks', () => connectionBreaks(stage));
  await t.test('the server restarts', (t) => serverRestarts(t, stage));
  await t.test('all workers are well in the end', () =>
    until('health', async () => (await stage.server.health()).status === 'ok'),
  );
}

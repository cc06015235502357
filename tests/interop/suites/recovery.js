// What breaks under a call and mends by itself: a worker, the server, a connection.

import assert from 'node:assert/strict';

import { allReceive } from '../support/participant.js';
import { Proxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const kRecoveryMs = 3000;

// Resolves with the time (of this process) at which `one` has a picture of `name` from a join later
// than number `joins`.
async function freshPicture(one, name, joins) {
  await one.until(`has a new picture of ${name}`, async () => {
    if ((await one.state()).joins <= joins) return false;
    const peer = await one.from(name);
    return peer?.firstFrameAt && peer.framesDecoded >= 2;
  });
  return Date.now();
}

function everyPair(people, act) {
  return Promise.all(
    people.flatMap((one) => people.filter((other) => other !== one).map((other) => act(one, other))),
  );
}

async function workerDies(t, stage) {
  const { server } = stage;
  const rooms = [stage.freshRoom('struck'), stage.freshRoom('spared')];
  await stage.withPeople(['Ada', 'Bo', 'Cleo'], { room: rooms[0] }, async (...struck) => {
    await Promise.all(struck.map((one) => one.joined()));
    await stage.withPeople(['Dan', 'Eve'], { room: rooms[1] }, async (...spared) => {
      await Promise.all([allReceive(struck), allReceive(spared)]);
      const { index, pid } = server.workerOf(rooms[0]);
      assert.notEqual(index, server.workerOf(rooms[1]).index, 'each room has a worker of its own');
      const [before] = await Promise.all([spared[0].from('Eve')]);

      const killedAt = Date.now();
      process.kill(pid, 'SIGKILL');
      const seenAt = await everyPair(struck, (one, other) => freshPicture(one, other.name, 1));
      const restartedAt = server.entries(`worker ${index} is up`).at(-1).at;
      assert.notEqual(server.workerPids(index).at(-1), pid);
      const last = Math.max(...seenAt);
      t.diagnostic(
        `worker killed: new worker after ${restartedAt - killedAt} ms, ` +
          `all pictures after ${last - killedAt} ms (${last - restartedAt} ms after the restart)`,
      );
      assert.ok(last - restartedAt < kRecoveryMs, `${last - restartedAt} ms after the restart`);
      await allReceive(struck);

      await spared[0].goesOn('Eve', before);
      for (const one of spared) assert.equal((await one.state()).joins, 1, 'the other room stays');
      assert.equal((await spared[0].from('Eve')).freezeCount, before.freezeCount);
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
      await freshPicture(ada, 'Bo', 1);
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
    const seenAt = await everyPair(people, (one, other) => freshPicture(one, other.name, 1));
    t.diagnostic(`server restarted: all pictures ${Math.max(...seenAt) - upAt} ms after it was up`);
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

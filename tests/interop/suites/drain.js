// What people in a call notice of work on the server: every worker is replaced one after the other,
// and a server is drained while a second one takes what is new. In milliseconds, printed.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { Front } from '../support/front.js';
import { longestGap } from '../support/gaps.js';
import { allReceive } from '../support/participant.js';
import { until } from '../support/until.js';

const kSecret = 'the-secret-of-the-operator-of-these-tests';
const kProbe = fileURLToPath(new URL('../support/still_probe.js', import.meta.url));
const kCamera = { fps: 10 };
// As long before as the work takes at least, so that what else the machine has to do shows in both.
const kQuietMs = 6000;
// Loose, because whoever moves encodes twice for a moment, and on a busy machine that is what is seen. A
// key frame that is waited for instead of asked for costs more, and so does a stream that never comes.
const kMostAddedMs = 3000;

const now = () => performance.timeOrigin + performance.now();

async function admin(server, method, path, body) {
  const headers = { Authorization: `Bearer ${kSecret}`, 'Content-Type': 'application/json' };
  const response = await fetch(new URL(`/admin/${path}`, server.url), {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

const take = (one) => one.page.evaluate(() => globalThis.stillProbe.take());

// The longest time that each of these people stood still for whoever took the notes.
function stills({ pictures, sounds }, others, from, to) {
  const gap = (times = []) => longestGap([from, ...times, to], from, to);
  return {
    pictures: others.map(({ name }) => gap(pictures[name])),
    sounds: others.map(({ id }) => gap(sounds[`${id}-person`])),
  };
}

// Runs `work` after a quiet time; tells for each person the longest gaps in both.
async function watched(all, work) {
  // Those who are there from the beginning to the end.
  const people = [...all];
  const states = await Promise.all(people.map((one) => one.state()));
  const othersOf = ({ name }) =>
    states.filter((state) => state.name !== name).map(({ name, peerId: id }) => ({ name, id }));
  await Promise.all(people.map(take));
  const quietFrom = now();
  await until('it was quiet for a while', () => now() - quietFrom > kQuietMs, { within: 60_000 });
  const before = await Promise.all(people.map(take));
  const from = now();
  const done = await work();
  // What was begun is over when all see and hear all.
  await allReceive(people);
  const to = now();
  const during = await Promise.all(people.map(take));
  const rows = people.map(({ name }, at) => ({
    name,
    usual: stills(before[at], othersOf({ name }), quietFrom, from),
    then: stills(during[at], othersOf({ name }), from, to),
  }));
  return { rows, done, seconds: (to - from) / 1000 };
}

const worst = (gaps) => Math.max(...gaps);

function tell(t, rows) {
  for (const { name, usual, then } of rows) {
    t.diagnostic(
      `${name}: pictures of the others stood still for ${worst(then.pictures)} ms at most ` +
        `(${worst(usual.pictures)} before), sound was gone for ${worst(then.sounds)} ms ` +
        `(${worst(usual.sounds)} before)`,
    );
  }
}

async function rolling(t, stage) {
  const options = ['--room-spread', '1', '--admin-secret', kSecret];
  const server = await stage.startServer({ workers: 2, options });
  const browser = await stage.openBrowser({ camera: kCamera });
  const room = stage.freshRoom('rolling');
  const people = [];
  try {
    for (const name of ['Ada', 'Bo', 'Cleo']) {
      const params = { room, script: kProbe };
      const one = await stage.participant(name, params, { server, browser });
      people.push(one);
      await one.joined();
    }
    await allReceive(people);
    const ids = await Promise.all(people.map(async (one) => (await one.state()).peerId));
    const pids = [0, 1].map((index) => server.workerPids(index).at(-1));

    const { rows, done } = await watched(people, () => admin(server, 'POST', 'workers/replace'));
    for (const { worker, people: moved, reset, seconds } of done.replaced) {
      t.diagnostic(`worker ${worker}: ${moved} people, ${reset} reset, replaced in ${seconds} s`);
      assert.equal(reset, 0, 'everybody moved');
    }
    tell(t, rows);
    for (const [at, one] of people.entries()) {
      const { joins, peerId, phase } = await one.state();
      assert.deepEqual([joins, peerId, phase], [1, ids[at], 'joined'], 'nobody joined anew');
    }
    for (const [index, pid] of pids.entries()) {
      assert.notEqual(server.workerPids(index).at(-1), pid);
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the old one has ended');
    }
    for (const { usual, then } of rows) {
      for (const what of ['pictures', 'sounds']) {
        const added = worst(then[what]) - worst(usual[what]);
        assert.ok(added < kMostAddedMs, `${added} ms more without ${what}`);
      }
    }
    // The buttons go on meaning what they meant.
    await people[0].press('Mute (M)');
    await people[1].until('sees it', async () => (await people[1].peerState('Ada')).micMuted);
  } finally {
    await Promise.all(people.map((one) => one.close().catch(() => {})));
    await browser.close();
  }
}

async function handOver(t, stage) {
  const options = ['--admin-secret', kSecret];
  const [old, fresh] = [
    await stage.startServer({ workers: 1, options }),
    await stage.startServer({ workers: 1, options }),
  ];
  const front = await Front.start([old.port, fresh.port]);
  const browser = await stage.openBrowser({ camera: kCamera });
  const room = stage.freshRoom('draining');
  const open = (name, where) =>
    stage.participant(name, { room: where, script: kProbe }, { base: front.url, browser });
  const people = [await open('Ada', room), await open('Bo', room)];
  try {
    await allReceive(people);
    const { rows } = await watched(people, async () => {
      assert.equal((await admin(old, 'POST', 'drain')).draining, true);
      people.push(await open('Cleo', room));
      people.push(await open('Dan', stage.freshRoom('new')));
      await Promise.all(people.map((one) => one.joined()));
      await allReceive(people.slice(0, 3));
      await people.pop().close();
      await people.pop().close();
    });
    tell(t, rows);
    assert.equal(old.entries('a person joined').length, 3, 'the room that was there took a third');
    assert.equal(fresh.entries('a person joined').length, 1, 'the new room is on the new server');
    assert.equal((await fetch(new URL('/readyz', old.url))).status, 503);
    for (const one of people) assert.equal((await one.state()).joins, 1);

    // Without anything in front of it, the server says it in words.
    const direct = await stage.participant('Eve', { room: 'other' }, { server: old, browser });
    const text = await direct.page.getByRole('heading').first().textContent();
    assert.equal(text, 'This server takes no new rooms');
    await direct.close();

    for (const one of people.splice(0)) await one.close();
    const endedFrom = now();
    assert.equal(await old.ended(), 0);
    t.diagnostic(`the drained server ended ${Math.round(now() - endedFrom)} ms after the last left`);
  } finally {
    await Promise.all(people.map((one) => one.close().catch(() => {})));
    await browser.close();
    await front.stop();
  }
}

// A moderator, as people see it.
async function moderated(stage) {
  const server = await stage.startServer({ workers: 1, options: ['--admin-secret', kSecret] });
  const room = stage.freshRoom('moderated');
  const play = async (ada, bo) => {
    await allReceive([ada, bo]);
    const { people } = await admin(server, 'GET', `rooms/${room}`);
    const { id } = people.find(({ name }) => name === 'Bo');
    const place = `rooms/${room}/people/${id}`;
    await admin(server, 'POST', `${place}/mute`, { source: 'microphone', hold: true });
    await ada.until('sees that Bo is muted', async () => (await ada.peerState('Bo')).micMuted);
    await bo.until('shows it', async () => !(await bo.state()).microphoneOn);
    await bo.press('Unmute (M)');
    await bo.until('says why not', async () =>
      /moderator turned your microphone off/.test(await bo.page.locator('.toasts').textContent()),
    );
    assert.equal((await bo.state()).microphoneOn, false);
    await admin(server, 'POST', `${place}/unmute`, { source: 'microphone' });
    await bo.until('may speak again', async () =>
      /may turn your microphone on/.test(await bo.page.locator('.toasts').textContent()),
    );
    await bo.press('Unmute (M)');
    await ada.until('hears Bo again', async () => !(await ada.peerState('Bo')).micMuted);
    await admin(server, 'POST', `${place}/remove`, { message: 'Please rest.' });
    const { title, text } = await bo.failure();
    assert.deepEqual([title, text], ['You were removed', 'Please rest.']);
    await ada.until('is alone', async () => (await ada.state()).peers.length === 0);
  };
  await stage.withPeople(['Ada', 'Bo'], { room }, play, { server });
}

export async function drain(t, stage) {
  await t.test('every worker is replaced while three people talk', (t) => rolling(t, stage));
  await t.test('a server is drained, and another takes what is new', (t) => handOver(t, stage));
  await t.test('a moderator mutes and removes somebody', () => moderated(stage));
}

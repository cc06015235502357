// The buttons of a call, seen from the other side.

import assert from 'node:assert/strict';

import { allReceive } from '../support/participant.js';

// Sound in flight, the jitter buffer and its fade-out are through when two looks agree.
async function silence(listener, name) {
  let last = -1;
  await listener.until(
    `hears nothing more of ${name}`,
    async () => {
      const { audioPacketsReceived } = await listener.from(name);
      const still = audioPacketsReceived === last;
      last = audioPacketsReceived;
      return still;
    },
    // Longer than the silence between two packets of a quiet but open microphone.
    { every: 1000 },
  );
  return listener.from(name);
}

async function mute(ada, bo) {
  await ada.press(/^Mute/);
  await bo.until('sees Ada muted', async () => (await bo.peerState('Ada'))?.micMuted);
  const quiet = await silence(bo, 'Ada');
  // Two more seconds, in which an open microphone would beep: pictures go on, sound does not.
  const later = await bo.until('goes on seeing Ada', async () => {
    const now = await bo.from('Ada');
    return now.framesDecoded >= quiet.framesDecoded + 10 && now;
  });
  assert.ok(later.audioEnergy - quiet.audioEnergy < 1e-3, 'a muted microphone is silent');
  assert.equal(later.audioPacketsReceived, quiet.audioPacketsReceived);
  await ada.press(/^Unmute/);
  await bo.until('sees Ada unmuted', async () => !(await bo.peerState('Ada')).micMuted);
  await bo.until(
    'hears Ada again',
    async () => (await bo.from('Ada')).audioEnergy > later.audioEnergy + 0.01,
  );
}

async function camera(ada, bo) {
  await ada.press(/^Turn camera off/);
  await bo.until('sees the avatar of Ada', async () => (await bo.peerState('Ada')).cameraOff);
  assert.equal((await ada.state()).cameraOn, false);
  const off = await bo.from('Ada');
  await bo.until(
    'goes on hearing Ada',
    async () => (await bo.from('Ada')).audioEnergy > off.audioEnergy + 0.01,
  );
  const dark = await bo.from('Ada');
  assert.ok(dark.framesDecoded <= off.framesDecoded + 3, 'no pictures of a camera that is off');
  await ada.press(/^Turn camera on/);
  await bo.until('sees that Ada is back', async () => !(await bo.peerState('Ada')).cameraOff);
  await bo.goesOn('Ada', dark);
}

async function gone(people, name, within) {
  const told = people.map((one) =>
    one.until(`${name} is gone`, async () => !(await one.peerState(name)), { within }),
  );
  await Promise.all(told);
}

async function leaveAndRejoin(ada, others) {
  await ada.press('Leave the room');
  await gone(others, 'Ada', 3000);
  await ada.press('Join again');
  await allReceive([ada, ...others]);
  assert.equal((await others[0].state()).peers.length, 2);
}

async function reload(ada, others) {
  const before = (await others[0].peerState('Ada')).id;
  await ada.page.reload({ waitUntil: 'commit' });
  await others[0].until('sees the new Ada', async () => {
    const now = await others[0].peerState('Ada');
    return now && now.id !== before;
  });
  await allReceive([ada, ...others]);
  assert.equal((await others[0].state()).peers.length, 2, 'no ghost of the old page is left');
}

async function closedTab(ada, others) {
  await ada.page.close();
  // At once, and not when a heartbeat fails ten seconds later.
  await gone(others, 'Ada', 3000);
  assert.equal((await others[0].state()).peers.length, 1);
}

export async function controls(t, stage) {
  const room = stage.freshRoom('controls');
  await stage.withPeople(['Ada', 'Bo', 'Cleo'], { room }, async (ada, bo, cleo) => {
    await allReceive([ada, bo, cleo]);
    await t.test('mute and unmute', () => mute(ada, bo));
    await t.test('camera off and on', () => camera(ada, bo));
    await t.test('leave and join again', () => leaveAndRejoin(ada, [bo, cleo]));
    await t.test('reload', () => reload(ada, [bo, cleo]));
    await t.test('closed tab', () => closedTab(ada, [bo, cleo]));
    await t.test('the last one out closes the room', async () => {
      await bo.close();
      await cleo.press('Leave the room');
      await cleo.until('the room is closed', async () =>
        stage.server.entries('a room closed').some(({ facts }) => facts.room === room),
      );
    });
  });
}

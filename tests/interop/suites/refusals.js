// Everything that keeps a person out, or without a camera, and the sentence they read about it.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';

import { allReceive } from '../support/participant.js';

// Long enough for a busy machine to show a picture first.
const kStayS = 10;

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

// RFC 7519 by hand, so that the server's library is not checked by itself.
function invitation(secret, claims) {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const body = { aud: 'sluice-conference', exp, ...claims };
  const text = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(body)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

async function heading(person) {
  return person.page.getByRole('heading').first().textContent();
}

async function full(stage) {
  const server = await stage.startServer({ workers: 1, options: ['--max-peers-per-room', '2'] });
  const room = stage.freshRoom('full');
  await stage.withPeople(
    ['Ada', 'Bo'],
    { room },
    async (ada, bo) => {
      await Promise.all([ada.joined(), bo.joined()]);
      const cleo = await stage.participant('Cleo', { room }, { server });
      const { title, text } = await cleo.failure();
      assert.equal(title, 'This room is full');
      assert.match(text, /2 people/);
      assert.equal(await heading(cleo), title);
      await bo.press('Leave the room');
      await ada.until('is alone', async () => (await ada.state()).peers.length === 0);
      await cleo.press('Join again');
      await allReceive([ada, cleo]);
      await cleo.close();
    },
    { server },
  );
}

async function uninvited(stage) {
  const secret = randomBytes(24).toString('hex');
  const options = ['--token-secret', secret];
  const server = await stage.startServer({ workers: 1, options });
  const room = stage.freshRoom('invited');
  const tries = [
    [undefined, /needs an invitation/],
    ['nonsense', /not valid/],
    [invitation('another secret of some length...', { room }), /not valid/],
    [invitation(secret, { room: 'elsewhere' }), /another room/],
    [invitation(secret, { room, exp: 1_700_000_000 }), /expired/],
  ];
  for (const [token, words] of tries) {
    const params = { room, ...(token && { token }) };
    const person = await stage.participant('Mallory', params, { server });
    const { title, text } = await person.failure();
    assert.equal(title, 'You need an invitation');
    assert.match(text, words);
    assert.equal(await heading(person), title);
    await person.close();
  }
  const token = invitation(secret, { room, name: 'Grace' });
  const grace = await stage.participant('somebody', { room, token }, { server });
  await grace.joined();
  assert.equal((await grace.state()).name, 'Grace', 'the invitation fixes the name');
  await grace.close();
}

// An invitation to watch: what cannot be done says so.
async function watchesByInvitation(stage) {
  const secret = randomBytes(24).toString('hex');
  const server = await stage.startServer({ workers: 1, options: ['--token-secret', secret] });
  const room = stage.freshRoom('granted');
  const watching = invitation(secret, { room, grants: ['subscribe'] });
  const ada = await stage.participant(
    'Ada',
    { room, token: invitation(secret, { room }) },
    { server },
  );
  const zoe = await stage.participant('Zoe', { room, token: watching }, { server });
  const says = (words) => async () => words.test(await zoe.page.locator('.toasts').textContent());
  try {
    await zoe.until('is told', says(/here to watch and listen/));
    await zoe.receives('Ada');
    const { cameraOn, microphoneOn } = await zoe.state();
    assert.deepEqual({ cameraOn, microphoneOn }, { cameraOn: false, microphoneOn: false });
    await zoe.press('Turn camera on (V)');
    await zoe.until('is told why not', says(/does not let you send your camera/));
    const seen = await ada.until('sees Zoe', () => ada.peerState('Zoe'));
    assert.ok(seen.cameraOff && seen.micMuted);
    await expires(stage, { server, secret, room, ada });
  } finally {
    await Promise.all([ada.close(), zoe.close()]);
  }
}

// Another one, for a few seconds more: its end is told, and changes nothing for the others.
async function expires(stage, { server, secret, room, ada }) {
  const exp = Math.floor(Date.now() / 1000) + kStayS;
  const token = invitation(secret, { room, exp, grants: ['subscribe'] });
  const yan = await stage.participant('Yan', { room, token }, { server });
  try {
    await yan.joined();
    const { title, text } = await yan.failure({ within: 3 * kStayS * 1000 });
    assert.equal(title, 'Your invitation has expired');
    assert.match(text, /new one/);
    await ada.until('is without Yan', async () => {
      const { peers } = await ada.state();
      return peers.length === 1 && peers[0].name === 'Zoe';
    });
    assert.equal((await ada.state()).phase, 'joined');
  } finally {
    await yan.close();
  }
}

// Without permission or devices a person is told so, is in the room all the same, and watches.
async function watchesOnly(stage, browser, words) {
  const room = stage.freshRoom('watch');
  const ada = await stage.participant('Ada', { room });
  const zoe = await stage.participant('Zoe', { room }, { browser });
  try {
    await zoe.until('is told', async () =>
      words.test(await zoe.page.locator('.toasts').textContent()),
    );
    await zoe.receives('Ada');
    const { cameraOn, microphoneOn } = await zoe.state();
    assert.deepEqual({ cameraOn, microphoneOn }, { cameraOn: false, microphoneOn: false });
    const seen = await ada.until('sees Zoe', () => ada.peerState('Zoe'));
    assert.ok(seen.cameraOff && seen.micMuted);
  } finally {
    await Promise.all([ada.close(), zoe.close()]);
  }
}

async function permissionDenied(stage) {
  const browser = await stage.openBrowser({ permission: 'deny' });
  await watchesOnly(stage, browser, /camera is blocked/);
  await browser.close();
}

async function noCamera(stage) {
  const browser = await stage.openBrowser({ camera: { 'device-count': 0 } });
  const room = stage.freshRoom('no-camera');
  const zoe = await stage.participant('Zoe', { room }, { browser });
  await zoe.until('is told', async () =>
    /No camera was found/.test(await zoe.page.locator('.toasts').textContent()),
  );
  await zoe.joined();
  await browser.close();
}

export async function refusals(t, stage) {
  await t.test('a full room', () => full(stage));
  await t.test('no invitation, or a bad one', () => uninvited(stage));
  await t.test('an invitation to watch, which expires', () => watchesByInvitation(stage));
  await t.test('permission denied', () => permissionDenied(stage));
  await t.test('no camera', () => noCamera(stage));
}

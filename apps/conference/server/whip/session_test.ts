// What a session keeps to itself, and how one that ends meets requests that are under way.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock, settle } from '../../testing/fake_clock';
import { FakeWhipEngine } from '../../testing/fake_whip_media';
import { Log } from '../log';
import { WhipFrontDoor } from './front_door';
import type { WhipRequest } from './front_door';

const kPwd = 'aPasswordOfMoreThan22Letters';

function doorWith() {
  const engine = new FakeWhipEngine();
  const lines: string[] = [];
  const door = new WhipFrontDoor({
    ...{ open: engine.open, checkToken: null, iceServers: [], corsOrigins: [], maxSessions: 9 },
    ...{ clock: new FakeClock(), log: new Log('debug', (line) => lines.push(line)) },
  });
  const ask = (method: string, url: string, headers: object = {}, body = '') => {
    const [path = '', query = ''] = url.split('?', 2);
    const request = { method, path, headers, query: new URLSearchParams(query) };
    return door.handle({ ...request, address: '::1', body: async () => body } as WhipRequest);
  };
  const open = async (url: string) => {
    const type = { 'content-type': 'application/sdp' };
    return String((await ask('POST', url, type, 'v=0\r\n')).headers.Location);
  };
  return { engine, lines, door, ask, open };
}

test('no log has the id of a session, which is all that a request to it needs without tokens', async () => {
  const { lines, ask, open } = doorWith();
  const session = await open('/whep/blue');
  const type = { 'content-type': 'application/json' };
  assert.equal((await ask('POST', `${session}/layer`, type, 'nonsense')).status, 400);
  assert.equal((await ask('DELETE', `${session}/sse/${'x'.repeat(32)}`)).status, 404);
  assert.equal((await ask('PUT', session)).status, 405);
  const refusals = lines.filter((line) => line.includes('was refused'));
  assert.equal(refusals.length, 3);
  for (const line of refusals) assert.match(line, /"path":"\/whep\/blue\/~…"/);
  assert.ok(!lines.join().includes(session.split('~')[1] as string));
});

test('what fails because the session has ended meanwhile is answered with 404', async () => {
  const { engine, ask, open } = doorWith();
  const session = await open('/whip/blue');
  let fail: (error: Error) => void = () => {};
  engine.last.gate = new Promise((_, reject) => (fail = reject));
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
  const restart = ask('PATCH', session, headers, `a=ice-ufrag:second\r\na=ice-pwd:${kPwd}\r\n`);
  await settle();
  engine.last.listener.ended('consent was lost');
  fail(new Error('the connection is closed'));
  assert.equal((await restart).status, 404);
});

test('the name that a viewer gives itself is tidied as that of a person', async () => {
  const { door, open } = doorWith();
  await open(`/whep/blue?name=${encodeURIComponent(`\u202e  The\n wall ${'x'.repeat(100)}`)}`);
  await open('/whep/blue?name=%20');
  const [long, none] = door.viewers('blue').map(({ name }) => name);
  assert.match(String(long), /^The wall x+$/);
  assert.equal([...String(long)].length, 40);
  assert.equal(none, null);
});

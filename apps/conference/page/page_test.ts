import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CloseCode } from '../protocol/messages';
import { Backoff } from './backoff';
import {
  explainClose,
  explainDevice,
  explainRefusal,
  explainUndecodable,
  findObstacle,
  isFinal,
} from './failures';
import { inventRoom, linkToRoom, parseParams, roomNameFrom } from './params';
import { qualityOf } from './remote_peer';
import { SpeakingDetector } from './sound_level';
import { isRoomName } from '../protocol/messages';

test('the address decides room, name, devices and codec', () => {
  const params = parseParams('/', '?room=blue&name=Ann%20Lee&join=auto&audio=0&codec=h264&token=t');
  assert.deepEqual(params, {
    room: 'blue',
    roomIsBad: false,
    name: 'Ann Lee',
    autoJoin: true,
    audio: false,
    video: true,
    codec: 'H264',
    layers: null,
    view: null,
    panels: false,
    token: 't',
  });
});

test('an empty address asks for everything and joins nothing', () => {
  const params = parseParams('/', '');
  assert.equal(params.room, null);
  assert.equal(params.roomIsBad, false);
  assert.equal(params.autoJoin, false);
  assert.equal(params.audio && params.video, true);
  assert.equal(params.codec, null);
});

test('a room may be named by path, and a bad name is told from none', () => {
  assert.equal(parseParams('/r/k%C3%A4se', '').room, 'käse');
  assert.equal(parseParams('/r/blue', '?room=red').room, 'red');
  assert.deepEqual(parseParams('/r/%E0%A4%A', '').roomIsBad, true);
  assert.equal(parseParams('/', '?room=a/b').roomIsBad, true);
});

test('an unknown codec, mode or view is no wish', () => {
  const odd = parseParams('/', '?codec=theora&layers=many&view=cinema&panels=yes');
  assert.deepEqual([odd.codec, odd.layers, odd.view, odd.panels], [null, null, null, false]);
});

test('layers, view and panels can be asked for', () => {
  const params = parseParams('/', '?layers=svc&view=speaker&panels=1');
  assert.deepEqual([params.layers, params.view, params.panels], ['svc', 'speaker', true]);
});

test('the link to pass on carries no token', () => {
  assert.equal(linkToRoom('https://a.org', 'käse'), 'https://a.org/?room=k%C3%A4se');
});

test('invented and typed room names are good ones', () => {
  for (const random of [0, 0.5, 0.999999]) assert.ok(isRoomName(inventRoom(() => random)));
  assert.ok(isRoomName(roomNameFrom('  my team  room ')));
});

test('waiting doubles, is spread and has an end', () => {
  const slow = new Backoff(() => 1);
  assert.deepEqual([slow.next(), slow.next(), slow.next()], [300, 600, 1200]);
  for (let count = 0; count < 20; ++count) slow.next();
  assert.equal(slow.next(), 8000);
  slow.reset();
  assert.equal(slow.next(), 300);
  assert.equal(new Backoff(() => 0).next(), 150);
});

test('every failure of a device has its own advice', () => {
  const names = [
    'NotAllowedError',
    'NotFoundError',
    'NotReadableError',
    'OverconstrainedError',
    'X',
  ];
  const texts = names.map((name) => explainDevice(new DOMException('', name), 'camera'));
  assert.equal(new Set(texts).size, names.length);
  for (const text of texts) assert.match(text, /camera/);
  assert.match(explainDevice('odd', 'microphone'), /microphone could not be opened/);
});

test('an insecure page can still watch, an old browser cannot', () => {
  const fine = {
    isSecureContext: true,
    hasMediaDevices: true,
    hasPeerConnection: true,
    hasWebSocket: true,
  };
  assert.equal(findObstacle(fine), null);
  const insecure = findObstacle({ ...fine, isSecureContext: false, hasMediaDevices: false });
  assert.equal(insecure?.fatal, false);
  assert.match(insecure?.text ?? '', /https/);
  assert.equal(findObstacle({ ...fine, hasPeerConnection: false })?.fatal, true);
});

test('a full room is final, a restarting server is not', () => {
  assert.equal(isFinal('room_full'), true);
  assert.equal(isFinal('unauthorized'), true);
  assert.equal(isFinal('unavailable'), false);
  assert.equal(isFinal('internal'), false);
  assert.match(explainRefusal('room_full', 'This room is full (2 people).').text, /2 people/);
});

test('only some closes are for good', () => {
  assert.ok(explainClose(CloseCode.replaced));
  assert.ok(explainClose(CloseCode.badMessage));
  assert.equal(explainClose(CloseCode.goingAway), null);
  assert.equal(explainClose(1006), null);
});

test('speech is held over the gaps between words', () => {
  const detector = new SpeakingDetector();
  assert.equal(detector.update(0.001, 0), false);
  assert.equal(detector.update(0.2, 100), true);
  assert.equal(detector.update(0, 500), true);
  assert.equal(detector.update(0, 700), false);
});

test('loss shows as quality', () => {
  assert.equal(qualityOf(0), 'good');
  assert.equal(qualityOf(0.05), 'fair');
  assert.equal(qualityOf(0.2), 'poor');
});

test('what cannot be decoded is said by whose it is and what it is', () => {
  const event = { peerId: 'p', name: 'Studio', source: 'camera' as const, codec: 'H264 Main' };
  const sentence = 'The camera of Studio is sent as H264 Main, which this browser cannot decode.';
  assert.equal(explainUndecodable(event), sentence);
});

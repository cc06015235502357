import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Method } from '../protocol/messages';
import { kCapabilities, rtpParameters } from '../testing/stage';
import { parseData, parseFrame, roomFromQuery } from './schemas';

const kJoin = {
  name: 'Ann',
  session: '0'.repeat(32),
  revision: 'r1',
  rtpCapabilities: kCapabilities,
};
const kProduce = {
  source: 'camera',
  kind: 'video',
  rtpParameters: rtpParameters(),
  paused: false,
};

function refuses(method: Method, data: unknown, field: string): void {
  assert.throws(
    () => parseData(method, data),
    (error: Error & { code?: string }) =>
      error.code === 'bad_request' && error.message.startsWith(`${method}: ${field}: `),
  );
}

test('what browsers send passes', () => {
  assert.equal(parseData('join', kJoin).name, 'Ann');
  assert.equal(parseData('produce', kProduce).rtpParameters.codecs[0]?.payloadType, 96);
  assert.deepEqual(parseData('ping', undefined), {});
});

test('fields nobody asked for do not reach the engine', () => {
  const encodings = [{ ssrc: 1, evil: true }];
  const dirty = { ...kProduce, admin: true, rtpParameters: { ...rtpParameters(), encodings } };
  const clean = parseData('produce', dirty);
  assert.equal('admin' in clean, false);
  assert.deepEqual(clean.rtpParameters.encodings, [{ ssrc: 1 }]);
});

test('a name is tidied, and must then be something', () => {
  assert.equal(parseData('join', { ...kJoin, name: ' A\n\u202eB\t ' }).name, 'A B');
  assert.equal(parseData('join', { ...kJoin, name: 'x'.repeat(200) }).name.length, 40);
  refuses('join', { ...kJoin, name: ' \u0007 ' }, 'name');
  refuses('join', { ...kJoin, name: 7 }, 'name');
});

test('every list has an end', () => {
  const codecs = Array(97).fill(kCapabilities.codecs[0]);
  const rtpCapabilities = { ...kCapabilities, codecs };
  refuses('join', { ...kJoin, rtpCapabilities }, 'rtpCapabilities.codecs');
  const encodings = Array(5).fill({ ssrc: 1 });
  const many = { ...rtpParameters(), encodings };
  refuses('produce', { ...kProduce, rtpParameters: many }, 'rtpParameters.encodings');
  refuses('resumeConsumers', { consumerIds: Array(513).fill('x') }, 'consumerIds');
});

test('numbers stay within their fields on the wire', () => {
  const withCodec = (changes: object) => {
    const base = rtpParameters();
    return { ...kProduce, rtpParameters: { ...base, codecs: [{ ...base.codecs[0], ...changes }] } };
  };
  refuses('produce', withCodec({ payloadType: 128 }), 'rtpParameters.codecs.0.payloadType');
  refuses('produce', withCodec({ clockRate: 0 }), 'rtpParameters.codecs.0.clockRate');
  const encodings = [{ ssrc: 2 ** 32 }];
  const wide = { ...kProduce, rtpParameters: { ...rtpParameters(), encodings } };
  refuses('produce', wide, 'rtpParameters.encodings.0.ssrc');
});

test('codec parameters are few and flat', () => {
  const parameters = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, n]));
  const codecs = [{ ...rtpParameters().codecs[0], parameters }];
  const long = { ...kProduce, rtpParameters: { ...rtpParameters(), codecs } };
  refuses('produce', long, 'rtpParameters.codecs.0.parameters');
});

test('a source goes with its kind only', () => {
  refuses('produce', { ...kProduce, source: 'microphone' }, 'source');
  refuses('produce', { ...kProduce, source: 'screen-audio' }, 'source');
  refuses('produce', { ...kProduce, source: 'desktop' }, 'source');
});

test('fingerprints are hexadecimal and of a known kind', () => {
  const connect = (algorithm: string, value: string) => ({
    transportId: 't',
    dtlsParameters: { fingerprints: [{ algorithm, value }] },
  });
  assert.ok(parseData('connectTransport', connect('sha-256', 'AB:0F')));
  const field = 'dtlsParameters.fingerprints';
  refuses('connectTransport', connect('md5', 'AB:0F'), `${field}.0.algorithm`);
  refuses('connectTransport', connect('sha-256', 'xyz'), `${field}.0.value`);
  const none = { transportId: 't', dtlsParameters: { fingerprints: [] } };
  refuses('connectTransport', none, field);
});

test('layers, priorities and sizes stay within what there can be', () => {
  const usual = { consumerId: 'c', spatialLayer: 2, temporalLayer: 2, priority: 1, paused: false };
  const wish = (changes: object) => ({ consumers: [{ ...usual, ...changes }] });
  assert.ok(parseData('setPreferredLayers', wish({})));
  refuses('setPreferredLayers', wish({ spatialLayer: 8 }), 'consumers.0.spatialLayer');
  refuses('setPreferredLayers', wish({ spatialLayer: -1 }), 'consumers.0.spatialLayer');
  refuses('setPreferredLayers', wish({ temporalLayer: 0.5 }), 'consumers.0.temporalLayer');
  refuses('setPreferredLayers', wish({ priority: 0 }), 'consumers.0.priority');
  refuses('setPreferredLayers', wish({ priority: 256 }), 'consumers.0.priority');
  refuses('setPreferredLayers', wish({ paused: 'no' }), 'consumers.0.paused');
  refuses('setPreferredLayers', { consumers: [] }, 'consumers');
  refuses('setPreferredLayers', { consumers: Array(513).fill(usual) }, 'consumers');
  const capture = { producerId: 'p', width: 1280, height: 720 };
  assert.ok(parseData('setCapture', capture));
  refuses('setCapture', { ...capture, width: 0 }, 'width');
  refuses('setCapture', { ...capture, height: 1e6 }, 'height');
  refuses('produce', { ...kProduce, capture: { width: 1280 } }, 'capture.height');
});

test('frames that are none yield null', () => {
  for (const text of ['', '{', 'null', '7', '{}', '{"id":-1,"method":"ping"}']) {
    assert.equal(parseFrame(text), null, text);
  }
  assert.deepEqual(parseFrame('{"id":3,"method":"ping"}')?.id, 3);
});

test('a room name is short and simple, in any script', () => {
  const room = (text: string) => roomFromQuery(new URLSearchParams({ room: text }));
  assert.equal(room('blue-cove-7'), 'blue-cove-7');
  assert.equal(room('käse'), 'käse');
  assert.equal(room('ka\u0308se'), 'käse', 'one spelling for one name');
  assert.equal(room('会議'), '会議');
  for (const bad of ['', '..', '/etc', 'a b', 'a\u0000', '<b>', 'x'.repeat(65), '-a']) {
    assert.equal(room(bad), null, JSON.stringify(bad));
  }
  assert.equal(roomFromQuery(new URLSearchParams()), null);
});

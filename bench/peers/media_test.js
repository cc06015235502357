// The lists of a request become tracks and layers, or an error that names what is wrong.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Request, parseLine } from './line_protocol.js';
import {
  describeStream,
  extensionsOf,
  feedbackOf,
  kTransportSequence,
  sendersOf,
  tracksOf,
} from './media.js';

const requestOf = (line) => new Request(parseLine(line));
const uris = (kind, twcc) => extensionsOf(kind, twcc).map(({ uri }) => uri);

test('sound and simulcast with retransmission become two tracks', () => {
  const request = requestOf(
    'send kinds=audio,video codecs=opus,vp8 ssrcs=1000,1111/1112/1113 rtx=,2111/2112/2113 mids=0,1',
  );
  const [sound, video] = tracksOf(request);
  assert.deepEqual([sound.kind, sound.mid, sound.ssrcs, sound.rtx], ['audio', '0', [1000], []]);
  assert.deepEqual(video.ssrcs, [1111, 1112, 1113]);
  assert.deepEqual(video.rtx, [2111, 2112, 2113]);
  assert.equal(video.codec.payloadType, 96);
  assert.equal(video.codec.rtxPayloadType, 97);
  assert.equal(video.mode, undefined);
});

test('an empty or absent list of retransmissions is none', () => {
  for (const rtx of ['', ' rtx=']) {
    const request = requestOf(`send kinds=video codecs=av1 ssrcs=7 mids=0${rtx}`);
    assert.deepEqual(tracksOf(request)[0].rtx, []);
  }
});

test('a scalability mode belongs to its track', () => {
  const request = requestOf(
    'send kinds=audio,video codecs=opus,vp9 ssrcs=1,2 mids=0,1 modes=,L3T3_KEY',
  );
  assert.deepEqual(
    tracksOf(request).map(({ mode }) => mode),
    [undefined, 'L3T3_KEY'],
  );
});

const kWrong = [
  ['kinds=video codecs=theora ssrcs=1 mids=0', /no codec theora/],
  ['kinds=audio codecs=vp8 ssrcs=1 mids=0', /vp8 is not of kind audio/],
  ['kinds=video codecs=vp8 ssrcs=x mids=0', /no SSRC for vp8/],
  ['kinds=video codecs=vp8 ssrcs=4294967296 mids=0', /no SSRC for vp8/],
  ['kinds=video,video codecs=vp8,vp9 ssrcs=1 mids=0,1', /no SSRC for vp9/],
  ['kinds=video codecs=vp8 ssrcs=1/2 rtx=3 mids=0', /differ in number/],
  ['kinds=video,video codecs=vp8,vp9 ssrcs=1,2 mids=0', /mids names none for vp9/],
];
for (const [values, message] of kWrong) {
  test(`"${values}" is refused`, () => {
    assert.throws(() => tracksOf(requestOf(`send ${values}`)), message);
  });
}

test('one layer is meant for all senders, or each has its own', () => {
  const layers = (values) => sendersOf(requestOf(`receive ${values}`)).map(({ layer }) => layer);
  assert.deepEqual(layers('from=a,b,c layer=low'), ['low', 'low', 'low']);
  assert.deepEqual(layers('from=a,b,c layer=max,low'), ['max', 'low', 'low']);
  assert.deepEqual(layers('from=a,b'), ['max', 'max']);
  assert.throws(() => layers('from=a layer=best'), /layer=best/);
});

test('nobody may be named', () => {
  assert.deepEqual(sendersOf(requestOf('receive from= layer=max')), []);
  assert.deepEqual(sendersOf(requestOf('receive')), []);
});

test('feedback and extension for a bandwidth estimate are there only when it is wanted', () => {
  assert.deepEqual(feedbackOf('video', true), ['nack', 'nack pli', 'ccm fir', 'transport-cc']);
  assert.deepEqual(feedbackOf('video', false), ['nack', 'nack pli', 'ccm fir', 'goog-remb']);
  assert.ok(uris('video', true).includes(kTransportSequence));
  assert.ok(!uris('video', false).includes(kTransportSequence));
});

test('each kind has the extensions that its clients send', () => {
  const ids = (kind) => extensionsOf(kind, true).map(({ id }) => id);
  assert.deepEqual(ids('audio'), [1, 2, 3, 4]);
  assert.deepEqual(ids('video'), [2, 3, 4, 10, 11, 13]);
});

test('a stream without retransmission leaves its fields empty', () => {
  const stream = { ssrc: 5, payloadType: 111, kind: 'audio', sender: 'p0' };
  assert.equal(describeStream(stream), '5//111//audio/p0');
  const repaired = { ssrc: 5, rtxSsrc: 6, payloadType: 96, rtxPayloadType: 97 };
  assert.equal(describeStream({ ...repaired, kind: 'video', sender: 'p0' }), '5/6/96/97/video/p0');
});

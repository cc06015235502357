// Session descriptions say what the tracks are, and what a server answers is read to the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Request, parseLine } from './line_protocol.js';
import { tracksOf } from './media.js';
import { readSession, writeAnswer, writeOffer } from './sdp.js';

const kLocal = {
  ...{ name: 'p0', ufrag: 'abcd', pwd: 'secret', fingerprint: 'sha-256 AA:BB', role: 'client' },
};
const kTracks = tracksOf(
  new Request(
    parseLine('send kinds=audio,video codecs=opus,h264 ssrcs=9,11/12 rtx=,21/22 mids=0,1'),
  ),
);

// As Janus 1.1.2 offers a stream to a subscriber, shortened.
const kOffer = [
  ...['v=0', 'o=- 1 1 IN IP4 192.0.2.2', 's=VideoRoom r0', 't=0 0', 'a=group:BUNDLE 0 1'],
  ...['a=ice-options:trickle', 'a=fingerprint:sha-256 CC:DD', 'a=ice-lite'],
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 192.0.2.2', 'a=sendonly', 'a=mid:0'],
  ...['a=rtcp-mux', 'a=ice-ufrag:QKzn', 'a=ice-pwd:hnFk', 'a=setup:actpass'],
  ...['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 useinbandfec=1'],
  ...['a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', 'a=msid:janus janus0'],
  ...['a=ssrc:77 cname:janus', 'a=candidate:1 1 udp 2015363327 192.0.2.2 50894 typ host'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 96 97', 'c=IN IP4 192.0.2.2', 'a=sendonly', 'a=mid:1'],
  ...['a=rtcp-mux', 'a=ice-ufrag:QKzn', 'a=ice-pwd:hnFk', 'a=setup:actpass'],
  ...['a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 ccm fir', 'a=rtcp-fb:96 nack'],
  ...['a=rtcp-fb:96 nack pli', 'a=rtcp-fb:96 goog-remb', 'a=rtcp-fb:96 transport-cc'],
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  ...['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=ssrc-group:FID 78 79'],
  ...['a=ssrc:78 cname:janus', 'a=ssrc:79 cname:janus', ''],
].join('\r\n');

const has = (sdp, line) => assert.ok(sdp.split('\r\n').includes(line), `${line} in\n${sdp}`);
const hasNot = (sdp, text) => assert.ok(!sdp.includes(text), `no ${text} in\n${sdp}`);

test('an offer is read back as what it was made of', () => {
  const { ufrag, pwd, fingerprint, setup, media } = readSession(writeOffer(kTracks, kLocal, true));
  assert.deepEqual([ufrag, pwd, fingerprint], ['abcd', 'secret', 'sha-256 AA:BB']);
  assert.equal(setup, 'active');
  const [sound, video] = media;
  assert.deepEqual([sound.kind, sound.mid, sound.ssrcs], ['audio', '0', [9]]);
  assert.equal(sound.codecs[0].encoding, 'opus/48000/2');
  assert.deepEqual(video.ssrcs, [11, 12, 21, 22]);
  assert.deepEqual(
    [...video.repairs],
    [
      [11, 21],
      [12, 22],
    ],
  );
  assert.deepEqual(
    video.codecs.map(({ payloadType }) => payloadType),
    [102, 103],
  );
  assert.match(video.codecs[0].format, /profile-level-id=42e01f/);
  assert.equal(video.codecs[1].format, 'apt=102');
});

test('an offer bundles, names its simulcast and ends every line', () => {
  const sdp = writeOffer(kTracks, kLocal, true);
  has(sdp, 'a=group:BUNDLE 0 1');
  has(sdp, 'a=ssrc-group:SIM 11 12');
  has(sdp, 'a=sendonly');
  assert.ok(sdp.endsWith('\r\n'));
  assert.ok(!/[^\r]\n/.test(sdp));
});

test('a DTLS server offers to be passive', () => {
  has(writeOffer(kTracks, { ...kLocal, role: 'server' }, true), 'a=setup:passive');
});

test('a bandwidth estimate is offered only when it is wanted', () => {
  hasNot(writeOffer(kTracks, kLocal, true), 'goog-remb');
  has(writeOffer(kTracks, kLocal, true), 'a=rtcp-fb:102 transport-cc');
  hasNot(writeOffer(kTracks, kLocal, false), 'transport-');
});

test('the offer of a server is read', () => {
  const offer = readSession(kOffer);
  assert.deepEqual([offer.ufrag, offer.pwd], ['QKzn', 'hnFk']);
  assert.deepEqual([offer.fingerprint, offer.setup], ['sha-256 CC:DD', 'actpass']);
  assert.deepEqual(offer.candidates, [
    { component: 1, transport: 'udp', address: '192.0.2.2', port: 50894, type: 'host' },
  ]);
  const [, video] = offer.media;
  assert.deepEqual(video.codecs[0].feedback, [
    ...['ccm fir', 'nack', 'nack pli', 'goog-remb', 'transport-cc'],
  ]);
  assert.equal(video.repairs.get(78), 79);
});

test('lines may end without a carriage return', () => {
  assert.deepEqual(readSession(kOffer.replaceAll('\r', '')), readSession(kOffer));
});

test('a direction before the number of an extension is no part of it', () => {
  const sdp = kOffer.replace('a=extmap:4 urn', 'a=extmap:4/sendonly urn');
  assert.equal(readSession(sdp).media[0].extensions[0].id, 4);
});

test('an answer accepts what is offered, in the numbers of the offer', () => {
  const answer = writeAnswer(readSession(kOffer), kLocal, true);
  const [sound, video] = readSession(answer).media;
  assert.deepEqual([sound.mid, video.mid], ['0', '1']);
  assert.deepEqual(
    video.codecs.map(({ encoding }) => encoding),
    ['VP8/90000', 'rtx/90000'],
  );
  assert.equal(video.codecs[1].format, 'apt=96');
  has(answer, 'a=recvonly');
  has(answer, 'a=setup:active');
  has(answer, 'a=rtcp-fb:96 transport-cc');
  hasNot(answer, 'goog-remb');
});

test('an answer declines a bandwidth estimate that is not wanted', () => {
  const answer = writeAnswer(readSession(kOffer), kLocal, false);
  hasNot(answer, 'transport-');
  has(answer, 'a=rtcp-fb:96 nack');
});

test('a description without media is refused', () => {
  assert.throws(() => readSession('v=0\r\ns=-\r\n'), /no media/);
  assert.throws(() => readSession('v=0\r\nm=nonsense\r\n'), /no media line/);
});

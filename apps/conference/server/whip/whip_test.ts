// The front door with rooms behind it, on the fake engine.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { ortc } from '@sluice/sdk';
import type { types } from 'mediasoup-client';

import { settle } from '../../testing/fake_clock';
import type { FakeTransport } from '../../testing/fake_engine';
import {
  ffmpegOffer,
  kH264,
  kOfferPwd,
  kOfferUfrag,
  obsOffer,
  offerOf,
  viewerOffer,
} from '../../testing/offers';
import { Stage } from '../../testing/stage';
import type { StageOptions } from '../../testing/stage';
import { mediaCodecs } from '../media_codecs';
import { TokenVerifier } from '../tokens';
import { createWhip } from './whip';

const kSecret = '0123456789abcdef0123456789abcdef';
const kTokens = { tokens: new TokenVerifier([kSecret]) };

const routerRtpCapabilities = ortc.generateRouterRtpCapabilities(
  mediaCodecs() as never,
) as types.RtpCapabilities;

function token(claims: object): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const body = { aud: 'sluice-conference', room: 'blue', exp, ...claims };
  const parts = [{ alg: 'HS256' }, body].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', kSecret).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

async function open(options: StageOptions = {}) {
  const stage = await Stage.open(1, options);
  const { conference, clock, log } = stage;
  const door = createWhip({
    options: { iceServers: [], corsOrigins: [], maxWhipSessions: 20 },
    ...{ conference, clock, log, routerRtpCapabilities, revision: 'r1' },
    tokens: options.tokens ?? null,
  });
  const ask = (method: string, url: string, body = '', headers: Record<string, string> = {}) => {
    const [path = '', query = ''] = url.split('?', 2);
    const type = method === 'PATCH' ? 'application/trickle-ice-sdpfrag' : 'application/sdp';
    return door.handle({
      ...{ method, path, query: new URLSearchParams(query), address: '192.0.2.1' },
      headers: { 'content-type': type, ...headers },
      body: async () => body,
    });
  };
  const post = (url: string, offer: string, bearer?: string) =>
    ask('POST', url, offer, bearer === undefined ? {} : { authorization: `Bearer ${bearer}` });
  const published = async (offer = obsOffer(), url = '/whip/blue?name=Studio') => {
    const { status, headers, body } = await post(url, offer);
    assert.equal(status, 201, body ?? '');
    return { location: String(headers.Location), answer: body ?? '' };
  };
  const transports = () =>
    stage.engine.workers.flatMap(({ routers }) =>
      [...routers].flatMap((router) => [...router.transports]),
    ) as FakeTransport[];
  return { stage, door, ask, post, published, transports };
}

const problemOf = (body: string | null) => JSON.parse(body ?? '{}').detail as string;

test('a publisher is a person of the room, whom pages see and hear', async () => {
  const { stage, published, ask } = await open();
  const ann = await stage.joined('blue', 'Ann');
  const { location } = await published();
  await settle();
  assert.deepEqual(
    ann.events('peerJoined').map(({ name }) => name),
    ['Studio'],
  );
  const sources = ann.events('newConsumer').map(({ source }) => source);
  assert.deepEqual(sources.sort(), ['camera', 'microphone']);
  assert.equal((await ask('DELETE', location)).status, 200);
  assert.equal(ann.events('peerLeft').length, 1);
});

test('a publisher has one transport and no data channels, and receives nothing', async () => {
  const { stage, published, transports } = await open();
  const ann = await stage.joined();
  await ann.produce();
  const before = transports().length;
  await published();
  await settle();
  assert.equal(transports().length, before + 1);
  assert.equal(transports().at(-1)?.consumers.size, 0);
});

test('who comes without a name has one all the same', async () => {
  const { stage, published } = await open();
  const ann = await stage.joined();
  await published(obsOffer(), '/whip/blue');
  assert.equal(ann.events('peerJoined')[0].name, 'WHIP');
});

test('the answer receives, on one transport, with the candidates of the server', async () => {
  const { published } = await open();
  const { answer } = await published();
  assert.match(answer, /^v=0\r\n/);
  assert.match(answer, /^a=ice-lite\r$/m);
  assert.match(answer, /^a=group:BUNDLE 0 1\r$/m);
  assert.equal(answer.match(/^a=recvonly\r$/gm)?.length, 2);
  assert.equal(answer.match(/^a=setup:passive\r$/gm)?.length, 2);
  assert.match(answer, /^a=rtpmap:96 H264\/90000\r$/m);
  assert.ok(answer.length <= 8192, 'what FFmpeg reads');
});

test('every size of a picture is granted by its rid', async () => {
  const { published, transports } = await open();
  const { answer } = await published(obsOffer(['0', '1', '2', '3']));
  assert.match(answer, /^a=simulcast:recv 0;1;2;3\r$/m);
  const producers = [...(transports()[0]?.producers ?? [])];
  const video = producers.find(({ kind }) => kind === 'video');
  assert.deepEqual(
    video?.rtpParameters.encodings?.map(({ rid }) => rid),
    ['0', '1', '2', '3'],
  );
});

test('pages are told sizes to choose from, though SDP has no word for them', async () => {
  const { stage, published } = await open();
  const ann = await stage.joined();
  await published(obsOffer(['0', '1', '2']));
  await settle();
  const { shape } = ann.events('newConsumer').find(({ source }) => source === 'camera');
  assert.deepEqual(shape.scales, [4, 2, 1]);
});

test('a publisher that waits for the handshake, without MID, is called by the server', async () => {
  const { published, transports } = await open();
  const { answer } = await published(ffmpegOffer());
  assert.equal(answer.match(/^a=setup:active\r$/gm)?.length, 2);
  const producers = [...(transports()[0]?.producers ?? [])];
  const ssrcs = producers.map(({ rtpParameters }) => rtpParameters.encodings?.[0]?.ssrc);
  assert.deepEqual(ssrcs, [2001, 2002]);
});

const kVideo = { kind: 'video' as const, codecs: ['96 VP8/90000'], direction: 'sendonly' };

test('an offer that cannot be granted as a whole is 422, and nobody was in the room', async () => {
  const { stage, post } = await open();
  const ann = await stage.joined();
  const data =
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:9\r\n';
  const refusals: [string, RegExp][] = [
    [
      offerOf([
        { ...kVideo, mid: '0' },
        { ...kVideo, mid: '1' },
      ]),
      /section 1: a second video/,
    ],
    [
      offerOf([{ ...kVideo, mid: '0', codecs: ['96 THEORA/90000'] }]),
      /section 0: the router has none.*THEORA/,
    ],
    [offerOf([{ ...kVideo, mid: '0', direction: 'recvonly' }]), /section 0: recvonly/],
    [offerOf([{ ...kVideo, mid: '0' }]) + data, /section 1: neither audio nor video/],
    [obsOffer().replace(/a=group.*\r\n/, ''), /section 1: not in the BUNDLE/],
    [obsOffer().replace(/a=rtcp-mux\r\n/, ''), /section 0: without rtcp-mux/],
    [obsOffer().replace(/a=fingerprint.*\r\n/g, ''), /section 0: fingerprint is missing/],
    [obsOffer().replaceAll('sha-256', 'md5'), /section 0: fingerprint is by none of sha-256/],
    [obsOffer().replaceAll('sha-256', 'sha-512'), /section 0: fingerprint is no sha-512 hash/],
    [obsOffer().replace(/a=ice-.*\r\n/g, ''), /section 0: ice-ufrag and ice-pwd are missing/],
    [obsOffer().replaceAll('actpass', 'holdconn'), /section 0: setup:holdconn cannot/],
    [obsOffer().replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), /section 0: not RTP over DTLS/],
    [obsOffer().replace('m=audio 9', 'm=audio 0').replace('m=video 9', 'm=video 0'), /nothing/],
  ];
  for (const [offer, reason] of refusals) {
    const { status, body } = await post('/whip/blue', offer);
    assert.equal(status, 422, String(reason));
    assert.match(problemOf(body), reason);
  }
  assert.equal(ann.events('peerJoined').length, 0);
});

test('what is no description at all is 400, with the line', async () => {
  const { post } = await open();
  const { status, body } = await post('/whip/blue', 'v=0\r\no=nonsense\r\n');
  assert.equal(status, 400);
  assert.match(problemOf(body), /line 2/);
});

test('an offer is looked at no further than offers go: 1024 lines, 8 sections', async () => {
  const { post } = await open();
  const detailOf = async (offer: string) => {
    const { status, body } = await post('/whip/blue', offer);
    return `${status} ${status === 201 ? '' : problemOf(body)}`;
  };
  const lines = obsOffer().split('\r\n').length - 1;
  assert.match(await detailOf(obsOffer() + 'a=x\r\n'.repeat(1024 - lines)), /^201/);
  assert.match(await detailOf('nonsense\r\n'.repeat(1025)), /^400 .*more than 1024 lines/);
  const stopped = 'm=video 0 UDP/TLS/RTP/SAVPF 96\r\n';
  assert.match(await detailOf(obsOffer() + stopped.repeat(6)), /^201/);
  assert.match(await detailOf(obsOffer() + stopped.repeat(7)), /^400 .*more than 8 sections/);
});

test('an engine that refuses leaves nobody in the room', async () => {
  const { stage, published, ask, door } = await open();
  const ann = await stage.joined();
  stage.engine.workers[0]?.routers.forEach((router) => {
    router.check = () => {
      throw new Error('port 40000 is gone');
    };
  });
  const { status } = await ask('POST', '/whip/blue', obsOffer());
  assert.equal(status, 503);
  assert.equal(ann.events('peerJoined').length, 0);
  assert.deepEqual([door.counts().publishing, door.counts().opened], [0, 0]);
  void published;
});

test('candidates are taken, and a restart gives credentials of the server', async () => {
  const { published, ask } = await open();
  const { location } = await published();
  const { headers } = await ask('GET', location);
  const etag = { 'if-match': String(headers.ETag) };
  const credentials = `a=ice-ufrag:${kOfferUfrag}\r\na=ice-pwd:${kOfferPwd}\r\n`;
  const candidate = 'a=candidate:2 1 udp 1 192.0.2.9 4000 typ host\r\n';
  const more = `${credentials}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n${candidate}`;
  assert.equal((await ask('PATCH', location, more, etag)).status, 204);
  assert.equal((await ask('PATCH', location, 'a=candidate:x\r\n', etag)).status, 400);
  const fresh = 'a=ice-ufrag:another\r\na=ice-pwd:another1234567890123456\r\n';
  const restarted = await ask('PATCH', location, fresh, { 'if-match': '*' });
  assert.equal(restarted.status, 200);
  assert.match(restarted.body ?? '', /^a=ice-lite\r\na=ice-ufrag:frag-2\r\na=ice-pwd:/);
  assert.match(restarted.body ?? '', /m=audio .*\r\na=mid:0\r\n/);
  const renewed = { 'if-match': String(restarted.headers.ETag) };
  assert.equal((await ask('PATCH', location, fresh, renewed)).status, 204);
});

test('consent that is lost ends the session, and people see them leave', async () => {
  const { stage, published, ask, transports } = await open();
  const ann = await stage.joined();
  const { location } = await published();
  transports().at(-1)?.emit('dtlsstatechange', 'connected');
  transports().at(-1)?.emit('icestatechange', 'disconnected');
  assert.equal(ann.events('peerLeft').length, 1);
  assert.equal((await ask('GET', location)).status, 404);
});

test('DTLS that is closed by the publisher ends the session', async () => {
  const { published, transports, door } = await open();
  await published();
  transports()[0]?.emit('dtlsstatechange', 'closed');
  assert.deepEqual(door.counts().ended, { 'the client closed DTLS': 1 });
});

test('a publisher that never connects is no longer in the room after 30 s', async () => {
  const { stage, published } = await open();
  const ann = await stage.joined();
  await published();
  // The socket of the page has to show signs of life meanwhile.
  for (let at = 0; at < 3; ++at) {
    ann.socket.pong();
    await stage.clock.advance(10_000);
  }
  assert.equal(ann.events('peerLeft').length, 1);
});

test('a worker that dies ends the sessions on it', async () => {
  const { stage, published, ask, door } = await open();
  const { location } = await published();
  stage.engine.workers[0]?.die();
  await settle();
  assert.equal((await ask('GET', location)).status, 404);
  assert.deepEqual(door.counts().ended, { 'the media server was restarted': 1 });
});

test('limits of the conference hold: a full room is 503', async () => {
  const limits = { maxRooms: 10, maxPeersPerRoom: 1, maxPeers: 20 };
  const { published, post } = await open({ limits });
  await published();
  const { status, headers, body } = await post('/whip/blue', obsOffer());
  assert.deepEqual([status, headers['Retry-After']], [503, '5']);
  assert.match(problemOf(body), /room is full/);
});

test('a token has to be for the room and to let publish or watch', async () => {
  const { post } = await open(kTokens);
  const statusOf = async (claims: object, url = '/whip/blue') =>
    (await post(url, url.includes('whip') ? obsOffer() : viewerOffer(), token(claims))).status;
  assert.equal(await statusOf({ room: 'red' }), 401);
  assert.equal(await statusOf({ exp: 1_700_000_000 }), 401);
  assert.equal(await statusOf({ grants: ['subscribe'] }), 403);
  assert.equal(await statusOf({ grants: ['publish:microphone'] }), 403, 'it offers a camera too');
  assert.equal(await statusOf({ grants: ['publish'] }, '/whep/blue'), 403);
  assert.equal(await statusOf({ grants: ['publish'] }), 201);
});

test('a publisher is put out when its token expires', async () => {
  const { stage, post, transports, door } = await open(kTokens);
  const exp = Math.floor(Date.now() / 1000) + 60;
  const { status } = await post('/whip/blue', obsOffer(), token({ exp, name: 'Cam 1' }));
  assert.equal(status, 201);
  transports()[0]?.emit('dtlsstatechange', 'connected');
  await stage.clock.advance(61_000);
  assert.deepEqual(door.counts().ended, { 'the token expired': 1 });
  assert.equal(stage.conference.peerCount, 0);
});

test('a moderator puts a publisher out', async () => {
  const { stage, published, door } = await open();
  await published();
  const [peer] = [...(stage.conference.findRoom('blue')?.peers.values() ?? [])];
  assert.ok(peer);
  stage.conference.dismiss(peer, 'removed', 'You were removed.');
  assert.deepEqual(door.counts().ended, { 'dismissed: removed': 1 });
  assert.equal(stage.conference.peerCount, 0);
});

test('a publisher on a worker that is being replaced comes again elsewhere', async () => {
  const { stage, published, door } = await open();
  await published();
  const [peer] = [...(stage.conference.findRoom('blue')?.peers.values() ?? [])];
  peer?.tell('moveRequested', { reason: 'The media server is being replaced.' });
  assert.deepEqual(door.counts().ended, { 'its worker is being replaced': 1 });
  await published();
});

test('a drained server takes no new rooms: 503', async () => {
  const { stage, post } = await open();
  stage.conference.draining = true;
  const { status, headers } = await post('/whip/blue', obsOffer());
  assert.deepEqual([status, headers['Retry-After']], [503, '5']);
});

test('whom nobody watches yet is 409, and when to look again', async () => {
  const { stage, post } = await open();
  assert.equal((await post('/whep/blue', viewerOffer())).status, 409);
  const ann = await stage.joined('blue', 'Ann');
  const { status, headers } = await post('/whep/blue/Ann', viewerOffer());
  assert.deepEqual([status, headers['Retry-After']], [409, '3']);
  await ann.produce();
  assert.equal((await post('/whep/blue/Bo', viewerOffer())).status, 409);
  assert.equal((await post('/whep/blue/Ann/screen', viewerOffer())).status, 409);
  assert.equal((await post('/whep/blue/Ann', viewerOffer())).status, 201);
});

test('a viewer gets what is there, and is nobody of the room', async () => {
  const { stage, post, transports, door } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const { status, body } = await post('/whep/blue', viewerOffer());
  assert.equal(status, 201);
  assert.equal(body?.match(/^a=sendonly\r$/gm)?.length, 1);
  assert.equal(body?.match(/^a=inactive\r$/gm)?.length, 1);
  assert.match(body ?? '', /^a=ssrc:1234 cname:c\r$/m);
  assert.match(body ?? '', /^a=msid:sluice producer-/m);
  const viewer = transports().at(-1);
  const [consumer] = [...(viewer?.consumers ?? [])];
  assert.equal(consumer?.paused, false);
  assert.equal(stage.conference.peerCount, 1);
  assert.equal(ann.events('peerJoined').length, 0);
  viewer?.emit('dtlsstatechange', 'connected');
  assert.equal(door.counts().watching, 1);
});

test('without a name a viewer gets who speaks, or else who has a picture', async () => {
  const { stage, post, transports } = await open();
  const ann = await stage.joined('blue', 'Ann');
  const bo = await stage.joined('blue', 'Bo');
  await ann.produce('microphone', 'audio');
  await bo.produce();
  const watched = async () => {
    assert.equal((await post('/whep/blue', viewerOffer())).status, 201);
    const consumers = [...(transports().at(-1)?.consumers ?? [])];
    return consumers.map(({ kind }) => kind);
  };
  assert.deepEqual(await watched(), ['video']);
  const room = stage.conference.findRoom('blue');
  const [router] = [...(stage.engine.workers[0]?.routers ?? [])];
  const speaking = [...(room?.peers.values() ?? [])].find(({ name }) => name === 'Ann');
  const [id] = [...(speaking?.producers.keys() ?? [])];
  router?.speakerObserver.emit('dominantspeaker', { producer: { id } });
  await settle();
  assert.deepEqual(await watched(), ['audio']);
});

test('a viewer who can decode none of it is told what is sent', async () => {
  const { stage, post, transports } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const before = transports().length;
  stage.engine.workers[0]?.routers.forEach((router) => (router.canConsume = () => false));
  const { status, body } = await post('/whep/blue', viewerOffer('96 VP9/90000'));
  assert.equal(status, 422);
  assert.match(problemOf(body), /section 1: what is sent \(video\/VP8\) is none of its codecs/);
  assert.equal(transports().length, before, 'and nothing is left of the attempt');
});

test('a viewer offers to receive', async () => {
  const { stage, post } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const sending = viewerOffer().replace(/a=recvonly/g, 'a=sendonly');
  const { status, body } = await post('/whep/blue', sending);
  assert.equal(status, 422);
  assert.match(problemOf(body), /section 0: sendonly, where the client receives only/);
});

test('what is offered both ways goes the one way that the address is for', async () => {
  const { stage, post, transports } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const sending = await post('/whip/blue', obsOffer().replaceAll('sendonly', 'sendrecv'));
  assert.equal(sending.body?.match(/^a=recvonly\r$/gm)?.length, 2);
  const watching = await post('/whep/blue/Ann', viewerOffer().replaceAll('recvonly', 'sendrecv'));
  assert.equal(watching.body?.match(/^a=sendonly\r$/gm)?.length, 1);
  assert.deepEqual(
    [transports().at(-1)?.producers.size, transports().at(-1)?.consumers.size],
    [0, 1],
  );
});

test('when what is watched ends, so does the session; the next one gets what is there then', async () => {
  const { stage, post, ask, transports } = await open();
  const ann = await stage.joined('blue', 'Ann');
  const { data } = await ann.produce();
  const { headers } = await post('/whep/blue', viewerOffer());
  await ann.request('closeProducer', { producerId: data.id });
  assert.equal((await ask('GET', String(headers.Location))).status, 404);
  assert.equal((await post('/whep/blue', viewerOffer())).status, 409);
  assert.equal(transports().length, 2, 'those of Ann');
});

test('when the last person leaves, viewers do too', async () => {
  const { stage, post, ask } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const { headers } = await post('/whep/blue', viewerOffer());
  ann.socket.drop();
  await settle();
  assert.equal((await ask('GET', String(headers.Location))).status, 404);
  assert.equal(stage.conference.roomCount, 0);
});

test('what WHIP publishes can be watched by WHEP', async () => {
  const { published, post } = await open();
  await published();
  const { status, body } = await post('/whep/blue/Studio', viewerOffer('96 H264/90000', [kH264]));
  assert.equal(status, 201);
  assert.equal(body?.match(/^a=sendonly\r$/gm)?.length, 2);
});

test('a viewer chooses a size of what is there, and is told which there are', async () => {
  const { stage, post, ask, transports } = await open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const { headers } = await post('/whep/blue', viewerOffer());
  const session = String(headers.Location);
  const json = { 'content-type': 'application/json' };
  const choose = (body: object) =>
    ask('POST', `${session}/layer`, JSON.stringify(body), json).then(({ status }) => status);
  const [consumer] = [...(transports().at(-1)?.consumers ?? [])];
  assert.equal(await choose({ maxWidth: 640 }), 409, 'nothing has been seen yet');
  const [producer] = [...(transports()[0]?.producers ?? [])];
  if (producer) producer.stats = [{ bitrate: 9, frameWidth: 640, frameHeight: 360 } as never];
  assert.equal(await choose({ mediaId: '1', maxWidth: 640 }), 200);
  assert.equal(await choose({ maxTemporalLayerId: 1 }), 200);
  assert.equal(await choose({ mediaId: '0' }), 422, 'that is the sound');
  assert.equal(await choose({ rid: 'q' }), 422);
  const chosen = ['setPreferredLayers 0.undefined', 'setPreferredLayers 254.1'];
  assert.deepEqual(
    consumer?.commands.filter((command) => command.startsWith('set')),
    chosen,
  );
});

test('events of a viewer follow what is watched, to its end', async () => {
  const { stage, post, ask } = await open();
  const ann = await stage.joined('blue', 'Ann');
  const { data } = await ann.produce();
  const { headers } = await post('/whep/blue', viewerOffer());
  const json = { 'content-type': 'application/json' };
  const events = '["active","inactive"]';
  const { headers: made } = await ask('POST', `${String(headers.Location)}/sse`, events, json);
  const told: string[] = [];
  const { stream } = await ask('GET', String(made.Location));
  const write = (text: string) => void told.push(/^event: (.*)$/m.exec(text)?.[1] ?? text);
  stream?.({ queuedBytes: 0, write, end: () => told.push('end'), onClose: () => undefined });
  await settle();
  await ann.request('pauseProducer', { producerId: data.id });
  await stage.clock.advance(1000);
  await ann.request('resumeProducer', { producerId: data.id });
  await stage.clock.advance(1000);
  await ann.request('closeProducer', { producerId: data.id });
  assert.deepEqual(told, ['active', 'inactive', 'active', 'inactive', 'end']);
});

test('a page that lacks the profile of an encoder is told, and what the encoder may send is said', async () => {
  const { stage, post, published } = await open();
  const ann = await stage.joined('blue', 'Ann');
  stage.engine.workers[0]?.routers.forEach((router) => (router.canConsume = () => false));
  const inProfile = (profile: string) => obsOffer().replace('42e01f', profile);
  await published(inProfile('4d0028'));
  await settle();
  const camera = ann.events('undecodable').find(({ source }) => source === 'camera');
  assert.deepEqual([camera.name, camera.codec], ['Studio', 'H264 Main']);
  const { status, body } = await post('/whip/blue', inProfile('640028'));
  assert.equal(status, 422);
  assert.match(problemOf(body), /section 1: .*H264 '640028'.*, but VP8, .*'42e01f'.*'4d001f'/);
});

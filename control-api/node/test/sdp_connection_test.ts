// Offers and answers of one connection, against a fake worker.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  InvalidStateError,
  NotFoundError,
  ResourceExhaustedError,
  sdp,
  SdpConnection,
  type Producer,
  type Router,
} from '../src/index.js';
import type { Script } from './fake_worker.js';
import {
  listenInfos,
  nextEvent,
  videoParameters,
  audioParameters,
  withFakeWorker,
} from './fixtures.js';
import { SdpClient } from './sdp_client.js';
import {
  fixtureCodecs,
  fixtureNames,
  readFixture,
  readTransport,
  settleFixture,
} from './sdp_fixtures.js';

const transport = { listenInfos, enableSctp: true };

interface Stage {
  router: Router;
  connection: SdpConnection;
  client: SdpClient;
  /** Somebody else's streams. */
  camera: Producer;
  microphone: Producer;
}

/** The second section calls MID something else than the first. */
function otherIds(offer: string): string {
  const at = offer.indexOf('m=video');
  return offer.slice(0, at) + offer.slice(at).replace('a=extmap:4 ', 'a=extmap:5 ');
}

async function onStage(
  body: (stage: Stage) => Promise<void>,
  { script = {}, ...options }: { script?: Script } & Partial<sdp.SdpConnectionOptions> = {},
): Promise<void> {
  await withFakeWorker(script, async (worker) => {
    const router = await worker.createRouter({ mediaCodecs: fixtureCodecs });
    const connection = await SdpConnection.create(router, { transport, ...options });
    const other = await router.createWebRtcTransport({ listenInfos });
    const camera = (await other.produce({
      kind: 'video',
      rtpParameters: videoParameters(),
    })) as Producer;
    const microphone = (await other.produce({
      kind: 'audio',
      rtpParameters: audioParameters(),
    })) as Producer;
    await body({ router, connection, client: new SdpClient(), camera, microphone });
  });
}

describe('an offer of the client', () => {
  test('is answered with the transport that other SDKs answer with', async () => {
    await onStage(async ({ connection }) => {
      const { iceParameters, iceCandidates, dtlsParameters, sctpParameters } = connection.transport;
      const described = { iceParameters, iceCandidates, dtlsParameters, sctpParameters };
      assert.deepEqual({ mediaCodecs: fixtureCodecs, ...described }, readTransport());
    });
  });

  for (const name of fixtureNames) {
    test(`${name} is answered, and the answer fits it`, async () => {
      await onStage(async ({ connection }) => {
        const fixture = readFixture(name);
        const { offer } = fixture;
        const before = sdp.parseSdp(offer);
        const text = await connection.answer(offer);
        const answer = text.replace(/^o=- [0-9]+ /m, 'o=- 0 ');
        assert.equal(answer, settleFixture(fixture, { answer }).answer);
        const after = sdp.parseSdp(text);
        assert.equal(after.sections.length, before.sections.length);
        assert.equal(after.iceLite, true);
        for (const [index, section] of after.sections.entries()) {
          const offered = before.sections[index] as sdp.SdpSection;
          assert.deepEqual([section.kind, section.mid], [offered.kind, offered.mid]);
          assert.ok(section.formats.every((format) => offered.formats.includes(format)));
          if (section.port === 0) continue;
          assert.equal(section.setup, offered.setup === 'passive' ? 'active' : 'passive');
          assert.ok(section.ice && section.fingerprints.length === 1);
          if (section.kind === 'application') continue;
          assert.equal(
            section.direction,
            offered.direction === 'sendonly' || offered.direction === 'sendrecv'
              ? 'recvonly'
              : 'inactive',
          );
          const offeredIds = offered.headerExtensions.map(({ id, uri }) => `${id} ${uri}`);
          assert.ok(
            section.headerExtensions.every(({ id, uri }) => offeredIds.includes(`${id} ${uri}`)),
          );
        }
        const producers = connection.sections.filter(({ producer }) => producer);
        const sending = before.sections.filter(
          ({ direction, kind }) => kind !== 'application' && direction.startsWith('send'),
        );
        assert.equal(producers.length, sending.length);
      });
    });
  }

  test('makes producers with their simulcast layers, and closes those that it stops', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      const video = client.publish('video', { rids: ['q', 'h', 'f'] });
      const came: string[] = [];
      connection.on('producer', ({ kind }, { mid }) => came.push(`${kind} ${mid}`));
      client.accept(await connection.answer(client.offer()));
      assert.deepEqual(came, ['audio 0', 'video 1']);
      assert.deepEqual(
        client
          .answered(video)
          .simulcast?.recv.flat()
          .map(({ rid }) => rid),
        ['q', 'h', 'f'],
      );
      const producer = connection.sections[1]?.producer as Producer;
      const gone = nextEvent(connection, 'producerclose');
      video.direction = 'inactive';
      client.accept(await connection.answer(client.offer()));
      await gone;
      assert.ok(producer.closed);
      assert.equal(connection.sections[0]?.producer?.closed, false);
      video.direction = 'sendonly';
      client.accept(await connection.answer(client.offer()));
      assert.equal(came.length, 3);
    });
  });

  test('that begins anew what it sent before names the same section and sizes to the worker', async () => {
    await onStage(async ({ connection, client }) => {
      const video = client.publish('video', { rids: ['q', 'f'] });
      client.accept(await connection.answer(client.offer()));
      const names = (): unknown => {
        const { mid, encodings } = connection.sections[0]?.producer?.rtpParameters ?? {};
        return { mid, encodings: encodings?.map(({ rid, ssrc, rtx }) => ({ rid, ssrc, rtx })) };
      };
      // No SSRC: the worker has to remember those by which it knew the section.
      const encodings = ['q', 'f'].map((rid) => ({ rid, ssrc: undefined, rtx: undefined }));
      const { mid } = connection.sections[0] as { mid: string };
      assert.deepEqual(names(), { mid, encodings });
      const first = connection.sections[0]?.producer?.id;
      video.direction = 'inactive';
      client.accept(await connection.answer(client.offer()));
      video.direction = 'sendonly';
      client.accept(await connection.answer(client.offer()));
      assert.notEqual(connection.sections[0]?.producer?.id, first);
      assert.deepEqual(names(), { mid, encodings });
    });
  });

  test('that says nothing new leaves producers alone', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      await connection.answer(client.offer());
      const { producer } = connection.sections[0] ?? {};
      await connection.answer(client.offer());
      assert.equal(connection.sections[0]?.producer, producer);
    });
  });

  test('that makes no sense changes nothing, and says which section is at fault', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      client.publish('video');
      client.accept(await connection.answer(client.offer()));
      const before = connection.sections;
      const good = client.offer();
      const bad: [string, RegExp][] = [
        [
          good.replace('a=mid:1', 'a=mid:7').replace('BUNDLE 0 1', 'BUNDLE 0 7'),
          /section 1: mid '7'/,
        ],
        [
          good.slice(0, good.indexOf('m=video')).replace('BUNDLE 0 1', 'BUNDLE 0'),
          /1 sections where there were 2/,
        ],
        [good.replaceAll(/a=ice-pwd:.*\r\n/g, ''), /do not come together/],
        [good.replaceAll(/a=fingerprint:.*\r\n/g, ''), /section 0: fingerprint is missing/],
        [good.replaceAll(/sha-256 ../g, 'sha-256 EE'), /fingerprint has changed/],
        [good.replaceAll('a=setup:actpass', 'a=setup:passive'), /setup:passive/],
        [good.replaceAll(/a=ssrc:[0-9]+/g, 'a=ssrc:5'), /section 1: ssrc 5/],
        [good.replace('m=video', 'm=audio'), /section 1/],
        ['nonsense', /line 1/],
        // What the worker would not produce, found out before what was produced has ended.
        [good.replaceAll(/\b111\b/g, '72'), /section 0: payload type 72 cannot be told from RTCP/],
        [
          good.replace('a=rtpmap:111', `a=fmtp:111 x=${'y'.repeat(2049)}\r\na=rtpmap:111`),
          /section 0: .*parameters.x is longer than/,
        ],
        [
          good.replaceAll(/a=msid:.*/g, `a=msid:home ${'y'.repeat(2049)}`),
          /section 0: .*msid is longer than/,
        ],
        [otherIds(good), /section 1: extmap 5 contradicts that of another section/],
        [good.replace('cname:home', 'cname:ho\0me'), /line [0-9]+: it has a NUL character/],
      ];
      for (const [offer, reason] of bad) {
        await assert.rejects(connection.answer(offer), (error: Error) => {
          assert.ok(error instanceof sdp.SdpError, error.stack);
          assert.match(error.message, reason);
          return true;
        });
        assert.deepEqual(connection.sections, before);
      }
      client.accept(await connection.answer(good));
      assert.deepEqual(connection.sections, before);
    });
  });

  test('is refused in part where it cannot be granted, and sections tell why', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      client.publish('video', { codec: 'H266/90000' });
      const answer = client.accept(await connection.answer(client.offer()));
      assert.equal(answer.sections[1]?.port, 0);
      assert.deepEqual(answer.groups, [{ semantics: 'BUNDLE', mids: ['0'] }]);
      assert.match(connection.sections[1]?.reason ?? '', /none of its codecs \(H266\)/);
    });
  });

  test('may be declined by the application, section by section', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      client.publish('video');
      const asked: sdp.SdpIncoming[] = [];
      const accept = (incoming: sdp.SdpIncoming): boolean => {
        asked.push(incoming);
        return incoming.kind === 'audio';
      };
      const answer = sdp.parseSdp(await connection.answer(client.offer(), { accept }));
      assert.deepEqual(
        answer.sections.map(({ direction }) => direction),
        ['recvonly', 'inactive'],
      );
      assert.deepEqual(
        asked.map(({ mid, codec }) => `${mid} ${codec}`),
        ['0 audio/opus', '1 video/VP8'],
      );
    });
  });

  test('has its codec chosen by its own order, or by what the application prefers', async () => {
    const codecOf = async (options: Partial<sdp.SdpConnectionOptions>): Promise<string> => {
      let name = '';
      await onStage(async ({ connection }) => {
        const { offer } = readFixture('chromium_publish_plain');
        name = sdp.parseSdp(await connection.answer(offer)).sections[1]?.codecs[0]?.name ?? '';
      }, options);
      return name;
    };
    assert.equal(await codecOf({}), 'VP8');
    assert.equal(await codecOf({ preferCodecs: ['video/AV1', 'video/H264'] }), 'H264');
  });

  test('with new credentials restarts ICE, with the same ones does not', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      const first = client.accept(await connection.answer(client.offer()));
      const same = client.accept(await connection.answer(client.offer()));
      assert.deepEqual(same.sections[0]?.ice, first.sections[0]?.ice);
      client.restartIce();
      const fresh = client.accept(await connection.answer(client.offer()));
      assert.notDeepEqual(fresh.sections[0]?.ice, first.sections[0]?.ice);
    });
  });

  test('whose producers the worker refuses fails as a whole', async () => {
    const script = { refuse: { Consume: { code: 5, message: 'no room' } } };
    await onStage(
      async ({ connection, client, camera }) => {
        client.publish('audio');
        client.watch('video');
        connection.send(camera.id);
        await assert.rejects(connection.answer(client.offer()), /no room/);
        assert.deepEqual(connection.sections, []);
      },
      { script },
    );
  });

  test('whose dictionaries the worker refuses is an SdpError, and other errors stay theirs', async () => {
    const message = 'rtpParameters.headerExtensions: id 1 means something else';
    await onStage(
      async ({ connection, client }) => {
        client.publish('audio');
        await assert.rejects(connection.answer(client.offer()), (error: Error) => {
          assert.ok(error instanceof sdp.SdpError, error.stack);
          assert.equal(error.message, `SDP section 0: ${message}`);
          return true;
        });
      },
      { make: { produce: () => Promise.reject(new TypeError(message)) } },
    );
    const ours = new TypeError('x is undefined');
    await onStage(
      async ({ connection, client }) => {
        client.publish('audio');
        await assert.rejects(connection.answer(client.offer()), ours);
      },
      { make: { produce: () => Promise.reject(ours) } },
    );
  });

  test('with fingerprints that the worker cannot check is refused before anything is made', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      const offer = client.offer();
      for (const [wrong, reason] of [
        ['md5', /section 0: fingerprint is by none of sha-256/],
        ['sha-512', /section 0: fingerprint is no sha-512 hash/],
      ] as const) {
        const refused = offer.replaceAll('fingerprint:sha-256', `fingerprint:${wrong}`);
        await assert.rejects(connection.answer(refused), (error: Error) => {
          assert.ok(error instanceof sdp.SdpError);
          assert.match(error.message, reason);
          return true;
        });
      }
      client.accept(await connection.answer(offer));
    });
  });

  test('that fails half-way can be taken back: what it replaced is made anew', async () => {
    const script = { refuse: { Consume: { code: 5, message: 'no room' } } };
    await onStage(
      async ({ connection, client, microphone }) => {
        const video = client.publish('video');
        client.watch('audio');
        client.accept(await connection.answer(client.offer()));
        const { sources } = video;
        video.sources = [{ ssrc: 5, cname: 'home' }];
        const sender = connection.send(microphone.id);
        await assert.rejects(connection.answer(client.offer()), /no room/);
        connection.stopSending(sender);
        video.sources = sources;
        client.accept(await connection.answer(client.offer()));
        assert.equal(client.answered(video).direction, 'recvonly');
        assert.equal(connection.sections[0]?.producer?.closed, false);
      },
      { script },
    );
  });
});

describe('streams to the client', () => {
  test('go into sections that it offers to receive, in its payload types', async () => {
    await onStage(async ({ connection, camera, microphone }) => {
      const senders = [connection.send(microphone.id), connection.send(camera.id)];
      const answer = sdp.parseSdp(await connection.answer(readFixture('chromium_watch').offer));
      assert.deepEqual(
        answer.sections.map(({ direction }) => direction),
        ['sendonly', 'sendonly'],
      );
      assert.deepEqual(
        answer.sections.map(({ formats }) => formats),
        [['111'], ['96', '97']],
      );
      assert.deepEqual(
        senders.map(({ state }) => state),
        ['sending', 'sending'],
      );
      const [, video] = answer.sections;
      const ssrcs = senders[1]?.consumer?.rtpParameters.encodings?.[0];
      assert.deepEqual(video?.sourceGroups, [
        { semantics: 'FID', ssrcs: [ssrcs?.ssrc, ssrcs?.rtx?.ssrc] },
      ]);
      assert.equal(senders[1]?.consumer?.rtpParameters.codecs[0]?.payloadType, 96);
    });
  });

  test('are offered to it, and begin when it has answered', async () => {
    await onStage(async ({ connection, client, camera, microphone }) => {
      client.publish('audio');
      client.accept(await connection.answer(client.offer()));
      const due = nextEvent(connection, 'negotiationneeded');
      const senders = [camera, microphone].map(({ id }) => connection.send(id));
      await due;
      const offer = sdp.parseSdp(await connection.offer());
      assert.deepEqual(
        offer.sections.map(({ kind, direction }) => `${kind} ${direction}`),
        ['audio recvonly', 'video sendonly', 'audio sendonly'],
      );
      assert.equal(offer.sections[2]?.codecs[0]?.payloadType, client.opus);
      assert.equal(connection.signalingState, 'have-local-offer');
      await connection.acceptAnswer(client.answer(offer));
      assert.equal(connection.signalingState, 'stable');
      assert.deepEqual(
        senders.map(({ state, mid }) => `${state} ${mid}`),
        ['sending s1', 'sending s2'],
      );
      assert.equal(senders[0]?.consumer?.rtpParameters.mid, 's1');
    });
  });

  test('come and go a hundred times without a section more', async () => {
    await onStage(async ({ connection, client, camera }) => {
      client.publish('audio');
      client.accept(await connection.answer(client.offer()));
      for (let round = 0; round < 100; round += 1) {
        const sender = connection.send(camera.id);
        await connection.acceptAnswer(client.answer(sdp.parseSdp(await connection.offer())));
        assert.equal(sender.state, 'sending');
        connection.stopSending(sender);
        const offer = sdp.parseSdp(await connection.offer());
        assert.equal(offer.sections[1]?.direction, 'inactive');
        await connection.acceptAnswer(client.answer(offer));
      }
      assert.equal(connection.sections.length, 2);
      assert.equal(camera.observer.listenerCount('close'), 0);
    });
  });

  test('that the client does not take end, and their place is used anew', async () => {
    await onStage(async ({ connection, client, camera }) => {
      const sender = connection.send(camera.id);
      const why = nextEvent(sender, 'close');
      const refusal = client.answer(sdp.parseSdp(await connection.offer()), { refuse: true });
      await connection.acceptAnswer(refusal);
      assert.match(String((await why)[0]), /client has stopped it/);
      assert.equal(connection.sections[0]?.direction, 'stopped');
      const again = connection.send(camera.id);
      const offer = sdp.parseSdp(await connection.offer());
      assert.deepEqual(
        offer.sections.map(({ mid }) => mid),
        ['s2'],
      );
      await connection.acceptAnswer(client.answer(offer));
      assert.equal(again.state, 'sending');
    });
  });

  test('end with their producer, and the next offer says so', async () => {
    await onStage(async ({ connection, client, camera }) => {
      const sender = connection.send(camera.id);
      await connection.acceptAnswer(client.answer(sdp.parseSdp(await connection.offer())));
      const due = nextEvent(connection, 'negotiationneeded');
      const told: string[] = [];
      sender.consumer?.on('producerclose', () => told.push('producerclose'));
      connection.on('consumerclose', () => told.push('consumerclose'));
      camera.close();
      await due;
      assert.equal(sender.state, 'closed');
      assert.deepEqual(told, ['producerclose', 'consumerclose'], 'as consumers elsewhere do, once');
      const offer = sdp.parseSdp(await connection.offer());
      assert.equal(offer.sections[0]?.direction, 'inactive');
    });
  });

  test('are paused while the client holds them', async () => {
    await onStage(async ({ connection, client, camera }) => {
      connection.send(camera.id);
      const section = client.watch('video');
      client.accept(await connection.answer(client.offer()));
      const { sender } = connection.sections[0] ?? {};
      section.direction = 'inactive';
      const held = client.accept(await connection.answer(client.offer()));
      assert.equal(held.sections[0]?.direction, 'inactive');
      assert.equal(sender?.consumer?.paused, true);
      section.direction = 'recvonly';
      client.accept(await connection.answer(client.offer()));
      assert.equal(sender?.consumer?.paused, false);
    });
  });

  test('of unknown producers, or beyond the sections, are refused at once', async () => {
    await onStage(
      async ({ connection, camera }) => {
        assert.throws(() => connection.send('nobody'), NotFoundError);
        connection.send(camera.id);
        connection.send(camera.id);
        assert.throws(() => connection.send(camera.id), ResourceExhaustedError);
      },
      { limits: { sections: 2 } },
    );
  });
});

describe('both sides at once', () => {
  test("the server's offer gives way, and is made again", async () => {
    await onStage(async ({ connection, client, camera }) => {
      client.publish('audio');
      client.accept(await connection.answer(client.offer()));
      const sender = connection.send(camera.id);
      const late = await connection.offer();
      const due = nextEvent(connection, 'negotiationneeded');
      client.publish('video');
      client.accept(await connection.answer(client.offer()));
      assert.equal(sender.state, 'waiting');
      await assert.rejects(connection.acceptAnswer(late), InvalidStateError);
      await due;
      await connection.acceptAnswer(client.answer(sdp.parseSdp(await connection.offer())));
      assert.equal(sender.state, 'sending');
      assert.equal(connection.sections.length, 3);
    });
  });

  test('an answer that does not fit leaves the offer pending', async () => {
    await onStage(async ({ connection, client, camera }) => {
      const sender = connection.send(camera.id);
      const offer = sdp.parseSdp(await connection.offer());
      const good = client.answer(offer);
      for (const bad of [good.replace('m=video', 'm=audio'), good.replaceAll('s1', 'x1'), 'v=0']) {
        await assert.rejects(connection.acceptAnswer(bad), sdp.SdpError);
      }
      assert.equal(connection.signalingState, 'have-local-offer');
      await connection.acceptAnswer(good);
      assert.equal(sender.state, 'sending');
    });
  });

  test('whatever becomes due in one turn is told once', async () => {
    await onStage(async ({ connection, camera, microphone }) => {
      let told = 0;
      connection.on('negotiationneeded', () => (told += 1));
      connection.send(camera.id);
      connection.send(microphone.id);
      connection.restartIce();
      await new Promise(setImmediate);
      assert.equal(told, 1);
      await connection.offer();
      await connection.rollback();
      await new Promise(setImmediate);
      assert.equal(told, 2);
    });
  });

  test('new credentials of the server hold once the client has answered', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      const first = client.accept(await connection.answer(client.offer())).sections[0]?.ice;
      connection.restartIce();
      const offered = sdp.parseSdp(await connection.offer());
      assert.notDeepEqual(offered.sections[0]?.ice, first);
      const glare = client.accept(await connection.answer(client.offer()));
      assert.deepEqual(glare.sections[0]?.ice, first);
      const again = sdp.parseSdp(await connection.offer());
      assert.deepEqual(again.sections[0]?.ice, offered.sections[0]?.ice);
      client.restartIce();
      await connection.acceptAnswer(client.answer(again));
      const after = client.accept(await connection.answer(client.offer()));
      assert.deepEqual(after.sections[0]?.ice, offered.sections[0]?.ice);
    });
  });

  test('calls beyond a bound are refused', async () => {
    await onStage(async ({ connection, client }) => {
      client.publish('audio');
      const calls = Array.from({ length: 40 }, () => connection.answer(client.offer()));
      const results = await Promise.allSettled(calls);
      const refused = results.filter(({ status }) => status === 'rejected');
      assert.equal(refused.length, 8);
      assert.equal(connection.sections.length, 1);
    });
  });
});

describe('what else comes as JSON', () => {
  test('offers, answers and candidates are told apart', async () => {
    await onStage(async ({ connection, client, camera }) => {
      client.publish('audio');
      const answer = await connection.handle({ type: 'offer', sdp: client.offer() });
      assert.equal(answer?.type, 'answer');
      client.accept(answer?.sdp ?? '');
      const candidate = 'candidate:1 1 udp 1 192.0.2.1 4000 typ host';
      assert.equal(await connection.handle({ candidate, sdpMid: '0' }), undefined);
      connection.send(camera.id);
      const offer = sdp.parseSdp(await connection.offer());
      await connection.handle({ type: 'answer', sdp: client.answer(offer) });
      assert.equal(connection.signalingState, 'stable');
    });
  });

  test('a channel that is closed while its producer is made ends with it', async () => {
    await onStage(async ({ connection, client }) => {
      const told: string[] = [];
      connection.on('dataproducer', ({ id }) => told.push(id));
      const gone = nextEvent(connection, 'dataproducerclose');
      client.publish('audio');
      // The fake worker's client opens one as soon as it is connected, and closes it at once.
      await connection.answer(client.offer());
      const [producer] = (await gone) as unknown as [{ id: string; closed: boolean }];
      assert.equal(producer.closed, true);
      assert.deepEqual(told, [producer.id]);
    });
  });

  test('candidates are looked at, and bounded', async () => {
    await onStage(
      async ({ connection, client }) => {
        client.publish('audio');
        await connection.answer(client.offer());
        const candidate = 'candidate:1 1 udp 1 192.0.2.1 4000 typ host';
        assert.throws(() => connection.addRemoteCandidate('candidate:x'), sdp.SdpError);
        assert.throws(
          () => connection.addRemoteCandidate({ candidate, sdpMid: '9' }),
          sdp.SdpError,
        );
        connection.addRemoteCandidate(null);
        connection.addRemoteCandidate('');
        connection.addRemoteCandidate(candidate);
        assert.throws(() => connection.addRemoteCandidate(candidate), /more than 3 candidates/);
      },
      { limits: { candidates: 3 } },
    );
  });

  test('nonsense is an error and no crash', async () => {
    await onStage(async ({ connection }) => {
      for (const message of [
        null,
        7,
        [],
        { type: 'pranswer', sdp: '' },
        { type: 'offer' },
        { type: 'offer', sdp: null },
        { type: 'offer', sdp: { sections: [] } },
        { type: 'answer', sdp: {} },
        { candidate: 7 },
      ]) {
        await assert.rejects(connection.handle(message as unknown as sdp.SdpMessage), TypeError);
      }
    });
  });

  test('a client that waits for the DTLS handshake gets a server that begins it', async () => {
    await onStage(async ({ connection }) => {
      const answer = sdp.parseSdp(await connection.answer(readFixture('muxer_passive').offer));
      assert.equal(answer.sections[0]?.setup, 'active');
      assert.equal(connection.transport.dtlsParameters.role, 'client');
    });
  });

  test('a closed connection says so', async () => {
    await onStage(async ({ connection, client, camera }) => {
      const sender = connection.send(camera.id);
      const gone = nextEvent(connection, 'close');
      connection.close();
      await gone;
      assert.equal(sender.state, 'closed');
      assert.equal(connection.signalingState, 'closed');
      client.publish('audio');
      await assert.rejects(connection.answer(client.offer()), InvalidStateError);
      assert.throws(() => connection.send(camera.id), InvalidStateError);
    });
  });
});

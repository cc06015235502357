// A consumer in the receiver's own payload types and extension ids, through the worker itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';

import { packageDirectory } from '#location';

import { InvalidStateError, sdp, SdpConnection, workerBin, type types } from '../src/index.js';
import { audioParameters, listenInfos, mediaCodecs, nextEvent } from './fixtures.js';
import { skip, withRealWorker } from './real_worker.js';
import { SdpClient } from './sdp_client.js';
import { readFixture } from './sdp_fixtures.js';

const midUri = 'urn:ietf:params:rtp-hdrext:sdes:mid';

// RFC 3550 §5.1: the least that a packet of Opus is.
function packet(payloadType: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(0x80, 0);
  bytes.writeUInt8(payloadType, 1);
  bytes.writeUInt16BE(sequence, 2);
  bytes.writeUInt32BE(sequence * 960, 4);
  bytes.writeUInt32BE(1111, 8);
  return bytes;
}

function capabilities(payloadType: number, extensionId: number): types.RtpCapabilities {
  return {
    codecs: [
      {
        ...{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
        preferredPayloadType: payloadType,
      },
    ],
    headerExtensions: [{ kind: 'audio', uri: midUri, preferredId: extensionId }],
  };
}

describe('numbers of the receiver', { skip }, () => {
  for (const payloadType of [100, 109, 35]) {
    test(`are in its packets: ${payloadType}`, async () => {
      await withRealWorker(async (worker) => {
        const router = await worker.createRouter({ mediaCodecs });
        const source = await router.createDirectTransport();
        const producer = await source.produce({ kind: 'audio', rtpParameters: audioParameters() });
        const sink = await router.createDirectTransport();
        const consumer = await sink.consume({
          producerId: producer.id,
          rtpCapabilities: capabilities(payloadType, 7),
          numbering: 'receiver',
          mid: 'x',
        });
        assert.equal(consumer.rtpParameters.codecs[0]?.payloadType, payloadType);
        const heard = nextEvent(consumer, 'rtp');
        producer.send(packet(111, 1));
        const [bytes] = (await heard) as [Buffer];
        assert.equal(bytes.readUInt8(1) & 0x7f, payloadType);
        // RFC 8285 §4.2: id 7, one byte, "x".
        assert.deepEqual([...bytes.subarray(12, 18)], [0xbe, 0xde, 0, 1, 0x70, 0x78]);
      });
    });
  }

  test('must be there for everything that is sent', async () => {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const source = await router.createDirectTransport();
      const producer = await source.produce({ kind: 'audio', rtpParameters: audioParameters() });
      const { codecs, ...rest } = capabilities(100, 7);
      const numberless = codecs?.map(({ preferredPayloadType: _, ...codec }) => codec) ?? [];
      await assert.rejects(
        source.consume({
          producerId: producer.id,
          rtpCapabilities: { codecs: numberless, ...rest },
          numbering: 'receiver',
        }),
        /rtpCapabilities.codecs: no preferredPayloadType for audio\/opus/,
      );
    });
  });
});

describe('the example that answers', { skip }, () => {
  const run = (offer: string) =>
    spawnSync(process.execPath, [`${packageDirectory}/examples/answer.mjs`], {
      input: offer,
      encoding: 'utf8',
      env: { ...process.env, SLUICE_WORKER_BIN: workerBin },
    });

  test('answers an offer of a browser', () => {
    const { stdout, stderr, status } = run(readFixture('chromium_publish_simulcast').offer);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /section 0: audio, simple\nsection 1: video, simulcast\n/);
    const answer = sdp.parseSdp(stdout.trimEnd());
    assert.deepEqual(
      answer.sections.map(({ kind }) => kind),
      ['audio', 'video', 'application'],
    );
  });

  test('says what is wrong with an offer', () => {
    const { stderr, status } = run('v=0\r\no=nonsense\r\n');
    assert.equal(status, 1);
    assert.match(stderr, /^SDP line 2: o= without sessionId$/m);
  });
});

describe('a connection', { skip }, () => {
  test('is taken by the worker as it is negotiated', async () => {
    await withRealWorker(async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = { listenInfos, enableSctp: true };
      const [one, other] = await Promise.all([
        SdpConnection.create(router, { transport }),
        SdpConnection.create(router, { transport }),
      ]);
      const [publisher, viewer] = [new SdpClient(), new SdpClient()];
      publisher.publish('audio');
      publisher.publish('video', { rids: ['a', 'b', 'c'] });
      publisher.accept(await one.answer(publisher.offer()));
      const producers = one.sections.flatMap(({ producer }) => producer ?? []);
      assert.deepEqual(
        producers.map(({ type }) => type),
        ['simple', 'simulcast'],
      );
      for (const { id } of producers) other.send(id);
      viewer.watch('audio');
      viewer.watch('video');
      const answer = viewer.accept(await other.answer(viewer.offer()));
      assert.deepEqual(
        answer.sections.map(({ direction, codecs }) => `${direction} ${codecs[0]?.payloadType}`),
        ['sendonly 111', 'sendonly 96'],
      );
      one.close();
      await assert.rejects(one.offer(), InvalidStateError);
      assert.deepEqual(
        other.sections.map(({ direction }) => direction),
        ['inactive', 'inactive'],
      );
    });
  });
});

// What WHIP and WHEP need beside offers and answers: a look at an offer before there is a connection,
// fragments, and answers to clients that speak of no bundle.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { InvalidStateError, sdp, SdpConnection } from '../src/index.js';
import { listenInfos, withFakeWorker } from './fixtures.js';
import { SdpClient } from './sdp_client.js';
import { fixtureCodecs, fixtureRouter } from './sdp_fixtures.js';

const fresh = 'a=ice-ufrag:renewed\r\na=ice-pwd:renewedRenewedRenewed00\r\n';
const candidate = 'a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n';

async function onStage(
  body: (connection: SdpConnection, client: SdpClient) => Promise<void>,
  limits: sdp.SdpConnectionLimits = {},
): Promise<void> {
  await withFakeWorker({}, async (worker) => {
    const router = await worker.createRouter({ mediaCodecs: fixtureCodecs });
    const transport = { listenInfos };
    const connection = await SdpConnection.create(router, { transport, limits });
    await body(connection, new SdpClient());
  });
}

describe('an offer that is examined', () => {
  test('tells of each section what an answer would', async () => {
    await onStage(async (connection, client) => {
      client.publish('audio');
      client.publish('video', { codec: 'H266/90000' });
      client.watch('video').port = 0;
      const offer = sdp.parseSdp(client.offer());
      const verdicts = sdp.examineOffer(offer, fixtureRouter);
      await connection.answer(offer);
      assert.deepEqual(
        verdicts.map(({ stopped, reason }) => (stopped ? 'stopped' : reason)),
        connection.sections.map(({ reason }) => reason),
      );
      assert.match(verdicts[1]?.reason ?? '', /none of its codecs \(H266\)/);
    });
  });

  test('names the profiles of H264, of which the router has one', () => {
    const client = new SdpClient();
    const { codecs } = client.publish('video', { codec: 'H264/90000' });
    const [codec] = codecs as [sdp.SdpCodec];
    const reason = (): string | undefined =>
      sdp.examineOffer(sdp.parseSdp(client.offer()), fixtureRouter)[0]?.reason;
    codec.parameters = { 'profile-level-id': 'f4001f', 'packetization-mode': 1 };
    assert.match(
      reason() ?? '',
      /H264 'f4001f' .*, but VP8, VP9, H264 '42e01f' packetization-mode 1$/,
    );
    codec.parameters = { 'profile-level-id': '42e01f', 'packetization-mode': 1 };
    assert.equal(reason(), undefined);
  });

  test('throws where answer() would reject', () => {
    const client = new SdpClient();
    client.publish('video');
    const offer = client.offer();
    const examine = (text: string) => () => sdp.examineOffer(sdp.parseSdp(text), fixtureRouter);
    assert.doesNotThrow(examine(offer));
    assert.throws(examine(offer.replace(/a=ice-.*\r\n/g, '')), /section 0: ice-ufrag/);
    assert.throws(examine(offer.replace(/a=fingerprint.*\r\n/g, '')), /section 0: fingerprint/);
    assert.throws(examine(offer.replace('actpass', 'holdconn')), /section 0: setup:holdconn/);
  });
});

describe('a fragment', () => {
  test('with credentials that are new restarts ICE, once', async () => {
    await onStage(async (connection, client) => {
      client.publish('video');
      const before = sdp.parseSdp(await connection.answer(client.offer())).sections[0];
      const own = sdp.parseSdpFragment((await connection.takeFragment(fresh)) ?? '');
      assert.notEqual(own.ice?.usernameFragment, before?.ice?.usernameFragment);
      assert.equal(own.iceLite, true);
      assert.equal(own.sections[0]?.mid, '0');
      assert.ok(own.sections[0]?.candidates.length);
      assert.equal(await connection.takeFragment(fresh), undefined);
      assert.equal(await connection.takeFragment('a=end-of-candidates\r\n'), undefined);
    });
  });

  test('has its candidates looked at and counted, anew after a restart', async () => {
    await onStage(
      async (connection, client) => {
        client.publish('video');
        await connection.answer(client.offer());
        let seen = 0;
        connection.on('candidate', () => (seen += 1));
        await connection.takeFragment(candidate);
        // What is refused does not count.
        const both = connection.takeFragment(candidate + candidate);
        await assert.rejects(both, /more than 2 candidates/);
        await connection.takeFragment(candidate);
        await assert.rejects(connection.takeFragment(candidate), /more than 2 candidates/);
        const tooMany = connection.takeFragment(fresh + candidate.repeat(3));
        await assert.rejects(tooMany, sdp.SdpError);
        assert.ok(await connection.takeFragment(fresh + candidate));
        assert.equal(seen, 3);
      },
      { candidates: 2 },
    );
  });

  test('before any description, or that is none, is an error', async () => {
    await onStage(async (connection, client) => {
      await assert.rejects(connection.takeFragment(fresh), InvalidStateError);
      client.publish('video');
      await connection.answer(client.offer());
      await assert.rejects(connection.takeFragment('hello'), sdp.SdpError);
      await assert.rejects(connection.takeFragment(7 as never), sdp.SdpError);
    });
  });
});

test('a client that speaks of no bundle is answered without one', async () => {
  await onStage(async (connection, client) => {
    client.publish('video');
    const loose = client.offer().replace(/a=group.*\r\n/, '');
    assert.doesNotMatch(await connection.answer(loose), /a=group/);
    assert.match(await connection.answer(client.offer()), /a=group:BUNDLE 0/);
  });
});

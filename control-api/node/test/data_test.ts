// Data producers and data consumers on every kind of transport, against a fake worker.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  InvalidStateError,
  NotFoundError,
  type DataProducer,
  type Router,
  type types,
} from '../src/index.js';
import {
  dtlsParameters,
  listenInfos,
  logOf,
  mediaCodecs,
  nextEvent,
  withFakeWorker,
} from './fixtures.js';

/** What all transports have in common, whatever their other events are. */
type AnyTransport = Pick<
  types.Transport,
  'close' | 'closed' | 'consumeData' | 'id' | 'observer' | 'produceData' | 'type'
>;

const [listenInfo] = listenInfos as [types.TransportListenInfo];
const sctpStreamParameters = { streamId: 0 };

const makers: Record<types.TransportKind, (router: Router) => Promise<unknown>> = {
  webrtc: (router) => router.createWebRtcTransport({ listenInfos }),
  plain: (router) => router.createPlainTransport({ listenInfo }),
  pipe: (router) => router.createPipeTransport({ listenInfo }),
  direct: (router) => router.createDirectTransport(),
};

async function onTransport(
  kind: types.TransportKind,
  body: (transport: AnyTransport, router: Router) => Promise<void>,
): Promise<void> {
  await withFakeWorker({}, async (worker) => {
    const router = await worker.createRouter({ mediaCodecs });
    await body((await makers[kind](router)) as AnyTransport, router);
  });
}

describe('messages of the application', () => {
  for (const kind of Object.keys(makers) as types.TransportKind[]) {
    test(`go through a ${kind} transport`, async () => {
      await onTransport(kind, async (transport) => {
        const producer = await transport.produceData({ label: 'news' });
        const options = { dataProducerId: producer.id, direct: true };
        const consumer = await transport.consumeData(options);
        assert.deepEqual([producer.type, consumer.type], ['direct', 'direct']);
        const told = nextEvent(consumer, 'message');
        await producer.send('hello');
        assert.deepEqual(await told, [Buffer.from('hello'), 51]);
      });
    });

    test(`end with a ${kind} transport`, async () => {
      await onTransport(kind, async (transport, router) => {
        const producer = await transport.produceData();
        const options = { dataProducerId: producer.id, direct: true };
        const consumer = await transport.consumeData(options);
        const told = [nextEvent(producer, 'transportclose'), nextEvent(consumer, 'transportclose')];
        transport.close();
        await Promise.all(told);
        assert.ok(producer.closed && consumer.closed);
        const other = await router.createDirectTransport();
        await assert.rejects(other.consumeData(options), NotFoundError);
      });
    });
  }

  test('of one transport are heard on another', async () => {
    await onTransport('plain', async (transport, router) => {
      const direct = await router.createDirectTransport();
      const producer = await transport.produceData();
      const consumer = await direct.consumeData({ dataProducerId: producer.id });
      const told = nextEvent(consumer, 'message');
      await producer.send(Buffer.from([0, 255]));
      assert.deepEqual(await told, [Buffer.from([0, 255]), 53]);
    });
  });

  test('are told to those who watch the transport', async () => {
    await onTransport('direct', async (transport) => {
      const made = nextEvent(transport.observer, 'newdataproducer');
      const heard = nextEvent(transport.observer, 'newdataconsumer');
      const producer = await transport.produceData();
      const consumer = await transport.consumeData({ dataProducerId: producer.id });
      assert.deepEqual([await made, await heard], [[producer], [consumer]]);
    });
  });
});

describe('streams', () => {
  for (const [kind, message] of [
    ['webrtc', /made without enableSctp/],
    ['plain', /made without enableSctp/],
    ['pipe', /made without enableSctp/],
  ] as const) {
    test(`are refused on a ${kind} transport that has none`, async () => {
      await onTransport(kind, async (transport) => {
        const refused = (error: Error): boolean =>
          error instanceof InvalidStateError && message.test(error.message);
        await assert.rejects(transport.produceData({ sctpStreamParameters }), refused);
        const { id } = await transport.produceData();
        await assert.rejects(transport.consumeData({ dataProducerId: id }), refused);
      });
    });
  }

  test('of a client are told to the transport and to those who watch it', async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ listenInfos, enableSctp: true });
      const stream = { streamId: 6, ordered: false, maxRetransmits: 2 };
      const agreed = { negotiatedMaxOutboundStreams: 1024, negotiatedMaxInboundStreams: 65_535 };
      const told = [
        ['sctpnegotiatedcapabilities', agreed],
        ['sctpstatechange', 'connected'],
        ['datachannelopen', { sctpStreamParameters: stream, label: 'chat', protocol: 'v1' }],
        ['datachannelclose', 6],
      ] as const;
      const heard = [transport, transport.observer].flatMap((emitter) =>
        told.map(([name]) => nextEvent(emitter, name)),
      );
      await transport.connect({ dtlsParameters });
      const expected = told.map(([, argument]) => [argument]);
      assert.deepEqual(await Promise.all(heard), [...expected, ...expected]);
      assert.equal(transport.sctpState, 'connected');
      assert.deepEqual(transport.sctpNegotiatedCapabilities, agreed);
    });
  });

  test('opened by the application have the parity of its DTLS role', async () => {
    await withFakeWorker({}, async (worker) => {
      const router = await worker.createRouter({ mediaCodecs });
      const transport = await router.createWebRtcTransport({ listenInfos, enableSctp: true });
      const { id } = await transport.produceData();
      const options = { dataProducerId: id, negotiated: false };
      await assert.rejects(transport.consumeData(options), /once the transport has been connected/);
      await transport.connect({ dtlsParameters });
      assert.equal(transport.dtlsParameters.role, 'server');
      const { sctpStreamParameters } = await transport.consumeData(options);
      assert.equal(sctpStreamParameters?.streamId, 1);
    });
  });

  test('are ignored on a direct transport, with a warning', async () => {
    await onTransport('direct', async (transport) => {
      let producer: DataProducer | undefined;
      const log = await logOf(async () => {
        producer = await transport.produceData({ sctpStreamParameters });
        await transport.consumeData({ dataProducerId: producer.id, ordered: false, streamId: 3 });
      });
      assert.equal(producer?.sctpStreamParameters, undefined);
      assert.match(log.join('\n'), /produceData: .* sctpStreamParameters/);
      assert.match(log.join('\n'), /consumeData: .* streamId, ordered/);
    });
  });

  test('cannot be asked for on a direct transport', async () => {
    await onTransport('direct', async (transport) => {
      const { id } = await transport.produceData();
      const asked = transport.consumeData({ dataProducerId: id, direct: false });
      await assert.rejects(asked, InvalidStateError);
    });
  });

  test('have parameters that are checked first', async () => {
    for (const kind of ['plain', 'direct'] as const) {
      await onTransport(kind, async (transport) => {
        const wrong = transport.produceData({ sctpStreamParameters: { streamId: -1 } });
        await assert.rejects(wrong, /sctpStreamParameters\.streamId/);
      });
    }
  });
});

// What one person says and hears on data channels: a chat to all others, and lanes to single ones.
//
// What is said is nobody's business here. The server decides who hears whom and bounds how many
// ways there are; the messages go from page to page through the media server alone.

import { kDataStreams } from '../protocol/messages';
import type { DataConsumerDescription } from '../protocol/messages';
import type {
  DataConsumeOptions,
  EngineDataConsumer,
  EngineDataProducer,
  EngineTransport,
} from './engine';
import { reasonOf } from './log';
import type { Log } from './log';
import type { Send } from './peer';
import { Refusal } from './refusal';

// A page sends four files at once and takes four, each with a lane there and one back. As many
// again may still be closing.
export const kMaxLanes = 16;
// To one person; the rest of a room cannot then use up the streams of one, which are 1,024.
export const kMaxLanesToOne = 8;

// Where it speaks, and how it comes to hear others, on whichever worker they are.
interface Ways {
  send: EngineTransport;
  hear: (options: DataConsumeOptions) => Promise<EngineDataConsumer>;
}

interface Lane {
  recipient: string;
  // Null while the engine makes it.
  producer: EngineDataProducer | null;
}

export class PeerData {
  private chatProducer: EngineDataProducer | null = null;
  private chatAsked = false;
  private readonly lanes = new Set<Lane>();
  private readonly consumers = new Map<
    string,
    { consumer: EngineDataConsumer; streamId: number }
  >();
  private nextStream = 0;
  private closed = false;

  constructor(
    private readonly peerId: string,
    private readonly ways: Ways,
    private readonly tell: Send,
    private readonly log: Log,
  ) {}

  get chat(): EngineDataProducer | null {
    return this.chatProducer;
  }

  async openChat(streamId: number): Promise<EngineDataProducer> {
    if (this.chatAsked) throw new Refusal('bad_request', 'produceData: purpose: you have a chat');
    this.chatAsked = true;
    try {
      this.chatProducer = await this.produce(streamId, 'chat');
      return this.chatProducer;
    } catch (error) {
      this.chatAsked = false;
      throw error;
    }
  }

  // Counted before it is made, or a burst of requests would pass the limit.
  async openLane(streamId: number, recipient: string): Promise<EngineDataProducer> {
    const toOne = [...this.lanes].filter((lane) => lane.recipient === recipient).length;
    if (this.lanes.size >= kMaxLanes || toOne >= kMaxLanesToOne) {
      throw new Refusal('too_many_requests', 'Too many files are under way.');
    }
    const lane: Lane = { recipient, producer: null };
    this.lanes.add(lane);
    try {
      lane.producer = await this.produce(streamId, 'lane');
      return lane.producer;
    } catch (error) {
      this.lanes.delete(lane);
      throw error;
    }
  }

  closeProducer(dataProducerId: string): object {
    if (this.chatProducer?.id === dataProducerId) {
      this.chatProducer.close();
      this.chatProducer = null;
      this.chatAsked = false;
      return {};
    }
    const lane = [...this.lanes].find(({ producer }) => producer?.id === dataProducerId);
    if (!lane) throw new Refusal('not_found', 'dataProducerId: no such data producer');
    this.lanes.delete(lane);
    lane.producer?.close();
    return {};
  }

  // A consumer may have ended while the request was under way; that is no error.
  async resume(ids: string[]): Promise<object> {
    const known = ids.flatMap((id) => this.consumers.get(id)?.consumer ?? []);
    await Promise.all(
      known.map((consumer) =>
        consumer.resume().catch((error: unknown) => {
          if (!consumer.closed) throw error;
        }),
      ),
    );
    return {};
  }

  // Tells this person of what another one says. False if they cannot hear it.
  async offer(from: string, producer: EngineDataProducer, topic: string | null): Promise<boolean> {
    const description = await this.consume(from, producer, topic);
    if (description) this.tell('newDataConsumer', description);
    return description !== null;
  }

  // Null if either side left meanwhile.
  async consume(
    from: string,
    producer: EngineDataProducer,
    topic: string | null,
  ): Promise<DataConsumerDescription | null> {
    const free = this.freeStream();
    if (free === null || this.closed) return null;
    let consumer: EngineDataConsumer;
    try {
      const options = { dataProducerId: producer.id, streamId: free, paused: true };
      consumer = await this.ways.hear(options);
    } catch (error) {
      if (!this.closed && !producer.closed) {
        const reason = reasonOf(error);
        this.log.warn('messages are not passed on', { peer: this.peerId, reason });
      }
      return null;
    }
    if (this.closed || consumer.closed || producer.closed) {
      consumer.close();
      return null;
    }
    const { id } = consumer;
    // Where the two ends do not count alike, the engine chooses.
    const streamId = consumer.sctpStreamParameters?.streamId ?? free;
    this.consumers.set(id, { consumer, streamId });
    consumer.on('dataproducerclose', () => {
      this.consumers.delete(id);
      this.tell('dataConsumerClosed', { dataConsumerId: id });
    });
    const purpose = topic === null ? 'chat' : 'lane';
    return { id, peerId: from, dataProducerId: producer.id, streamId, purpose, topic };
  }

  close(): void {
    this.closed = true;
    this.chatProducer = null;
    this.lanes.clear();
    this.consumers.clear();
  }

  private async produce(streamId: number, label: string): Promise<EngineDataProducer> {
    let producer: EngineDataProducer;
    try {
      const sctpStreamParameters = { streamId, ordered: true };
      producer = await this.ways.send.produceData({ sctpStreamParameters, label });
    } catch (error) {
      throw new Refusal('bad_request', `produceData: ${reasonOf(error)}`);
    }
    if (this.closed) {
      producer.close();
      throw new Refusal('not_joined', 'You have left the room.');
    }
    return producer;
  }

  // In turn: a browser needs a round trip to let go of a stream that was closed.
  private freeStream(): number | null {
    const used = new Set([...this.consumers.values()].map(({ streamId }) => streamId));
    for (let tries = 0; tries < kDataStreams; ++tries) {
      const streamId = this.nextStream;
      this.nextStream = (this.nextStream + 1) % kDataStreams;
      if (!used.has(streamId)) return streamId;
    }
    return null;
  }
}

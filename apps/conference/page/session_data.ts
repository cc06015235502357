// The data channels of one stay in a room: the chat of everybody, and lanes for files.

import type { types } from 'mediasoup-client';

import type { DataConsumerDescription, DataPurpose } from '../protocol/messages';
import type { InLane, OutLane } from './lane';
import type { Signalling } from './signalling';
import { kPartBytes } from './words';

// With less than this waiting, a browser has something to send while more is read.
const kLowBytes = kPartBytes;
// Chat waits behind files at most; a browser that does not get rid of this much is not connected.
const kMostChatBytes = 1024 * 1024;

export interface DataListener {
  chatHeard(peerId: string, data: unknown): void;
  // Whether we can speak.
  chatOpen(open: boolean): void;
  // Somebody opened a lane to us; null if it is for nothing that we know.
  laneOffered(peerId: string, topic: string): InLane | null;
}

interface DataWish {
  purpose: DataPurpose;
  peerId?: string;
  topic?: string;
}

interface Heard {
  consumer: types.DataConsumer;
  lane: InLane | null;
}

export class SessionData {
  private readonly heard = new Map<string, Heard>();
  // Those that ended while they were still being set up.
  private readonly setUp = new Map<string, InLane | null>();
  private chat: types.DataProducer | null = null;
  private closed = false;

  constructor(
    private readonly sendTransport: types.Transport,
    private readonly recvTransport: types.Transport,
    private readonly signalling: Signalling,
    private readonly listener: DataListener,
  ) {
    sendTransport.on('producedata', ({ sctpStreamParameters, appData }, done, failed) => {
      const { purpose, peerId, topic } = appData as unknown as DataWish;
      const { streamId } = sctpStreamParameters;
      if (streamId === undefined) return failed(new Error('the stream has no number'));
      signalling.request('produceData', { streamId, purpose, peerId, topic }).then(done, failed);
    });
  }

  // Opens our chat and listens to those of the others. Never rejects.
  async begin(descriptions: DataConsumerDescription[], maySpeak: boolean): Promise<void> {
    await Promise.all([maySpeak ? this.openChat() : null, this.take(descriptions)]);
  }

  get chatIsOpen(): boolean {
    return !this.closed && this.chat?.readyState === 'open';
  }

  // Never rejects.
  async take(descriptions: DataConsumerDescription[]): Promise<void> {
    const consumed = await Promise.all(descriptions.map((one) => this.consume(one)));
    const ready = consumed.filter((one) => one !== null);
    if (ready.length === 0 || this.closed) return;
    try {
      const dataConsumerIds = ready.map(({ id }) => id);
      await this.signalling.request('resumeDataConsumers', { dataConsumerIds });
      for (const { id } of ready) this.heard.get(id)?.lane?.ready();
    } catch (error) {
      if (!this.closed) console.warn('messages could not be asked for', error);
    }
  }

  remove(id: string): void {
    const lane = this.heard.get(id)?.lane ?? this.setUp.get(id);
    this.heard.get(id)?.consumer.close();
    this.heard.delete(id);
    this.setUp.delete(id);
    lane?.closed();
  }

  say(text: string): boolean {
    const { chat } = this;
    if (chat?.readyState !== 'open' || chat.bufferedAmount > kMostChatBytes) return false;
    return send(chat, text);
  }

  async openLane(peerId: string, topic: string): Promise<OutLane> {
    const producer = await this.produce({ purpose: 'lane', peerId, topic });
    await opened(producer);
    producer.bufferedAmountLowThreshold = kLowBytes;
    return {
      get bufferedAmount() {
        return producer.bufferedAmount;
      },
      send: (message) => send(producer, message),
      onLow: (listener) => void producer.on('bufferedamountlow', listener),
      close: () => this.closeProducer(producer),
    };
  }

  // The transports close with their session; who listens is told of it as a whole.
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.heard.clear();
    this.setUp.clear();
    this.listener.chatOpen(false);
  }

  private async openChat(): Promise<void> {
    try {
      this.chat = await this.produce({ purpose: 'chat' });
      await opened(this.chat);
      if (!this.closed) this.listener.chatOpen(true);
      this.chat.on('close', () => !this.closed && this.listener.chatOpen(false));
    } catch (error) {
      if (!this.closed) console.warn('the chat could not be opened', error);
    }
  }

  // mediasoup-client counts streams on without looking which are free; after a thousand lanes the
  // chat is in the way of one.
  private async produce(wish: DataWish): Promise<types.DataProducer> {
    const appData = { ...wish };
    const options = { ordered: true, label: wish.purpose, appData };
    try {
      return await this.sendTransport.produceData(options);
    } catch (error) {
      if (this.closed || this.signalling.closed) throw error;
      return this.sendTransport.produceData(options);
    }
  }

  private closeProducer(producer: types.DataProducer): void {
    if (producer.closed) return;
    producer.close();
    if (this.closed) return;
    this.signalling.request('closeDataProducer', { dataProducerId: producer.id }).catch(() => {});
  }

  // Null if it is not to be heard, or ended meanwhile.
  private async consume(one: DataConsumerDescription): Promise<DataConsumerDescription | null> {
    const { id, peerId, dataProducerId, streamId, purpose, topic } = one;
    const lane = purpose === 'lane' ? this.listener.laneOffered(peerId, topic ?? '') : null;
    if (purpose === 'lane' && !lane) return null;
    this.setUp.set(id, lane);
    try {
      const sctpStreamParameters = { streamId, ordered: true };
      const options = { id, dataProducerId, sctpStreamParameters, label: purpose };
      const consumer = await this.recvTransport.consumeData(options);
      if (!this.setUp.delete(id) || this.closed) {
        consumer.close();
        return null;
      }
      consumer.binaryType = 'arraybuffer';
      consumer.on('message', (data: unknown) => {
        if (lane) lane.message(data);
        else this.listener.chatHeard(peerId, data);
      });
      this.heard.set(id, { consumer, lane });
      return one;
    } catch (error) {
      if (this.closed || !this.setUp.delete(id)) return null;
      console.warn('messages cannot be heard', error);
      lane?.closed();
      return null;
    }
  }
}

function send(producer: types.DataProducer, message: string | Uint8Array<ArrayBuffer>): boolean {
  try {
    producer.send(message);
    return true;
  } catch {
    return false;
  }
}

// Rejects if it ends before.
function opened(producer: types.DataProducer): Promise<void> {
  if (producer.readyState === 'open') return Promise.resolve();
  return new Promise((resolve, reject) => {
    producer.once('open', resolve);
    for (const event of ['close', 'transportclose'] as const) {
      producer.once(event, () => reject(new Error('The connection was lost.')));
    }
  });
}

// Messages that a peer, or the application itself, sends to a router.
import { DataObject, type DataObjectInternal } from './data_object.js';
import { UnsupportedError } from './errors.js';
import {
  DataProducerStatsT,
  RequestBody,
  SendDataT,
  type NotificationT,
} from './generated/schema.js';
import { Logger } from './logger.js';
import { asList, optional } from './ortc/fields.js';
import { asSubchannel, encodeMessage } from './sctp.js';
import type { AppData } from './types.js';
import { expectAnswer } from './wire/channel.js';

const logger = new Logger('DataProducer');
/** More than anybody listens to. */
export const maxSubchannels = 1024;

export interface DataProducerStat {
  type: 'data-producer';
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  label: string;
  protocol: string;
  messagesReceived: number;
  bytesReceived: number;
  /** Our addition: came while it was paused. */
  messagesDropped: number;
}

interface Audience {
  subchannels: number[] | undefined;
  requiredSubchannel: number | undefined;
  ignoredSubchannel: number | undefined;
}

export type DataProducerEvents = {
  transportclose: [];
  listenererror: [string, Error];
};

export class DataProducer<Data extends AppData = AppData> extends DataObject<
  Data,
  DataProducerEvents,
  DataObjectInternal<Data>
> {
  /** @internal Use Transport.produceData(). */
  constructor(internal: DataObjectInternal<Data>) {
    super(internal);
  }

  async getStats(): Promise<DataProducerStat[]> {
    return this.askStats((answer) => {
      const stats = expectAnswer(answer, DataProducerStatsT);
      return [
        {
          type: 'data-producer',
          timestamp: Number(stats.timestampMs),
          label: String(stats.label ?? ''),
          protocol: String(stats.protocol ?? ''),
          messagesReceived: Number(stats.messagesReceived),
          bytesReceived: Number(stats.bytesReceived),
          messagesDropped: Number(stats.messagesDropped),
        },
      ];
    });
  }

  /**
   * Speaks to all consumers, or to those that listen to one of `subchannels` and to everything, and
   * to `requiredSubchannel` if it is given. Only without sctpStreamParameters: otherwise the client
   * speaks. `ppid` is that of text or bytes if missing. Who listens to `ignoredSubchannel` is left
   * out.
   *
   * What goes wrong is logged as well, so that nobody has to wait for it.
   */
  send(
    message: string | Buffer,
    ppid?: number,
    subchannels?: number[],
    requiredSubchannel?: number,
    ignoredSubchannel?: number,
  ): Promise<void> {
    const sent = this.#send(message, ppid, { subchannels, requiredSubchannel, ignoredSubchannel });
    sent.catch((error: Error) => logger.warn(`data producer ${this.id}: send: ${error.message}`));
    return sent;
  }

  async #send(
    message: string | Buffer,
    ppid: number | undefined,
    { subchannels, requiredSubchannel, ignoredSubchannel }: Audience,
  ): Promise<void> {
    if (this.type !== 'direct') throw new UnsupportedError('the client speaks for this producer');
    const encoded = encodeMessage(message, ppid);
    const body = new SendDataT(
      encoded.ppid,
      encoded.data as unknown as number[],
      asList(subchannels, 'subchannels', maxSubchannels, asSubchannel),
      optional(requiredSubchannel, 'requiredSubchannel', asSubchannel) ?? null,
      optional(ignoredSubchannel, 'ignoredSubchannel', asSubchannel) ?? null,
    );
    await this.ask(RequestBody.SendData, body, () => undefined);
  }

  protected handle({ bodyType }: NotificationT): void {
    logger.debug(`data producer ${this.id}: news ${bodyType} is not known here`);
  }
}

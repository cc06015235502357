// RTP with a media tool: no ICE, no DTLS, addresses that the application knows or that the tool's
// first packet shows.
import type { EnhancedEventEmitter } from './event_emitter.js';
import {
  ConnectPlainTransportT,
  CreatePlainTransportT,
  PlainTransportConnectedT,
  RequestBody,
  RtcpTupleChangeT,
  TupleChangeT,
  type NotificationT,
  type PlainTransportCreatedT,
} from './generated/schema.js';
import {
  encodeListenInfo,
  encodeOneListenInfo,
  type OldListenOptions,
  type TransportListenInfo,
} from './listen_info.js';
import { asBoolean, asDictionary, asInteger, asName, optional } from './ortc/fields.js';
import type { StreamChangeEvents } from './pipe_transport.js';
import { encodeSctpOptions, type SctpOptions } from './sctp.js';
import {
  decodeSrtpParameters,
  encodeSrtpParameters,
  encodeSuite,
  type SrtpCryptoSuite,
  type SrtpParameters,
} from './srtp_parameters.js';
import {
  decodePlainStats,
  decodeTuple,
  type LocalTuple,
  type PlainTransportStat,
} from './stats.js';
import { Transport } from './transport.js';
import type {
  TransportEvents,
  TransportInternal,
  TransportObserverEvents,
} from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer } from './wire/channel.js';
import type { Dump } from './wire/dump.js';

/** With `enableSctp` SCTP shares the port of RTP, as it is: SRTP does not protect it. */
export interface PlainTransportOptions<Data extends AppData = AppData>
  extends SctpOptions, OldListenOptions {
  /** Needed unless there is the old `listenIp`. */
  listenInfo?: TransportListenInfo;
  /** Of RTCP, without `rtcpMux`; as `listenInfo`, on another port, if missing. */
  rtcpListenInfo?: TransportListenInfo;
  /** RTCP shares the port of RTP; true if missing. */
  rtcpMux?: boolean;
  /**
   * The peer is where its first valid packet comes from: RTP of a producer, RTCP, or the beginning
   * of SCTP; with SRTP whatever authenticates. connect() is then for `srtpParameters` alone.
   */
  comedia?: boolean;
  enableSrtp?: boolean;
  /** AES_CM_128_HMAC_SHA1_80 if missing, which FFmpeg knows as well. */
  srtpCryptoSuite?: SrtpCryptoSuite;
  appData?: Data;
}

/** Of the peer. */
export interface PlainConnectOptions {
  ip?: string;
  port?: number;
  /** Without `rtcpMux`. */
  rtcpPort?: number;
  /** What it sends with; with `enableSrtp`. */
  srtpParameters?: SrtpParameters;
}

type PlainChangeEvents = {
  tuple: [LocalTuple];
  rtcptuple: [LocalTuple];
};
export type PlainTransportEvents = TransportEvents & PlainChangeEvents & StreamChangeEvents;
export type PlainTransportObserverEvents = TransportObserverEvents &
  PlainChangeEvents &
  StreamChangeEvents;

export interface PlainTransportInternal<
  Data extends AppData = AppData,
> extends TransportInternal<Data> {
  created: PlainTransportCreatedT;
}

/** @internal As they were asked for. */
export interface PlainTraits {
  rtcpMux: boolean;
  comedia: boolean;
}

export class PlainTransport<Data extends AppData = AppData> extends Transport<
  Data,
  PlainTransportEvents,
  PlainTransportObserverEvents
> {
  #tuple: LocalTuple;
  #rtcpTuple: LocalTuple | undefined;
  #srtpParameters: SrtpParameters | undefined;

  readonly #traits: PlainTraits;

  /** @internal Use Router.createPlainTransport(). */
  constructor(internal: PlainTransportInternal<Data> & { traits: PlainTraits }) {
    super(internal);
    const { created } = internal;
    this.#traits = internal.traits;
    this.#tuple = localTuple(created.localAddress, created.localPort);
    if (created.rtcpLocalPort !== 0)
      this.#rtcpTuple = localTuple(created.rtcpLocalAddress, created.rtcpLocalPort);
    this.#srtpParameters = decodeSrtpParameters(created.srtp);
  }

  get type(): 'plain' {
    return 'plain';
  }

  /** Where we listen, and where the peer is once that is known. */
  get tuple(): LocalTuple {
    return this.#tuple;
  }

  /** The same of RTCP; undefined with `rtcpMux`. */
  get rtcpTuple(): LocalTuple | undefined {
    return this.#rtcpTuple;
  }

  /** What we send with; the peer has to be told. New after connect() with another suite. */
  get srtpParameters(): SrtpParameters | undefined {
    return this.#srtpParameters;
  }

  async getStats(): Promise<PlainTransportStat[]> {
    return this.readStats((stats) => ({
      ...decodePlainStats(stats, 'plain-rtp-transport'),
      ...this.#traits,
    }));
  }

  /** Where the peer is and what it sends with. Once per transport. */
  async connect(options: PlainConnectOptions = {}): Promise<void> {
    this.requireOpen();
    const apply = ({ tuple, rtcpTuple, srtp }: PlainTransportConnectedT): void => {
      if (tuple) this.#tuple = decodeTuple(tuple);
      if (rtcpTuple) this.#rtcpTuple = decodeTuple(rtcpTuple);
      this.#srtpParameters = decodeSrtpParameters(srtp);
    };
    await this.internal.channel.call({
      method: RequestBody.ConnectPlainTransport,
      target: this.id,
      body: encodePlainConnect(options),
      apply: (answer) => apply(expectAnswer(answer, PlainTransportConnectedT)),
      applyLate: (answer) => apply(expectAnswer(answer, PlainTransportConnectedT)),
    });
  }

  /** @internal */
  protected override known(): Dump {
    const { tuple, rtcpTuple, srtpParameters } = this;
    return { tuple, rtcpTuple, srtpParameters, ...this.#traits };
  }

  /** @internal */
  protected override handle({ body }: NotificationT): boolean {
    if (body instanceof TupleChangeT && body.tuple) {
      this.#tuple = decodeTuple(body.tuple);
      this.#tell('tuple', this.#tuple);
    } else if (body instanceof RtcpTupleChangeT && body.tuple) {
      this.#rtcpTuple = decodeTuple(body.tuple);
      this.#tell('rtcptuple', this.#rtcpTuple);
    } else {
      return false;
    }
    return true;
  }

  #tell(name: keyof PlainChangeEvents, tuple: LocalTuple): void {
    (this as EnhancedEventEmitter<PlainChangeEvents>).safeEmit(name, tuple);
    (this.observer as EnhancedEventEmitter<PlainChangeEvents>).safeEmit(name, tuple);
  }
}

export function localTuple(address: string | Uint8Array | null, localPort: number): LocalTuple {
  return { localAddress: String(address ?? ''), localPort, protocol: 'udp' };
}

export function encodePlainTransport(
  id: string,
  options: PlainTransportOptions,
): CreatePlainTransportT {
  asDictionary(options, 'options');
  const { rtcpMux, comedia } = readPlainTraits(options);
  const suite = options.srtpCryptoSuite ?? 'AES_CM_128_HMAC_SHA1_80';
  return new CreatePlainTransportT(
    id,
    encodeOneListenInfo(options),
    optional(options.rtcpListenInfo, 'rtcpListenInfo', encodeListenInfo) ?? null,
    rtcpMux,
    comedia,
    optional(options.enableSrtp, 'enableSrtp', asBoolean) ?? false,
    encodeSuite(suite, 'srtpCryptoSuite'),
    encodeSctpOptions(options),
  );
}

export function readPlainTraits({ rtcpMux, comedia }: PlainTransportOptions): PlainTraits {
  return {
    rtcpMux: optional(rtcpMux, 'rtcpMux', asBoolean) ?? true,
    comedia: optional(comedia, 'comedia', asBoolean) ?? false,
  };
}

export function encodePlainConnect(options: PlainConnectOptions): ConnectPlainTransportT {
  asDictionary(options, 'options');
  return new ConnectPlainTransportT(
    optional(options.ip, 'ip', asName) ?? null,
    optional(options.port, 'port', asPort) ?? 0,
    optional(options.rtcpPort, 'rtcpPort', asPort) ?? 0,
    optional(options.srtpParameters, 'srtpParameters', encodeSrtpParameters) ?? null,
  );
}

function asPort(value: unknown, where: string): number {
  return asInteger(value, where, 1, 65535);
}

// The path between a router and one browser: ICE, DTLS, and the streams on top.
import type { EnhancedEventEmitter } from './event_emitter.js';
import {
  ConnectWebRtcTransportT,
  DtlsStateChangeT,
  IceRestartedT,
  IceSelectedTupleChangeT,
  IceStateChangeT,
  RequestBody,
  RestartIceT,
  WebRtcTransportConnectedT,
  type NotificationT,
} from './generated/schema.js';
import {
  decodeDtlsRole,
  decodeIceParameters,
  encodeDtlsParameters,
  type DtlsParameters,
  type DtlsRole,
  type DtlsState,
  type IceCandidate,
  type IceParameters,
  type IceState,
} from './ice_dtls.js';
import { Logger } from './logger.js';
import { asDictionary } from './ortc/fields.js';
import {
  decodeTransportStats,
  decodeTuple,
  type TransportTuple,
  type WebRtcTransportStat,
} from './stats.js';
import { Transport } from './transport.js';
import type {
  ChangeEvents,
  WebRtcTransportEvents,
  WebRtcTransportInternal,
  WebRtcTransportObserverEvents,
} from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer } from './wire/channel.js';
import type { Dump } from './wire/dump.js';

const logger = new Logger('WebRtcTransport');

export class WebRtcTransport<Data extends AppData = AppData> extends Transport<
  Data,
  WebRtcTransportEvents,
  WebRtcTransportObserverEvents
> {
  readonly #internal: WebRtcTransportInternal<Data>;
  #iceState: IceState = 'new';
  #iceSelectedTuple: TransportTuple | undefined;
  #dtlsState: DtlsState = 'new';
  #dtlsRemoteCert: string | undefined;

  /** @internal Use Router.createWebRtcTransport(). */
  constructor(internal: WebRtcTransportInternal<Data>) {
    super(internal);
    this.#internal = internal;
  }

  get type(): 'webrtc' {
    return 'webrtc';
  }

  get iceRole(): 'controlled' {
    return 'controlled';
  }

  get iceParameters(): IceParameters {
    return this.#internal.iceParameters;
  }

  get iceCandidates(): IceCandidate[] {
    return this.#internal.iceCandidates;
  }

  get iceState(): IceState {
    return this.#iceState;
  }

  get iceSelectedTuple(): TransportTuple | undefined {
    return this.#iceSelectedTuple;
  }

  get dtlsParameters(): DtlsParameters {
    return this.#internal.dtlsParameters;
  }

  get dtlsState(): DtlsState {
    return this.#dtlsState;
  }

  /** PEM, once connected. */
  get dtlsRemoteCert(): string | undefined {
    return this.#dtlsRemoteCert;
  }

  /** @internal */
  listenServerClosed(): void {
    this.endWith('listenserverclose');
  }

  async getStats(): Promise<WebRtcTransportStat[]> {
    return this.readStats(decodeTransportStats);
  }

  /** Takes what the client's 'connect' event gave. Once per transport. */
  async connect(options: { dtlsParameters: DtlsParameters }): Promise<void> {
    this.requireOpen();
    asDictionary(options, 'options');
    const { role, fingerprints } = encodeDtlsParameters(options.dtlsParameters);
    const apply = (localRole: WebRtcTransportConnectedT): void => {
      this.#internal.dtlsParameters.role = decodeDtlsRole(localRole.dtlsLocalRole);
    };
    await this.#internal.channel.call({
      method: RequestBody.ConnectWebRtcTransport,
      target: this.id,
      body: new ConnectWebRtcTransportT(role, fingerprints),
      apply: (answer) => apply(expectAnswer(answer, WebRtcTransportConnectedT)),
      applyLate: (answer) => apply(expectAnswer(answer, WebRtcTransportConnectedT)),
    });
  }

  /**
   * New credentials, for the client's restartIce(). The old ones work until the new ones are used.
   */
  async restartIce(): Promise<IceParameters> {
    this.requireOpen();
    const apply = (restarted: IceRestartedT): IceParameters => {
      this.#internal.iceParameters = decodeIceParameters(restarted.iceParameters);
      return this.#internal.iceParameters;
    };
    return this.#internal.channel.call({
      method: RequestBody.RestartIce,
      target: this.id,
      body: new RestartIceT(),
      apply: (answer) => apply(expectAnswer(answer, IceRestartedT)),
      applyLate: (answer) => void apply(expectAnswer(answer, IceRestartedT)),
    });
  }

  /** @internal */
  protected override get dtlsRole(): DtlsRole | undefined {
    return this.#internal.dtlsParameters.role;
  }

  /** @internal */
  protected override known(): Dump {
    const { iceRole, iceParameters, iceCandidates, iceState, iceSelectedTuple } = this;
    const { dtlsParameters, dtlsState } = this;
    return {
      ...{ iceRole, iceParameters, iceCandidates, iceState, iceSelectedTuple },
      ...{ dtlsParameters, dtlsState },
    };
  }

  /** @internal */
  protected override ended(): void {
    this.#internal.webRtcServer?.detach(this as unknown as WebRtcTransport);
    // Whoever still looks at the transport should see that it is over.
    this.#iceState = 'closed';
    this.#dtlsState = 'closed';
    this.#iceSelectedTuple = undefined;
  }

  /** @internal */
  protected override handle({ body }: NotificationT): boolean {
    if (body instanceof IceStateChangeT) {
      this.#iceState = String(body.state) as IceState;
      if (this.#iceState === 'disconnected') this.#iceSelectedTuple = undefined;
      this.#tell('icestatechange', this.#iceState);
    } else if (body instanceof IceSelectedTupleChangeT && body.tuple) {
      this.#iceSelectedTuple = decodeTuple(body.tuple);
      this.#tell('iceselectedtuplechange', this.#iceSelectedTuple);
    } else if (body instanceof DtlsStateChangeT) {
      this.#dtlsState = String(body.state) as DtlsState;
      if (this.#dtlsState === 'connected')
        this.#dtlsRemoteCert = String(body.remoteCertificate ?? '');
      if (body.reason)
        logger.debug(`transport ${this.id}: DTLS ${this.#dtlsState}: ${String(body.reason)}`);
      this.#tell('dtlsstatechange', this.#dtlsState, this.#dtlsRemoteCert);
    } else {
      return false;
    }
    return true;
  }

  #tell<Name extends keyof ChangeEvents>(name: Name, ...args: ChangeEvents[Name]): void {
    (this as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
    (this.observer as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
  }
}

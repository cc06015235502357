// What Router.createWebRtcTransport() is asked for, with every field checked.
import { InvalidStateError } from './errors.js';
import { CreateWebRtcTransportT, Protocol } from './generated/schema.js';
import {
  encodeListenInfos,
  encodeListenIps,
  type TransportListenInfo,
  type TransportListenIp,
} from './listen_info.js';
import { asBoolean, asInteger, optional } from './ortc/fields.js';
import { encodeSctpOptions, type SctpOptions } from './sctp.js';
import type { AppData } from './types.js';
import { WebRtcServer } from './webrtc_server.js';

const maxUint32 = 0xffffffff;

export interface WebRtcTransportOptions<Data extends AppData = AppData> extends SctpOptions {
  /** Either a server of the same worker, or sockets of its own. */
  webRtcServer?: WebRtcServer;
  listenInfos?: TransportListenInfo[];
  /** Old: addresses, each with UDP and TCP as far as `enableUdp` and `enableTcp` say. */
  listenIps?: TransportListenIp[];
  /** Old: the port of all of them. */
  port?: number;
  /** Whether candidates of UDP are offered and checks over UDP heard; true if missing. */
  enableUdp?: boolean;
  /**
   * The same for TCP (RFC 6544, passive). If missing: with a server, true; otherwise, whether one of
   * `listenInfos` names TCP.
   */
  enableTcp?: boolean;
  /**
   * Whose candidates get the higher priorities; UDP's if neither, or both, are true. Clients weigh
   * them with preferences of their own: Chromium takes UDP if it gets through.
   */
  preferUdp?: boolean;
  preferTcp?: boolean;
  /**
   * Seconds without a sign of the peer after which ICE is disconnected: 10 to 60, 30 if missing, or
   * 0 for never.
   */
  iceConsentTimeout?: number;
  /**
   * Bits per second that the path to the client is taken to carry until it is measured; 600,000 if
   * missing.
   */
  initialAvailableOutgoingBitrate?: number;
  appData?: Data;
}

export function encodeTransportOptions(
  id: string,
  options: WebRtcTransportOptions,
): CreateWebRtcTransportT {
  const { webRtcServer, listenInfos, listenIps, port } = options;
  const ways = [webRtcServer, listenInfos, listenIps].filter((way) => way !== undefined);
  if (ways.length !== 1) throw new TypeError('either webRtcServer or listenInfos has to be given');
  if (webRtcServer !== undefined && !(webRtcServer instanceof WebRtcServer)) {
    throw new TypeError('webRtcServer is not a WebRtcServer');
  }
  if (webRtcServer?.closed) throw new InvalidStateError('webRtcServer is closed');
  const enableUdp = optional(options.enableUdp, 'enableUdp', asBoolean) ?? true;
  const asked = optional(options.enableTcp, 'enableTcp', asBoolean);
  if (!enableUdp && asked === false)
    throw new TypeError('enableUdp and enableTcp are both false: nothing is left to listen on');
  const infos =
    listenIps === undefined
      ? encodeListenInfosOrNone(listenInfos)
      : encodeListenIps(listenIps, {
          port,
          protocols: enabledProtocols(enableUdp, asked ?? false),
        });
  const listensOnTcp = infos.some(({ protocol }) => protocol === Protocol.Tcp);
  const enableTcp = asked ?? (webRtcServer !== undefined || listensOnTcp);
  if (!enableUdp && !enableTcp)
    throw new TypeError('enableUdp and enableTcp are both false: nothing is left to listen on');
  const consent = asInteger(options.iceConsentTimeout ?? 30, 'iceConsentTimeout', 0, 255);
  const bitrate = options.initialAvailableOutgoingBitrate ?? 600_000;
  return new CreateWebRtcTransportT(
    id,
    webRtcServer?.id ?? null,
    infos,
    enableUdp,
    enableTcp,
    optional(options.preferUdp, 'preferUdp', asBoolean) ?? false,
    optional(options.preferTcp, 'preferTcp', asBoolean) ?? false,
    consent,
    asInteger(bitrate, 'initialAvailableOutgoingBitrate', 0, maxUint32),
    encodeSctpOptions(options),
  );
}

function encodeListenInfosOrNone(
  listenInfos: TransportListenInfo[] | undefined,
): ReturnType<typeof encodeListenInfos> {
  return listenInfos === undefined ? [] : encodeListenInfos(listenInfos);
}

function enabledProtocols(udp: boolean, tcp: boolean): ('udp' | 'tcp')[] {
  return [...(udp ? (['udp'] as const) : []), ...(tcp ? (['tcp'] as const) : [])];
}

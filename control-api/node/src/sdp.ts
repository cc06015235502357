// SDP for media tools (RFC 8866): what they are about to receive, and over which port.
//
// Not a negotiation: nobody answers it. FFmpeg reads it as an input file, GStreamer by sdpdemux.
import type { Consumer } from './consumer.js';
import { asList, asName, optional } from './ortc/fields.js';
import { isRtx } from './ortc/validation.js';
import type { PlainTransport } from './plain_transport.js';
import type { MediaKind, RtpCodecParameters, RtpParameters } from './rtp_types.js';
import type { SrtpParameters } from './srtp_parameters.js';

/** A stream, and where its receiver listens. */
export interface SdpMedia {
  kind: MediaKind;
  rtpParameters: RtpParameters;
  /** Of the receiver. */
  ip: string;
  port: number;
  /** Of RTCP, if it has a port of its own. */
  rtcpPort?: number;
  /** What the stream is sent with (RFC 4568). */
  srtpParameters?: SrtpParameters;
}

const maxMedia = 64;
const defaultName = 'Sluice';

/**
 * What the tool behind a plain transport gets of a consumer. Throws a TypeError until the
 * transport knows where the tool is.
 */
export function describeForReceiver(transport: PlainTransport, consumer: Consumer): SdpMedia {
  const { tuple, rtcpTuple, srtpParameters } = transport;
  if (tuple.remoteIp === undefined || tuple.remotePort === undefined)
    throw new TypeError('transport has no remote address yet');
  return {
    kind: consumer.kind,
    rtpParameters: consumer.rtpParameters,
    ip: tuple.remoteIp,
    port: tuple.remotePort,
    ...(rtcpTuple?.remotePort === undefined ? {} : { rtcpPort: rtcpTuple.remotePort }),
    ...(srtpParameters ? { srtpParameters } : {}),
  };
}

/** One session with all of `media`, each on a port of its own: tools know no bundles. */
export function writeSdp(media: SdpMedia[], { name }: { name?: string } = {}): string {
  const list = asList(media, 'media', maxMedia, (each) => each as SdpMedia);
  const [first] = list;
  if (!first) throw new TypeError('media is missing or empty');
  const lines = [
    'v=0',
    `o=- 0 0 ${address(first.ip)}`,
    `s=${oneLine(optional(name, 'name', asName) ?? defaultName)}`,
    't=0 0',
    ...list.flatMap(describe),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function describe({ kind, rtpParameters, ip, port, rtcpPort, srtpParameters }: SdpMedia): string[] {
  const { codecs, encodings = [], rtcp } = rtpParameters;
  // RFC 4585 §3.1 and RFC 5124: with feedback messages the profile is another.
  const feedback = codecs.some(({ rtcpFeedback = [] }) => rtcpFeedback.length > 0);
  const profile = `RTP/${srtpParameters ? 'S' : ''}AVP${feedback ? 'F' : ''}`;
  const payloadTypes = codecs.map(({ payloadType }) => payloadType).join(' ');
  return [
    `m=${kind} ${port} ${profile} ${payloadTypes}`,
    `c=${address(ip)}`,
    // RFC 3605; RFC 5761 §5.1.1 where the two share a port.
    `a=rtcp:${rtcpPort ?? port} ${address(ip)}`,
    ...(rtcpPort === undefined ? ['a=rtcp-mux'] : []),
    ...(srtpParameters
      ? [`a=crypto:1 ${srtpParameters.cryptoSuite} inline:${srtpParameters.keyBase64}`]
      : []),
    ...codecs.flatMap(describeCodec),
    ...encodings.flatMap(({ ssrc, rtx }) => [
      // RFC 4588 §8.7 with RFC 5576 §4.2: which stream repeats which.
      ...(ssrc !== undefined && rtx ? [`a=ssrc-group:FID ${ssrc} ${rtx.ssrc}`] : []),
      ...(ssrc === undefined ? [] : [`a=ssrc:${ssrc} cname:${oneLine(rtcp?.cname ?? '-')}`]),
    ]),
    // The tool's part in it (RFC 8866 §6.7).
    'a=recvonly',
  ];
}

function describeCodec(codec: RtpCodecParameters): string[] {
  const { payloadType, mimeType, clockRate, channels, parameters = {}, rtcpFeedback = [] } = codec;
  const encoding = oneLine(mimeType.slice(mimeType.indexOf('/') + 1));
  const format = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return [
    `a=rtpmap:${payloadType} ${encoding}/${clockRate}${(channels ?? 1) > 1 ? `/${channels}` : ''}`,
    ...(format.length > 0 ? [`a=fmtp:${payloadType} ${oneLine(format.join(';'))}`] : []),
    ...(isRtx(codec) ? [] : rtcpFeedback).map(({ type, parameter }) =>
      oneLine(`a=rtcp-fb:${payloadType} ${type}${parameter ? ` ${parameter}` : ''}`),
    ),
  ];
}

function address(ip: string): string {
  return `IN ${ip.includes(':') ? 'IP6' : 'IP4'} ${oneLine(ip)}`;
}

// What comes from elsewhere must not begin a line of its own.
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

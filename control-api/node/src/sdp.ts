// SDP for media tools (RFC 8866): what they are about to receive, and over which port.
//
// Not a negotiation: nobody answers it. FFmpeg reads it as an input file, GStreamer by sdpdemux.
import type { Consumer } from './consumer.js';
import { asDictionary, asInteger, asList, asName, asOneOf, optional } from './ortc/fields.js';
import { isRtx, validateRtpParameters, type ValidParameters } from './ortc/validation.js';
import type { PlainTransport } from './plain_transport.js';
import type { MediaKind, RtpCodecParameters, RtpParameters } from './rtp_types.js';
import { addressPattern } from './sdp/candidate.js';
import { sdpCodec } from './sdp/capabilities.js';
import { address, textOf, writeCodec, writeSources } from './sdp/writer.js';
import { encodeSrtpParameters, type SrtpParameters } from './srtp_parameters.js';

/** A stream, and where its receiver listens. */
export interface SdpMedia {
  kind: MediaKind;
  rtpParameters: RtpParameters;
  /** Of the receiver. */
  ip: string;
  /** 1 to 65535. */
  port: number;
  /** Of RTCP, if it has a port of its own. */
  rtcpPort?: number;
  /** What the stream is sent with (RFC 4568). */
  srtpParameters?: SrtpParameters;
}

type ValidMedia = SdpMedia & { rtpParameters: ValidParameters };

const maxMedia = 64;
const maxPort = 65_535;
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

/**
 * One session with all of `media` (1 to 64), each on a port of its own: tools know no bundles.
 * `name` is that of the session, 'Sluice' if missing. Throws a TypeError that names the field.
 */
export function writeSdp(media: SdpMedia[], { name }: { name?: string } = {}): string {
  const list = asList(media, 'media', maxMedia, validate);
  const [first] = list;
  if (!first) throw new TypeError('media is missing or empty');
  return textOf([
    'v=0',
    `o=- 0 0 ${address(first.ip)}`,
    `s=${optional(name, 'name', asName) ?? defaultName}`,
    't=0 0',
    ...list.flatMap(describe),
  ]);
}

function validate(value: unknown, where: string): ValidMedia {
  const { kind, rtpParameters, ip, port, rtcpPort, srtpParameters } = asDictionary(value, where);
  const asPort = (field: unknown, place: string): number => asInteger(field, place, 1, maxPort);
  const own = optional(rtcpPort, `${where}.rtcpPort`, asPort);
  const valid: ValidMedia = {
    kind: asOneOf(kind, `${where}.kind`, ['audio', 'video']),
    rtpParameters: validateRtpParameters(rtpParameters, `${where}.rtpParameters`),
    ip: asName(ip, `${where}.ip`),
    port: asPort(port, `${where}.port`),
    ...(own === undefined ? {} : { rtcpPort: own }),
  };
  if (!addressPattern.test(valid.ip)) throw new TypeError(`${where}.ip is not an address`);
  if (srtpParameters === undefined || srtpParameters === null) return valid;
  encodeSrtpParameters(srtpParameters, `${where}.srtpParameters`);
  return { ...valid, srtpParameters: srtpParameters as SrtpParameters };
}

function describe(media: ValidMedia): string[] {
  const { kind, rtpParameters, ip, port, rtcpPort, srtpParameters } = media;
  const { codecs, encodings, rtcp } = rtpParameters;
  // RFC 4585 §3.1 and RFC 5124: with feedback messages the profile is another.
  const feedback = codecs.some(({ rtcpFeedback = [] }) => rtcpFeedback.length > 0);
  const profile = `RTP/${srtpParameters ? 'S' : ''}AVP${feedback ? 'F' : ''}`;
  const payloadTypes = codecs.map(({ payloadType }) => payloadType).join(' ');
  const { cname } = rtcp;
  return [
    `m=${kind} ${port} ${profile} ${payloadTypes}`,
    `c=${address(ip)}`,
    // RFC 3605; RFC 5761 §5.1.1 where the two share a port.
    `a=rtcp:${rtcpPort ?? port} ${address(ip)}`,
    ...(rtcpPort === undefined ? ['a=rtcp-mux'] : []),
    ...(srtpParameters
      ? [`a=crypto:1 ${srtpParameters.cryptoSuite} inline:${srtpParameters.keyBase64}`]
      : []),
    ...codecs.flatMap((codec) => writeCodec(sdpCodec(withoutEcho(codec)))),
    ...writeSources({
      sources: encodings.flatMap(({ ssrc }) =>
        ssrc === undefined ? [] : [{ ssrc, ...(cname === undefined ? {} : { cname }) }],
      ),
      // RFC 4588 §8.7 with RFC 5576 §4.2: which stream repeats which.
      sourceGroups: encodings.flatMap(({ ssrc, rtx }) =>
        ssrc === undefined || !rtx ? [] : [{ semantics: 'FID', ssrcs: [ssrc, rtx.ssrc] }],
      ),
    }),
    // The tool's part in it (RFC 8866 §6.7).
    'a=recvonly',
  ];
}

// Nobody asks for a repetition of what was repeated.
function withoutEcho(codec: RtpCodecParameters): RtpCodecParameters {
  return isRtx(codec) ? { ...codec, rtcpFeedback: [] } : codec;
}

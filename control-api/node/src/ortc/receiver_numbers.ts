// A consumer in the numbers of its receiver, instead of the router's: whoever offered payload types
// and header extension ids by SDP has to get those (RFC 3264 §6.1, RFC 8285 §6).
import type { RtpCapabilities, RtpMapping } from '../rtp_types.js';
import { isCompatibleCodec } from './codec_match.js';
import {
  isRtx,
  kindOf,
  validateRtpCapabilities,
  type ValidCapabilities,
  type ValidParameters,
} from './validation.js';

export interface NumberedParameters {
  rtpParameters: ValidParameters;
  /** What the router calls the payload types. */
  mapping: RtpMapping;
}

/**
 * `parameters` are what getConsumerRtpParameters() made for `capabilities`. Throws a TypeError if
 * these have no number for something that is sent.
 */
export function inReceiverNumbers(
  parameters: ValidParameters,
  capabilities: RtpCapabilities,
): NumberedParameters {
  const receiver = validateRtpCapabilities(capabilities);
  const numbers = numbersOf(parameters, receiver);
  const number = (payloadType: number): number => numbers.get(payloadType) as number;
  return {
    rtpParameters: {
      ...parameters,
      codecs: parameters.codecs.map((codec) => ({
        ...codec,
        payloadType: number(codec.payloadType),
        parameters: isRtx(codec)
          ? { ...codec.parameters, apt: number(codec.parameters.apt as number) }
          : { ...codec.parameters },
      })),
      headerExtensions: parameters.headerExtensions.map((extension) => ({
        ...extension,
        id: idOf(extension.uri, parameters, receiver),
      })),
    },
    mapping: {
      codecs: parameters.codecs.map(({ payloadType }) => ({
        payloadType: number(payloadType),
        mappedPayloadType: payloadType,
      })),
    },
  };
}

// By payload type of the router. Media codecs stand before the RTX that repeats them.
function numbersOf(
  { codecs }: ValidParameters,
  receiver: ValidCapabilities,
): Map<number, number> {
  const numbers = new Map<number, number>();
  for (const codec of codecs) {
    const theirs = isRtx(codec)
      ? receiver.codecs.find(
          (entry) =>
            isRtx(entry) && entry.parameters.apt === numbers.get(codec.parameters.apt as number),
        )
      : receiver.codecs.find((entry) => isCompatibleCodec(codec, entry));
    if (theirs?.preferredPayloadType === undefined)
      throw new TypeError(`rtpCapabilities.codecs: no preferredPayloadType for ${codec.mimeType}`);
    numbers.set(codec.payloadType, theirs.preferredPayloadType);
  }
  return numbers;
}

function idOf(uri: string, { codecs }: ValidParameters, receiver: ValidCapabilities): number {
  const kind = kindOf(codecs[0]?.mimeType ?? 'audio/');
  const theirs = receiver.headerExtensions.find(
    (extension) => extension.kind === kind && extension.uri === uri,
  );
  if (!theirs) throw new TypeError(`rtpCapabilities.headerExtensions: no preferredId for ${uri}`);
  return theirs.preferredId;
}

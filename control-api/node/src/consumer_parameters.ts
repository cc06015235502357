// What a consumer of a transport gets, in the numbers in which it was asked for.
import type { Consumer } from './consumer.js';
import * as ortc from './ortc.js';
import { withAllEncodings } from './ortc/pipe_parameters.js';
import { inReceiverNumbers, type NumberedParameters } from './ortc/receiver_numbers.js';
import type { ValidParameters } from './ortc/validation.js';
import type { RtpCapabilities, RtpParameters } from './rtp_types.js';
import type { RequestBodyT } from './wire/channel.js';

/** What is decided for a consumer before its parameters are. */
export interface ConsumerNumbers {
  enableRtx: boolean;
  /** One, or with `pipe` one for each encoding. */
  ssrcs: number[];
  mid: string;
  pipe: boolean;
  numbering: 'router' | 'receiver';
}

/** A consumer as the worker was asked for it, before it has answered. */
export interface AskedConsumer {
  body: RequestBodyT;
  ssrcs: number[];
  described: Omit<
    ConstructorParameters<typeof Consumer>[0],
    'channel' | 'onClose' | 'producerPaused' | 'type'
  >;
}

interface Produced {
  consumableRtpParameters: ValidParameters;
  rtpParameters: RtpParameters;
}

/** Throws an UnsupportedError if `capabilities` have no codec of the producer. */
export function consumerParameters(
  { consumableRtpParameters: consumable, rtpParameters: produced }: Produced,
  capabilities: RtpCapabilities,
  { enableRtx, ssrcs, mid, pipe, numbering }: ConsumerNumbers,
): NumberedParameters {
  const options = { enableRtx, ssrc: ssrcs[0] as number, mid };
  const one = ortc.getConsumerRtpParameters(consumable, capabilities, options);
  const parameters = pipe ? withAllEncodings(one, { consumable, produced, ssrcs }) : one;
  return numbering === 'receiver'
    ? inReceiverNumbers(parameters, capabilities)
    : { rtpParameters: parameters, mapping: { codecs: [] } };
}

// SDP: the front door for everybody who speaks offer and answer.
export {
  acceptCodecs,
  capabilitiesOf,
  capabilitiesOfAll,
  type AcceptedCodecs,
} from './capabilities.js';
export { parseCandidate, sdpCandidate, writeCandidate } from './candidate.js';
export type * from './description.js';
export { parseSdpFragment, writeSdpFragment } from './fragment.js';
export type { SdpFragment, SdpFragmentSection } from './fragment.js';
export { parseSdp, type SdpParseBounds } from './parser.js';
export { SdpError } from './sdp_error.js';
export { senderParameters, type SenderParameters } from './sender_parameters.js';
export { stringifySdp } from './writer.js';
export { examineOffer } from './answering.js';
export type { ExamineOptions, SdpAnswerOptions, SdpIncoming, SdpVerdict } from './answering.js';
export { SdpConnection } from './connection.js';
export type {
  SdpCandidateMessage,
  SdpConnectionEvents,
  SdpConnectionLimits,
  SdpConnectionOptions,
  SdpMakers,
  SdpMessage,
  SdpServeOptions,
  SdpSignalingState,
} from './connection_types.js';
export {
  SdpSender,
  type SdpSenderEvents,
  type SdpSenderState,
  type SdpSendOptions,
  type SdpSource,
} from './sender.js';
export type { SdpSectionStatus } from './slots.js';

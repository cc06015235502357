// Matching of media capabilities, as pure functions: nothing here knows a worker.
export { isCompatibleCodec, isSameCodec } from './ortc/codec_match.js';
export { answerProfileLevelId, isSameH264, parseProfileLevelId } from './ortc/h264_profile.js';
export {
  canConsume,
  getConsumableRtpParameters,
  getConsumerRtpParameters,
  getProducerRtpParametersMapping,
  getProducerType,
  validateProducerRtpParameters,
} from './ortc/parameters.js';
export { generateRouterRtpCapabilities } from './ortc/router_capabilities.js';
export { validateRtpCapabilities, validateRtpParameters } from './ortc/validation.js';

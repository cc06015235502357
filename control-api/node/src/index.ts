// The Node.js SDK of Sluice. Names and dictionaries are those that users of mediasoup know, so that
// its clients work unchanged.
export { ActiveSpeakerObserver } from './active_speaker_observer.js';
export { AudioLevelObserver } from './audio_level_observer.js';
export { Consumer } from './consumer.js';
export { DataConsumer } from './data_consumer.js';
export { DataProducer } from './data_producer.js';
export { DirectTransport } from './direct_transport.js';
export {
  InvalidStateError,
  NotFoundError,
  ResourceExhaustedError,
  SluiceError,
  TimeoutError,
  UnsupportedError,
  WorkerError,
} from './errors.js';
export { EnhancedEventEmitter } from './event_emitter.js';
export * as extras from './extras.js';
export { setLogEventListeners } from './logger.js';
export * as ortc from './ortc.js';
export { PipeTransport } from './pipe_transport.js';
export { PlainTransport } from './plain_transport.js';
export { Producer } from './producer.js';
export { Router } from './router.js';
export { GroupParticipant, RouterGroup } from './router_group.js';
export { RtpObserver } from './rtp_observer.js';
export { parseScalabilityMode } from './scalability_mode.js';
export { describeForReceiver, writeSdp } from './sdp.js';
export * as sdp from './sdp/index.js';
export { SdpConnection } from './sdp/connection.js';
export { SdpError } from './sdp/sdp_error.js';
export { SdpSender } from './sdp/sender.js';
export { getSupportedRtpCapabilities } from './supported_capabilities.js';
export { Transport } from './transport.js';
export * as types from './types.js';
export { version } from './version.js';
export { WebRtcServer } from './webrtc_server.js';
export { WebRtcTransport } from './webrtc_transport.js';
export { createWorker, observer, Worker } from './worker.js';
export { workerBin } from './worker_bin.js';

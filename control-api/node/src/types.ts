// Every type of the public interface.

/** Whatever the application hangs on an object. The SDK does not look at it. */
export type AppData = Record<string, unknown>;

export type * from './active_speaker_observer.js';
export type * from './audio_level_observer.js';
export type * from './consumer.js';
export type { Dump } from './wire/dump.js';
export type * from './errors.js';
export type * from './ice_dtls.js';
export type * from './mediasoup_names.js';
export type * from './data_consumer.js';
export type * from './data_object.js';
export type * from './data_producer.js';
export type * from './direct_transport.js';
export type * from './event_emitter.js';
export type * from './layers.js';
export type * from './listen_info.js';
export type * from './logger.js';
export type * from './pipe_data_to_router.js';
export type * from './pipe_to_router.js';
export type * from './pipe_transport.js';
export type * from './plain_transport.js';
export type * from './producer.js';
export type * from './router.js';
export type * from './router_group.js';
export type * from './rtp_observer.js';
export type * from './rtp_types.js';
export type * from './scalability_mode.js';
export type * from './sctp.js';
export type * from './sdp.js';
export type * from './sdp/index.js';
export type * from './srtp_parameters.js';
export type * from './stats.js';
export type * from './trace.js';
export type * from './transport.js';
export type * from './transport_data.js';
export type * from './transport_types.js';
export type * from './webrtc_server.js';
export type * from './webrtc_transport.js';
export type * from './worker.js';

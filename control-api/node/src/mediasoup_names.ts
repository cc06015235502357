// Names of types as users of mediasoup know them, where ours are others.
import type { AudioLevelObserverVolume } from './audio_level_observer.js';
import type { TransportListenInfo } from './listen_info.js';
import type { RtpCapabilities } from './rtp_types.js';
import type { RtpStreamStat, TransportStat, WebRtcTransportStat } from './stats.js';
import type { ConsumeOptions, ProduceOptions } from './transport_types.js';
import type { AppData } from './types.js';

export type ProducerOptions<Data extends AppData = AppData> = ProduceOptions<Data>;
export type ConsumerOptions<Data extends AppData = AppData> = ConsumeOptions<Data>;
export type ProducerStat = RtpStreamStat;
export type ConsumerStat = RtpStreamStat;
export type BaseTransportStats = TransportStat;
export type WebRtcTransportStats = WebRtcTransportStat;
export type RouterRtpCapabilities = RtpCapabilities;
export type TransportProtocol = TransportListenInfo['protocol'];
export type AudioLevelObserverVolumes = AudioLevelObserverVolume[];

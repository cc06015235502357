// The dictionaries of ORTC, exactly as mediasoup-client and its cousins send and expect them.

export type MediaKind = 'audio' | 'video';

export type RtpHeaderExtensionDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface RtcpFeedback {
  type: string;
  parameter?: string;
}

/** Codec-specific parameters (the fmtp line of SDP). */
export type CodecParameters = Record<string, string | number>;

export interface RtpCodecCapability {
  kind: MediaKind;
  mimeType: string;
  preferredPayloadType?: number;
  clockRate: number;
  /** Audio only; 1 if missing. */
  channels?: number;
  parameters?: CodecParameters;
  rtcpFeedback?: RtcpFeedback[];
}

/** What a router is asked for: payload types are chosen by the router unless given. */
export type RouterRtpCodecCapability = RtpCodecCapability;

export interface RtpHeaderExtension {
  kind: MediaKind;
  uri: string;
  preferredId: number;
  preferredEncrypt?: boolean;
  /** From the router's point of view; sendrecv if missing. */
  direction?: RtpHeaderExtensionDirection;
}

export interface RtpCapabilities {
  codecs?: RtpCodecCapability[];
  headerExtensions?: RtpHeaderExtension[];
}

export interface RtpCodecParameters {
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels?: number;
  parameters?: CodecParameters;
  rtcpFeedback?: RtcpFeedback[];
}

export interface RtpHeaderExtensionParameters {
  uri: string;
  id: number;
  encrypt?: boolean;
  parameters?: CodecParameters;
}

export interface RtpEncodingParameters {
  ssrc?: number;
  rid?: string;
  codecPayloadType?: number;
  rtx?: { ssrc: number };
  dtx?: boolean;
  scalabilityMode?: string;
  maxBitrate?: number;
  maxFramerate?: number;
  adaptivePtime?: boolean;
  scaleResolutionDownBy?: number;
}

export interface RtcpParameters {
  cname?: string;
  reducedSize?: boolean;
}

export interface RtpParameters {
  mid?: string;
  codecs: RtpCodecParameters[];
  headerExtensions?: RtpHeaderExtensionParameters[];
  encodings?: RtpEncodingParameters[];
  rtcp?: RtcpParameters;
  msid?: string;
}

/** Which payload type of the router each payload type of a producer stands for, RTX included. */
export interface RtpMapping {
  codecs: { payloadType: number; mappedPayloadType: number }[];
}

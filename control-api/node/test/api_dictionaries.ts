// The rows of dictionaries, statistics and traces.
import { fields, type Section } from './api_row.js';

const transportStats = fields(
  `type:string transportId:string timestamp:number bytesReceived:number bytesSent:number
   recvBitrate:number sendBitrate:number rtpBytesReceived:number rtpBytesSent:number
   rtpRecvBitrate:number rtpSendBitrate:number rtxBytesReceived:number rtxBytesSent:number
   rtxRecvBitrate:number rtxSendBitrate:number probationBytesSent:number
   probationSendBitrate:number`,
);

export const dictionaries: Section[] = [
  {
    title: 'RtpCodecCapability',
    of: 'codecCapability',
    rows: fields(`kind:string mimeType:string preferredPayloadType:number clockRate:number
      channels:number parameters:object rtcpFeedback:array`),
  },
  {
    title: 'RtpHeaderExtension',
    of: 'headerExtension',
    rows: fields(
      'kind:string uri:string preferredId:number preferredEncrypt:boolean direction:string',
    ),
  },
  {
    title: 'RtpParameters',
    of: 'rtpParameters',
    rows: fields(
      'mid:string codecs:array headerExtensions:array encodings:array rtcp:object msid:string',
    ),
  },
  {
    title: 'RtpParameters: rtcp',
    of: 'rtcpParameters',
    rows: fields('cname:string reducedSize:boolean'),
  },
  {
    title: 'RtpCodecParameters',
    of: 'codecParameters',
    rows: fields(`mimeType:string payloadType:number clockRate:number channels:number
      parameters:object rtcpFeedback:array`),
  },
  {
    title: 'RtpEncodingParameters',
    of: 'encodingParameters',
    rows: fields(`ssrc:number rid:string codecPayloadType:number rtx:object dtx:boolean
      scalabilityMode:string maxBitrate:number maxFramerate:number adaptivePtime:boolean
      scaleResolutionDownBy:number`),
  },
  {
    title: 'RtpHeaderExtensionParameters',
    of: 'extensionParameters',
    rows: fields('uri:string id:number encrypt:boolean parameters:object'),
  },
  { title: 'RtcpFeedback', of: 'rtcpFeedback', rows: fields('type:string parameter:string') },
  {
    title: 'SctpParameters',
    of: 'sctpParameters',
    rows: fields(`port:number maxSendMessageSize:number maxReceiveMessageSize:number
      sendBufferSize:number perStreamSendQueueLimit:number maxReceiverWindowBufferSize:number
      isDataChannel:boolean OS:number MIS:number maxMessageSize:number`),
  },
  {
    title: 'SctpNegotiatedCapabilities',
    of: 'sctpNegotiated',
    rows: fields('negotiatedMaxOutboundStreams:number negotiatedMaxInboundStreams:number'),
  },
  {
    title: 'SctpStreamParameters',
    of: 'sctpStreamParameters',
    rows: fields('streamId:number ordered:boolean maxRetransmits:number maxPacketLifeTime:number'),
  },
  {
    title: 'Statistics of all transports',
    of: 'transportStat',
    rows: [
      ...transportStats,
      ...fields(`availableOutgoingBitrate:number,undefined availableIncomingBitrate:number,undefined
        maxIncomingBitrate:number maxOutgoingBitrate:number minOutgoingBitrate:number
        rtpPacketLossReceived:number rtpPacketLossSent:number sctpState:string`),
    ],
  },
  {
    title: 'Statistics of WebRtcTransport',
    of: 'webRtcStat',
    rows: fields(`iceRole:string iceState:string iceSelectedTuple:object,undefined
      dtlsState:string`),
  },
  {
    title: 'Statistics of PlainTransport',
    of: 'plainStat',
    rows: fields('tuple:object rtcpTuple:object rtcpMux:boolean comedia:boolean'),
  },
  { title: 'Statistics of PipeTransport', of: 'pipeStat', rows: fields('tuple:object') },
  ...(['producerStat', 'consumerStat'] as const).map((of) => ({
    title: of === 'producerStat' ? 'Statistics of Producer' : 'Statistics of Consumer',
    of,
    rows: fields(`type:string timestamp:number ssrc:number rtxSsrc:number kind:string
      mimeType:string packetsLost:number fractionLost:number packetsDiscarded:number
      packetsRetransmitted:number packetsRepaired:number nackCount:number nackPacketCount:number
      pliCount:number firCount:number score:number packetCount:number byteCount:number bitrate:number
      rtxPacketsDiscarded:number roundTripTime:number,undefined
      ${of === 'producerStat' ? 'rid:string jitter:number bitrateByLayer:object' : ''}`),
  })),
  {
    title: 'Statistics of DataProducer',
    of: 'dataProducerStat',
    rows: fields(`type:string timestamp:number label:string protocol:string messagesReceived:number
      bytesReceived:number`),
  },
  {
    title: 'Statistics of DataConsumer',
    of: 'dataConsumerStat',
    rows: fields(`type:string timestamp:number label:string protocol:string messagesSent:number
      bytesSent:number bufferedAmount:number`),
  },
  {
    title: 'Traces of packets',
    of: 'rtpTrace',
    rows: fields(`payloadType:number sequenceNumber:number timestamp:number marker:boolean
      ssrc:number isKeyFrame:boolean size:number payloadSize:number spatialLayer:number
      temporalLayer:number mid:string rid:string rrid:string,undefined wideSequenceNumber:number`),
  },
  {
    title: 'Traces of sender reports',
    of: 'srTrace',
    rows: fields(
      'ssrc:number ntpSec:number ntpFrac:number rtpTs:number packetCount:number octetCount:number',
    ),
  },
  {
    title: 'Traces of bandwidth',
    of: 'bweTrace',
    rows: fields(`availableBitrate:number desiredBitrate:number effectiveDesiredBitrate:number
      minBitrate:number maxBitrate:number startBitrate:number maxPaddingBitrate:number type:string`),
  },
];

// The rows of dump(): what users of mediasoup find there.
import { differs, fields, type Row, type Section } from './api_row.js';

// What all kinds of transports have.
const transport: Row[] = [
  ...fields(`id:string direct:boolean producerIds:array consumerIds:array mapSsrcConsumerId:array
    mapRtxSsrcConsumerId:array dataProducerIds:array dataConsumerIds:array rtpListener:object
    maxMessageSize:number traceEventTypes:array`),
  differs(
    { is: 'field', name: 'recvRtpHeaderExtensions', type: 'undefined' },
    'missing: the ids are in `rtpParameters` of each producer',
  ),
];
const sctp = fields('sctpParameters:object sctpState:string sctpListener:object');

const dumps: Record<string, Row[]> = {
  worker: fields('pid:number webRtcServerIds:array routerIds:array channelMessageHandlers:object'),
  webRtcServer: [
    ...fields(`id:string udpSockets:array tcpServers:array webRtcTransportIds:array
      localIceUsernameFragments:array`),
    differs(
      { is: 'field', name: 'tupleHashes', type: 'undefined' },
      'missing: paths are looked up by their addresses, not by a hash of them',
    ),
  ],
  router: fields(`id:string transportIds:array rtpObserverIds:array mapProducerIdConsumerIds:array
    mapConsumerIdProducerId:array mapProducerIdObserverIds:array
    mapDataProducerIdDataConsumerIds:array mapDataConsumerIdDataProducerId:array`),
  webRtcTransport: [
    ...transport,
    ...sctp,
    ...fields(`iceRole:string iceParameters:object iceCandidates:array iceState:string
      iceSelectedTuple:object,undefined dtlsParameters:object dtlsState:string`),
  ],
  plainTransport: [
    ...transport,
    ...sctp,
    ...fields(`tuple:object rtcpTuple:object rtcpMux:boolean comedia:boolean
      srtpParameters:object,undefined`),
  ],
  pipeTransport: [
    ...transport,
    ...sctp,
    ...fields('tuple:object rtx:boolean srtpParameters:object'),
  ],
  directTransport: transport,
  producer: fields(`id:string kind:string type:string rtpParameters:object rtpMapping:object
    rtpStreams:array traceEventTypes:array paused:boolean`),
  consumer: fields(`id:string producerId:string kind:string type:string rtpParameters:object
    consumableRtpEncodings:array supportedCodecPayloadTypes:array traceEventTypes:array
    paused:boolean producerPaused:boolean priority:number rtpStreams:array
    preferredSpatialLayer:number preferredTemporalLayer:number targetSpatialLayer:number
    targetTemporalLayer:number currentSpatialLayer:number currentTemporalLayer:number`),
  dataProducer: fields(`id:string type:string sctpStreamParameters:object label:string
    protocol:string paused:boolean`),
  dataConsumer: fields(`id:string dataProducerId:string type:string sctpStreamParameters:object
    label:string protocol:string bufferedAmountLowThreshold:number paused:boolean
    dataProducerPaused:boolean subchannels:array`),
};

export const dumpSections: Section[] = Object.entries(dumps).map(([of, rows]) => ({
  title: `dump() of ${of.charAt(0).toUpperCase()}${of.slice(1)}`,
  of: `${of}Dump`,
  rows,
}));

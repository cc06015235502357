// Every row of mediasoup's Node.js API, in its order: what real_api_test asks of live objects, and what
// docs/api.md tells.
import {
  differs,
  elsewhere,
  events,
  fields,
  methods,
  observed,
  options,
  properties,
  type Row,
  type Section,
} from './api_row.js';
import { dictionaries } from './api_dictionaries.js';
import { dumpSections } from './api_dumps.js';

const sctpOptions = options(
  `enableSctp=false maxSendMessageSize=262144 maxReceiveMessageSize=262144 sctpSendBufferSize=2000000
   sctpPerStreamSendQueueLimit=2000000 sctpMaxReceiverWindowBufferSize=5242880`,
);
const lives = properties('id:string closed:boolean appData:object observer:object');
const iceAndDtls = 'worker_test: connects';
const dataNews = 'data_test: of a client are told to the transport and to those who watch it';
const traceNews = 'layers_test: traces';

const outOfRange =
  'out of range is a TypeError, not brought into the range: a typing error should be seen';

const transportRows: Row[] = [
  ...lives,
  ...properties('type:string'),
  ...methods(`close dump getStats connect setMaxIncomingBitrate setMaxOutgoingBitrate
    setMinOutgoingBitrate produce consume produceData consumeData enableTraceEvent`),
  ...events('routerclose listenererror'),
  ...elsewhere('event', 'trace', traceNews),
  ...observed('close newproducer newconsumer newdataproducer newdataconsumer'),
  ...elsewhere('observer', 'trace', traceNews),
];
const sctpRows = properties(
  'sctpParameters:object sctpState:string sctpNegotiatedCapabilities:object',
);
const sctpEvents = 'sctpstatechange sctpnegotiatedcapabilities';

export const table: Section[] = [
  {
    title: 'Module',
    of: 'module',
    rows: [
      ...properties('version:string types:object workerBin:string observer:object'),
      ...methods(
        'createWorker getSupportedRtpCapabilities parseScalabilityMode setLogEventListeners',
      ),
      ...properties('extras:object ortc:object'),
    ],
  },
  { title: 'Module: extras', of: 'extras', rows: methods('EnhancedEventEmitter enhancedOnce') },
  { title: 'Module: observer', of: 'moduleEmitter', rows: events('newworker') },
  {
    title: 'Module: parseScalabilityMode()',
    of: 'scalabilityMode',
    rows: fields('spatialLayers:number temporalLayers:number ksvc:boolean'),
  },
  {
    title: 'WorkerSettings',
    of: 'createWorker',
    rows: [
      ...options('logLevel="error" logTags=[]', 7),
      ...options(
        `rtcMinPort=10000 rtcMaxPort=59999 dtlsCertificateFile dtlsPrivateKeyFile workerBin`,
      ),
      differs(
        { is: 'option', name: 'libwebrtcFieldTrials', wrong: [] },
        'accepted and without effect: there is no libwebrtc in this worker',
      ),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'Worker',
    of: 'worker',
    rows: [
      ...properties(`pid:number closed:boolean died:boolean subprocessClosed:boolean appData:object
        observer:object`),
      ...methods('close getResourceUsage updateSettings createRouter createWebRtcServer dump'),
      ...elsewhere('event', 'died', 'real_worker_test: dies, and the SDK says so'),
      ...events('subprocessclose listenererror'),
      ...observed('close newrouter newwebrtcserver'),
    ],
  },
  {
    title: 'Worker.updateSettings()',
    of: 'updateSettings',
    rows: options('logLevel logTags', 7),
  },
  {
    title: 'Worker.getResourceUsage()',
    of: 'resourceUsage',
    rows: fields(
      `ru_utime:number ru_stime:number ru_maxrss:number ru_ixrss:number ru_idrss:number
       ru_isrss:number ru_minflt:number ru_majflt:number ru_nswap:number ru_inblock:number
       ru_oublock:number ru_msgsnd:number ru_msgrcv:number ru_nsignals:number ru_nvcsw:number
       ru_nivcsw:number`,
    ),
  },
  {
    title: 'WebRtcServerOptions',
    of: 'createWebRtcServer',
    rows: options('listenInfos appData={}', 7),
  },
  {
    title: 'WebRtcServer',
    of: 'webRtcServer',
    rows: [
      ...lives,
      ...methods('close dump'),
      ...events('workerclose listenererror'),
      ...observed('close webrtctransporthandled webrtctransportunhandled'),
    ],
  },
  {
    title: 'TransportListenInfo',
    of: 'listenInfo',
    rows: [
      ...options(`protocol ip announcedAddress exposeInternalIp=false port portRange flags
        sendBufferSize recvBufferSize`),
      ...options('portRange.min=0 portRange.max=0 flags.ipv6Only=false flags.udpReusePort=false'),
    ],
  },
  {
    title: 'TransportTuple',
    of: 'tuple',
    rows: fields(
      'localAddress:string localPort:number remoteIp:string remotePort:number protocol:string',
    ),
  },
  { title: 'RouterOptions', of: 'createRouter', rows: options('mediaCodecs=[] appData={}', 7) },
  {
    title: 'Router',
    of: 'router',
    rows: [
      ...lives,
      ...properties('rtpCapabilities:object'),
      ...methods(`close dump createWebRtcTransport createPlainTransport createPipeTransport
        createDirectTransport pipeToRouter createActiveSpeakerObserver createAudioLevelObserver
        canConsume updateMediaCodecs`),
      ...events('workerclose listenererror'),
      ...observed('close newtransport newrtpobserver'),
    ],
  },
  {
    title: 'WebRtcTransportOptions',
    of: 'createWebRtcTransport',
    rows: [
      ...options('webRtcServer listenInfos listenIps', 7),
      ...options('port enableUdp=true preferUdp=false preferTcp=false'),
      differs(
        { is: 'option', name: 'enableTcp', initial: 'false', wrong: [] },
        'if missing, true with a server or where a listen info names TCP: who names it wants it',
      ),
      differs(
        { is: 'option', name: 'iceConsentTimeout', initial: '30', wrong: [] },
        '0 or 10 to 60 seconds: RFC 7675 §5.1 asks for 30, and less than 10 loses people who walk',
      ),
      ...options('initialAvailableOutgoingBitrate=600000'),
      ...sctpOptions,
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'PlainTransportOptions',
    of: 'createPlainTransport',
    rows: [
      ...options('listenInfo listenIp rtcpListenInfo', 7),
      ...options('port rtcpMux=true comedia=false enableSrtp=false'),
      ...options('srtpCryptoSuite="AES_CM_128_HMAC_SHA1_80"'),
      ...sctpOptions,
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'PipeTransportOptions',
    of: 'createPipeTransport',
    rows: [
      ...options('listenInfo listenIp', 7),
      ...options('port enableRtx=false enableSrtp=false'),
      ...sctpOptions,
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'DirectTransportOptions',
    of: 'createDirectTransport',
    rows: [
      ...options('maxSendMessageSize=262144 maxReceiveMessageSize=262144'),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'PipeToRouterOptions',
    of: 'pipeToRouter',
    rows: [
      ...options('producerId dataProducerId router', 7),
      differs(
        { is: 'option', name: 'keepId', initial: 'true', wrong: 7 },
        'false if missing within a worker, where ids are unique',
      ),
      ...options('listenInfo', 7),
      ...options('enableRtx=false enableSrtp=false'),
      ...sctpOptions.map((row) =>
        row.is === 'option' && row.name === 'enableSctp' ? { ...row, initial: 'true' } : row,
      ),
    ],
  },
  {
    title: 'Router.pipeToRouter()',
    of: 'piped',
    rows: fields(
      'pipeConsumer:object pipeProducer:object pipeDataConsumer:object pipeDataProducer:object',
    ),
  },
  {
    title: 'ActiveSpeakerObserverOptions',
    of: 'createActiveSpeakerObserver',
    rows: [
      differs({ is: 'option', name: 'interval', initial: '300', wrong: [] }, outOfRange),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'AudioLevelObserverOptions',
    of: 'createAudioLevelObserver',
    rows: [
      ...options('maxEntries=1 threshold=-80'),
      differs({ is: 'option', name: 'interval', initial: '1000', wrong: [] }, outOfRange),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'WebRtcTransport',
    of: 'webRtcTransport',
    rows: [
      ...transportRows,
      ...properties(`iceRole:string iceParameters:object iceCandidates:array iceState:string
        iceSelectedTuple:object,undefined dtlsParameters:object dtlsState:string
        dtlsRemoteCert:string,undefined sctpParameters:object sctpState:string
        sctpNegotiatedCapabilities:object,undefined`),
      ...methods('restartIce'),
      ...events('listenserverclose'),
      ...elsewhere('event', 'icestatechange iceselectedtuplechange dtlsstatechange', iceAndDtls),
      ...elsewhere('event', sctpEvents, dataNews),
      ...elsewhere('observer', 'icestatechange iceselectedtuplechange dtlsstatechange', iceAndDtls),
      ...elsewhere('observer', sctpEvents, dataNews),
    ],
  },
  {
    title: 'WebRtcTransport.connect()',
    of: 'connectWebRtc',
    rows: options('dtlsParameters'),
  },
  {
    title: 'PlainTransport',
    of: 'plainTransport',
    rows: [
      ...transportRows,
      ...properties('tuple:object rtcpTuple:object srtpParameters:object,undefined'),
      ...sctpRows,
      ...events(`tuple rtcptuple ${sctpEvents}`),
      ...observed(`tuple rtcptuple ${sctpEvents}`),
    ],
  },
  {
    title: 'PlainTransport.connect()',
    of: 'connectPlain',
    rows: options('ip port rtcpPort srtpParameters'),
  },
  {
    title: 'PipeTransport',
    of: 'pipeTransport',
    rows: [
      ...transportRows,
      ...properties('tuple:object srtpParameters:object'),
      ...sctpRows,
      ...events(sctpEvents),
      ...observed(sctpEvents),
    ],
  },
  {
    title: 'PipeTransport.connect()',
    of: 'connectPipe',
    rows: options('ip port srtpParameters'),
  },
  {
    title: 'DirectTransport',
    of: 'directTransport',
    rows: [...transportRows, ...methods('sendRtcp'), ...events('rtcp'), ...observed('rtcp')],
  },
  {
    title: 'SrtpParameters',
    of: 'srtpParameters',
    rows: fields('cryptoSuite:string keyBase64:string'),
  },
  {
    title: 'ProducerOptions',
    of: 'produce',
    rows: [
      ...options('id kind rtpParameters paused=false'),
      differs(
        { is: 'option', name: 'keyFrameRequestDelay', initial: '0', wrong: [] },
        '0 stands for 200 ms: one key frame serves all who ask for it at about the same time',
      ),
      differs(
        { is: 'option', name: 'enableMediasoupPacketIdHeaderExtension', wrong: [] },
        'accepted and without effect: this worker traces packets by sequence number',
      ),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'Producer',
    of: 'producer',
    rows: [
      ...lives,
      ...properties('kind:string rtpParameters:object type:string paused:boolean score:array'),
      ...methods('close dump getStats pause resume enableTraceEvent send'),
      ...events('transportclose score videoorientationchange trace listenererror'),
      ...observed('close pause resume score videoorientationchange trace'),
    ],
  },
  {
    title: 'Producer: score',
    of: 'producerScore',
    rows: fields('encodingIdx:number ssrc:number rid:string score:number'),
  },
  {
    title: 'Producer: videoorientationchange',
    of: 'orientation',
    rows: fields('camera:boolean flip:boolean rotation:number'),
  },
  {
    title: 'ConsumerOptions',
    of: 'consume',
    rows: [
      ...options('producerId rtpCapabilities preferredLayers mid'),
      ...options('paused=false enableRtx ignoreDtx=false pipe=false'),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'Consumer',
    of: 'consumer',
    rows: [
      ...lives,
      ...properties(`producerId:string kind:string rtpParameters:object type:string paused:boolean
        producerPaused:boolean score:object`),
      differs(
        { is: 'property', name: 'preferredLayers', type: 'object,undefined' },
        'without temporalLayer it stays without: all of them',
      ),
      ...properties('currentLayers:object,undefined priority:number'),
      ...methods(`close dump getStats pause resume setPreferredLayers setPriority unsetPriority
        requestKeyFrame enableTraceEvent`),
      ...events(`transportclose producerclose producerpause producerresume score layerschange trace
        rtp listenererror`),
      ...observed('close pause resume score layerschange trace'),
    ],
  },
  {
    title: 'Consumer: score',
    of: 'consumerScore',
    rows: fields('score:number producerScore:number producerScores:array'),
  },
  {
    title: 'ConsumerLayers',
    of: 'layers',
    rows: fields('spatialLayer:number temporalLayer:number'),
  },
  {
    title: 'DataProducerOptions',
    of: 'produceData',
    rows: [
      ...options('id sctpStreamParameters label protocol paused=false'),
      ...options('appData={}', 7),
    ],
  },
  {
    title: 'DataProducer',
    of: 'dataProducer',
    rows: [
      ...lives,
      ...properties(
        'type:string sctpStreamParameters:object label:string protocol:string paused:boolean',
      ),
      ...methods('close dump getStats pause resume'),
      differs(
        { is: 'method', name: 'send' },
        'gives a promise, which may be ignored: what goes wrong is logged in any case',
      ),
      ...events('transportclose listenererror'),
      ...observed('close pause resume'),
    ],
  },
  {
    title: 'DataConsumerOptions',
    of: 'consumeData',
    rows: [
      ...options('dataProducerId ordered maxPacketLifeTime maxRetransmits paused=false'),
      ...options('subchannels appData={}', 7),
    ],
  },
  {
    title: 'DataConsumer',
    of: 'dataConsumer',
    rows: [
      ...lives,
      ...properties(`dataProducerId:string type:string sctpStreamParameters:object label:string
        protocol:string subchannels:array bufferedAmountLowThreshold:number paused:boolean
        dataProducerPaused:boolean`),
      ...methods(`close dump getStats pause resume getBufferedAmount setBufferedAmountLowThreshold
        send setSubchannels addSubchannel removeSubchannel`),
      ...events(`transportclose dataproducerclose dataproducerpause dataproducerresume message
        sctpsendbufferfull bufferedamountlow listenererror`),
      ...observed('close pause resume'),
    ],
  },
  ...(['audioLevelObserver', 'activeSpeakerObserver'] as const).map((of) => ({
    title: of === 'audioLevelObserver' ? 'AudioLevelObserver' : 'ActiveSpeakerObserver',
    of,
    rows: [
      ...lives,
      ...properties('paused:boolean type:string'),
      ...methods('pause resume addProducer removeProducer close'),
      ...events('routerclose listenererror'),
      ...observed('close pause resume addproducer removeproducer'),
      ...(of === 'audioLevelObserver' ? events('volumes silence') : events('dominantspeaker')),
      ...(of === 'audioLevelObserver' ? observed('volumes silence') : observed('dominantspeaker')),
    ],
  })),
  {
    title: 'AudioLevelObserver: volumes',
    of: 'volume',
    rows: fields('producer:object volume:number'),
  },
  ...dictionaries,
  ...dumpSections,
];

// A worker without media: speaks the protocol on descriptors 3 and 4, keeps the tree of objects,
// and misbehaves on demand. What it should do comes as JSON in the environment variable
// FAKE_WORKER.
import { Builder, ByteBuffer } from 'flatbuffers';
import { createReadStream, createWriteStream } from 'node:fs';

import * as schema from '../src/generated/schema.js';
import { getProducerType } from '../src/ortc.js';
import { fakeTraces } from './fake_traces.js';
import { FrameReader, frameOf } from '../src/wire/frame.js';

export interface Script {
  /** Ends at once with this code, after a line on stderr. */
  exitCode?: number;
  stderr?: string;
  schemaVersion?: number;
  /** Sends these bytes instead of the first message. */
  garbage?: number[];
  /** Answers these methods never, or this many milliseconds late. */
  mute?: string[];
  late?: Record<string, number>;
  /** Answers these methods only when another one comes. */
  heldUntil?: Record<string, string>;
  /** Refuses these methods. */
  refuse?: Record<string, { code: number; message: string }>;
  /** Kills itself at these methods, closes its output, or sends an impossible length. */
  dieAt?: string;
  closeAt?: string;
  nonsenseAt?: string;
  /** Answers this method with a body that belongs to another. */
  confuseAt?: string;
  /** Ends neither on SIGTERM nor with its channel. */
  stubborn?: boolean;
}

interface FakeProducer {
  type: string;
  /** Of each encoding. */
  rids: schema.EncodingScoreT['rid'][];
}

const script = JSON.parse(process.env.FAKE_WORKER ?? '{}') as Script;
const output = createWriteStream('', { fd: 4 });
const reader = new FrameReader();
const producerOfConsumer = new Map<string, string>();
const pausedProducers = new Set<string>();
const levelObservers = new Set<string>();
const routers = new Set<string>();
const sctpTransports = new Set<string>();
/** Of data producers and data consumers: where they have a stream, and which. */
const streams = new Map<string, [transport: string, streamId: number]>();
const held = new Map<string, schema.RequestT>();
const producers = new Map<string, FakeProducer>();

main();

function main(): void {
  console.log(`arguments ${JSON.stringify(process.argv.slice(2))}`);
  if (script.stderr) console.error(script.stderr);
  if (script.exitCode !== undefined) {
    process.exitCode = script.exitCode;
    return;
  }
  if (script.stubborn) {
    process.on('SIGTERM', () => undefined);
    setInterval(() => undefined, 1000);
  }
  const input = createReadStream('', { fd: 3 });
  input.on('data', (chunk) => reader.push(chunk as Buffer).forEach(handleFrame));
  input.on('error', () => undefined);
  output.on('error', () => undefined);
  input.on('close', () => script.stubborn || process.exit(0));
  if (script.garbage) output.write(Buffer.from(script.garbage));
  else
    notify(
      '',
      schema.NotificationBody.WorkerRunning,
      new schema.WorkerRunningT(process.pid, '0.0.0', script.schemaVersion ?? 1),
    );
}

function handleFrame(frame: Buffer): void {
  const { body } = schema.Message.getRootAsMessage(new ByteBuffer(frame)).unpack();
  const request = body as schema.RequestT;
  const method = schema.RequestBody[request.bodyType] as string;
  console.log(`request ${method} ${String(request.target ?? '')}`);
  console.log(`body ${method} ${describe(request.body)}`);
  if (script.dieAt === method) process.kill(process.pid, 'SIGKILL');
  if (script.closeAt === method) output.destroy();
  if (script.nonsenseAt === method) output.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  if (script.mute?.includes(method)) return;
  releaseHeld(method);
  if (script.heldUntil?.[method] !== undefined) {
    held.set(method, request);
    return;
  }
  const delay = script.late?.[method];
  if (delay === undefined) answer(request, method);
  else setTimeout(() => answer(request, method), delay);
}

function releaseHeld(arrived: string): void {
  for (const [method, request] of held) {
    if (script.heldUntil?.[method] !== arrived) continue;
    held.delete(method);
    answer(request, method);
  }
}

/** JSON of what the tests look at: of RTP parameters the encodings only. */
function describe(body: schema.RequestT['body']): string {
  return JSON.stringify(body, (name, value: unknown) => {
    if (value instanceof schema.RtpParametersT) return value.encodings;
    return name === 'mapping' ? undefined : value;
  });
}

function answer(request: schema.RequestT, method: string): void {
  const refusal = script.refuse?.[method];
  if (refusal) {
    respond(new schema.ResponseT(request.id, refusal.code, refusal.message));
    return;
  }
  const [type, body] = script.confuseAt === method ? confusion() : bodyFor(request);
  respond(new schema.ResponseT(request.id, schema.ResultCode.Ok, null, type, body));
  tellOthers(request);
}

function confusion(): [schema.ResponseBody, schema.ResponseT['body']] {
  return [
    schema.ResponseBody.IceRestarted,
    new schema.IceRestartedT(new schema.IceParametersT('u', 'p')),
  ];
}

function bodyFor({
  body,
  target,
}: schema.RequestT): [schema.ResponseBody, schema.ResponseT['body']] {
  const { ResponseBody } = schema;
  if (body instanceof schema.CreateRouterT) routers.add(String(body.routerId));
  if (body instanceof schema.CreateWebRtcServerT) {
    return [
      ResponseBody.WebRtcServerCreated,
      new schema.WebRtcServerCreatedT(body.listenInfos.map(() => 40000)),
    ];
  }
  if (body instanceof schema.CreateWebRtcTransportT)
    return [ResponseBody.WebRtcTransportCreated, createdTransport(body)];
  if (body instanceof schema.ConnectWebRtcTransportT) {
    return [
      ResponseBody.WebRtcTransportConnected,
      new schema.WebRtcTransportConnectedT(
        body.role === schema.DtlsRole.Server ? schema.DtlsRole.Client : schema.DtlsRole.Server,
      ),
    ];
  }
  if (body instanceof schema.CreatePlainTransportT || body instanceof schema.CreatePipeTransportT) {
    const created = new schema.PlainTransportCreatedT('127.0.0.1', 40000 + (process.pid % 1000));
    if (body.sctp) {
      sctpTransports.add(String(body.transportId));
      created.sctp = body.sctp;
    }
    return [ResponseBody.PlainTransportCreated, created];
  }
  if (body instanceof schema.ConnectPlainTransportT)
    return [ResponseBody.PlainTransportConnected, new schema.PlainTransportConnectedT()];
  if (body instanceof schema.RestartIceT) {
    return [
      ResponseBody.IceRestarted,
      new schema.IceRestartedT(new schema.IceParametersT('fresh', 'secretOfThePeerThatIsFake')),
    ];
  }
  if (body instanceof schema.ProduceT) {
    const type = typeOf(body.rtpParameters);
    const rids = (body.rtpParameters?.encodings ?? []).map(({ rid }) => rid);
    producers.set(String(body.producerId), { type, rids });
    return [ResponseBody.Produced, new schema.ProducedT(type)];
  }
  if (body instanceof schema.ConsumeT) {
    producerOfConsumer.set(String(body.consumerId), String(body.producerId));
    const paused = pausedProducers.has(String(body.producerId));
    const { type } = producerOf(String(body.consumerId));
    return [ResponseBody.Consumed, new schema.ConsumedT(type, paused)];
  }
  if (body instanceof schema.ProduceDataT)
    return [ResponseBody.DataProduced, new schema.DataProducedT()];
  if (body instanceof schema.ConsumeDataT) {
    producerOfConsumer.set(String(body.dataConsumerId), String(body.dataProducerId));
    const paused = pausedProducers.has(String(body.dataProducerId));
    return [ResponseBody.DataConsumed, new schema.DataConsumedT(paused, 'label', 'protocol')];
  }
  if (body instanceof schema.SetPreferredLayersT) {
    const layers = possibleLayers(String(target), body);
    return [ResponseBody.PreferredLayersSet, new schema.PreferredLayersSetT(layers)];
  }
  if (body instanceof schema.GetResourceUsageT) {
    return [ResponseBody.ResourceUsage, new schema.ResourceUsageT(1_500_000n, 250_000n, 8192n)];
  }
  if (body instanceof schema.GetWorkerStatsT) return [ResponseBody.WorkerStats, workerStats()];
  if (body instanceof schema.DumpT)
    return [ResponseBody.DumpText, new schema.DumpTextT('{"fake":true}')];
  if (body instanceof schema.GetStatsT) return statsFor(String(target));
  return [ResponseBody.Empty, new schema.EmptyT()];
}

function typeOf(parameters: schema.RtpParametersT | null): string {
  const encodings = (parameters?.encodings ?? []).map(({ scalabilityMode }) =>
    scalabilityMode === null ? {} : { scalabilityMode: String(scalabilityMode) },
  );
  return getProducerType({ codecs: [], encodings });
}

function producerOf(consumer: string): FakeProducer {
  const producer = producers.get(producerOfConsumer.get(consumer) ?? '');
  return producer ?? { type: 'simple', rids: [null] };
}

function possibleLayers(
  consumer: string,
  { layers }: schema.SetPreferredLayersT,
): schema.ConsumerLayersT {
  const highest = producerOf(consumer).rids.length - 1;
  const spatialLayer = Math.min(layers?.spatialLayer ?? 0, highest);
  return new schema.ConsumerLayersT(spatialLayer, layers?.temporalLayer ?? 0);
}

function createdTransport({
  transportId,
  sctp,
}: schema.CreateWebRtcTransportT): schema.WebRtcTransportCreatedT {
  if (sctp) sctpTransports.add(String(transportId));
  const { Udp, Tcp } = schema.Protocol;
  return new schema.WebRtcTransportCreatedT(
    new schema.IceParametersT('ufrag', 'passwordOfThePeerThatIsFake'),
    [
      new schema.IceCandidateT('udp', 1076302079, '127.0.0.1', Udp, 40000),
      new schema.IceCandidateT('tcp', 4000000000, '127.0.0.1', Tcp, 40001),
    ],
    schema.DtlsRole.Auto,
    [new schema.FingerprintT('sha-256', Array(32).fill('AA').join(':'))],
    sctp,
  );
}

function statsFor(target: string): [schema.ResponseBody, schema.ResponseT['body']] {
  const { ResponseBody } = schema;
  if (routers.has(target)) {
    return [ResponseBody.RouterStats, new schema.RouterStatsT(6n, target, traffic())];
  }
  const isStream =
    producerOfConsumer.has(target) || [...producerOfConsumer.values()].includes(target);
  if (!isStream) {
    const stats = new schema.TransportStatsT(target, 12345678901n, 'completed', 'connected');
    stats.bytesReceived = 5_000_000_000n;
    stats.drops = [new schema.DropCountT('srtpReplay', 3n)];
    fillBandwidth(stats);
    return [ResponseBody.TransportStats, stats];
  }
  const stream = new schema.RtpStreamStatsT(5n, 4000000000);
  stream.packetsLost = -2n;
  stream.mimeType = 'audio/opus';
  stream.bitrateByLayer = [new schema.LayerBitrateT(0, 0, 9), new schema.LayerBitrateT(1, 2, 5)];
  [stream.frameWidth, stream.frameHeight] = [1280, 720];
  if (!producerOfConsumer.has(target))
    return [ResponseBody.StreamStatsList, new schema.StreamStatsListT([stream])];
  const sent = new schema.RtpStreamStatsT(5n, 1);
  sent.preferredLayers = new schema.ConsumerLayersT(1);
  sent.currentLayers = new schema.ConsumerLayersT(0, 2);
  sent.layersReason = 'bandwidthDown';
  return [ResponseBody.StreamStatsList, new schema.StreamStatsListT([sent, stream])];
}

function workerStats(): schema.WorkerStatsT {
  const stats = new schema.WorkerStatsT(12345678902n);
  stats.drops = [new schema.DropCountT('unknownRemote', 2n)];
  [stats.datagramsSent, stats.sends, stats.trainsRefused] = [90n, 30n, 1n];
  [stats.holds, stats.heldUs] = [4n, 5_000_000_000n];
  stats.paddingBytesSent = 7n;
  stats.traffic = traffic();
  stats.turnTime = new schema.DurationHistogramT([32n, 64n], [5n, 2n, 1n], 5_000_000_000n, 70n);
  [stats.userTimeUs, stats.systemTimeUs, stats.rssKib] = [3n, 4n, 5n];
  return stats;
}

function traffic(): schema.TrafficT {
  const sum = new schema.TrafficT();
  [sum.bytesReceived, sum.consumers, sum.sendBitrate] = [6_000_000_000n, 1000, 5_000_000_000n];
  sum.iceStates = [new schema.StateCountT('connected', 3)];
  sum.received = new schema.StreamTrafficT(9n, -2n);
  sum.sent = new schema.StreamTrafficT(8n);
  return sum;
}

function fillBandwidth(stats: schema.TransportStatsT): void {
  stats.availableOutgoingBitrate = 700_000;
  stats.maxOutgoingBitrate = 2_000_000;
  stats.minOutgoingBitrate = 50_000;
  stats.probationBytesSent = 6_000_000_000n;
  stats.probationSendBitrate = 40_000;
  stats.desiredOutgoingBitrate = 3_000_000;
  stats.bandwidthReason = 'overuse';
  stats.sendQueueMs = 12.5;
}

// What a real worker would say to those who listen or are connected.
function tellOthers(request: schema.RequestT): void {
  tellOfObjects(request);
  tellOfLayers(request);
  tellOfSpeakers(request);
  tellOfChannels(request);
}

function tellOfLayers({ body, target }: schema.RequestT): void {
  const { NotificationBody } = schema;
  const id = String(target ?? '');
  if (body instanceof schema.EnableTraceEventsT) {
    for (const trace of fakeTraces([...body.types])) notify(id, NotificationBody.Trace, trace);
  } else if (body instanceof schema.SetPreferredLayersT) {
    tellLayers(id, possibleLayers(id, body), 'preferredLayers');
  } else if (body instanceof schema.PauseT && producerOfConsumer.has(id)) {
    tellLayers(id, null, 'paused');
  }
}

// The consumer what flows, and its producer what is watched.
function tellLayers(consumer: string, layers: schema.ConsumerLayersT | null, reason: string): void {
  const { NotificationBody } = schema;
  notify(consumer, NotificationBody.LayersChange, new schema.LayersChangeT(layers, reason));
  const wanted = producerOf(consumer).rids.map((_, encoding) => {
    return layers !== null && encoding <= layers.spatialLayer;
  });
  const body = new schema.WantedLayersT(layers, wanted);
  notify(producerOfConsumer.get(consumer) ?? '', NotificationBody.WantedLayers, body);
}

// Everybody speaks as soon as he is watched, and is silent as soon as he is not.
function tellOfSpeakers({ body, target }: schema.RequestT): void {
  const { NotificationBody } = schema;
  const id = String(target ?? '');
  if (body instanceof schema.AddProducerT) {
    const producer = String(body.producerId);
    const volumes = [new schema.VolumeT('gone', -1), new schema.VolumeT(producer, -33)];
    const { AudioLevels, DominantSpeaker } = NotificationBody;
    if (levelObservers.has(id)) {
      notify(id, AudioLevels, new schema.AudioLevelsT(volumes.slice(0, 1)));
      notify(id, AudioLevels, new schema.AudioLevelsT(volumes));
    } else {
      for (const speaker of ['gone', producer])
        notify(id, DominantSpeaker, new schema.DominantSpeakerT(speaker));
    }
  } else if (body instanceof schema.RemoveProducerT) {
    notify(id, NotificationBody.AudioLevels, new schema.AudioLevelsT([]));
  } else if (body instanceof schema.CreateAudioLevelObserverT) {
    levelObservers.add(String(body.observerId));
  }
}

// The client opens a channel as soon as it is connected, and closes it again.
function tellOfChannels({ body, target }: schema.RequestT): void {
  const { NotificationBody } = schema;
  const id = String(target ?? '');
  tellOfReset(body, id);
  if (!sctpTransports.has(id)) return;
  const isPipe = body instanceof schema.ConnectPlainTransportT;
  if (!isPipe && !(body instanceof schema.ConnectWebRtcTransportT)) return;
  notify(id, NotificationBody.SctpNegotiated, new schema.SctpNegotiatedT(1024, 65_535));
  notify(id, NotificationBody.SctpStateChange, new schema.SctpStateChangeT('connected'));
  if (isPipe) return;
  const stream = new schema.SctpStreamParametersT(6, false, null, 2);
  const opened = new schema.DataChannelOpenedT(stream, 'chat', 'v1');
  notify(id, NotificationBody.DataChannelOpened, opened);
  notify(id, NotificationBody.DataChannelClosed, new schema.DataChannelClosedT(6));
}

// Both sides reset a stream as soon as somebody on it is closed.
function tellOfReset(body: schema.RequestT['body'], id: string): void {
  if (body instanceof schema.ProduceDataT && body.stream)
    streams.set(String(body.dataProducerId), [id, body.stream.streamId]);
  if (body instanceof schema.ConsumeDataT && body.stream)
    streams.set(String(body.dataConsumerId), [id, body.stream.streamId]);
  const closed = body instanceof schema.CloseT ? streams.get(id) : undefined;
  if (!closed) return;
  const [transport, streamId] = closed;
  const news = new schema.DataChannelClosedT(streamId);
  notify(transport, schema.NotificationBody.DataChannelClosed, news);
}

function tellOfObjects({ body, target }: schema.RequestT): void {
  const { NotificationBody } = schema;
  const id = String(target ?? '');
  const consumers = [...producerOfConsumer]
    .filter(([, producer]) => producer === id)
    .map(([consumer]) => consumer);
  if (body instanceof schema.ConnectWebRtcTransportT) {
    const tuple = new schema.TransportTupleT(
      '127.0.0.1',
      40000,
      '127.0.0.1',
      50000,
      schema.Protocol.Udp,
    );
    notify(id, NotificationBody.IceStateChange, new schema.IceStateChangeT('completed'));
    notify(id, NotificationBody.IceSelectedTupleChange, new schema.IceSelectedTupleChangeT(tuple));
    notify(
      id,
      NotificationBody.DtlsStateChange,
      new schema.DtlsStateChangeT('connected', 'PEM', null),
    );
  } else if (body instanceof schema.PauseT) {
    pausedProducers.add(id);
    for (const to of consumers)
      notify(to, NotificationBody.ProducerPaused, new schema.ProducerPausedT());
  } else if (body instanceof schema.ResumeT) {
    pausedProducers.delete(id);
    const rids = producers.get(id)?.rids ?? [];
    const scores = rids.map((rid, at) => new schema.EncodingScoreT(1111 + at, rid, 7 - at));
    // Workers may tell them in any order.
    if (consumers.length > 0)
      notify(id, NotificationBody.ProducerScore, new schema.ProducerScoreT(scores.reverse()));
    for (const to of consumers) {
      notify(to, NotificationBody.ProducerResumed, new schema.ProducerResumedT());
      const each = rids.map((_, at) => 7 - at);
      notify(to, NotificationBody.ConsumerScore, new schema.ConsumerScoreT(9, 7, each));
    }
  } else if (body instanceof schema.SendDataT) {
    const message = new schema.DataMessageT(body.ppid, body.data);
    for (const to of consumers) notify(to, NotificationBody.DataMessage, message);
  } else if (body instanceof schema.CloseT) {
    for (const to of consumers) {
      producerOfConsumer.delete(to);
      notify(to, NotificationBody.ProducerClosed, new schema.ProducerClosedT());
    }
  }
}

function respond(response: schema.ResponseT): void {
  send(new schema.MessageT(schema.MessageBody.Response, response));
}

function notify(
  target: string,
  type: schema.NotificationBody,
  body: schema.NotificationT['body'],
): void {
  const notification = new schema.NotificationT(target, type, body);
  send(new schema.MessageT(schema.MessageBody.Notification, notification));
}

function send(message: schema.MessageT): void {
  const builder = new Builder();
  schema.Message.finishMessageBuffer(builder, message.pack(builder));
  output.write(frameOf(builder.asUint8Array()));
}

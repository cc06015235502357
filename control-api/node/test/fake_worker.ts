// A worker without media: speaks the protocol on descriptors 3 and 4, keeps the tree of objects,
// and misbehaves on demand. What it should do comes as JSON in the environment variable
// FAKE_WORKER.
import { Builder, ByteBuffer } from 'flatbuffers';
import { createReadStream, createWriteStream } from 'node:fs';

import * as schema from '../src/generated/schema.js';
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

const script = JSON.parse(process.env.FAKE_WORKER ?? '{}') as Script;
const output = createWriteStream('', { fd: 4 });
const reader = new FrameReader();
const producerOfConsumer = new Map<string, string>();
const pausedProducers = new Set<string>();

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
  if (script.dieAt === method) process.kill(process.pid, 'SIGKILL');
  if (script.closeAt === method) output.destroy();
  if (script.nonsenseAt === method) output.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  if (script.mute?.includes(method)) return;
  const delay = script.late?.[method];
  if (delay === undefined) answer(request, method);
  else setTimeout(() => answer(request, method), delay);
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
  if (body instanceof schema.CreateWebRtcServerT) {
    return [
      ResponseBody.WebRtcServerCreated,
      new schema.WebRtcServerCreatedT(body.listenInfos.map(() => 40000)),
    ];
  }
  if (body instanceof schema.CreateWebRtcTransportT)
    return [ResponseBody.WebRtcTransportCreated, createdTransport()];
  if (body instanceof schema.ConnectWebRtcTransportT) {
    return [
      ResponseBody.WebRtcTransportConnected,
      new schema.WebRtcTransportConnectedT(schema.DtlsRole.Server),
    ];
  }
  if (body instanceof schema.RestartIceT) {
    return [
      ResponseBody.IceRestarted,
      new schema.IceRestartedT(new schema.IceParametersT('fresh', 'secret')),
    ];
  }
  if (body instanceof schema.ProduceT)
    return [ResponseBody.Produced, new schema.ProducedT('simple')];
  if (body instanceof schema.ConsumeT) {
    producerOfConsumer.set(String(body.consumerId), String(body.producerId));
    const paused = pausedProducers.has(String(body.producerId));
    return [ResponseBody.Consumed, new schema.ConsumedT('simple', paused)];
  }
  if (body instanceof schema.GetResourceUsageT) {
    return [ResponseBody.ResourceUsage, new schema.ResourceUsageT(1_500_000n, 250_000n, 8192n)];
  }
  if (body instanceof schema.DumpT)
    return [ResponseBody.DumpText, new schema.DumpTextT('{"fake":true}')];
  if (body instanceof schema.GetStatsT) return statsFor(String(target));
  return [ResponseBody.Empty, new schema.EmptyT()];
}

function createdTransport(): schema.WebRtcTransportCreatedT {
  const { Udp, Tcp } = schema.Protocol;
  return new schema.WebRtcTransportCreatedT(
    new schema.IceParametersT('ufrag', 'password'),
    [
      new schema.IceCandidateT('udp', 1076302079, '127.0.0.1', Udp, 40000),
      new schema.IceCandidateT('tcp', 4000000000, '127.0.0.1', Tcp, 40001),
    ],
    schema.DtlsRole.Auto,
    [new schema.FingerprintT('sha-256', 'AA:BB')],
  );
}

function statsFor(target: string): [schema.ResponseBody, schema.ResponseT['body']] {
  const { ResponseBody } = schema;
  const isStream =
    producerOfConsumer.has(target) || [...producerOfConsumer.values()].includes(target);
  if (!isStream) {
    const stats = new schema.TransportStatsT(target, 12345678901n, 'completed', 'connected');
    stats.bytesReceived = 5_000_000_000n;
    stats.drops = [new schema.DropCountT('srtpReplay', 3n)];
    return [ResponseBody.TransportStats, stats];
  }
  const stream = new schema.RtpStreamStatsT(5n, 4000000000);
  stream.packetsLost = -2n;
  stream.mimeType = 'audio/opus';
  const streams = producerOfConsumer.has(target) ? [stream, stream] : [stream];
  return [ResponseBody.StreamStatsList, new schema.StreamStatsListT(streams)];
}

// What a real worker would say to those who listen or are connected.
function tellOthers({ body, target }: schema.RequestT): void {
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
    const score = new schema.EncodingScoreT(1111, null, 7);
    if (consumers.length > 0)
      notify(id, NotificationBody.ProducerScore, new schema.ProducerScoreT([score]));
    for (const to of consumers) {
      notify(to, NotificationBody.ProducerResumed, new schema.ProducerResumedT());
      notify(to, NotificationBody.ConsumerScore, new schema.ConsumerScoreT(9, 7));
    }
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

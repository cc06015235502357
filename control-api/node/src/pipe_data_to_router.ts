// Carries a data producer from its router to another one: what pipe_to_router.ts does for media,
// over a stream of the same pipe.
import type { DataConsumer } from './data_consumer.js';
import type { DataProducer } from './data_producer.js';
import { InvalidStateError, NotFoundError, TimeoutError } from './errors.js';
import { asName } from './ortc/fields.js';
import {
  checkRouters,
  keepInStep,
  origins,
  pairOf,
  requireNoLoop,
  type CheckedRouters,
  type PipeOptions,
} from './pipe_to_router.js';
import type { PipeTransport } from './pipe_transport.js';
import type { Router } from './router.js';
import type { SctpStreamParameters } from './sctp.js';

/**
 * Two workers of one host need some round trips, and one of them may still be busy with others.
 * Whoever waits longer is told that something is in the way of their datagrams.
 */
const connectTimeout = 10_000;

export interface PipeDataToRouterOptions extends PipeOptions {
  dataProducerId: string;
  producerId?: undefined;
}

export interface PipeDataToRouterResult {
  pipeDataConsumer: DataConsumer;
  pipeDataProducer: DataProducer;
}

// What has been carried where, by the id of the router.
const carried = new WeakMap<DataProducer, Map<string, Promise<PipeDataToRouterResult>>>();

/** @internal Behind Router.pipeToRouter(). */
export async function pipeDataToRouter(
  source: Router,
  options: PipeDataToRouterOptions,
): Promise<PipeDataToRouterResult> {
  const dataProducerId = asName(options.dataProducerId, 'dataProducerId');
  const routers = checkRouters(source, options);
  const producer = source.pipeInternals().findDataProducer(dataProducerId);
  if (!producer)
    throw new NotFoundError(`dataProducerId: the router has no data producer ${dataProducerId}`);
  requireNoLoop(producer, routers.router);
  const known = carried.get(producer) ?? new Map<string, Promise<PipeDataToRouterResult>>();
  carried.set(producer, known);
  const { id } = routers.router;
  const before = known.get(id);
  if (before) return before;
  const carrying = carry(source, producer, routers);
  known.set(id, carrying);
  const forget = (): void => {
    if (known.get(id) === carrying) known.delete(id);
  };
  carrying.then(({ pipeDataProducer }) => {
    pipeDataProducer.observer.once('close', forget);
    if (pipeDataProducer.closed) forget();
  }, forget);
  return carrying;
}

async function carry(
  source: Router,
  producer: DataProducer,
  { router, keepId, pipe }: CheckedRouters,
): Promise<PipeDataToRouterResult> {
  const pair = await pairOf(source, router, pipe);
  const near = pair.get(source.id) as PipeTransport;
  const far = pair.get(router.id) as PipeTransport;
  if (!near.sctpParameters || !far.sctpParameters)
    throw new InvalidStateError('the pipe of these routers was made with enableSctp: false');
  await Promise.all([connected(near), connected(far)]);
  if (producer.closed) throw new InvalidStateError('the data producer was closed meanwhile');
  // Each direction has its own half of the streams, or closing one would reset the other as well.
  const streamId = near.freeStream(source.id < router.id ? 0 : 1, 2, far);
  const stream = { ...producer.sctpStreamParameters, streamId };
  // The far end first: what came before it is there would be lost.
  const pipeDataProducer = await far.produceData({
    ...(keepId ? { id: producer.id } : {}),
    sctpStreamParameters: stream,
    label: producer.label,
    protocol: producer.protocol,
    paused: producer.paused,
    appData: producer.appData,
  });
  const pipeDataConsumer = await consumeOn(near, producer, pipeDataProducer, stream);
  origins.set(pipeDataProducer, { router: source, producer });
  keepInStep(pipeDataConsumer, pipeDataProducer);
  if (pipeDataConsumer.closed || pipeDataProducer.closed)
    throw new InvalidStateError('the data producer, or a router, was closed meanwhile');
  return { pipeDataConsumer, pipeDataProducer };
}

async function consumeOn(
  near: PipeTransport,
  { id: dataProducerId }: DataProducer,
  pipeDataProducer: DataProducer,
  stream: SctpStreamParameters,
): Promise<DataConsumer> {
  try {
    return await near.consumeData({ dataProducerId, ...stream });
  } catch (error) {
    // A stream is free again once both ends have reset it, so both must have had it.
    const claim = near.produceData({ sctpStreamParameters: stream });
    await claim.then((end) => end.close()).catch(() => undefined);
    pipeDataProducer.close();
    throw error;
  }
}

// What is said before they are connected would be lost.
function connected(end: PipeTransport): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      end.observer.off('sctpstatechange', look);
      end.observer.off('close', look);
      if (error) reject(error);
      else resolve();
    };
    const look = (): void => {
      if (end.sctpState === 'connected') settle();
      else if (end.sctpState === 'closed' || end.sctpState === 'failed')
        settle(new InvalidStateError('the pipe of these routers has lost its data channels'));
    };
    const late = new TimeoutError(`the ends of the pipe did not meet in ${connectTimeout} ms`);
    const timer = setTimeout(() => settle(late), connectTimeout);
    end.observer.on('sctpstatechange', look);
    end.observer.on('close', look);
    look();
  });
}

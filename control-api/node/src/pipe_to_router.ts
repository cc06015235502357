// Carries a producer from its router to another one, of whichever worker of this application, and
// keeps the two ends in step.
import type { Consumer } from './consumer.js';
import type { DataConsumer } from './data_consumer.js';
import type { DataProducer } from './data_producer.js';
import type { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, NotFoundError } from './errors.js';
import { Logger } from './logger.js';
import type { TransportListenInfo, TransportListenIp } from './listen_info.js';
import { asBoolean, asDictionary, asName, compact, optional } from './ortc/fields.js';
import type { PipeTransport, PipeTransportOptions } from './pipe_transport.js';
import type { Producer } from './producer.js';
import type { Router } from './router.js';
import type { NumSctpStreams } from './sctp.js';

const logger = new Logger('pipeToRouter');
/** As long as messages can be on any transport of a worker. */
const maxSctpMessageSize = 1024 * 1024;
/** As much as the worker allows: everything that is said between two routers shares it. */
const sctpSendBufferSize = 16 * 1024 * 1024;

/** Those that media and data have in common. */
export interface PipeOptions {
  /** Where it shall be heard. */
  router: Router;
  /**
   * The producer at the other end has the same id. True if missing, unless both routers are of one
   * worker, where ids are unique; there true is a TypeError.
   */
  keepId?: boolean;
  /** Of both ends, the first time that the two routers meet; 127.0.0.1 if missing. */
  listenInfo?: TransportListenInfo;
  /** Old: an address instead of `listenInfo`. */
  listenIp?: TransportListenIp;
  enableRtx?: boolean;
  enableSrtp?: boolean;
  /** Our addition, as of createPipeTransport(). */
  onDemand?: boolean;
  /** Data producers can be carried as well; true if missing. */
  enableSctp?: boolean;
  /** As of createPipeTransport(), but as much as the worker allows if missing. */
  maxSendMessageSize?: number;
  maxReceiveMessageSize?: number;
  sctpSendBufferSize?: number;
  sctpPerStreamSendQueueLimit?: number;
  sctpMaxReceiverWindowBufferSize?: number;
  /** 1,024 each if missing; each direction has half of them. */
  numSctpStreams?: NumSctpStreams;
}

export interface PipeToRouterOptions extends PipeOptions {
  producerId: string;
  dataProducerId?: undefined;
}

export interface PipeToRouterResult {
  pipeConsumer: Consumer;
  pipeProducer: Producer;
}

type AnyProducer = Producer | DataProducer;
type Watcher = EnhancedEventEmitter<{ close: []; pause: []; resume: [] }>;
/** The ends of a pipe between two routers, each by the id of its router. */
type PipePair = Map<string, PipeTransport>;

// By the routers they belong to; a pair stands under both.
const pairs = new WeakMap<Router, Map<string, Promise<PipePair>>>();
// What has been carried where, by the id of the router.
const carried = new WeakMap<Producer, Map<string, Promise<PipeToRouterResult>>>();
/** @internal Where a producer that came over a pipe came from. */
export const origins = new WeakMap<AnyProducer, { router: Router; producer: AnyProducer }>();

/** @internal Behind Router.pipeToRouter(). */
export async function pipeToRouter(
  source: Router,
  options: PipeToRouterOptions,
): Promise<PipeToRouterResult> {
  const checked = checkOptions(source, options);
  const { producer, router } = checked;
  const known = carried.get(producer) ?? new Map<string, Promise<PipeToRouterResult>>();
  carried.set(producer, known);
  const before = known.get(router.id);
  if (before) return before;
  const forget = (): void => {
    if (known.get(router.id) === carrying) known.delete(router.id);
  };
  const carrying = carry(source, checked, forget);
  known.set(router.id, carrying);
  try {
    return await carrying;
  } catch (error) {
    forget();
    throw error;
  }
}

export interface CheckedRouters {
  router: Router;
  keepId: boolean;
  pipe: PipeOptions;
}

interface CheckedOptions extends CheckedRouters {
  producer: Producer;
}

function checkOptions(source: Router, options: PipeToRouterOptions): CheckedOptions {
  const producerId = asName(options.producerId, 'producerId');
  const checked = checkRouters(source, options);
  const producer = source.pipeInternals().findProducer(producerId);
  if (!producer) throw new NotFoundError(`producerId: the router has no producer ${producerId}`);
  requireNoLoop(producer, checked.router);
  return { producer, ...checked };
}

/** @internal */
export function checkRouters(source: Router, options: PipeOptions): CheckedRouters {
  const { router } = options;
  if (typeof router?.pipeInternals !== 'function') throw new TypeError('router is not a Router');
  if (router === source) throw new TypeError('router is the router of the producer');
  if (router.closed) throw new InvalidStateError('router is closed');
  const sameWorker = router.pipeInternals().channel === source.pipeInternals().channel;
  const keepId = optional(options.keepId, 'keepId', asBoolean) ?? !sameWorker;
  if (keepId && sameWorker)
    throw new TypeError('keepId: both routers are of one worker, where ids are unique');
  return { router, keepId, pipe: options };
}

// What came from a router does not go back to it, over however many others.
export function requireNoLoop(producer: AnyProducer, router: Router): void {
  for (let origin = origins.get(producer); origin; origin = origins.get(origin.producer)) {
    if (origin.router === router)
      throw new TypeError(`router is where producer ${producer.id} came from`);
  }
}

async function carry(
  source: Router,
  { producer, router, keepId, pipe }: CheckedOptions,
  onClose: () => void,
): Promise<PipeToRouterResult> {
  const pair = await pairOf(source, router, pipe);
  const near = pair.get(source.id) as PipeTransport;
  const far = pair.get(router.id) as PipeTransport;
  const pipeConsumer = await near.consume({ producerId: producer.id });
  try {
    const pipeProducer = await far.produce({
      ...(keepId ? { id: producer.id } : {}),
      kind: pipeConsumer.kind,
      rtpParameters: pipeConsumer.rtpParameters,
      paused: pipeConsumer.producerPaused,
      appData: producer.appData,
    });
    origins.set(pipeProducer, { router: source, producer });
    pipeProducer.observer.once('close', onClose);
    keepInStep(pipeConsumer, pipeProducer);
    requireOpen(pipeConsumer, pipeProducer);
    return { pipeConsumer, pipeProducer };
  } catch (error) {
    pipeConsumer.close();
    throw error;
  }
}

// An end that closed while the other was made has taken that one along. Nobody is told that something
// was carried that is not there.
function requireOpen(...ends: { closed: boolean }[]): void {
  if (ends.some(({ closed }) => closed))
    throw new InvalidStateError('the producer, or a router, was closed while it was carried');
}

// Whatever ends one of them ends the other; what pauses at the near end pauses at the far one. What
// is paused at the far end alone is not sent: the routers tell each other (onDemand).
export function keepInStep(consumer: Consumer | DataConsumer, producer: AnyProducer): void {
  let last: Promise<void> = Promise.resolve();
  const follow = (): void => {
    last = last.then(async () => {
      if (producer.closed || consumer.closed) return;
      const paused = consumer.paused || consumer.producerPaused;
      if (paused !== producer.paused) await (paused ? producer.pause() : producer.resume());
    });
    last = last.catch((error: Error) => logger.warn(`${producer.id}: ${error.message}`));
  };
  const news = consumer as unknown as EnhancedEventEmitter<Record<string, []>>;
  for (const kind of ['producer', 'dataproducer']) {
    news.on(`${kind}pause`, follow);
    news.on(`${kind}resume`, follow);
  }
  const [near, far] = [consumer, producer].map(watcherOf) as [Watcher, Watcher];
  near.on('pause', follow);
  near.on('resume', follow);
  near.once('close', () => producer.close());
  far.once('close', () => consumer.close());
  if (consumer.closed) producer.close();
  else follow();
}

// Of media and of data alike.
function watcherOf({ observer }: { observer: unknown }): Watcher {
  return observer as Watcher;
}

export function pairOf(source: Router, router: Router, options: PipeOptions): Promise<PipePair> {
  const before = pairsOf(source).get(router.id);
  if (before) return before;
  const pair = makePair(source, router, options);
  pairsOf(source).set(router.id, pair);
  pairsOf(router).set(source.id, pair);
  const forget = (): void => {
    if (pairsOf(source).get(router.id) === pair) pairsOf(source).delete(router.id);
    if (pairsOf(router).get(source.id) === pair) pairsOf(router).delete(source.id);
  };
  pair.then((ends) => {
    for (const end of ends.values()) {
      end.observer.once('close', forget);
      // Nobody answered for more than a minute. What is carried ends, and may be carried anew.
      end.observer.on('sctpstatechange', (state) => {
        if (state === 'closed') end.close();
      });
    }
    if ([...ends.values()].some(({ closed }) => closed)) forget();
  }, forget);
  return pair;
}

function pairsOf(router: Router): Map<string, Promise<PipePair>> {
  const found = pairs.get(router) ?? new Map<string, Promise<PipePair>>();
  pairs.set(router, found);
  return found;
}

async function makePair(source: Router, router: Router, pipe: PipeOptions): Promise<PipePair> {
  const made = await Promise.allSettled(
    [source, router].map((each) => each.createPipeTransport(endOf(pipe))),
  );
  const ends = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const failed = made.find((each) => each.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    const [near, far] = ends as [PipeTransport, PipeTransport];
    // From the first moment: a worker that dies while they connect may answer before it does.
    near.observer.once('close', () => far.close());
    far.observer.once('close', () => near.close());
    await Promise.all([near.connect(addressOf(far)), far.connect(addressOf(near))]);
    requireOpen(near, far);
    return new Map([
      [source.id, near],
      [router.id, far],
    ]);
  } catch (error) {
    for (const end of ends) end.close();
    throw error;
  }
}

/** The options of either end. */
function endOf(pipe: PipeOptions): PipeTransportOptions {
  const { listenInfo, listenIp, enableSctp } = pipe;
  const ours = { protocol: 'udp', ip: '127.0.0.1' } as const;
  return compact({
    ...(listenIp === undefined ? { listenInfo: listenInfo ?? ours } : { listenInfo, listenIp }),
    enableRtx: pipe.enableRtx,
    enableSrtp: pipe.enableSrtp,
    onDemand: pipe.onDemand,
    enableSctp: enableSctp ?? true,
    numSctpStreams: pipe.numSctpStreams,
    maxSctpMessageSize,
    maxSendMessageSize: pipe.maxSendMessageSize,
    maxReceiveMessageSize: pipe.maxReceiveMessageSize,
    sctpSendBufferSize: pipe.sctpSendBufferSize ?? sctpSendBufferSize,
    sctpPerStreamSendQueueLimit: pipe.sctpPerStreamSendQueueLimit,
    sctpMaxReceiverWindowBufferSize: pipe.sctpMaxReceiverWindowBufferSize,
  }) as PipeTransportOptions;
}

function addressOf({
  tuple,
  srtpParameters,
}: PipeTransport): Parameters<PipeTransport['connect']>[0] {
  return {
    ip: tuple.localAddress,
    port: tuple.localPort,
    ...(srtpParameters ? { srtpParameters } : {}),
  };
}

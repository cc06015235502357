// One worker: a process that forwards media on one core.
import { randomUUID } from 'node:crypto';

import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, TimeoutError, WorkerError } from './errors.js';
import {
  CreateRouterT,
  CreateWebRtcServerT,
  GetResourceUsageT,
  GetWorkerStatsT,
  LogLevel,
  LogT,
  RequestBody,
  ResourceUsageT,
  UpdateSettingsT,
  WebRtcServerCreatedT,
  WorkerRunningT,
  WorkerStatsT,
  type NotificationT,
} from './generated/schema.js';
import { encodeListenInfos, type TransportListenInfo } from './listen_info.js';
import { Logger } from './logger.js';
import * as ortc from './ortc.js';
import { asAppData, asDictionary, asInteger, optional } from './ortc/fields.js';
import { Router, type RouterOptions } from './router.js';
import {
  decodeResourceUsage,
  decodeWorkerStats,
  type WorkerResourceUsage,
  type WorkerStat,
} from './stats.js';
import {
  StatsSubscription,
  type StatsEvents,
  type StatsSubscriptionOptions,
} from './stats_subscription.js';
import type { AppData } from './types.js';
import { schemaVersion } from './version.js';
import { WebRtcServer } from './webrtc_server.js';
import { Channel, expectAnswer } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';
import { describeDeath, describeExit, WorkerProcess, type WorkerExit } from './worker_process.js';
import {
  asLogLevel,
  asLogTags,
  checkSettings,
  logLevels,
  logTags,
  type CheckedSettings,
  type WorkerLogLevel,
  type WorkerLogTag,
  type WorkerSettings,
  type WorkerUpdateableSettings,
} from './worker_settings.js';

export type {
  WorkerBandwidthMode,
  WorkerLogLevel,
  WorkerLogTag,
  WorkerSettings,
  WorkerUpdateableSettings,
} from './worker_settings.js';

const logger = new Logger('Worker');

const startTimeout = 10_000;
/** More at once are a crowd in which nobody is understood. */
const maxSpeakers = 64;
/** What a worker exits with when its options are wrong. */
const wrongOptions = 2;
export interface WebRtcServerOptions<Data extends AppData = AppData> {
  listenInfos: TransportListenInfo[];
  appData?: Data;
}

export type WorkerEvents = StatsEvents & {
  /** It ended although nobody asked it to. Everything in it is closed by then. */
  died: [Error];
  /** The process is gone, for whatever reason. */
  subprocessclose: [];
  listenererror: [string, Error];
};

export type WorkerObserverEvents = {
  close: [];
  newrouter: [Router];
  newwebrtcserver: [WebRtcServer];
};

export type Observer = EnhancedEventEmitter<{ newworker: [Worker] }>;

export const observer: Observer = new EnhancedEventEmitter();

export class Worker<Data extends AppData = AppData> extends EnhancedEventEmitter<WorkerEvents> {
  readonly observer = new EnhancedEventEmitter<WorkerObserverEvents>();
  readonly #process: WorkerProcess;
  readonly #channel: Channel;
  readonly #stats: StatsSubscription;
  readonly #routers = new Map<string, Router>();
  readonly #webRtcServers = new Map<string, WebRtcServer>();
  readonly #starting: Starting;
  readonly #pid: number;
  #running = false;
  #closed = false;
  #died = false;
  #subprocessClosed = false;
  #broken: Error | undefined;
  #appData: Data;
  #logLevel: WorkerLogLevel;
  #logTags: WorkerLogTag[];

  private constructor(settings: CheckedSettings, appData: Data, starting: Starting) {
    super();
    this.#appData = appData;
    this.#logLevel = settings.logLevel;
    this.#logTags = settings.logTags;
    this.#starting = starting;
    this.#process = new WorkerProcess(settings.bin, settings.args, (exit) =>
      this.#handleExit(exit),
    );
    this.#pid = this.#process.pid;
    const { messages, requests } = this.#process;
    this.#channel = new Channel(messages, requests, settings.requestTimeout, (error) =>
      this.#handleBreak(error),
    );
    this.#channel.listen('', (notification) => this.#handle(notification));
    this.#stats = new StatsSubscription(this.#channel, '', (snapshot) =>
      this.safeEmit('stats', snapshot),
    );
  }

  /** @internal Use createWorker(). */
  static async start<Data extends AppData>(value: WorkerSettings<Data>): Promise<Worker<Data>> {
    const settings = checkSettings(value);
    const appData = asAppData(value.appData);
    let worker: Worker<Data> | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        worker = new Worker<Data>(settings, appData, { resolve, reject });
        timer = setTimeout(() => {
          reject(
            new TimeoutError(
              `the worker at ${settings.bin} was not ready within ${startTimeout} ms`,
            ),
          );
        }, startTimeout);
      });
    } catch (error) {
      worker?.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return worker as Worker<Data>;
  }

  get pid(): number {
    return this.#pid;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get died(): boolean {
    return this.#died;
  }

  get subprocessClosed(): boolean {
    return this.#subprocessClosed;
  }

  get appData(): Data {
    return this.#appData;
  }

  set appData(appData: Data) {
    this.#appData = appData;
  }

  /** Ends the process: politely, and after two seconds for certain. */
  close(): void {
    if (this.#closed) return;
    this.#end(new InvalidStateError('the worker is closed'));
    this.#process.end();
    this.observer.safeEmit('close');
  }

  async dump(): Promise<Dump> {
    this.#requireOpen();
    return askDump(this.#channel, undefined);
  }

  async getResourceUsage(): Promise<WorkerResourceUsage> {
    this.#requireOpen();
    return this.#channel.call({
      method: RequestBody.GetResourceUsage,
      body: new GetResourceUsageT(),
      apply: (answer) => decodeResourceUsage(expectAnswer(answer, ResourceUsageT)),
    });
  }

  /** Our addition: what the worker holds, and what it has received and sent since it started. */
  async getStats(): Promise<WorkerStat> {
    this.#requireOpen();
    return this.#channel.call({
      method: RequestBody.GetWorkerStats,
      body: new GetWorkerStatsT(),
      apply: (answer) => decodeWorkerStats(expectAnswer(answer, WorkerStatsT)),
    });
  }

  /** Our addition: as of a transport, for all that the worker holds, and for itself. */
  async subscribeStats(options: StatsSubscriptionOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#stats.subscribe(options);
  }

  /** Fine if there is no subscription. */
  async unsubscribeStats(): Promise<void> {
    this.#requireOpen();
    await this.#stats.unsubscribe();
  }

  /** What is missing stays as it is. */
  async updateSettings({ logLevel, logTags: tags }: WorkerUpdateableSettings = {}): Promise<void> {
    this.#requireOpen();
    const level = optional(logLevel, 'logLevel', asLogLevel) ?? this.#logLevel;
    const about = optional(tags, 'logTags', asLogTags) ?? this.#logTags;
    if (level === this.#logLevel && about === this.#logTags) return;
    this.#logLevel = level;
    this.#logTags = about;
    await this.#channel.call({
      method: RequestBody.UpdateSettings,
      body: new UpdateSettingsT(
        logLevels.indexOf(level),
        about.map((tag) => logTags.indexOf(tag)),
      ),
      apply: () => undefined,
    });
  }

  async createRouter<RouterData extends AppData = AppData>(
    options: RouterOptions<RouterData> = {},
  ): Promise<Router<RouterData>> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const rtpCapabilities = ortc.generateRouterRtpCapabilities(options.mediaCodecs);
    const speakers = asInteger(options.loudestSpeakers ?? 0, 'loudestSpeakers', 0, maxSpeakers);
    const appData = asAppData(options.appData);
    const id = randomUUID();
    const channel = this.#channel;
    return channel.call({
      method: RequestBody.CreateRouter,
      body: new CreateRouterT(id, speakers),
      apply: () => {
        const onClose = (): void => void this.#routers.delete(id);
        const router = new Router<RouterData>({ channel, id, rtpCapabilities, appData, onClose });
        this.#routers.set(id, router as unknown as Router);
        this.observer.safeEmit('newrouter', router as unknown as Router);
        return router;
      },
      applyLate: () => channel.close(id),
    });
  }

  async createWebRtcServer<ServerData extends AppData = AppData>(
    options: WebRtcServerOptions<ServerData>,
  ): Promise<WebRtcServer<ServerData>> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const listenInfos = encodeListenInfos(options.listenInfos);
    const appData = asAppData(options.appData);
    const id = randomUUID();
    const channel = this.#channel;
    return channel.call({
      method: RequestBody.CreateWebRtcServer,
      body: new CreateWebRtcServerT(id, listenInfos),
      apply: (answer) => {
        const { ports } = expectAnswer(answer, WebRtcServerCreatedT);
        const onClose = (): void => void this.#webRtcServers.delete(id);
        const server = new WebRtcServer<ServerData>({ channel, id, ports, appData, onClose });
        this.#webRtcServers.set(id, server as unknown as WebRtcServer);
        this.observer.safeEmit('newwebrtcserver', server as unknown as WebRtcServer);
        return server;
      },
      applyLate: () => channel.close(id),
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the worker is closed');
  }

  #end(reason: Error): void {
    this.#closed = true;
    this.#channel.shutDown(reason);
    for (const router of [...this.#routers.values()]) router.workerClosed();
    for (const server of [...this.#webRtcServers.values()]) server.workerClosed();
  }

  #handle({ body }: NotificationT): void {
    if (body instanceof WorkerRunningT) {
      if (body.schemaVersion !== schemaVersion) {
        const versions = `it speaks schema ${body.schemaVersion}, this SDK ${schemaVersion}`;
        this.#starting.reject(new WorkerError(`the worker does not fit this SDK: ${versions}`));
        return;
      }
      this.#running = true;
      this.#starting.resolve();
    } else if (body instanceof LogT) {
      const about = logTags[body.tag] ?? body.tag;
      logLine(body.level, `[pid:${this.#pid}] [${about}] ${String(body.text)}`);
    }
  }

  #handleExit(exit: WorkerExit | Error): void {
    this.#subprocessClosed = true;
    if (!this.#running) this.#starting.reject(explainFailedStart(exit));
    const why = describeDeath(exit, this.#broken);
    this.#die(new WorkerError(`the worker died [pid: ${this.#pid}]: ${why}`));
    this.safeEmit('subprocessclose');
  }

  // Without its channel a worker is of no use to anybody. Most often it is dead already, and its
  // exit tells why; if it is not, it is made to end.
  #handleBreak(error: Error): void {
    this.#broken = error;
    if (!this.#running) this.#starting.reject(error);
    this.#process.end();
  }

  #die(error: Error): void {
    if (this.#closed) return;
    this.#died = this.#running;
    this.#end(error);
    if (this.#running && !this.safeEmit('died', error)) logger.error(error.message, error);
    this.observer.safeEmit('close');
  }
}

/** Starts a worker process. Rejects if it is not there, ends at once, or does not get ready. */
export async function createWorker<Data extends AppData = AppData>(
  settings: WorkerSettings<Data> = {},
): Promise<Worker<Data>> {
  const worker = await Worker.start(settings);
  observer.safeEmit('newworker', worker as unknown as Worker);
  return worker;
}

interface Starting {
  resolve: () => void;
  reject: (error: Error) => void;
}

function explainFailedStart(exit: WorkerExit | Error): Error {
  if (exit instanceof Error) return exit;
  const message = `the worker ended before it was ready, ${describeExit(exit)}`;
  return exit.code === wrongOptions ? new TypeError(message) : new WorkerError(message);
}

function logLine(level: LogLevel, text: string): void {
  if (level === LogLevel.Error) logger.error(text);
  else if (level === LogLevel.Warn) logger.warn(text);
  else logger.debug(text);
}

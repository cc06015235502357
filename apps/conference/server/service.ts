// The whole server put together: workers, rooms, HTTP and WebSocket, and their orderly end.

import { createHash } from 'node:crypto';
import { createServer as createHttpServer, ServerResponse } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';

import type { types } from 'mediasoup-client';
import { CloseCode } from '../protocol/messages';
import { listenInfosOf, urlHost } from './addresses';
import type { KeyPair } from './certificate';
import { systemClock } from './clock';
import { Conference } from './conference';
import { Connection, kMaxMessageBytes } from './connection';
import type { CreateWorker } from './engine';
import { ControlSocket } from './control_socket';
import { ServerDrain } from './drain';
import { healthOf } from './health_route';
import type { Health } from './health_route';
import { createHandler, kRetryAfterS, loadPage } from './http';
import { reasonOf } from './log';
import type { Log } from './log';
import { mediaCodecs } from './media_codecs';
import { defaultControlSocket } from './options';
import type { Options } from './options';
import { isAllowedOrigin } from './origin';
import { allRoutes } from './routes';
import { roomFromQuery } from './schemas';
import { createRouterGroup } from './sluice_engine';
import { TokenVerifier } from './tokens';
import { postByFetch, Webhooks } from './webhooks';
import { Watching } from './watching';
import type { WhipFrontDoor } from './whip/front_door';
import { createWhip } from './whip/whip';
import { WorkerPool } from './worker_pool';

// Sockets beyond the people of a full server: tabs that load the page, and those being refused.
const kSpareSockets = 512;
const kGoodbyeMs = 1000;
// For a reader of an answer that Node has no eye on any more.
const kReadingMs = 10_000;

export interface ServiceOptions {
  options: Options;
  createWorker: CreateWorker;
  pageFolder: string;
  keyPair: KeyPair | null;
  version: string;
  log: Log;
}

// What lives as long as the server.
interface Parts {
  pool: WorkerPool;
  conference: Conference;
  drain: ServerDrain;
  webhooks: Webhooks | null;
  watching: Watching;
  whip: WhipFrontDoor | null;
}

export class Service {
  private readonly connections = new Set<Connection>();
  private closing = false;
  private control: ControlSocket | null = null;

  private constructor(
    private readonly setup: ServiceOptions,
    private readonly parts: Parts,
    private readonly server: Server,
    private readonly sockets: WebSocketServer,
  ) {
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  static async start(setup: ServiceOptions): Promise<Service> {
    const { options, createWorker, log, version } = setup;
    // The pool is made before the conference it reports to; no worker can die before start().
    let conference: Conference | null = null;
    let watching: Watching | null = null;
    const pool = new WorkerPool({
      count: options.workers,
      createWorker,
      listenInfosOf: (index) => listenInfosOf(options, index),
      onDied: (dead) => conference?.onWorkerDied(dead),
      clock: systemClock,
      log,
    });
    await pool.start();
    try {
      const routerRtpCapabilities = await capabilitiesOf(pool);
      const revision = digest(routerRtpCapabilities);
      const { tokenSecrets } = options;
      const tokens = tokenSecrets.length === 0 ? null : new TokenVerifier(tokenSecrets);
      const newGroup = () =>
        createRouterGroup({
          workers: () => pool.byLoad().map(({ worker }) => worker),
          router: { mediaCodecs: mediaCodecs() },
          spread: options.roomSpread,
          clock: systemClock,
        });
      const clock = systemClock;
      const webhooks = webhooksOf(options, log);
      conference = new Conference({
        pool,
        newGroup,
        limits: options,
        revision,
        tokens,
        clock,
        log,
        observer: webhooks ?? undefined,
        iceServers: options.iceServers,
      });
      const timeoutMs = options.drainTimeout * 1000;
      const drain = new ServerDrain({ conference, timeoutMs, clock, log });
      const tokensRequired = tokens !== null;
      const config = { version, revision, routerRtpCapabilities, tokensRequired };
      const files = loadPage(setup.pageFolder, config);
      const whip = options.whip
        ? createWhip({ options, conference, tokens, routerRtpCapabilities, revision, clock, log })
        : null;
      watching = new Watching({ options, conference, pool, webhooks, version, clock, log });
      const health = healthSource({ conference, pool, version, whip });
      const parts = { pool, conference, drain, webhooks, watching, whip };
      const routes = allRoutes({ ...parts, options, log, health, clock, tokens });
      const admits = (room: string | null) =>
        room === null ? !parts.conference.draining : parts.conference.admits(room);
      const server = createServer(setup, createHandler(files, routes, log, admits));
      const service = new Service(setup, parts, server, createSocketServer());
      await listen(server, options);
      await service.openControl();
      return service;
    } catch (error) {
      watching?.close();
      pool.close();
      throw error;
    }
  }

  get controlPath(): string {
    const { controlSocket, stateDir } = this.setup.options;
    return controlSocket ?? defaultControlSocket(stateDir, this.port);
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  // Without the option nobody may have wanted it, so a folder that cannot be written is no reason
  // not to serve.
  private async openControl(): Promise<void> {
    const { options, log } = this.setup;
    try {
      this.control = await ControlSocket.open(this.controlPath, this.parts.conference, log);
    } catch (error) {
      if (options.controlSocket !== null) {
        this.server.close();
        throw error;
      }
      log.warn('nobody can record: there is no control socket', { reason: reasonOf(error) });
    }
  }

  // No new rooms from now on; `drained` resolves when the last one has closed.
  drain(): void {
    this.parts.drain.begin();
  }

  get drained(): Promise<void> {
    return this.parts.drain.ended;
  }

  get url(): string {
    const { options } = this.setup;
    const { port } = this;
    return `${options.https ? 'https' : 'http'}://${urlHost(options)}:${port}/`;
  }

  // Says goodbye on every socket, lets the goodbyes leave, then ends everything.
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of [...this.connections]) {
      connection.close(CloseCode.goingAway, 'the server is shutting down');
    }
    this.parts.whip?.close();
    this.parts.conference.close();
    this.control?.close();
    this.parts.drain.close();
    this.parts.watching.close();
    this.parts.pool.close();
    const patience = setTimeout(() => this.server.closeAllConnections?.(), kGoodbyeMs);
    this.server.closeIdleConnections?.();
    const webhooks = this.parts.webhooks?.close(2 * kGoodbyeMs);
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 2 * kGoodbyeMs))]);
    await webhooks;
    clearTimeout(patience);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { options, log } = this.setup;
    socket.on('error', (error) => log.debug('a socket failed', { reason: error.message }));
    const { origin, host, upgrade = '' } = request.headers;
    if (upgrade.toLowerCase() !== 'websocket') return this.answerAsItIs(request, socket as Socket);
    if (this.closing) return refuse(socket, '503 Service Unavailable');
    if (!isAllowedOrigin(origin, host, options.allowedOrigins)) {
      log.warn('a socket came from a page of another site', { origin: origin?.slice(0, 200) });
      return refuse(socket, '403 Forbidden');
    }
    const [path, query] = (request.url ?? '').split('?', 2);
    const room = path === '/ws' ? roomFromQuery(new URLSearchParams(query)) : null;
    if (room === null) return refuse(socket, path === '/ws' ? '400 Bad Request' : '404 Not Found');
    // Whoever hands requests on to several servers tries the next one.
    if (!this.parts.conference.admits(room)) {
      return refuse(socket, '503 Service Unavailable', `Retry-After: ${kRetryAfterS}\r\n`);
    }
    if (this.connections.size >= options.maxPeers + kSpareSockets) {
      return refuse(socket, '503 Service Unavailable');
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.accept(opened, room));
  }

  // A client that would like to speak HTTP/2 is answered in what it speaks (RFC 9110 §7.8), as if it had not
  // asked. Node has stopped reading where a body would begin, so that a request with one is refused.
  private answerAsItIs(request: IncomingMessage, socket: Socket): void {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
    if (length !== '0' || coding !== undefined) return refuse(socket, '501 Not Implemented');
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    socket.setTimeout(kReadingMs, () => socket.destroy());
    response.once('finish', () => {
      response.detachSocket(socket);
      socket.end();
    });
    this.server.emit('request', request, response);
  }

  private accept(socket: WebSocket, room: string): void {
    const { log } = this.setup;
    const connection = new Connection(socket, {
      room,
      conference: this.parts.conference,
      clock: systemClock,
      log,
    });
    this.connections.add(connection);
    socket.on('close', () => this.connections.delete(connection));
  }
}

function webhooksOf({ webhookUrls: urls, webhookSecret }: Options, log: Log): Webhooks | null {
  if (urls.length === 0 || webhookSecret === null) return null;
  const wallClock = () => Date.now();
  const common = { clock: systemClock, wallClock, post: postByFetch, log };
  return new Webhooks({ urls, secret: webhookSecret, ...common });
}

function createSocketServer(): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload: kMaxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
}

function createServer(setup: ServiceOptions, handler: RequestListener): Server {
  // A request that trickles in holds a socket; ours fit into one packet.
  const limits = { headersTimeout: 10_000, requestTimeout: 15_000, maxHeaderSize: 16 * 1024 };
  const server = setup.keyPair
    ? createHttpsServer({ ...limits, ...setup.keyPair }, handler)
    : createHttpServer(limits, handler);
  server.keepAliveTimeout = 5_000;
  server.maxConnections = setup.options.maxPeers + 2 * kSpareSockets;
  return server;
}

function listen(server: Server, { listen: host, port }: Options): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

// All rooms have the same codecs, so one router's answer is every router's.
async function capabilitiesOf(pool: WorkerPool): Promise<types.RtpCapabilities> {
  const { worker } = await pool.pick();
  const router = await worker.createRouter({ mediaCodecs: mediaCodecs() });
  const capabilities = structuredClone(router.rtpCapabilities);
  router.close();
  return capabilities;
}

type HealthParts = Pick<Parts, 'conference' | 'pool' | 'whip'> & { version: string };

function healthSource({ conference, pool, whip, version }: HealthParts): () => Health {
  const startedAt = systemClock.now();
  return () =>
    healthOf({
      draining: conference.draining,
      version,
      uptimeSeconds: Math.round((systemClock.now() - startedAt) / 1000),
      rooms: conference.roomCount,
      peers: conference.peerCount,
      whip: whip?.counts() ?? null,
      workers: pool.status(),
    });
}

function digest(capabilities: types.RtpCapabilities): string {
  return createHash('sha256').update(JSON.stringify(capabilities)).digest('hex').slice(0, 16);
}

function refuse(socket: Duplex, status: string, headers = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}

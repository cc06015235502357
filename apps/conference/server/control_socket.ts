// The control socket: a Unix socket that only the user of this server (and root) can open.
//
// Its folder and the socket itself are made for nobody else; the kernel asks both. What comes in is
// checked all the same: a program with a fault must not take the rooms with it.

import { mkdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';

import { z } from 'zod';

import { kMaxControlLine } from '../protocol/control';
import type { ControlEventName, ControlEvents, ControlFrame } from '../protocol/control';
import { LineReader } from '../protocol/lines';
import { isRoomName } from '../protocol/messages';
import { HandOff } from './hand_off';
import type { WatchableRooms } from './hand_off';
import { reasonOf } from './log';
import type { Log } from './log';
import { Refusal } from './refusal';

const kMostConnections = 64;
// A program that does not read what it asked for is cut off.
const kMaxUnsent = 4 * 1024 * 1024;
// sockaddr_un holds 108 bytes, the last of them zero.
const kMaxPathBytes = 107;

const id = z.string().min(1).max(128);
const kRequests = z.discriminatedUnion('method', [
  request('watch', { room: z.string().refine(isRoomName, 'is no name of a room') }),
  request('receive', {
    producerId: id,
    port: z.number().int().min(1).max(65535),
    spatialLayer: z.number().int().min(0).max(7).optional(),
  }),
  request('resume', { consumerId: id }),
  request('requestKeyFrame', { consumerId: id }),
  request('stop', { consumerId: id }),
]);

function request<M extends string, S extends z.ZodRawShape>(method: M, data: S) {
  return z.object({
    id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    method: z.literal(method),
    data: z.object(data),
  });
}

export class ControlSocket {
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly path: string,
    private readonly server: Server,
    private readonly rooms: WatchableRooms,
    private readonly log: Log,
  ) {
    server.on('connection', (socket) => this.accept(socket));
  }

  // Throws one sentence for the operator.
  static async open(path: string, rooms: WatchableRooms, log: Log): Promise<ControlSocket> {
    if (Buffer.byteLength(path) > kMaxPathBytes) {
      throw new Error(`--control-socket: ${path} has more than ${kMaxPathBytes} bytes`);
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await removeStale(path);
    const server = createServer();
    server.maxConnections = kMostConnections;
    const control = new ControlSocket(path, server, rooms, log);
    await listen(server, path);
    return control;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    const reader = new LineReader(kMaxControlLine);
    const send = (frame: ControlFrame) => {
      if (socket.destroyed) return;
      socket.write(`${JSON.stringify(frame)}\n`);
      if (socket.writableLength > kMaxUnsent) socket.destroy();
    };
    const tell = <E extends ControlEventName>(event: E, data: ControlEvents[E]) =>
      send({ event, data });
    const handOff = new HandOff(this.rooms, tell);
    socket.on('error', (error) =>
      this.log.debug('a control socket failed', { reason: error.message }),
    );
    socket.on('close', () => {
      this.sockets.delete(socket);
      handOff.close();
    });
    socket.on('data', (bytes) => {
      const lines = reader.read(bytes);
      if (lines === null) return void socket.destroy();
      for (const line of lines) void this.answer(line, handOff, send);
    });
  }

  private async answer(
    line: string,
    handOff: HandOff,
    send: (frame: ControlFrame) => void,
  ): Promise<void> {
    const request = parse(line);
    if (typeof request === 'string') {
      return send({ id: 0, ok: false, error: { code: 'bad_request', message: request } });
    }
    const { id, method, data } = request;
    try {
      send({ id, ok: true, data: await handOff.handle(method, data) });
    } catch (error) {
      const code = error instanceof Refusal ? error.code : 'internal';
      if (code === 'internal')
        this.log.warn('a hand-off failed', { method, reason: reasonOf(error) });
      send({ id, ok: false, error: { code, message: reasonOf(error) } });
    }
  }
}

function parse(line: string): z.infer<typeof kRequests> | string {
  let frame: unknown;
  try {
    frame = JSON.parse(line);
  } catch {
    return 'this is not JSON';
  }
  const checked = kRequests.safeParse(frame);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  return `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'makes no sense'}`;
}

// A server that was killed leaves its socket behind. One that somebody still answers on is not ours.
async function removeStale(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error(`--control-socket: ${path} exists and is no socket`);
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
  if (answered) throw new Error(`--control-socket: another server listens at ${path}`);
  rmSync(path, { force: true });
}

// The mask keeps others out from the first moment; a chmod would come a moment later. The socket is
// bound within listen().
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`--control-socket: ${path} cannot be opened: ${error.message}`)),
    );
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(mask);
    }
  });
}

// What one program on the control socket follows and receives: a room it is not in, streams over
// plain RTP to ports of this machine.
//
// Everything it was given ends with its connection. Media goes to 127.0.0.1 and nowhere else.

import type {
  ControlEventName,
  ControlEvents,
  ControlMethod,
  ControlMethods,
  PersonFacts,
  Reception,
  StreamFacts,
} from '../protocol/control';
import type { EngineConsumer, EnginePlainTransport } from './engine';
import type { Peer, Sent } from './peer';
import { Refusal } from './refusal';
import type { Room, RoomWatcher } from './room';

// Camera, microphone and shared screen with sound of everybody in the largest room there can be.
const kMostStreams = 2000;
const kLoopback = '127.0.0.1';

export type TellControl = <E extends ControlEventName>(event: E, data: ControlEvents[E]) => void;

// What a hand-off needs of the conference.
export interface WatchableRooms {
  findRoom(name: string): Room | undefined;
  // Returns how to stop.
  watch(name: string, watcher: RoomWatcher): () => void;
}

interface Line {
  transport: EnginePlainTransport;
  consumer: EngineConsumer;
}

export class HandOff implements RoomWatcher {
  private readonly lines = new Map<string, Line>();
  private opening = 0;
  private room: string | null = null;
  private unwatch: () => void = () => {};
  private closed = false;

  constructor(
    private readonly rooms: WatchableRooms,
    private readonly tell: TellControl,
  ) {}

  async handle<M extends ControlMethod>(method: M, data: ControlMethods[M]['data']) {
    switch (method) {
      case 'watch':
        return this.watch(data as ControlMethods['watch']['data']);
      case 'receive':
        return this.receive(data as ControlMethods['receive']['data']);
      case 'resume':
        await this.line(data as ControlMethods['resume']['data']).consumer.resume();
        return {};
      case 'requestKeyFrame':
        await this.line(data as ControlMethods['resume']['data']).consumer.requestKeyFrame();
        return {};
      case 'stop':
        return this.stop(data as ControlMethods['stop']['data']);
      default:
        throw new Refusal('bad_request', `${String(method)} cannot be asked here.`);
    }
  }

  close(): void {
    this.closed = true;
    this.unwatch();
    for (const { transport } of this.lines.values()) transport.close();
    this.lines.clear();
  }

  personJoined(peer: Peer): void {
    this.tell('personJoined', factsOf(peer));
  }

  personLeft({ id }: Peer): void {
    this.tell('personLeft', { peerId: id });
  }

  streamStarted({ id }: Peer, sent: Sent): void {
    this.tell('streamStarted', { peerId: id, stream: streamOf(sent) });
  }

  streamEnded(producerId: string): void {
    this.tell('streamEnded', { producerId });
  }

  private watch({ room }: { room: string }): { people: PersonFacts[] } {
    if (this.room !== null) throw new Refusal('bad_request', 'A room is being watched already.');
    this.room = room;
    this.unwatch = this.rooms.watch(room, this);
    const people = [...(this.rooms.findRoom(room)?.peers.values() ?? [])];
    return { people: people.map(factsOf) };
  }

  private async receive(data: ControlMethods['receive']['data']): Promise<Reception> {
    const { producerId, port, spatialLayer } = data;
    const room = this.room === null ? undefined : this.rooms.findRoom(this.room);
    const peers = [...(room?.peers.values() ?? [])];
    const peer = peers.find(({ producers }) => producers.has(producerId));
    const sent = peer?.producers.get(producerId);
    if (!peer || !sent) throw new Refusal('not_found', 'producerId: no such stream in this room');
    if (this.lines.size + this.opening >= kMostStreams) {
      throw new Refusal('unavailable', `No more than ${kMostStreams} streams at a time.`);
    }
    this.opening += 1;
    try {
      const line = await openLine(peer, sent, port);
      return await this.begin(line, sent, spatialLayer);
    } finally {
      this.opening -= 1;
    }
  }

  private async begin({ transport, consumer }: Line, sent: Sent, spatialLayer?: number) {
    const consumerId = consumer.id;
    if (this.closed || consumer.closed) {
      transport.close();
      throw new Refusal('not_found', 'producerId: the stream has just ended');
    }
    this.lines.set(consumerId, { transport, consumer });
    consumer.on('producerclose', () => this.stop({ consumerId }));
    consumer.on('transportclose', () => this.stop({ consumerId }));
    consumer.on('layerschange', (layers) =>
      this.tell('layersChanged', { consumerId, layers: layers ?? null }),
    );
    const spatialLayers = sent.shape?.scales.length ?? 1;
    if (spatialLayer !== undefined && spatialLayers > 1) {
      const layer = Math.min(spatialLayer, spatialLayers - 1);
      await consumer.setPreferredLayers({ spatialLayer: layer });
    }
    return { consumerId, rtpParameters: consumer.rtpParameters, spatialLayers };
  }

  // Whatever is stopped twice, or after its stream has ended, is stopped.
  private stop({ consumerId }: { consumerId: string }): object {
    const line = this.lines.get(consumerId);
    this.lines.delete(consumerId);
    line?.transport.close();
    return {};
  }

  private line({ consumerId }: { consumerId: string }): Line {
    const line = this.lines.get(consumerId);
    if (!line) throw new Refusal('not_found', 'consumerId: no such stream');
    return line;
  }
}

// A tool knows no bundles: each stream has a transport of its own, on the router where it is sent.
async function openLine({ router }: Peer, { producer }: Sent, port: number): Promise<Line> {
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: kLoopback },
    rtcpMux: true,
  });
  try {
    await transport.connect({ ip: kLoopback, port });
    const consumer = await transport.consume({
      producerId: producer.id,
      // All codecs of the room; nothing in the header that the codec does not need.
      rtpCapabilities: { codecs: router.rtpCapabilities.codecs ?? [], headerExtensions: [] },
      paused: true,
      enableRtx: false,
    });
    return { transport, consumer };
  } catch (error) {
    transport.close();
    throw error;
  }
}

function streamOf({ producer, source }: Sent): StreamFacts {
  return { producerId: producer.id, source, kind: producer.kind };
}

function factsOf(peer: Peer): PersonFacts {
  const streams = [...peer.producers.values()].map(streamOf);
  return { peerId: peer.id, name: peer.name, streams };
}

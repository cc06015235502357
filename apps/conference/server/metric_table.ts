// Every metric of this server, once: the exposition, the reference in docs/metrics.md and what a
// dashboard may ask for all come from here.
//
// Names follow Prometheus: base units (seconds, bytes), "_total" for what is counted. Direction "in"
// is of what people send, "out" of what they receive; what is asked for (NACK, key frames) has the
// direction of the media that it is about.

import { each, plain, seconds } from './metric_row';
import type { Row } from './metric_row';
import type { Family } from './metric_text';
import { kTraffic } from './metric_traffic';
import type { RoomView, Snapshot, WorkerView } from './telemetry';
import type { WebhookCounters } from './webhooks';

// About the process of this server.
export interface ServerFacts {
  version: string;
  uptimeSeconds: number;
  cpuSeconds: number;
  residentBytes: number;
  // The longest since it was last asked.
  eventLoopDelaySeconds: number;
  peopleLimit: number;
  roomsLimit: number;
  // Null: nobody is told of events.
  webhooks: WebhookCounters | null;
}

export interface Subject {
  snapshot: Snapshot;
  server: ServerFacts;
}

const kServer: Row<Subject>[] = [
  each(
    { name: 'build_info', type: 'gauge', help: 'Always 1.', labels: ['version'] },
    ({ server }) => [[[server.version], 1]],
  ),
  plain(
    'gauge',
    'uptime_seconds',
    'How long this server has been running.',
    (s) => s.server.uptimeSeconds,
  ),
  plain('gauge', 'people', 'People in all rooms.', (s) => s.snapshot.people),
  plain('gauge', 'people_limit', 'People this server takes at most.', (s) => s.server.peopleLimit),
  plain('gauge', 'rooms', 'Rooms that are open.', (s) => s.snapshot.rooms),
  plain('gauge', 'rooms_limit', 'Rooms this server opens at most.', (s) => s.server.roomsLimit),
  plain(
    'gauge',
    'rooms_left_out',
    'Open rooms that have no metrics of their own, because only those with the most people have.',
    (s) => s.snapshot.roomsLeftOut,
  ),
  plain('counter', 'joins_total', 'People who came into a room.', (s) => s.snapshot.joins),
  each(
    {
      name: 'joins_refused_total',
      type: 'counter',
      help: 'Attempts to come in that were refused, by error code.',
      labels: ['code'],
    },
    (s) => [...s.snapshot.refusals].map(([code, count]) => [[code], count]),
  ),
  plain(
    'gauge',
    'collection_seconds',
    'How long it took to ask the workers for all of this.',
    (s) => s.snapshot.tookMs / 1000,
  ),
  plain(
    'counter',
    'server_cpu_seconds_total',
    'Processor time of the server process, without its workers.',
    (s) => s.server.cpuSeconds,
  ),
  plain(
    'gauge',
    'server_resident_memory_bytes',
    'Resident memory of the server process.',
    (s) => s.server.residentBytes,
  ),
  plain(
    'gauge',
    'server_event_loop_delay_max_seconds',
    'The longest delay of the server process itself since it was last asked.',
    (s) => s.server.eventLoopDelaySeconds,
  ),
];

const kWebhooks: Row<Subject>[] = [
  plain(
    'gauge',
    'webhooks_queued',
    'Events that wait to be posted.',
    ({ server }) => server.webhooks?.queued ?? null,
  ),
  each(
    {
      name: 'webhooks_total',
      type: 'counter',
      help: 'Events that were delivered, given up after the last attempt, or dropped because too many waited.',
      labels: ['outcome'],
    },
    ({ server: { webhooks } }) =>
      webhooks === null
        ? []
        : [
            [['delivered'], webhooks.delivered],
            [['given_up'], webhooks.givenUp],
            [['dropped'], webhooks.dropped],
          ],
  ),
  plain(
    'counter',
    'webhook_failures_total',
    'Attempts to post an event that failed.',
    ({ server }) => server.webhooks?.failedAttempts ?? null,
  ),
];

const kWorker: Row<WorkerView>[] = [
  plain('gauge', 'up', '1 if the worker runs and answers in time, otherwise 0.', (w) =>
    Number(w.up),
  ),
  plain(
    'counter',
    'restarts_total',
    'How often a worker at this place died and was replaced.',
    (w) => w.restarts,
  ),
  plain(
    'gauge',
    'load_score',
    'From 0, idle, to 1, full; new people go where it is lowest.',
    (w) => w.load?.score ?? null,
  ),
  each(
    {
      name: 'load_part',
      type: 'gauge',
      help: 'What the load score is the highest of: processor, loop, streams.',
      labels: ['part'],
    },
    (w) => Object.entries(w.load?.parts ?? {}).map(([part, value]) => [[part], value]),
  ),
  plain('gauge', 'people', 'People on this worker.', (w) => w.people),
  plain('gauge', 'rooms', 'Rooms of which this worker has a part.', (w) => w.rooms),
  each(
    { name: 'cpu_seconds_total', type: 'counter', help: 'Processor time.', labels: ['mode'] },
    ({ stats }) =>
      stats === null
        ? []
        : [
            [['user'], stats.userTimeUs / 1e6],
            [['system'], stats.systemTimeUs / 1e6],
          ],
  ),
  plain('gauge', 'resident_memory_bytes', 'Resident memory.', (w) => w.stats?.rssBytes ?? null),
  plain(
    'histogram',
    'forwarding_delay_seconds',
    'Of each packet of media that is sent on for the first time: from its arrival in the kernel to when the kernel has taken the copy, with what it waited for the path of its receiver.',
    (w) => seconds(w.stats?.forwardingDelay),
  ),
  plain(
    'histogram',
    'loop_turn_seconds',
    'How long turns of the event loop worked; whatever comes meanwhile waits as long.',
    (w) => seconds(w.stats?.turnTime),
  ),
  plain(
    'gauge',
    'loop_turn_max_seconds',
    'The longest turn since the worker was asked before, which this server does once a second.',
    (w) => (w.stats ? w.stats.turnTime.maxUs / 1e6 : null),
  ),
  plain(
    'histogram',
    'loop_lateness_seconds',
    'By how much the event loop was late for its deadlines. It counts milliseconds, so that up to one is no sign of load.',
    (w) => seconds(w.stats?.timerDelay),
  ),
  plain(
    'counter',
    'datagrams_received_total',
    'Datagrams of anybody.',
    (w) => w.stats?.datagramsReceived ?? null,
  ),
  plain(
    'counter',
    'datagrams_sent_total',
    'Datagrams, each piece of a train by itself.',
    (w) => w.stats?.datagramsSent ?? null,
  ),
  plain(
    'counter',
    'sends_total',
    'What the kernel was given: single datagrams, and trains of several for one receiver.',
    (w) => w.stats?.sends ?? null,
  ),
  plain('counter', 'send_calls_total', 'System calls for that.', (w) => w.stats?.sendCalls ?? null),
  plain(
    'gauge',
    'packet_slots_in_use',
    'Slots of the packet pool that hold a packet.',
    (w) => w.stats?.packetsInUse ?? null,
  ),
  plain(
    'gauge',
    'packet_slots',
    'Slots of the packet pool so far.',
    (w) => w.stats?.packetsAllocated ?? null,
  ),
  plain(
    'gauge',
    'tcp_connections',
    'ICE-TCP connections.',
    (w) => w.stats?.tcp.connections ?? null,
  ),
  plain(
    'counter',
    'tcp_connections_refused_total',
    'ICE-TCP connections over a limit, or for which there was no descriptor.',
    (w) => w.stats?.tcp.refused ?? null,
  ),
  plain(
    'counter',
    'requests_total',
    'Requests of this server to the worker.',
    (w) => w.stats?.requests ?? null,
  ),
  plain(
    'counter',
    'requests_refused_total',
    'Of these, those that were refused.',
    (w) => w.stats?.requestsRefused ?? null,
  ),
  plain(
    'counter',
    'notifications_dropped_total',
    'News of the worker that this server was too slow to read.',
    (w) => w.stats?.messagesDropped ?? null,
  ),
];

const kRoom: Row<RoomView>[] = [
  plain('gauge', 'people', 'People in the room.', (r) => r.people),
  plain(
    'gauge',
    'workers',
    'Workers that the room takes. What it carries between them counts as traffic, too.',
    (r) => r.workers,
  ),
];

// Of which part of the server a metric tells.
export interface Scope {
  title: string;
  about: string;
  prefix: string;
  labels: readonly string[];
  rows: readonly Omit<Row<never>, 'read'>[];
  families: (subject: Subject) => Family[];
}

function scope<T>(
  words: Pick<Scope, 'title' | 'about' | 'prefix'>,
  label: string | null,
  rows: readonly Row<T>[],
  subjects: (subject: Subject) => [string, T][],
): Scope {
  const families = (subject: Subject): Family[] => {
    const all = subjects(subject);
    return rows.map(({ name, type, help, read }) => ({
      name: words.prefix + name,
      type,
      help,
      samples: all.flatMap(([who, one]) =>
        read(one).map(({ labels, value }) => ({
          labels: label === null ? labels : { [label]: who, ...labels },
          value,
        })),
      ),
    }));
  };
  return { ...words, labels: label === null ? [] : [label], rows, families };
}

const kWorkerPrefix = 'sluice_worker_';
const kRoomPrefix = 'sluice_room_';
const ofWorker = { title: 'Of each worker', prefix: kWorkerPrefix };

export const kScopes: readonly Scope[] = [
  scope(
    {
      title: 'Of the server',
      about: 'People, rooms and the process that serves the page.',
      prefix: 'sluice_',
    },
    null,
    [...kServer, ...kWebhooks],
    (s) => [['', s]],
  ),
  scope(
    {
      title: 'Of all workers together',
      about: 'Sums, of workers that have died as well.',
      prefix: 'sluice_',
    },
    null,
    kTraffic,
    (s) => [['', s.snapshot.total]],
  ),
  scope(
    { ...ofWorker, about: '`worker` counts from 0. A worker that died begins anew at zero.' },
    'worker',
    kWorker,
    (s) => s.snapshot.workers.map((w) => [String(w.index), w]),
  ),
  scope(
    {
      ...ofWorker,
      title: 'Traffic of each worker',
      about: 'Of all its transports, those that have closed included.',
    },
    'worker',
    kTraffic,
    (s) => s.snapshot.workers.flatMap((w) => (w.stats ? [[String(w.index), w.stats.traffic]] : [])),
  ),
  scope(
    {
      title: 'Of each room',
      about:
        'Of the fifty rooms with the most people; `sluice_rooms_left_out` says how many more there are.',
      prefix: kRoomPrefix,
    },
    'room',
    kRoom,
    (s) => s.snapshot.roomViews.map((r) => [r.name, r]),
  ),
  scope(
    {
      title: 'Traffic of each room',
      about:
        'The same as of workers, by room. Delay, event loop, processor and memory are of workers: rooms on one share them.',
      prefix: kRoomPrefix,
    },
    'room',
    kTraffic,
    (s) => s.snapshot.roomViews.map((r) => [r.name, r.traffic]),
  ),
];

export function familiesOf(subject: Subject): Family[] {
  return kScopes.flatMap(({ families }) => families(subject));
}

// What an exposition may name, histograms by each of their parts.
export function allMetricNames(): Set<string> {
  const names = kScopes.flatMap(({ prefix, rows }) =>
    rows.flatMap(({ name, type }) =>
      type === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((part) => prefix + name + part)
        : [prefix + name],
    ),
  );
  return new Set(names);
}

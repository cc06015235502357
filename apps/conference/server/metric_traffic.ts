// The metrics of what is sent and received: of a room, of a worker, and of all workers together.

import type { EngineTraffic } from './engine';
import { bothWays, each, plain } from './metric_row';
import type { Row } from './metric_row';

export const kTraffic: Row<EngineTraffic>[] = [
  bothWays('packets_total', 'Datagrams of transports, of every kind.', (t) => [
    t.packetsReceived,
    t.packetsSent,
  ]),
  bothWays('bytes_total', 'Bytes of these, without IP and UDP.', (t) => [
    t.bytesReceived,
    t.bytesSent,
  ]),
  bothWays('rtp_packets_total', 'RTP packets of media, each counted once.', (t) => [
    t.received.packetCount,
    t.sent.packetCount,
  ]),
  each(
    {
      name: 'rtp_lost_packets',
      type: 'gauge',
      help: 'RTP packets that the network lost so far: as counted here (in), as receivers report (out). A gauge, because it falls when a packet turns out to have been late.',
      labels: ['direction'],
    },
    (t) => [
      [['in'], t.received.packetsLost],
      [['out'], t.sent.packetsLost],
    ],
  ),
  bothWays(
    'rtx_packets_total',
    'Packets that were sent again (RFC 4588, or under their own number).',
    (t) => [t.received.packetsRetransmitted, t.sent.packetsRetransmitted],
  ),
  plain(
    'counter',
    'rtp_repaired_packets_total',
    'Lost packets of people that a repetition made good.',
    (t) => t.received.packetsRepaired,
  ),
  bothWays(
    'nacks_total',
    'NACK messages (RFC 4585 section 6.2.1): of this server about what it receives (in), of receivers about what it sends (out).',
    (t) => [t.received.nackCount, t.sent.nackCount],
  ),
  bothWays('nacked_packets_total', 'Packets named in these.', (t) => [
    t.received.nackPacketCount,
    t.sent.nackPacketCount,
  ]),
  each(
    {
      name: 'key_frame_requests_total',
      type: 'counter',
      help: 'Requests for key frames, by PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1): of this server to people (in), of receivers to this server (out).',
      labels: ['direction', 'kind'],
    },
    (t) => [
      [['in', 'pli'], t.received.pliCount],
      [['in', 'fir'], t.received.firCount],
      [['out', 'pli'], t.sent.pliCount],
      [['out', 'fir'], t.sent.firCount],
    ],
  ),
  plain('counter', 'key_frames_total', 'Key frames that people sent.', (t) => t.received.keyFrames),
  plain(
    'counter',
    'probation_bytes_total',
    'Bytes sent only to find out what a path carries.',
    (t) => t.probationBytesSent,
  ),
  plain('gauge', 'transports', 'Transports: ways to or from somebody.', (t) => t.transports),
  plain('gauge', 'producers', 'Streams that people send.', (t) => t.producers),
  plain('gauge', 'consumers', 'Streams on their way to one receiver.', (t) => t.consumers),
  plain('gauge', 'data_producers', 'Data channels from people.', (t) => t.dataProducers),
  plain('gauge', 'data_consumers', 'Data channels to people.', (t) => t.dataConsumers),
  plain(
    'gauge',
    'estimated_transports',
    'Transports of which it is known what their path carries.',
    (t) => t.estimatedTransports,
  ),
  plain(
    'gauge',
    'estimate_bytes_per_second',
    'What the paths of these carry, together.',
    (t) => t.availableOutgoingBitrate / 8,
  ),
  plain(
    'gauge',
    'desired_bytes_per_second',
    'What all pictures that are wanted would take, if they fitted; without sound.',
    (t) => t.desiredOutgoingBitrate / 8,
  ),
  each(
    {
      name: 'dropped_packets_total',
      type: 'counter',
      help: 'Packets that were not sent on, by reason (base/drop_reason.h). Most reasons are how it should be: a receiver takes another layer, a consumer is paused.',
      labels: ['reason'],
    },
    (t) => Object.entries(t.drops).map(([reason, count]) => [[reason], count]),
  ),
  each(
    {
      name: 'ice_transports',
      type: 'gauge',
      help: 'Transports to browsers, by state of ICE.',
      labels: ['state'],
    },
    (t) =>
      ['new', 'connected', 'completed', 'disconnected', 'closed'].map((state) => [
        [state],
        t.iceStates[state] ?? 0,
      ]),
  ),
  each(
    {
      name: 'dtls_transports',
      type: 'gauge',
      help: 'Transports to browsers, by state of DTLS.',
      labels: ['state'],
    },
    (t) =>
      ['new', 'connecting', 'connected', 'failed', 'closed'].map((state) => [
        [state],
        t.dtlsStates[state] ?? 0,
      ]),
  ),
];

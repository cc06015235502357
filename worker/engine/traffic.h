// What transports have received and sent, added up: of a router or of the worker, those that have
// closed included. Plain numbers, which never go back as long as their owner lives.

#ifndef SLUICE_WORKER_ENGINE_TRAFFIC_H_
#define SLUICE_WORKER_ENGINE_TRAFFIC_H_

#include <cstdint>

#include "base/drop_reason.h"
#include "rtp/receive/stream_receiver.h"
#include "rtp/send/send_stream.h"

namespace sluice::worker {

// Of RTP streams. In the direction of the stream: what is asked for travels against it.
struct StreamTraffic {
  uint64_t packets = 0;
  // By the network, as far as told; a packet that was late only is taken back.
  int64_t packets_lost = 0;
  uint64_t packets_retransmitted = 0;
  // Of incoming ones: those that filled a gap.
  uint64_t packets_repaired = 0;
  // Requests for packets, and packets named in them.
  uint64_t nacks = 0;
  uint64_t nack_packets = 0;
  // Requests for key frames (RFC 4585 §6.3.1, RFC 5104 §4.3.1), and those that came.
  uint64_t plis = 0;
  uint64_t firs = 0;
  uint64_t key_frames = 0;

  void Add(const StreamTraffic& other) {
    packets += other.packets;
    packets_lost += other.packets_lost;
    packets_retransmitted += other.packets_retransmitted;
    packets_repaired += other.packets_repaired;
    nacks += other.nacks;
    nack_packets += other.nack_packets;
    plis += other.plis;
    firs += other.firs;
    key_frames += other.key_frames;
  }
  void Add(const rtp::StreamReceiver::Stats& stats) {
    Add(StreamTraffic{.packets = stats.packets,
                      .packets_lost = stats.packets_lost,
                      .packets_retransmitted = stats.packets_retransmitted,
                      .packets_repaired = stats.packets_repaired,
                      .nacks = stats.nack_count,
                      .nack_packets = stats.nack_packet_count,
                      .plis = stats.pli_count,
                      .firs = stats.fir_count,
                      .key_frames = stats.key_frames});
  }
  void Add(const rtp::SendStream::Stats& stats) {
    Add(StreamTraffic{.packets = stats.packets,
                      .packets_lost = stats.packets_lost,
                      .packets_retransmitted = stats.packets_retransmitted,
                      .nacks = stats.nack_count,
                      .nack_packets = stats.nack_packet_count,
                      .plis = stats.pli_count,
                      .firs = stats.fir_count});
  }
};

struct Traffic {
  // Datagrams of every kind.
  uint64_t packets_received = 0;
  uint64_t bytes_received = 0;
  uint64_t packets_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t probation_bytes_sent = 0;
  StreamTraffic incoming;
  StreamTraffic outgoing;
  DropCounters drops;

  void Add(const Traffic& other) {
    packets_received += other.packets_received;
    bytes_received += other.bytes_received;
    packets_sent += other.packets_sent;
    bytes_sent += other.bytes_sent;
    probation_bytes_sent += other.probation_bytes_sent;
    incoming.Add(other.incoming);
    outgoing.Add(other.outgoing);
    drops.Add(other.drops);
  }
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRAFFIC_H_

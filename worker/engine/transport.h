// One link, one ingress, one egress, and the bookkeeping between them; glue only.

#ifndef SLUICE_WORKER_ENGINE_TRANSPORT_H_
#define SLUICE_WORKER_ENGINE_TRANSPORT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/time.h"
#include "rtp/forward/allocator.h"
#include "rtp/rate_meter.h"
#include "worker/engine/data_path.h"
#include "worker/engine/egress.h"
#include "worker/engine/ingress.h"
#include "worker/engine/limits.h"
#include "worker/engine/link.h"
#include "worker/engine/objects.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::worker {

class Transport {
 public:
  // What is referred to must outlive the transport.
  struct Options {
    Entropy& entropy;
    Duration unix_offset{0};
    BitRate initial_estimate = BitRate::Kbps(600);
    bool adapts_to_bandwidth = true;
    bool waits_for_feedback = false;
    bool traces_estimate = false;
    // Checks are heard over these protocols only.
    bool speaks_udp = true;
    bool speaks_tcp = true;
  };
  struct Totals {
    uint64_t packets_received = 0;
    uint64_t bytes_received = 0;
    uint64_t packets_sent = 0;
    uint64_t bytes_sent = 0;
  };

  Transport(std::unique_ptr<Link> own_link, const Options& options)
      : own_link_(std::move(own_link)),
        link(*own_link_),
        ingress(options.entropy, options.unix_offset),
        egress({.entropy = options.entropy,
                .unix_offset = options.unix_offset,
                .initial_estimate = options.initial_estimate,
                .adapts_to_bandwidth = options.adapts_to_bandwidth,
                .waits_for_feedback = options.waits_for_feedback,
                .traces_estimate = options.traces_estimate}),
        speaks_udp_(options.speaks_udp),
        speaks_tcp_(options.speaks_tcp) {}

  bool Speaks(TransportProtocol protocol) const {
    return protocol == TransportProtocol::kTcp ? speaks_tcp_ : speaks_udp_;
  }

  // Every datagram that was given to this transport, whatever became of it.
  void RecordReceived(Timestamp now, size_t bytes) {
    ++totals_.packets_received;
    totals_.bytes_received += bytes;
    received_.Record(now, bytes);
  }

  // The link, if it is of this kind; otherwise null.
  template <typename T>
  T* As() {
    return T::Is(link.kind()) ? static_cast<T*>(&link) : nullptr;
  }
  template <typename T>
  const T* As() const {
    return T::Is(link.kind()) ? static_cast<const T*>(&link) : nullptr;
  }

  void HandleTimeout(Timestamp now);
  // When it wants to be called, apart from media that waits: what changes only with the transport.
  std::optional<Timestamp> NextChange() const;
  // Appends all that the peer is owed. True if the batch is full and there is more.
  bool PollTransmit(Timestamp now, TransmitBatch& batch, Departures& departures);
  // The same if there is nothing but media.
  bool PollMedia(Timestamp now, TransmitBatch& batch, Departures& departures);

  void AddConsumer(Handle<Consumer> consumer, Handle<Producer> producer) {
    consumers.push_back(consumer);
    heard.push_back(producer);
    taken.push_back(kAllPackets);
  }
  void RemoveConsumer(Handle<Consumer> consumer) {
    const auto found = std::ranges::find(consumers, consumer);
    if (found == consumers.end()) return;
    heard.erase(heard.begin() + (found - consumers.begin()));
    taken.erase(taken.begin() + (found - consumers.begin()));
    consumers.erase(found);
  }
  void SetTaken(Handle<Consumer> consumer, EncodingBits bits) {
    const auto found = std::ranges::find(consumers, consumer);
    if (found != consumers.end()) taken[static_cast<size_t>(found - consumers.begin())] = bits;
  }

  const Totals& totals() const { return totals_; }
  const rtp::RateMeter& received() const { return received_; }
  const rtp::RateMeter& sent() const { return sent_; }
  // What died on this transport, its link and its streams included.
  DropCounters AllDrops() const;

  // Who this is and what belongs to it; kept by those who create and close.
  std::string id;
  Handle<Router> router;
  // None if the transport has sockets of its own.
  Handle<WebRtcServer> server;
  std::vector<ListenPoint> own_points;
  std::vector<Handle<Producer>> producers;
  std::vector<Handle<Consumer>> consumers;
  // Of each of them: what it is that it receives, and what it takes of that. Kept beside them, so
  // that finding out whether there is anything for them touches none.
  std::vector<Handle<Producer>> heard;
  std::vector<EncodingBits> taken;
  std::vector<Handle<DataProducer>> data_producers;
  std::vector<Handle<DataConsumer>> data_consumers;
  // What the route table holds for this transport.
  std::vector<std::string> ufrags;
  std::vector<Path> paths;
  bool closed = false;

 private:
  const std::unique_ptr<Link> own_link_;

 public:
  Link& link;
  Ingress ingress;
  Egress egress;
  // There if the transport has data channels.
  std::unique_ptr<DataPath> data;
  // Bytes of one message to the application, and from it.
  size_t max_send_message_size = kMaxSctpMessage;
  size_t max_receive_message_size = kMaxSctpMessage;
  // Who of its consumers gets which layers; see bandwidth_sharing.h.
  rtp::Allocator allocator;
  // When the layers should be shared anew, and scores be told; nothing while there is nobody.
  std::optional<Timestamp> next_sharing;
  std::optional<Timestamp> next_scores;
  // What was last shared.
  std::optional<BitRate> shared;
  // The last NextChange, and for when it stands among the deadlines.
  std::optional<Timestamp> next_change;
  std::optional<Timestamp> armed;
  // When it was last given what waited; see PendingMedia.
  uint64_t served = 0;
  TraceTypes traces;
  // Of packets that did not reach a stream.
  DropCounters drops;

 private:
  bool WriteRtcp(Timestamp now, TransmitBatch& batch);
  bool WriteData(Timestamp now, TransmitBatch& batch);
  // `entries` and `bytes` were in the batch before.
  void RecordSent(Timestamp now, const TransmitBatch& batch, size_t entries, size_t bytes);

  const bool speaks_udp_;
  const bool speaks_tcp_;
  Totals totals_;
  rtp::RateMeter received_;
  rtp::RateMeter sent_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRANSPORT_H_

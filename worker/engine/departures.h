// Media on its way out while the engine is polled: what one peer is owed is put in order here, and
// what has been written for all of them is sealed together before the datagrams are handed over.

#ifndef SLUICE_WORKER_ENGINE_DEPARTURES_H_
#define SLUICE_WORKER_ENGINE_DEPARTURES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "dtls/bulk_cipher.h"
#include "dtls/seal_queue.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/send/pacer_queue.h"
#include "rtp/send/train_order.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::worker {

class Departures {
 public:
  using Order = rtp::TrainOrder;

  // `cipher` may be null, and must outlive this.
  explicit Departures(dtls::BulkCipher* cipher) : queue_(cipher) {
    due_.reserve(Order::kMaxPackets);
  }

  // What one peer is owed: filled and emptied by whoever writes it, Order::kMaxPackets at most.
  std::vector<rtp::PacerItem>& due() { return due_; }
  bool has_room() const { return due_.size() < Order::kMaxPackets; }
  // In which order that should leave.
  std::span<const Order::Place> Arrange();

  // Adds what was written into batch.Room() and is still to be sealed. `packet` holds the shared
  // part of it.
  void Commit(TransmitBatch& batch, const Path& path, const dtls::SealJob& job,
              rtp::RtpPacket packet);
  // What is committed next is sent for the first time, so that its delay counts.
  void RecordArrival(Timestamp arrival) { arrivals_[arrival_count_++] = arrival; }

  // What has been arranged so far: packets, and how often there were any.
  uint64_t datagrams() const { return datagrams_; }
  uint64_t visits() const { return visits_; }
  // What was added to packets so that they fit their train, in bytes.
  void RecordPadding(size_t bytes) { padding_bytes_ += bytes; }
  uint64_t padding_bytes() const { return padding_bytes_; }

  // Seals all that was added, and takes back what cannot be. Returns how many those were.
  size_t Seal(TransmitBatch& batch);
  // When what was sealed last had come. Told once, and until more is committed.
  std::span<const Timestamp> TakeArrivals() {
    return std::span(arrivals_).first(std::exchange(sealed_arrivals_, 0));
  }

 private:
  static_assert(dtls::SealQueue::kMaxJobs >= TransmitBatch::kMaxEntries);

  std::vector<rtp::PacerItem> due_;
  std::array<Order::Packet, Order::kMaxPackets> sizes_{};
  Order order_;
  uint64_t datagrams_ = 0;
  uint64_t visits_ = 0;
  uint64_t padding_bytes_ = 0;
  dtls::SealQueue queue_;
  // Of each job: its datagram, and what keeps the bytes where they are.
  size_t count_ = 0;
  std::array<uint32_t, dtls::SealQueue::kMaxJobs> entries_{};
  std::array<rtp::RtpPacket, dtls::SealQueue::kMaxJobs> packets_;
  std::array<Timestamp, dtls::SealQueue::kMaxJobs> arrivals_{};
  size_t arrival_count_ = 0;
  size_t sealed_arrivals_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DEPARTURES_H_

// The queue of what one peer is owed: sound first, then repetitions, then picture.
//
// Sound is small and every packet of it is needed within a few tens of milliseconds; a repetition
// is waited for by a receiver that has already shown a gap. Within a class the order is kept.
//
// Without a rate the pacer only sorts, and everything is due at once. With one, sound still leaves
// at once, but counts, and the rest leaves no faster than the rate.
//
// Not a bandwidth estimator, and not a bound on how long a burst may be: it knows neither the path
// nor the socket.

#ifndef SLUICE_RTP_SEND_PACER_H_
#define SLUICE_RTP_SEND_PACER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/drop_reason.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/forward/rewrite.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

class Pacer {
 public:
  // A second at 16 Mbit/s, and several key frames. What is queued beyond it is stale when it gets
  // its turn.
  static constexpr size_t kMaxBytes = 2 * 1024 * 1024;
  static constexpr size_t kMaxItems = 4096;
  // After so long a receiver has given up on the frame, and sending it would delay newer ones.
  static constexpr Duration kMaxAge = std::chrono::seconds(2);
  // How far behind the rate may fall and still catch up in one go: what a timer may be late.
  static constexpr Duration kBurst = std::chrono::milliseconds(10);
  // A slower rate than this would not even carry sound, and is taken as this.
  static constexpr BitRate kMinRate = BitRate::Kbps(10);

  struct Item {
    RtpPacket packet;
    Rewrite rewrite;
    uint32_t owner = 0;  // Whom the packet is for, in the terms of whoever pushes it.
    MediaKind kind = MediaKind::kVideo;
    bool retransmission = false;
  };

  // Why the item was not taken, if it was not; the caller counts it.
  std::optional<DropReason> Push(Timestamp now, Item item);

  // The next item that may leave now. Items that waited for more than kMaxAge are dropped on the
  // way, see TakeAged.
  std::optional<Item> Pop(Timestamp now);

  // How many were dropped as kQueueAge since the last call.
  uint64_t TakeAged();

  // When Pop may next have something; nothing if nothing is queued.
  std::optional<Timestamp> NextTimeout() const;

  // Nothing: unlimited.
  void set_rate(std::optional<BitRate> rate) { rate_ = rate; }

  // Drops what is queued for `owner`, who has gone or paused; returns how many that were.
  size_t Forget(uint32_t owner);

  bool empty() const { return items_ == 0; }
  size_t items() const { return items_; }
  size_t bytes() const { return bytes_; }
  // Items there is memory for; for tests that guard the bound.
  size_t capacity() const;

 private:
  struct Queued {
    Item item;
    Timestamp since{};
  };

  // First in, first out; doubles up to kMaxItems and stays.
  class Queue {
   public:
    bool empty() const { return size_ == 0; }
    size_t capacity() const { return ring_.size(); }
    Queued& front() { return ring_[head_]; }
    const Queued& front() const { return ring_[head_]; }
    void Push(Queued queued);
    void Pop();
    // Keeps the order of what stays; returns how many went.
    template <typename Predicate>
    size_t RemoveIf(Predicate goes) {
      size_t kept = 0;
      for (size_t i = 0; i < size_; ++i) {
        Queued& queued = At(i);
        if (goes(std::as_const(queued))) {
          queued.item.packet = RtpPacket();
        } else {
          if (kept != i) At(kept) = std::move(queued);
          ++kept;
        }
      }
      const size_t gone = size_ - kept;
      size_ = kept;
      return gone;
    }

   private:
    Queued& At(size_t index) { return ring_[(head_ + index) & (ring_.size() - 1)]; }

    std::vector<Queued> ring_;  // The size is zero or a power of two.
    size_t head_ = 0;
    size_t size_ = 0;
  };

  enum Class : size_t { kAudio, kRetransmission, kVideo, kClassCount };

  static Class ClassOf(const Item& item);
  // Drops what has waited for too long.
  void Prune(Timestamp now);
  void Spend(Timestamp now, size_t bytes);

  std::array<Queue, kClassCount> queues_;
  size_t items_ = 0;
  size_t bytes_ = 0;
  uint64_t aged_ = 0;
  std::optional<BitRate> rate_;
  // When all that has left would have left at the rate exactly.
  Timestamp next_{};
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_H_

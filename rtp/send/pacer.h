// The queue of what one peer is owed: sound first, then repetitions, then picture.
//
// Sound is small and every packet of it is needed within a few tens of milliseconds; a repetition
// is waited for by a receiver that has already shown a gap. Within a class the order is kept, but
// pictures of several owners take turns (pacer_flows.h): one that sends too much waits for itself.
//
// Without a rate the pacer only sorts, and everything is due at once. With one, sound still leaves
// at once, but counts, and the rest leaves no faster than the rate. While a probe runs its rate
// takes the place of the other, and what the queue lacks may be filled with padding.
//
// The queue is bounded in bytes, items and age. When it is full the least important go: probes,
// repeated retransmissions, retransmissions, temporal layers, spatial layers, other video, and
// sound last. Of the same importance an owner who has more than a fair share of the queue
// gives way first, and to another's picture, too. A video frame that has lost one packet loses the
// others that wait.
//
// Not a bandwidth estimator: it knows neither the path nor the socket.

#ifndef SLUICE_RTP_SEND_PACER_H_
#define SLUICE_RTP_SEND_PACER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/drop_reason.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/forward/rewrite.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/send/pacer_budget.h"
#include "rtp/send/pacer_flows.h"
#include "rtp/send/pacer_queue.h"

namespace sluice::rtp {

class Pacer {
 public:
  using Item = PacerItem;

  // A second at 16 Mbit/s, and several key frames. What is queued beyond it is stale when it gets
  // its turn.
  static constexpr size_t kMaxBytes = 2 * 1024 * 1024;
  static constexpr size_t kMaxItems = 4096;
  // With a rate the queue holds what leaves in this time: beyond, choosing beats waiting.
  static constexpr Duration kMaxDelay = std::chrono::seconds(1);
  // But at least a key frame of a small picture.
  static constexpr size_t kMinBytes = 64 * 1024;
  // After so long a receiver has given up on the frame, and sending it would delay newer ones.
  static constexpr Duration kMaxAge = std::chrono::seconds(2);
  // How far behind the rate may fall and still catch up in one go: what a timer may be late.
  static constexpr Duration kBurst = std::chrono::milliseconds(10);
  // Sound beyond the rate keeps picture waiting for no longer than this once it ends.
  static constexpr Duration kMaxDebt = std::chrono::milliseconds(500);
  // A slower rate than this would not even carry sound, and is taken as this; a faster one than
  // any network interface is no bound.
  static constexpr BitRate kMinRate = BitRate::Kbps(10);
  static constexpr BitRate kMaxRate = BitRate::Kbps(100'000'000);
  // A probe for which there is neither enough media nor padding ends after twice the time it would
  // take, and this; in any case after kMaxProbe, by when what it measured is stale.
  static constexpr Duration kProbePatience = std::chrono::milliseconds(50);
  static constexpr Duration kMaxProbe = std::chrono::seconds(1);
  // When padding is asked for again of who had none.
  static constexpr Duration kProbeRetry = std::chrono::milliseconds(1);
  // What is asked for as padding at a time: a packet of a usual size, and one whose header does
  // not outweigh it.
  static constexpr size_t kMinPadding = 200;
  static constexpr size_t kMaxPadding = 1200;

  struct Probe {
    uint32_t id = 0;  // not zero
    BitRate rate;
    Duration span{0};
    int min_packets = 0;
  };

  struct Evicted {
    uint32_t owner = 0;
    // kQueueFull: gave way to something more important, or belonged to the frame of one that did.
    // kQueueAge: waited for longer than kMaxAge.
    DropReason reason = DropReason::kQueueFull;
    uint64_t packets = 0;
  };
  // The owner of evictions that nobody asked for in time; they are counted together.
  static constexpr uint32_t kNobody = 0xffffffff;

  // Why the item was not taken, if it was not; the caller counts it. Others may have been evicted
  // to make room, see PollEvicted.
  std::optional<DropReason> Push(Timestamp now, Item item);

  // True if the item may leave now, before anything else, and counts as having left: then there is
  // no need to push and pop it.
  bool Passes(Timestamp now, Item& item);

  // The next item that may leave now; its `probe` says of which probe it is part. Items that waited
  // for more than kMaxAge are evicted on the way.
  std::optional<Item> Pop(Timestamp now);

  // What was dropped out of the queue since it was last asked, one owner and reason at a time.
  std::optional<Evicted> PollEvicted();

  // When Pop or PaddingWanted may next have something; nothing if nothing is queued and no probe
  // runs.
  std::optional<Timestamp> NextTimeout() const;

  // Nothing: unlimited.
  void set_rate(std::optional<BitRate> rate);
  std::optional<BitRate> rate() const { return rate_; }

  // Ends a probe that still runs.
  void StartProbe(Timestamp now, const Probe& probe);
  // For who has nothing to pad with; otherwise it would be asked every kProbeRetry.
  void EndProbe() { probe_.reset(); }
  // The probe that runs; zero if none does. What is sent now belongs to it.
  uint32_t probe() const { return probe_ ? probe_->plan.id : 0; }
  // How many bytes of padding may leave now, at most kMaxPadding: zero unless a probe runs and
  // nothing is queued. What is sent is reported by RecordPadding before asking again; it may be a
  // little more.
  size_t PaddingWanted(Timestamp now);
  void RecordPadding(Timestamp now, size_t bytes);

  // How long it takes until what is queued has left; zero without a rate.
  Duration queue_delay() const;

  // Drops what is queued for `owner`, who has gone or paused; returns how many that were. They are
  // not reported as evicted.
  size_t Forget(uint32_t owner);

  bool empty() const { return items_ == 0; }
  size_t items() const { return items_; }
  size_t bytes() const { return bytes_; }
  // Items there is memory for; for tests that guard the bound.
  size_t capacity() const { return slots_.capacity(); }

 private:
  // A frame of which a packet was dropped: the rest is of no use.
  struct BrokenFrame {
    uint32_t owner = 0;
    uint32_t timestamp = 0;
    Importance importance = Importance::kPadding;
  };
  // Frames of a few consumers: what is broken does not wait for long.
  static constexpr size_t kMaxBroken = 8;
  // Owners and reasons between two calls of PollEvicted.
  static constexpr size_t kMaxReports = 256;
  struct RunningProbe {
    Probe plan;
    PacerBudget budget;
    Timestamp deadline{};
    Timestamp retry{};
    int64_t bytes_left = 0;
    int packets_left = 0;
  };

  static bool IsPicture(const Item& item);
  PacerQueue& QueueOf(const Item& item);
  template <typename Visit>
  void ForEachQueue(Visit visit);
  // The first in order of class; there must be one.
  Item TakeNext();
  size_t ByteLimit() const;
  bool Fits(size_t bytes) const;
  // Drops what has to give way to the item, until it fits.
  void MakeRoom(const Item& item);
  void Evict(Importance importance, size_t bytes, size_t share);
  // Drops what has waited for too long.
  void Prune(Timestamp now);
  void PruneQueue(Timestamp now, PacerQueue& queue);
  void Break(const Item& item);
  bool IsBroken(const Item& item) const;
  void Discount(const Item& item);
  void Report(uint32_t owner, DropReason reason);
  bool IsDue(Timestamp now);
  // The item leaves.
  void Account(Timestamp now, Item& item);
  void Spend(Timestamp now, size_t bytes);
  void SpendProbe(Timestamp now, size_t bytes);

  PacerSlots slots_;
  PacerQueue audio_;
  PacerQueue retransmissions_;
  PacerFlows pictures_;
  PacerQueue padding_;
  // Nothing that is queued is older.
  Timestamp oldest_{};
  size_t items_ = 0;
  size_t bytes_ = 0;
  std::array<uint32_t, kImportanceCount> by_importance_{};
  std::array<BrokenFrame, kMaxBroken> broken_{};
  size_t broken_count_ = 0;
  size_t next_broken_ = 0;
  std::vector<Evicted> evicted_;
  std::optional<BitRate> rate_;
  PacerBudget budget_;
  std::optional<RunningProbe> probe_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_H_

// What has come in and has not been given to its receivers yet.
//
// Packets are not offered to everybody one by one as they come. Each receiver is given all that has
// come for it, and is then written at once: what is known about it is fetched from memory once for
// several packets and two steps, which with hundreds of receivers is most of what forwarding costs.
// Nothing waits here for longer than it takes to empty the inbox.

#ifndef SLUICE_WORKER_ENGINE_PENDING_MEDIA_H_
#define SLUICE_WORKER_ENGINE_PENDING_MEDIA_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "worker/engine/ingress.h"
#include "worker/engine/objects.h"
#include "worker/engine/untaken.h"

namespace sluice::worker {

inline constexpr uint32_t kNothingPending = 0xffffffff;

class PendingMedia {
 public:
  // What one turn reads (SocketTable::kDatagramsPerTurn). It holds slots of the packet pool, so
  // more has to be given away first.
  static constexpr size_t kMaxEntries = 1024;

  struct Entry {
    Ingress::Arrival arrival;
    // Who has to see it: whoever takes this.
    EncodingBits mark = kForEverybody;
    // Nobody gets it, and nobody shall miss it.
    bool left_out = false;
    // Of the same producer.
    uint32_t next = kNothingPending;
  };

  PendingMedia() { entries_.reserve(kMaxEntries); }

  bool empty() const { return entries_.empty(); }
  bool full() const { return entries_.size() == kMaxEntries; }
  const Entry& operator[](uint32_t index) const { return entries_[index]; }
  const std::vector<Entry>& entries() const { return entries_; }

  // True if it is the first of `producer` with its mark. Must not be full.
  bool Add(Producer& producer, Entry entry) {
    const uint32_t slot = entry.arrival.producer.slot;
    if (slot >= chains_.size()) chains_.resize(slot + size_t{1});
    Chain& chain = chains_[slot];
    const auto index = static_cast<uint32_t>(entries_.size());
    const bool first = (chain.marks & entry.mark) == 0;
    chain.marks = static_cast<EncodingBits>(chain.marks | entry.mark);
    datagrams_ += producer.takers[IndexOf(entry.mark)];
    entries_.push_back(std::move(entry));
    (chain.first == kNothingPending ? chain.first : entries_[chain.last].next) = index;
    chain.last = index;
    if (producer.kind == rtp::MediaKind::kVideo) RecordPicture(producer, entries_.back().arrival);
    return first;
  }

  // Index of the first entry of a producer, and by `next` those of the others. It looks at nothing
  // of the producer, because receivers ask for each of those they hear.
  uint32_t FirstOf(Handle<Producer> producer) const {
    return producer.slot < chains_.size() ? chains_[producer.slot].first : kNothingPending;
  }

  // The marks of those.
  EncodingBits MarksOf(Handle<Producer> producer) const {
    return producer.slot < chains_.size() ? chains_[producer.slot].marks : EncodingBits{0};
  }

  // How many datagrams it makes at the most.
  size_t datagrams() const { return datagrams_; }
  // Of some picture there is more to come.
  bool picture_is_open() const { return open_ != 0; }

  // Who has been served once a round is not served again.
  uint64_t round() const { return round_; }
  // Some have been served and others not, so nothing may be added.
  bool is_being_served() const { return being_served_; }
  void BeginServing() { being_served_ = true; }
  void Clear() {
    for (const Entry& entry : entries_) chains_[entry.arrival.producer.slot] = Chain();
    entries_.clear();
    datagrams_ = open_ = 0;
    being_served_ = false;
    ++round_;
  }

 private:
  // Pictures of an encoding come one after the other, each with a marker at its end (RFC 3550
  // §5.1).
  void RecordPicture(Producer& producer, const Ingress::Arrival& arrival) {
    const uint32_t bit = 1u << arrival.source->index;
    const bool was_open = (producer.open_pictures & bit) != 0;
    const bool is_open = !arrival.packet.marker();
    if (was_open == is_open) return;
    producer.open_pictures ^= bit;
    is_open ? ++open_ : --open_;
  }

  struct Chain {
    uint32_t first = kNothingPending;
    uint32_t last = kNothingPending;
    EncodingBits marks = 0;
  };

  std::vector<Entry> entries_;
  std::vector<Chain> chains_;  // by slot of the producer
  size_t datagrams_ = 0;
  size_t open_ = 0;
  uint64_t round_ = 1;
  bool being_served_ = false;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PENDING_MEDIA_H_

// What waits in the pacer, where it is kept, and one queue of it.

#ifndef SLUICE_RTP_SEND_PACER_QUEUE_H_
#define SLUICE_RTP_SEND_PACER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"
#include "rtp/forward/rewrite.h"
#include "rtp/packet/media.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

// The less important goes first when not all can be kept.
enum class Importance : uint8_t {
  kPadding,
  kRepeatedRetransmission,  // the second and later ones: the path has lost it before
  kRetransmission,
  kTemporal,  // enhancement layers
  kSpatial,
  kVideo,
  kAudio,
};
inline constexpr size_t kImportanceCount = 7;

struct PacerItem {
  RtpPacket packet;
  Rewrite rewrite;
  uint32_t owner = 0;  // Whom the packet is for, in the terms of whoever pushes it.
  MediaKind kind = MediaKind::kVideo;
  bool retransmission = false;
  // How often it was sent again before.
  uint8_t repeats = 0;
  // Layers inside of the encoding; what is left out for a while is only missed by those above.
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  bool discardable = false;
  // Sent only to probe the path.
  bool padding = false;
  // The receiver will tell when it arrived; only then it can be part of a probe.
  bool numbered = true;
  // Told by Pop: the probe it is part of, or zero.
  uint32_t probe = 0;

  Importance importance() const {
    if (padding) return Importance::kPadding;
    if (retransmission) {
      return repeats > 0 ? Importance::kRepeatedRetransmission : Importance::kRetransmission;
    }
    if (kind == MediaKind::kAudio) return Importance::kAudio;
    if (discardable || temporal > 0) return Importance::kTemporal;
    return spatial > 0 ? Importance::kSpatial : Importance::kVideo;
  }
};

// Where everything that waits is kept, and what the queues pass among themselves: one bound and one
// piece of memory for all. Doubles as needed and stays.
class PacerSlots {
 public:
  using Index = uint32_t;
  static constexpr Index kNone = 0xffffffff;

  struct Slot {
    PacerItem item;
    Timestamp since{};
    Index next = kNone;
  };
  // Thousands may wait for a slow peer.
  static_assert(sizeof(Slot) <= 64);

  Slot& operator[](Index index) { return slots_[index]; }
  const Slot& operator[](Index index) const { return slots_[index]; }
  size_t capacity() const { return slots_.size(); }

  Index Take(PacerItem item, Timestamp since) {
    if (free_ == kNone) Grow();
    const Index index = free_;
    free_ = slots_[index].next;
    slots_[index] = {std::move(item), since, kNone};
    return index;
  }
  void Return(Index index) {
    slots_[index].item.packet = RtpPacket();
    slots_[index].next = free_;
    free_ = index;
  }

 private:
  static constexpr size_t kFirstSize = 16;

  void Grow() {
    const size_t old = slots_.size();
    slots_.resize(old == 0 ? kFirstSize : 2 * old);
    for (size_t i = slots_.size(); i-- > old;) Return(static_cast<Index>(i));
  }

  std::vector<Slot> slots_;
  Index free_ = kNone;
};

// First in, first out.
class PacerQueue {
 public:
  using Index = PacerSlots::Index;

  bool empty() const { return head_ == PacerSlots::kNone; }
  // Of the packets in it.
  size_t bytes() const { return bytes_; }
  // Must not be empty.
  Index front() const { return head_; }

  void Push(PacerSlots& slots, PacerItem item, Timestamp since) {
    bytes_ += item.packet.size();
    Append(slots, slots.Take(std::move(item), since));
  }
  PacerItem Pop(PacerSlots& slots) {
    const Index index = head_;
    PacerItem item = std::move(slots[index].item);
    head_ = slots[index].next;
    bytes_ -= item.packet.size();
    slots.Return(index);
    return item;
  }

  // Keeps the order of what stays; returns how many went.
  template <typename Predicate>
  size_t RemoveIf(PacerSlots& slots, Predicate goes) {
    size_t gone = 0;
    Index index = std::exchange(head_, PacerSlots::kNone);
    while (index != PacerSlots::kNone) {
      const Index next = slots[index].next;
      const PacerItem& item = slots[index].item;
      if (goes(item)) {
        bytes_ -= item.packet.size();
        slots.Return(index);
        ++gone;
      } else {
        Append(slots, index);
      }
      index = next;
    }
    return gone;
  }

 private:
  void Append(PacerSlots& slots, Index index) {
    slots[index].next = PacerSlots::kNone;
    (empty() ? head_ : slots[tail_].next) = index;
    tail_ = index;
  }

  Index head_ = PacerSlots::kNone;
  Index tail_ = PacerSlots::kNone;  // Only of something that is not empty.
  size_t bytes_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_QUEUE_H_

// What waits in the pacer, and one queue of it.

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

// First in, first out; doubles as needed and stays.
class PacerQueue {
 public:
  struct Queued {
    PacerItem item;
    Timestamp since{};
  };
  // Thousands may wait for a slow peer.
  static_assert(sizeof(Queued) <= 64);

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t capacity() const { return ring_.size(); }
  Queued& front() { return ring_[head_]; }
  const Queued& front() const { return ring_[head_]; }

  void Push(Queued queued) {
    if (size_ == ring_.size()) Grow();
    At(size_) = std::move(queued);
    ++size_;
  }
  void Pop() {
    ring_[head_].item.packet = RtpPacket();
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
  }

  // Keeps the order of what stays; returns how many went.
  template <typename Predicate>
  size_t RemoveIf(Predicate goes) {
    size_t kept = 0;
    for (size_t i = 0; i < size_; ++i) {
      Queued& queued = At(i);
      if (goes(std::as_const(queued.item))) {
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
  static constexpr size_t kFirstSize = 16;

  Queued& At(size_t index) { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  void Grow() {
    std::vector<Queued> larger(ring_.empty() ? kFirstSize : 2 * ring_.size());
    for (size_t i = 0; i < size_; ++i) larger[i] = std::move(At(i));
    ring_ = std::move(larger);
    head_ = 0;
  }

  std::vector<Queued> ring_;  // The size is zero or a power of two.
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_QUEUE_H_

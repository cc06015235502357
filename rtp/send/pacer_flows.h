// The pictures that wait in the pacer: a queue for each owner, which take turns.
//
// Deficit round robin (Shreedhar and Varghese, 1995): whose turn it is sends until it has used up
// its bytes, then the next. Many packets of one owner make only that owner wait, a key frame does
// not hold up the small pictures of others, and what each gets is the same to a packet.

#ifndef SLUICE_RTP_SEND_PACER_FLOWS_H_
#define SLUICE_RTP_SEND_PACER_FLOWS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"
#include "rtp/send/pacer_queue.h"

namespace sluice::rtp {

class PacerFlows {
 public:
  // What a turn is: a packet of any size, so that each turn sends one at least.
  static constexpr int64_t kTurn = 1500;

  bool empty() const { return last_ == kNone; }
  // How many owners have something waiting.
  size_t waiting() const { return waiting_; }
  size_t bytes_of(uint32_t owner) const {
    return owner < flows_.size() ? flows_[owner].queue.bytes() : 0;
  }

  // Owners are small numbers: there is an entry for each up to the largest.
  void Push(PacerSlots& slots, PacerItem item, Timestamp since) {
    const uint32_t owner = item.owner;
    if (owner >= flows_.size()) flows_.resize(owner + size_t{1});
    if (flows_[owner].queue.empty()) Join(owner);
    flows_[owner].queue.Push(slots, std::move(item), since);
  }

  // Of whoever's turn it is. Must not be empty.
  PacerItem Pop(PacerSlots& slots) {
    const uint32_t owner = flows_[last_].next;
    Flow& flow = flows_[owner];
    PacerItem item = flow.queue.Pop(slots);
    flow.left -= static_cast<int64_t>(item.packet.size());
    if (flow.queue.empty()) {
      Leave(last_);
    } else if (flow.left <= 0) {
      flow.left += kTurn;
      last_ = owner;
    }
    return item;
  }

  // Calls `visit` with the queue of each owner who has something waiting, and the owner. It may
  // take from the queue.
  template <typename Visit>
  void ForEach(Visit visit) {
    uint32_t before = last_;
    for (size_t count = waiting_; count > 0; --count) {
      const uint32_t owner = flows_[before].next;
      visit(flows_[owner].queue, owner);
      if (flows_[owner].queue.empty()) {
        Leave(before);
      } else {
        before = owner;
      }
    }
  }

 private:
  static constexpr uint32_t kNone = 0xffffffff;
  struct Flow {
    PacerQueue queue;
    uint32_t next = kNone;  // in the circle of those who wait
    int64_t left = 0;       // bytes of its turn
  };

  // Last in the circle.
  void Join(uint32_t owner) {
    flows_[owner].left = kTurn;
    if (last_ == kNone) {
      flows_[owner].next = owner;
    } else {
      flows_[owner].next = flows_[last_].next;
      flows_[last_].next = owner;
    }
    last_ = owner;
    ++waiting_;
  }
  // The one after `before`.
  void Leave(uint32_t before) {
    const uint32_t owner = flows_[before].next;
    flows_[before].next = flows_[owner].next;
    if (owner == last_) last_ = owner == before ? kNone : before;
    flows_[owner].next = kNone;
    --waiting_;
  }

  std::vector<Flow> flows_;  // by owner
  uint32_t last_ = kNone;
  size_t waiting_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PACER_FLOWS_H_

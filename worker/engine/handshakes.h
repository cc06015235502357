// DTLS that waits for its turn.
//
// A step of a handshake costs as much as a few hundred packets of media: signatures and key
// agreements. When hundreds join at once, media that came in the same turn must not wait for all of
// them, so a turn takes a few steps, and the rest waits here, in order.

#ifndef SLUICE_WORKER_ENGINE_HANDSHAKES_H_
#define SLUICE_WORKER_ENGINE_HANDSHAKES_H_

#include <cstddef>
#include <deque>
#include <utility>

#include "base/ids.h"
#include "base/packet_pool.h"

namespace sluice::worker {

class Transport;

class Handshakes {
 public:
  // About a millisecond of work.
  static constexpr size_t kStepsPerTurn = 4;
  // A thousand joins at once. Whoever finds it full repeats itself (RFC 6347 §4.2.4).
  static constexpr size_t kMaxWaiting = 2048;

  struct Step {
    Handle<Transport> transport;
    PacketRef packet;
  };

  // A new turn: so many steps may be taken again.
  void BeginTurn() { left_ = kStepsPerTurn; }
  // True if a step may be taken now, which this counts: nothing waits, and the turn has not taken
  // all it may.
  bool TakeTurn() {
    if (!waiting_.empty() || left_ == 0) return false;
    --left_;
    return true;
  }
  // False if too many wait.
  bool Push(Step step) {
    if (waiting_.size() >= kMaxWaiting) return false;
    waiting_.push_back(std::move(step));
    return true;
  }
  bool CanPop() const { return !waiting_.empty() && left_ != 0; }
  // The longest waiting; CanPop() must say so.
  Step Pop() {
    --left_;
    Step step = std::move(waiting_.front());
    waiting_.pop_front();
    return step;
  }
  bool empty() const { return waiting_.empty(); }

 private:
  size_t left_ = kStepsPerTurn;
  std::deque<Step> waiting_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_HANDSHAKES_H_

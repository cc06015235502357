// Virtual time for experiments with the bandwidth estimator: what is to happen, in order.

#ifndef SLUICE_TESTS_SUPPORT_BWE_EVENTS_H_
#define SLUICE_TESTS_SUPPORT_BWE_EVENTS_H_

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/time.h"

namespace sluice::test {

class BweEvents {
 public:
  using Action = std::function<void()>;

  Timestamp now() const { return now_; }
  Duration elapsed() const { return now_ - kStart; }

  void At(Timestamp time, Action action) {
    events_.push({time < now_ ? now_ : time, next_order_++, std::move(action)});
  }
  void After(Duration delay, Action action) { At(now_ + delay, std::move(action)); }

  // What is due at the same time happens in the order it was asked for.
  void RunUntil(Timestamp end) {
    while (!events_.empty() && events_.top().time <= end) {
      // The top of a priority queue is const, but this one is about to go.
      Event event = std::move(const_cast<Event&>(events_.top()));
      events_.pop();
      now_ = event.time;
      event.action();
    }
    now_ = end;
  }
  void RunFor(Duration span) { RunUntil(now_ + span); }

 private:
  struct Event {
    Timestamp time;
    uint64_t order = 0;
    Action action;

    bool operator<(const Event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };

  // Not zero: code must not depend on where time begins.
  static constexpr Timestamp kStart{Duration(1'000'000'000)};

  Timestamp now_ = kStart;
  uint64_t next_order_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_EVENTS_H_

#include "worker/io/gathering.h"

#include <algorithm>

namespace sluice::worker {

void LoadMeter::Record(Timestamp now, Duration busy) {
  busy_ += busy;
  const Duration passed = now - since_;
  if (passed < kWindow) return;
  // The first window began at no time at all.
  if (passed < 100 * kWindow) {
    load_ = std::clamp(static_cast<double>(busy_.count()) / static_cast<double>(passed.count()),
                       0.0, 1.0);
  }
  since_ = now;
  busy_ = Duration(0);
}

void Gathering::Begin(Timestamp now) {
  began_ = now;
  before_ = 0;
  waited_ = for_others_ = false;
}

Duration Gathering::Limit() const {
  const double share = std::clamp((load() - kIdle) / (kLoaded - kIdle), 0.0, 1.0);
  return Duration(static_cast<int64_t>(static_cast<double>(max_hold_.count()) * share));
}

Duration Gathering::Wait(Timestamp now, const Engine::Waiting& waiting) {
  const Duration left = Limit() - (now - began_);
  if (waiting.datagrams == 0 || left <= Duration(0)) return Duration(0);
  const bool more_came = waiting.datagrams > before_;
  before_ = waiting.datagrams;
  if (waiting.picture_is_open && more_came) {
    waited_ = true;
    return std::min(kNext, left);
  }
  if (waiting.datagrams >= kPlenty) return Duration(0);
  if (!for_others_ && shared_ < kWorthwhile && ++skipped_ < kTrial) return Duration(0);
  skipped_ = 0;
  waited_ = for_others_ = true;
  return std::min(kStep, left);
}

void Gathering::End(Timestamp now, const Engine::Departed& departed) {
  const auto datagrams = static_cast<double>(departed.datagrams - departed_.datagrams);
  const auto visits = static_cast<double>(departed.visits - departed_.visits);
  departed_ = departed;
  if (!waited_) return;
  ++holds_;
  held_ += now - began_;
  if (for_others_ && datagrams > 0) shared_ += (1.0 - visits / datagrams - shared_) / 8;
}

}  // namespace sluice::worker

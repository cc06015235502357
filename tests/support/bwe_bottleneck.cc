#include "tests/support/bwe_bottleneck.h"

#include <utility>

namespace sluice::test {

void BweBottleneck::Send(size_t size, Deliver deliver) {
  ++sent_;
  const bool lost = entropy_.Chance(options_.loss);
  if (lost || cut_ || !Fits(size)) {
    ++dropped_;
    return;
  }
  if (options_.rate.bps() == 0 && !stalled_) {
    deliver(Duration(0));
    return;
  }
  queue_.push_back({size, events_.now(), std::move(deliver)});
  queued_bytes_ += size;
  if (queue_.size() == 1) {
    done_ = 0;
    waited_ = Duration(0);
    Begin();
  }
}

bool BweBottleneck::Fits(size_t size) const {
  if (options_.queue_bytes) return queued_bytes_ + size <= *options_.queue_bytes || queue_.empty();
  return stalled_ || Backlog() <= options_.queue;
}

Duration BweBottleneck::Backlog() const {
  if (options_.rate.bps() == 0 || queue_.empty()) return Duration(0);
  const auto bits = static_cast<double>(queued_bytes_ * 8) - Progress();
  return Duration(static_cast<int64_t>(bits * 1e6 / static_cast<double>(options_.rate.bps())));
}

double BweBottleneck::Progress() const {
  if (stalled_) return done_;
  const auto elapsed = static_cast<double>((events_.now() - since_).count());
  return done_ + elapsed * static_cast<double>(options_.rate.bps()) / 1e6;
}

void BweBottleneck::SetRate(BitRate rate) {
  if (!queue_.empty()) done_ = Progress();
  options_.rate = rate;
  if (!queue_.empty()) Begin();
}

void BweBottleneck::SetStalled(bool stalled) {
  if (!queue_.empty()) done_ = Progress();
  stalled_ = stalled;
  if (!queue_.empty()) Begin();
}

// Puts the rest of the first packet on the line, from now on.
void BweBottleneck::Begin() {
  since_ = events_.now();
  ++turn_;
  if (stalled_) return;
  const double bits = static_cast<double>(queue_.front().size * 8) - done_;
  const double micros = bits * 1e6 / static_cast<double>(options_.rate.bps());
  events_.After(Duration(static_cast<int64_t>(micros) + 1), [this, turn = turn_] { Finish(turn); });
}

void BweBottleneck::Finish(uint64_t turn) {
  if (turn != turn_) return;
  const Packet packet = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= packet.size;
  const Duration waited = waited_;
  if (!queue_.empty()) {
    done_ = 0;
    waited_ = events_.now() - queue_.front().entered;
    Begin();
  }
  packet.deliver(waited);
}

}  // namespace sluice::test

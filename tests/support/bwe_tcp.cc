#include "tests/support/bwe_tcp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace sluice::test {
namespace {

constexpr size_t kSegment = 1472;  // 1,500 with what a path adds for UDP
constexpr size_t kAck = 24;
constexpr double kFirstWindow = 10;  // RFC 6928
constexpr Duration kMinTimeout = std::chrono::milliseconds(200);
constexpr Duration kFirstTimeout = std::chrono::seconds(1);
constexpr uint64_t kReordering = 3;  // duplicate acknowledgements
constexpr double kMeanThink = 10;    // seconds

}  // namespace

BweTcp::BweTcp(BweEvents& events, const Options& options, std::unique_ptr<BwePath> forward,
               std::unique_ptr<BwePath> back, uint64_t seed)
    : events_(events),
      options_(options),
      forward_(std::move(forward)),
      back_(std::move(back)),
      entropy_(seed) {}

void BweTcp::Start() {
  events_.After(options_.start, [this] { Begin(); });
  events_.After(options_.stop, [this] { to_send_ = 0; });
}

void BweTcp::Begin() {
  window_ = kFirstWindow;
  threshold_ = 1e9;
  left_ = options_.files ? static_cast<int64_t>(30'000 + entropy_.Below(20'001)) / 1448 + 1
                         : std::numeric_limits<int64_t>::max();
  to_send_ = left_;
  FillWindow();
}

void BweTcp::FillWindow() {
  while (to_send_ > 0 && static_cast<double>(in_flight_.size()) < window_) SendSegment();
}

void BweTcp::SendSegment() {
  const uint64_t segment = next_segment_++;
  --to_send_;
  if (in_flight_.empty()) ArmTimer();
  in_flight_[segment] = events_.now();
  forward_->Send(kSegment, [this, segment](Duration) {
    arrived_bytes_ += static_cast<int64_t>(kSegment + 28);
    back_->Send(kAck, [this, segment](Duration) { Acknowledge(segment); });
  });
}

void BweTcp::Acknowledge(uint64_t segment) {
  const auto found = in_flight_.find(segment);
  if (found == in_flight_.end()) return;
  MeasureRoundTrip(events_.now() - found->second);
  in_flight_.erase(found);
  backoff_ = Duration(0);
  --left_;
  ArmTimer();
  DetectLoss(segment);
  if (segment >= recovery_until_) Grow();
  if (left_ <= 0) return FinishFile();
  FillWindow();
}

void BweTcp::DetectLoss(uint64_t acked) {
  while (!in_flight_.empty() && in_flight_.begin()->first + kReordering <= acked) {
    const uint64_t lost = in_flight_.begin()->first;
    in_flight_.erase(in_flight_.begin());
    ++to_send_;
    if (lost < recovery_until_) continue;
    recovery_until_ = next_segment_;
    threshold_ = window_ = std::max(window_ / 2, 2.0);
  }
}

void BweTcp::Grow() { window_ += window_ < threshold_ ? 1 : 1 / window_; }

void BweTcp::MeasureRoundTrip(Duration sample) {
  if (smoothed_.count() == 0) {
    smoothed_ = sample;
    variation_ = sample / 2;
    return;
  }
  const Duration error = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
  variation_ += (error - variation_) / 4;
  smoothed_ += (sample - smoothed_) / 8;
}

void BweTcp::ArmTimer() {
  Duration timeout = smoothed_.count() == 0 ? kFirstTimeout : smoothed_ + 4 * variation_;
  timeout = std::max({timeout, kMinTimeout, backoff_});
  events_.After(timeout, [this, turn = ++timer_turn_] { TimeOut(turn); });
}

void BweTcp::TimeOut(uint64_t turn) {
  if (turn != timer_turn_ || in_flight_.empty()) return;
  to_send_ += static_cast<int64_t>(in_flight_.size());
  in_flight_.clear();
  threshold_ = std::max(window_ / 2, 2.0);
  window_ = 1;
  recovery_until_ = next_segment_;
  backoff_ = std::max(2 * backoff_, 2 * kMinTimeout);
  FillWindow();
}

void BweTcp::FinishFile() {
  in_flight_.clear();
  ++timer_turn_;
  events_.After(Think(), [this] { Begin(); });
}

Duration BweTcp::Think() {
  const double even = static_cast<double>(entropy_.Below(1'000'000) + 1) / 1e6;
  return Duration(static_cast<int64_t>(-std::log(even) * kMeanThink * 1e6));
}

}  // namespace sluice::test

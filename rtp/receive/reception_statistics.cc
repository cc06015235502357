#include "rtp/receive/reception_statistics.h"

#include <algorithm>
#include <cstdlib>

namespace sluice::rtp {
namespace {

constexpr int64_t kLap = 0x10000;
// A change of transit time that no network makes: the sender's clock jumped.
constexpr int64_t kMaxTransitChangeSeconds = 5;

}  // namespace

void ReceptionStatistics::Begin(RtpSeq first) {
  expected_before_ = expected();
  begun_ = true;
  base_ = first;
  highest_ = first + -1;
  has_transit_ = false;
}

void ReceptionStatistics::RecordReceived(RtpSeq seq, uint32_t rtp_timestamp, Timestamp arrival) {
  // A packet that was overtaken by the first one shows that the row began earlier.
  base_ = std::min(base_, seq);
  highest_ = std::max(highest_, seq);
  ++received_;
  RecordJitter(rtp_timestamp, arrival);
}

void ReceptionStatistics::RecordExpected(RtpSeq seq) { highest_ = std::max(highest_, seq); }

int64_t ReceptionStatistics::expected() const {
  return begun_ ? expected_before_ + (highest_ - base_) + 1 : 0;
}

uint32_t ReceptionStatistics::extended_highest() const {
  return begun_ ? static_cast<uint32_t>(highest_.value - kLap) : 0;
}

// RFC 3550 §A.3.
ReceptionStatistics::Interval ReceptionStatistics::TakeInterval() {
  const Interval interval{expected() - expected_prior_, received_ - received_prior_};
  expected_prior_ = expected();
  received_prior_ = received_;
  return interval;
}

uint8_t ReceptionStatistics::Interval::fraction_lost() const {
  if (expected <= 0) return 0;
  // All lost would be 256, which eight bits do not hold.
  return static_cast<uint8_t>(std::min<int64_t>(lost() * 256 / expected, 255));
}

// RFC 3550 §A.8, with four bits of fraction.
void ReceptionStatistics::RecordJitter(uint32_t rtp_timestamp, Timestamp arrival) {
  if (has_transit_ && rtp_timestamp == last_timestamp_) return;
  if (has_transit_) {
    const int64_t arrived = (arrival - last_arrival_).count() * clock_rate_ / 1'000'000;
    const auto sent = static_cast<int32_t>(rtp_timestamp - last_timestamp_);
    const int64_t change = std::abs(arrived - sent);
    if (change < kMaxTransitChangeSeconds * clock_rate_) {
      jitter_q4_ += change - ((jitter_q4_ + 8) >> 4);
    }
  }
  has_transit_ = true;
  last_timestamp_ = rtp_timestamp;
  last_arrival_ = arrival;
}

}  // namespace sluice::rtp

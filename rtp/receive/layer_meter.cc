#include "rtp/receive/layer_meter.h"

#include <algorithm>
#include <limits>

namespace sluice::rtp {
namespace {

// A timestamp so far back (ten seconds of the video clock) is of another clock, not late.
constexpr int32_t kOtherClock = -900'000;
// Below this the rest of a key frame is counted at once.
constexpr uint32_t kKeyRest = 64;
// After so many steps of silence nothing of what was is left.
constexpr int64_t kForgetSteps = 100;

uint32_t SaturatedAdd(uint32_t value, size_t more) {
  const uint64_t sum = uint64_t{value} + more;
  return static_cast<uint32_t>(std::min<uint64_t>(sum, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

bool LayerMeter::IsNewPicture(uint32_t timestamp, uint32_t newest) {
  const auto ahead = static_cast<int32_t>(timestamp - newest);
  return ahead > 0 || ahead < kOtherClock;
}

void LayerMeter::Record(Timestamp now, const Packet& packet) {
  const int64_t step = now.time_since_epoch() / kStep;
  if (!started_) {
    started_ = true;
    newest_step_ = step;
    first_packet_ = last_picture_ = now;
    timestamp_ = packet.timestamp;
  } else {
    Advance(step);
    if (IsNewPicture(packet.timestamp, timestamp_)) RecordPicture(now, packet.timestamp);
  }
  picture_bytes_ = SaturatedAdd(picture_bytes_, packet.bytes);
  last_packet_ = now;
  if (packet.of_key_frame) {
    key_bytes_ = SaturatedAdd(key_bytes_, packet.bytes);
    return;
  }
  uint32_t& bytes = bytes_[static_cast<size_t>(newest_step_) % kSteps];
  const uint32_t before = bytes;
  bytes = SaturatedAdd(bytes, packet.bytes);
  sum_ += bytes - before;
}

void LayerMeter::RecordPicture(Timestamp now, uint32_t timestamp) {
  const int64_t gap = (now - last_picture_).count();
  gaps_us_[next_gap_] =
      static_cast<uint32_t>(std::clamp<int64_t>(gap, 0, std::numeric_limits<uint32_t>::max()));
  next_gap_ = static_cast<uint8_t>((next_gap_ + 1) % kGaps);
  if (gaps_seen_ < kGaps) ++gaps_seen_;
  mean_bytes_ = ProjectedMean();
  has_mean_ = true;
  picture_bytes_ = 0;
  last_picture_ = now;
  timestamp_ = timestamp;
}

// Halfway from the mean to the newest picture: few pictures of a slow stream are worth asking.
uint32_t LayerMeter::ProjectedMean() const {
  if (!has_mean_) return picture_bytes_;
  return static_cast<uint32_t>((uint64_t{mean_bytes_} + picture_bytes_) / 2);
}

void LayerMeter::Advance(int64_t step) {
  if (step - newest_step_ > kForgetSteps) {
    bytes_.fill(0);
    sum_ = held_bps_ = 0;
    key_bytes_ = 0;
    newest_step_ = step;
  }
  while (newest_step_ < step) {
    held_bps_ = std::max(WindowRate(kStep), held_bps_ - held_bps_ / kSinkShare);
    ++newest_step_;
    const uint32_t spread = key_bytes_ < kKeyRest ? key_bytes_ : key_bytes_ / kKeyShare;
    key_bytes_ -= spread;
    uint32_t& bytes = bytes_[static_cast<size_t>(newest_step_) % kSteps];
    sum_ += int64_t{spread} - bytes;
    bytes = spread;
  }
}

int64_t LayerMeter::WindowRate(Duration into_step) const {
  const Timestamp end = Timestamp(newest_step_ * kStep) + into_step;
  const Duration whole = kStep * static_cast<int64_t>(kSteps - 1) + into_step;
  const Duration span = std::min(std::max<Duration>(end - first_packet_, kStep), whole);
  return (DataSize::Bytes(sum_) / span).bps();
}

BitRate LayerMeter::Rate(Timestamp now) const {
  if (!started_) return BitRate();
  const Duration silence = now - last_picture_;
  if (!knows_gap() || usual_gap() > kSlowGap) {
    const uint32_t bytes = picture_bytes_ > mean_bytes_ ? ProjectedMean() : mean_bytes_;
    const Duration span = std::max({usual_gap(), silence, Duration(std::chrono::seconds(1))});
    const BitRate slow = DataSize::Bytes(bytes) / span;
    return knows_gap() ? slow : std::max(slow, FastRate(now));
  }
  return FastRate(now);
}

BitRate LayerMeter::FastRate(Timestamp now) const {
  LayerMeter then = *this;
  then.Advance(now.time_since_epoch() / kStep);
  const Duration into_step = now.time_since_epoch() % kStep;
  return BitRate::Bps(std::max(then.held_bps_, then.WindowRate(into_step)));
}

BitRate LayerMeter::KeyRate(Timestamp now) const {
  LayerMeter then = *this;
  then.Advance(now.time_since_epoch() / kStep);
  return DataSize::Bytes(then.key_bytes_ / kKeyShare) / kStep;
}

Duration LayerMeter::usual_gap() const {
  if (!knows_gap()) return Duration(0);
  uint32_t largest = 0;
  uint32_t second = 0;
  for (size_t i = 0; i < gaps_seen_; ++i) {
    if (gaps_us_[i] >= largest) {
      second = largest;
      largest = gaps_us_[i];
    } else {
      second = std::max(second, gaps_us_[i]);
    }
  }
  return Duration(second);
}

}  // namespace sluice::rtp

// What a receiver counts of one stream, by its sequence numbers alone: cheap enough for every
// packet of a million.

#ifndef SLUICE_BENCH_LOAD_RECEIVE_STREAM_H_
#define SLUICE_BENCH_LOAD_RECEIVE_STREAM_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/receive/nack_tracker.h"

namespace sluice::load {

// As the server describes a stream that it sends.
struct StreamDescription {
  uint32_t ssrc = 0;
  uint32_t rtx_ssrc = 0;  // 0: none
  uint8_t payload_type = 0;
  uint8_t rtx_payload_type = 0;
  bool video = false;
  std::string sender = {};
};

class ReceiveStream {
 public:
  explicit ReceiveStream(StreamDescription description) : description_(std::move(description)) {}

  // Numbers that are skipped by `seq` count as lost until they come.
  void Record(uint16_t seq) {
    ++received_;
    if (received_ == 1) {
      first_ = highest_ = kFirstLap + seq;
      return;
    }
    const int64_t step = Step(seq);
    if (step > 0) highest_ += step;
    // What overtook the first packet belongs to the stream as well.
    first_ = std::min(first_, highest_ + std::min<int64_t>(step, 0));
  }

  // The network that is played behind the server loses one, and nobody will ask for it again. It
  // did arrive, but reports say that it did not.
  void RecordThrownAway() { ++thrown_away_; }

  // How far `seq` is ahead of the highest so far.
  int64_t Step(uint16_t seq) const {
    return static_cast<int16_t>(static_cast<uint16_t>(seq - static_cast<uint16_t>(highest_)));
  }

  const StreamDescription& description() const { return description_; }
  uint64_t received() const { return received_; }
  // What the server has delivered, once each; of that what was asked for again is counted
  // elsewhere.
  uint64_t delivered() const { return received_ + thrown_away_; }
  uint64_t expected() const {
    return received_ == 0 ? 0 : static_cast<uint64_t>(highest_ - first_ + 1);
  }
  // Negative if there were duplicates (RFC 3550 §6.4.1).
  int64_t lost() const {
    return static_cast<int64_t>(expected()) - static_cast<int64_t>(received_);
  }
  // With the number of wraps in the upper half, as reports have it.
  uint32_t highest() const { return static_cast<uint32_t>(highest_ - kFirstLap); }
  RtpSeq Unwrap(uint16_t seq) const { return {highest_ + Step(seq)}; }

  // Of 256, since the last call (RFC 3550 §A.3).
  uint8_t TakeFractionLost() {
    const auto expected_now = static_cast<int64_t>(expected()) - reported_expected_;
    const int64_t lost_now = lost() - reported_lost_;
    reported_expected_ += expected_now;
    reported_lost_ += lost_now;
    if (expected_now <= 0 || lost_now <= 0) return 0;
    return static_cast<uint8_t>(std::min<int64_t>(lost_now * 256 / expected_now, 255));
  }

  // The last sender report, for those who measure round trips by ours.
  uint32_t report_time = 0;
  Timestamp report_arrival;
  // Of receivers that ask for what is missing.
  std::unique_ptr<rtp::NackTracker> missing;

 private:
  // Packets that overtook the first one stay positive.
  static constexpr int64_t kFirstLap = 1 << 16;

  StreamDescription description_;
  uint64_t received_ = 0;
  uint64_t thrown_away_ = 0;
  int64_t first_ = 0;
  int64_t highest_ = 0;
  int64_t reported_expected_ = 0;
  int64_t reported_lost_ = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_RECEIVE_STREAM_H_

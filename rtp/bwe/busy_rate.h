// What the path carried since its queue was last empty.
//
// While packets queue the path is busy, and they arrive as fast as it carries them. A rate over a
// fixed time in which a burst is only part (a key frame of a slow stream) says how much was sent,
// not how much could have been.

#ifndef SLUICE_RTP_BWE_BUSY_RATE_H_
#define SLUICE_RTP_BWE_BUSY_RATE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp::bwe {

class BusyRate {
 public:
  // Packets that were delayed by less than this found no queue.
  static constexpr Duration kEmpty{8'000};
  // Less proves nothing: jitter brings some packets closer together.
  static constexpr int kMinPackets = 8;
  static constexpr Duration kMinSpan{80'000};
  // Who is busy for longer is measured as well by any window.
  static constexpr Duration kMaxSpan{500'000};

  // In order of arrival; `queued` is how much longer than at best the packet was under way.
  void Record(Duration arrival, Duration queued, size_t bytes) {
    if (queued < kEmpty || !since_ || arrival < *since_) {
      since_ = newest_ = arrival;
      bytes_ = 0;
      packets_ = 0;
      return;
    }
    newest_ = arrival;
    bytes_ += static_cast<int64_t>(bytes);
    ++packets_;
  }
  void Reset() { *this = BusyRate(); }

  // Nothing if the path is not busy, or has been for too short or too long a time.
  std::optional<BitRate> rate() const {
    if (!since_ || packets_ < kMinPackets) return std::nullopt;
    const Duration span = newest_ - *since_;
    if (span < kMinSpan || span > kMaxSpan) return std::nullopt;
    return DataSize::Bytes(bytes_) / span;
  }

 private:
  std::optional<Duration> since_;
  Duration newest_{0};
  int64_t bytes_ = 0;
  int packets_ = 0;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_BUSY_RATE_H_

// How much a publisher may send that cannot estimate it on its own: a fall-back for those without
// transport-wide feedback, told by REMB.
//
// Loss is all it looks at. Under 2 % the estimate grows by 8 % a second as long as the publisher
// makes use of it; above 10 % it shrinks by half of the loss; in between it stays. A bound set by
// the application holds in any case, and where the publisher estimates on its own, the bound is all
// that is told.

#ifndef SLUICE_RTP_RECEIVE_REMB_SOURCE_H_
#define SLUICE_RTP_RECEIVE_REMB_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/units.h"
#include "rtp/rate_meter.h"

namespace sluice::rtp {

class RembSource {
 public:
  static constexpr Duration kInterval{1'000'000};
  // A shrunken estimate is told at once, but not more often than this.
  static constexpr Duration kMinInterval{200'000};
  // Enough for a small picture; below it a publisher had better stop.
  static constexpr BitRate kMin = BitRate::Kbps(30);
  // Where the field begins with downlinks; loss brings it down within seconds where it is too much.
  static constexpr BitRate kStart = BitRate::Kbps(2500);

  enum class Mode : uint8_t { kEstimate, kBoundOnly };

  explicit RembSource(Mode mode, BitRate start = kStart) : mode_(mode), estimate_(start) {}

  // Zero: no bound.
  void set_max(BitRate max) { max_ = max; }

  void RecordReceived(Timestamp now, size_t bytes);
  // Loss over all streams of the transport since the last call; once per report interval.
  void RecordLoss(Timestamp now, int64_t lost, int64_t expected);

  // What to tell the publisher, if it is time to.
  std::optional<BitRate> Poll(Timestamp now);
  // Never before the first packet came.
  std::optional<Timestamp> NextTimeout() const;

  // Zero if there is nothing to tell.
  BitRate estimate() const;

 private:
  void Grow(Duration elapsed, BitRate incoming);

  const Mode mode_;
  RateMeter incoming_;
  BitRate estimate_;
  BitRate max_;
  BitRate told_;
  std::optional<Timestamp> first_packet_;
  std::optional<Timestamp> last_loss_;
  std::optional<Timestamp> last_told_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_REMB_SOURCE_H_

#include "rtp/receive/stream_demand.h"

#include <algorithm>

namespace sluice::rtp {

bool StreamDemand::Want(Timestamp now, bool wanted) {
  if (wanted_ == wanted) return false;
  wanted_ = wanted;
  retry_ = kFirstRetry;
  due_ = now;
  return true;
}

void StreamDemand::RecordBound(BitRate bound) {
  const bool flows = bound.bps() > 0;
  if (wanted_ == flows) due_.reset();
}

std::optional<BitRate> StreamDemand::Poll(Timestamp now) {
  if (!due_ || *due_ > now) return std::nullopt;
  due_ = now + retry_;
  retry_ = std::min(2 * retry_, kLastRetry);
  return wanted() ? kEverything : BitRate();
}

}  // namespace sluice::rtp

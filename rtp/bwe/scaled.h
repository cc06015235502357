// A share or a multiple of a rate.

#ifndef SLUICE_RTP_BWE_SCALED_H_
#define SLUICE_RTP_BWE_SCALED_H_

#include <cstdint>

#include "base/units.h"

namespace sluice::rtp::bwe {

// No path is faster. Keeps every product of a rate and a small factor far within 64 bits, whatever
// an application or a peer may ask for.
inline constexpr BitRate kFastest = BitRate::Kbps(100'000'000);

inline BitRate Scaled(BitRate rate, double factor) {
  return BitRate::Bps(static_cast<int64_t>(static_cast<double>(rate.bps()) * factor));
}

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_SCALED_H_

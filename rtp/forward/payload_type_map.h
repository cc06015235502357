// Which payload types a receiver accepts, and by which number it knows them.

#ifndef SLUICE_RTP_FORWARD_PAYLOAD_TYPE_MAP_H_
#define SLUICE_RTP_FORWARD_PAYLOAD_TYPE_MAP_H_

#include <array>
#include <cstdint>
#include <optional>

#include "base/ids.h"

namespace sluice::rtp {

// A table over all 128 numbers: one load per packet. What was not added is refused.
class PayloadTypeMap {
 public:
  constexpr PayloadTypeMap() { targets_.fill(kRefused); }

  // False, and nothing changes, if either number does not fit in seven bits.
  constexpr bool Add(PayloadType from, PayloadType to) {
    if (from.value() >= targets_.size() || to.value() >= targets_.size()) return false;
    targets_[from.value()] = to.value();
    return true;
  }
  constexpr bool Add(PayloadType same) { return Add(same, same); }

  constexpr std::optional<PayloadType> Find(PayloadType from) const {
    if (from.value() >= targets_.size()) return std::nullopt;
    const uint8_t target = targets_[from.value()];
    if (target == kRefused) return std::nullopt;
    return PayloadType(target);
  }

 private:
  static constexpr uint8_t kRefused = 0xff;  // No payload type: they have seven bits.
  std::array<uint8_t, 128> targets_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_PAYLOAD_TYPE_MAP_H_

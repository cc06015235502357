// Values as the control API has them, for all who describe something.

#ifndef SLUICE_WORKER_ENGINE_STATISTICS_VALUES_H_
#define SLUICE_WORKER_ENGINE_STATISTICS_VALUES_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/drop_reason.h"
#include "base/time.h"
#include "base/units.h"
#include "control-api/response.h"

namespace sluice::worker {

inline uint64_t Milliseconds(Timestamp time) {
  return static_cast<uint64_t>(time.time_since_epoch().count() / 1000);
}

// Rates of the control API have 32 bits; no transport of ours reaches 4 Gbit/s.
inline uint32_t Bps(BitRate rate) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(rate.bps(), 0, std::numeric_limits<uint32_t>::max()));
}

// Those that have counted something.
inline std::vector<std::unique_ptr<schema::DropCountT>> Describe(const DropCounters& counters) {
  std::vector<std::unique_ptr<schema::DropCountT>> list;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (counters[reason] == 0) continue;
    auto entry = std::make_unique<schema::DropCountT>();
    entry->reason = DropReasonName(reason);
    entry->packets = counters[reason];
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_STATISTICS_VALUES_H_

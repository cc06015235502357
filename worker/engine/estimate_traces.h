// Where what the bandwidth estimators are told is written down, if somebody wants to look into it.

#ifndef SLUICE_WORKER_ENGINE_ESTIMATE_TRACES_H_
#define SLUICE_WORKER_ENGINE_ESTIMATE_TRACES_H_

#include <string_view>

namespace sluice::worker {

class EstimateTraces {
 public:
  virtual ~EstimateTraces() = default;
  // Whole lines of rtp::BandwidthEstimator::TraceWriter, in order, about the transport of this id.
  virtual void Append(std::string_view transport, std::string_view lines) = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_ESTIMATE_TRACES_H_

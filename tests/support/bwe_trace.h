// What a bandwidth estimator was told, as rtp::bwe::TraceWriter writes it down, and the same
// decisions out of it again.

#ifndef SLUICE_TESTS_SUPPORT_BWE_TRACE_H_
#define SLUICE_TESTS_SUPPORT_BWE_TRACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/bandwidth_estimator.h"

namespace sluice::test {

// An estimator that remembers its decisions and, if asked to, what it was told.
class TracedEstimator {
 public:
  TracedEstimator(const rtp::BandwidthEstimator::Options& options, bool record);
  // The estimator knows where the writer is.
  TracedEstimator(const TracedEstimator&) = delete;
  TracedEstimator& operator=(const TracedEstimator&) = delete;

  void RecordSent(Timestamp now, const rtp::BandwidthEstimator::Sent& sent);
  void RecordFeedback(Timestamp now, const rtp::TransportFeedback& feedback);
  void RecordRemb(Timestamp now, BitRate bound);
  void RecordLoss(Timestamp now, uint8_t fraction_lost, uint32_t packets_expected);
  void RecordRoundTrip(Timestamp now, Duration round_trip);
  void SetBounds(Timestamp now, BitRate min, BitRate max);
  void SetDesired(Timestamp now, BitRate desired);
  void HandleTimeout(Timestamp now);
  std::optional<rtp::BandwidthEstimator::Probe> TakeProbe(Timestamp now);

  const rtp::BandwidthEstimator& get() const { return estimator_; }
  const std::vector<rtp::BandwidthEstimator::Decision>& decisions() const { return decisions_; }
  const std::string& trace() const { return trace_; }

 private:
  void TakeResults();

  rtp::bwe::TraceWriter writer_;
  rtp::BandwidthEstimator estimator_;
  std::string trace_;
  std::vector<rtp::BandwidthEstimator::Decision> decisions_;
};

struct BweReplay {
  std::vector<rtp::BandwidthEstimator::Decision> decisions;
  BitRate estimate;
  rtp::BandwidthEstimator::Stats stats;
};

// Tells a new estimator all of it, and one more for each further line of options. Nothing if a line
// makes no sense.
std::optional<BweReplay> ReplayBwe(std::string_view trace);

// One line, for people.
std::string Describe(const rtp::BandwidthEstimator::Decision& decision);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_TRACE_H_

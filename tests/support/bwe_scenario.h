// An experiment with the bandwidth estimator, as a plan, and what came of it.

#ifndef SLUICE_TESTS_SUPPORT_BWE_SCENARIO_H_
#define SLUICE_TESTS_SUPPORT_BWE_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "tests/support/bwe_bottleneck.h"
#include "tests/support/bwe_flow.h"
#include "tests/support/bwe_tcp.h"

namespace sluice::test {

struct BweScenario {
  struct Step {
    Duration at{0};
    BitRate rate;
  };
  struct Gap {
    Duration from{0};
    Duration to{0};
    bool stall = false;  // packets wait instead of getting lost
  };
  // Something that is told to the first flow's estimator.
  struct Event {
    Duration at{0};
    std::function<void(Timestamp, TracedEstimator&)> tell;
  };

  std::string name;
  std::string title;
  Duration length = std::chrono::seconds(120);
  std::vector<Step> capacity;
  std::vector<Step> reverse;  // empty: nothing is ever in the way
  BweBottleneck::Options link;
  std::vector<Gap> gaps;
  std::vector<BweFlow::Options> flows;
  std::vector<BweTcp::Options> tcps;
  std::vector<Event> events;
  // From when on the shares of flows are compared; nothing: they are not.
  std::optional<Duration> fair_from;
};

// Every 100 ms. Rates of media are those of IP packets, as are capacities; estimates are without
// UDP and IP, as the estimator's are.
struct BweSample {
  double at = 0;  // seconds
  double capacity = 0;
  double backlog = 0;  // ms
  struct Flow {
    double sent = 0;
    double arrived = 0;
    double estimate = 0;
    size_t layer = 0;
  };
  std::vector<Flow> flows;
  double tcp = 0;  // all of them together
};

// A time with one capacity.
struct BwePhase {
  double from = 0;
  double to = 0;
  double capacity = 0;
  // From the beginning until a second's mean reached 85 % of it; nothing: it never did.
  std::optional<double> converged;
  // From then on, of all flows together.
  double utilisation = 0;
  // From the beginning until the queue stayed under 100 ms; zero if it always was.
  double drained = 0;
  // From the beginning until half a second's mean reached 90 %.
  std::optional<double> full;
};

struct BweOutcome {
  BweScenario scenario;
  std::vector<BweSample> samples;
  std::vector<BwePhase> phases;
  // Waiting times of media packets at the bottleneck, ms.
  double queue_mean = 0;
  double queue_p95 = 0;
  double queue_max = 0;
  double loss = 0;             // share of media packets
  double utilisation = 0;      // of all phases, each after its convergence
  double convergence = 0;      // the slowest phase; of one that never did, its length
  std::vector<double> shares;  // mean kbit/s of each flow from fair_from on
  double least_share = 0;      // smallest over largest
  double tcp_share = 0;
  std::vector<BweFlow::Counts> counts;
  std::vector<std::vector<rtp::BandwidthEstimator::Decision>> decisions;
  std::vector<std::string> traces;
  std::vector<rtp::BandwidthEstimator::Stats> stats;
};

BweOutcome RunBweScenario(const BweScenario& scenario, uint64_t seed);

// The mean of something over a time, in seconds.
double MeanOf(const BweOutcome& outcome, double from, double to,
              const std::function<double(const BweSample&)>& value);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_SCENARIO_H_

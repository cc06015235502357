// RFC 8867 §5.1 to §5.8 with its constants: one way 50 ms, up to 30 ms of jitter, a drop-tail queue
// of 300 ms. What is asked of each is what people would notice: that the path is used, that nobody
// waits for a queue, that changes are followed soon, and that others get their share.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/bwe_catalogue.h"
#include "tests/support/bwe_scenario.h"

namespace sluice::test {
namespace {

using testing::Each;
using testing::Gt;

constexpr double kUtilisation = 0.85;
constexpr double kQueue = 100;    // ms, of 95 % of all packets
constexpr double kDrain = 2.5;    // seconds after a drop
constexpr double kRecovery = 12;  // seconds after a step up
constexpr double kFair = 0.8;     // the smaller share over the larger one

// Runs a test case with several seeds: jitter and frame sizes differ, claims do not.
class Rfc8867Test : public testing::TestWithParam<uint64_t> {
 protected:
  BweOutcome Conduct(const std::string& name) {
    return RunBweScenario(BweScenarioNamed(name), GetParam());
  }

  static void ExpectUsedWithoutQueue(const BweOutcome& outcome) {
    for (const BwePhase& phase : outcome.phases) {
      EXPECT_GE(phase.utilisation, kUtilisation) << "from " << phase.from << " s";
      EXPECT_TRUE(phase.converged) << "from " << phase.from << " s";
    }
    EXPECT_LT(outcome.queue_p95, kQueue);
  }

  static void ExpectChangesFollowed(const BweOutcome& outcome) {
    for (size_t i = 1; i < outcome.phases.size(); ++i) {
      const BwePhase& phase = outcome.phases[i];
      if (phase.capacity < outcome.phases[i - 1].capacity) {
        EXPECT_LT(phase.drained, kDrain) << "from " << phase.from << " s";
      } else {
        EXPECT_LT(phase.full.value_or(1000), kRecovery) << "from " << phase.from << " s";
      }
    }
  }

  // The mean rate of a flow between two times, in kbit/s.
  static double Rate(const BweOutcome& outcome, size_t flow, double from, double to) {
    return MeanOf(outcome, from, to,
                  [flow](const BweSample& sample) { return sample.flows[flow].arrived; });
  }
};

TEST_P(Rfc8867Test, OneFlowFollowsVariableCapacity) {
  const BweOutcome outcome = Conduct("rfc8867-5.1");
  ExpectUsedWithoutQueue(outcome);
  ExpectChangesFollowed(outcome);
  EXPECT_LT(outcome.loss, 0.01);
}

TEST_P(Rfc8867Test, TwoFlowsFollowVariableCapacityAndShareIt) {
  const BweOutcome outcome = Conduct("rfc8867-5.2");
  ExpectUsedWithoutQueue(outcome);
  ExpectChangesFollowed(outcome);
  // Five steps in two minutes leave little time to come to equal shares again.
  EXPECT_GE(outcome.least_share, 0.7);
}

TEST_P(Rfc8867Test, CongestedFeedbackDoesNotMislead) {
  const BweOutcome outcome = Conduct("rfc8867-5.3");
  ExpectUsedWithoutQueue(outcome);
  ExpectChangesFollowed(outcome);
  // The way back carries the other flow: 0.8 Mbit/s while both are congested.
  EXPECT_GT(Rate(outcome, 1, 45, 70), kUtilisation * 800);
}

TEST_P(Rfc8867Test, ThreeFlowsShareEvenly) {
  const BweOutcome outcome = Conduct("rfc8867-5.4");
  ExpectUsedWithoutQueue(outcome);
  EXPECT_GE(outcome.least_share, kFair);
}

TEST_P(Rfc8867Test, LongWaysGetTheirShare) {
  const BweOutcome outcome = Conduct("rfc8867-5.5");
  ExpectUsedWithoutQueue(outcome);
  EXPECT_GE(outcome.least_share, kFair);
}

// A TCP flow fills any queue, so the delay is not ours to judge.
TEST_P(Rfc8867Test, NeitherStarvesNextToALongTcpFlow) {
  const BweOutcome outcome = Conduct("rfc8867-5.6");
  EXPECT_GE(outcome.utilisation, kUtilisation);
  EXPECT_GT(outcome.shares[0], 0.3 * 2000);
  EXPECT_GT(outcome.tcp_share, 0.3 * 2000);
}

// Ten of them fetch 0.3 Mbit/s together, in bursts that fill the queue again and again.
TEST_P(Rfc8867Test, ShortTcpFlowsNeitherStarveMediaNorAreStarved) {
  const BweOutcome outcome = Conduct("rfc8867-5.7");
  EXPECT_THAT(outcome.shares, Each(Gt(400)));
  EXPECT_GE(outcome.least_share, kFair);
  EXPECT_GT(outcome.tcp_share, 200);
}

TEST_P(Rfc8867Test, ShareOfAFlowThatPausesIsTakenAndGivenBack) {
  const BweOutcome outcome = Conduct("rfc8867-5.8");
  ExpectUsedWithoutQueue(outcome);
  // While one pauses the other two have the path for themselves.
  EXPECT_GT(Rate(outcome, 0, 50, 60) + Rate(outcome, 2, 50, 60), kUtilisation * 3500);
  EXPECT_GT(Rate(outcome, 1, 70, 80), 0.5 * 3500 / 3);
  EXPECT_GE(outcome.least_share, kFair);
}

// Not of the RFC: two flows, as long as it takes.
TEST_P(Rfc8867Test, TwoFlowsShareASteadyPathEvenly) {
  const BweOutcome outcome = Conduct("two-flows");
  ExpectUsedWithoutQueue(outcome);
  EXPECT_GE(outcome.least_share, kFair);
}

// What a conference meets when somebody else begins to download.
TEST_P(Rfc8867Test, DropToAQuarterIsOverSoonAndTheRestIsFoundAgain) {
  const BweOutcome outcome = Conduct("drop-to-quarter");
  ExpectUsedWithoutQueue(outcome);
  ExpectChangesFollowed(outcome);
}

// The queue is as long as before the drop: it would hold more than a second and a half.
TEST_P(Rfc8867Test, DropToAQuarterBeforeADeepQueueIsOverSoon) {
  const BweOutcome outcome = Conduct("drop-to-quarter-deep");
  ExpectUsedWithoutQueue(outcome);
  EXPECT_LT(outcome.phases[1].drained, 3);
  EXPECT_LT(outcome.phases[2].full.value_or(1000), kRecovery);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Rfc8867Test, testing::Values(1, 2, 3));

}  // namespace
}  // namespace sluice::test

// The conditions under which libwebrtc tests its own estimator, and those that an SFU meets because
// it sends layers rather than what an encoder makes to measure.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/bwe_catalogue.h"
#include "tests/support/bwe_scenario.h"
#include "tests/support/bwe_trace.h"

namespace sluice::test {
namespace {

using Reason = rtp::BandwidthEstimator::Reason;

BweOutcome Conduct(const std::string& name, uint64_t seed = 1) {
  return RunBweScenario(BweScenarioNamed(name), seed);
}

// Of the first flow, in kbit/s.
double MeanEstimate(const BweOutcome& outcome, double from, double to) {
  return MeanOf(outcome, from, to,
                [](const BweSample& sample) { return sample.flows[0].estimate; });
}

double LeastEstimate(const BweOutcome& outcome, double from, double to) {
  double least = 1e9;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at > from && sample.at <= to) least = std::min(least, sample.flows[0].estimate);
  }
  return least;
}

double LargestEstimate(const BweOutcome& outcome, double from, double to) {
  double largest = 0;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at > from && sample.at <= to) largest = std::max(largest, sample.flows[0].estimate);
  }
  return largest;
}

// Seconds from `from` until the estimate was at least `kbps`.
double TimeUntil(const BweOutcome& outcome, double from, double kbps) {
  for (const BweSample& sample : outcome.samples) {
    if (sample.at > from && sample.flows[0].estimate >= kbps) return sample.at - from;
  }
  return 1e9;
}

// Seconds from `from` until the layer flowed.
double TimeUntilLayer(const BweOutcome& outcome, double from, size_t layer) {
  for (const BweSample& sample : outcome.samples) {
    if (sample.at > from && sample.flows[0].layer == layer) return sample.at - from;
  }
  return 1e9;
}

int LayerChanges(const BweOutcome& outcome, double from, double to) {
  int changes = 0;
  size_t last = 99;
  for (const BweSample& sample : outcome.samples) {
    if (sample.at <= from || sample.at > to) continue;
    changes += last != 99 && sample.flows[0].layer != last;
    last = sample.flows[0].layer;
  }
  return changes;
}

TEST(BandwidthConditionsTest, HoldsASlowAFasterAndAVerySlowLink) {
  const BweOutcome outcome = Conduct("webrtc-staircase");
  EXPECT_NEAR(MeanEstimate(outcome, 20, 25), 450, 100);
  EXPECT_NEAR(MeanEstimate(outcome, 40, 45), 750, 150);
  EXPECT_NEAR(MeanEstimate(outcome, 85, 95), 90, 25);
}

TEST(BandwidthConditionsTest, RembCapHoldsAtOnceAndIsLeftBehindSoon) {
  const BweOutcome outcome = Conduct("webrtc-remb-cap");
  EXPECT_LE(LargestEstimate(outcome, 21, 30), 250);
  EXPECT_GE(LeastEstimate(outcome, 21, 30), 245);
  EXPECT_LT(TimeUntil(outcome, 30, 1500), 10);
}

TEST(BandwidthConditionsTest, TenPercentRandomLossOnALongWayIsBorne) {
  const BweOutcome outcome = Conduct("webrtc-loss-10");
  EXPECT_GT(LeastEstimate(outcome, 5, 120), 100);
  EXPECT_GT(outcome.utilisation, 0.8);
}

TEST(BandwidthConditionsTest, TwentyPercentRandomLossCausesNoDips) {
  const BweOutcome outcome = Conduct("webrtc-loss-20");
  EXPECT_GT(LeastEstimate(outcome, 5, 120), 100);
}

TEST(BandwidthConditionsTest, FivePercentRandomLossLeavesTheLinkInUse) {
  EXPECT_GT(Conduct("webrtc-loss-5").utilisation, 0.85);
}

TEST(BandwidthConditionsTest, EstimateIsLowWhileNothingMoves) {
  const BweOutcome outcome = Conduct("webrtc-stall");
  EXPECT_LT(LargestEstimate(outcome, 24, 30), 40);
  EXPECT_LT(TimeUntil(outcome, 30, 1500), 15);
}

TEST(BandwidthConditionsTest, BlackoutOfThreeSecondsIsMadeUpForSoon) {
  EXPECT_LT(TimeUntil(Conduct("blackout-3s"), 23, 1500), 3);
}

TEST(BandwidthConditionsTest, LeavesRoomForTcpOnASlowLink) {
  const BweOutcome outcome = Conduct("webrtc-tcp");
  EXPECT_LT(MeanEstimate(outcome, 30, 120), 750);
  EXPECT_GT(MeanEstimate(outcome, 30, 120), 200);
}

TEST(BandwidthConditionsTest, ShortQueuesAreUsedWithLittleLoss) {
  const BweOutcome of_32 = Conduct("webrtc-short-queue");
  EXPECT_GT(of_32.utilisation, 0.85);
  EXPECT_LT(of_32.loss, 0.02);
  const BweOutcome of_10 = Conduct("webrtc-shorter-queue");
  EXPECT_GT(of_10.utilisation, 0.85);
  EXPECT_LT(of_10.loss, 0.03);
}

TEST(BandwidthConditionsTest, VideoThatStopsLeavesTheEstimateWhereItWas) {
  const BweOutcome outcome = Conduct("webrtc-video-stops");
  EXPECT_GT(LeastEstimate(outcome, 31, 50), 1000);
}

TEST(BandwidthConditionsTest, TopLayerIsBackSoonAfterAStepUp) {
  for (const uint64_t seed : {1, 2, 3}) {
    const BweOutcome outcome = Conduct("layers-steps", seed);
    EXPECT_LT(TimeUntilLayer(outcome, 0, 2), 3) << seed;
    EXPECT_LT(TimeUntilLayer(outcome, 30, 0), 2) << seed;
    EXPECT_LT(TimeUntilLayer(outcome, 60, 2), 15) << seed;
  }
}

TEST(BandwidthConditionsTest, LayersDoNotFlapOnSteadyLinks) {
  for (const char* name : {"layers-300k", "layers-600k", "layers-1500k"}) {
    EXPECT_LE(LayerChanges(Conduct(name), 30, 90), 1) << name;
  }
}

TEST(BandwidthConditionsTest, LowLayerAloneDoesNotHideThePathToTheNext) {
  // 150 kbit/s flow at the start; 500 are found and kept on 1.5 Mbit/s.
  const BweOutcome outcome = Conduct("layers-1500k");
  EXPECT_LT(TimeUntilLayer(outcome, 0, 1), 5);
  EXPECT_GT(LeastEstimate(outcome, 10, 90), 600);
}

TEST(BandwidthConditionsTest, JitterOutOfOrderDoesNotCostTheTopLayer) {
  const BweOutcome outcome = Conduct("layers-jitter");
  EXPECT_LT(TimeUntilLayer(outcome, 0, 2), 10);
  EXPECT_LE(LayerChanges(outcome, 10, 90), 1);
}

TEST(BandwidthConditionsTest, LossDoesNotCostTheTopLayer) {
  const BweOutcome five = Conduct("layers-loss");
  EXPECT_LT(TimeUntilLayer(five, 0, 2), 10);
  EXPECT_LE(LayerChanges(five, 10, 90), 1);
  // A test of what loss depends on costs a layer for two seconds.
  EXPECT_LE(LayerChanges(Conduct("layers-loss-10"), 10, 90), 2);
}

TEST(BandwidthConditionsTest, TopLayerIsBackSoonAfterABlackout) {
  EXPECT_LT(TimeUntilLayer(Conduct("layers-blackout"), 33.5, 2), 5);
}

TEST(BandwidthConditionsTest, TraceGivesTheSameDecisionsBitForBit) {
  for (const char* name : {"rfc8867-5.1", "layers-steps", "webrtc-remb-cap", "blackout-3s"}) {
    BweScenario scenario = BweScenarioNamed(name);
    scenario.flows[0].record = true;
    const BweOutcome outcome = RunBweScenario(scenario, 5);
    const auto replay = ReplayBwe(outcome.traces[0]);
    ASSERT_TRUE(replay) << name;
    EXPECT_GT(replay->decisions.size(), 10u) << name;
    EXPECT_TRUE(replay->decisions == outcome.decisions[0]) << name;
    EXPECT_EQ(replay->stats.packets_acked, outcome.stats[0].packets_acked) << name;
  }
}

TEST(BandwidthConditionsTest, AnotherSeedIsAnotherHistory) {
  const BweScenario scenario = BweScenarioNamed("drop-to-quarter");
  EXPECT_FALSE(RunBweScenario(scenario, 1).decisions == RunBweScenario(scenario, 2).decisions);
  EXPECT_TRUE(RunBweScenario(scenario, 1).decisions == RunBweScenario(scenario, 1).decisions);
}

TEST(BandwidthConditionsTest, DecisionsSayWhyTheyWereTaken) {
  const BweOutcome outcome = Conduct("drop-to-quarter");
  const auto& decisions = outcome.decisions[0];
  const auto of = [&](Reason reason) {
    return std::count_if(decisions.begin(), decisions.end(),
                         [reason](const auto& decision) { return decision.reason == reason; });
  };
  EXPECT_EQ(of(Reason::kStart), 1);
  EXPECT_GT(of(Reason::kOveruse) + of(Reason::kStandingQueue), 3);
  EXPECT_GT(of(Reason::kProbe), 1);
  EXPECT_GT(of(Reason::kGrowthNearLimit), 3);
}

}  // namespace
}  // namespace sluice::test

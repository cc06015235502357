#include "tests/support/bwe_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/bwe_feedback.h"

namespace sluice::test {
namespace {

using rtp::BandwidthEstimator;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::StartsWith;

constexpr Timestamp kStart = Timestamp() + seconds(5);

TEST(BweTraceTest, EveryKindOfFactIsWrittenAndRead) {
  TracedEstimator traced({}, true);
  traced.SetDesired(kStart, BitRate::Kbps(2000));
  traced.SetBounds(kStart, BitRate::Kbps(50), BitRate::Kbps(5000));
  traced.RecordSent(kStart, {7, 1200, BandwidthEstimator::Use::kAudio, 0});
  const BweFeedback feedback(7, {{7, kStart}});
  traced.RecordFeedback(kStart + milliseconds(50), feedback.get());
  traced.RecordRoundTrip(kStart + milliseconds(60), milliseconds(40));
  traced.TakeProbe(kStart + milliseconds(70));
  traced.RecordRemb(kStart + milliseconds(80), BitRate::Kbps(300));
  traced.RecordLoss(kStart + milliseconds(90), 20, 100);
  traced.HandleTimeout(kStart + seconds(3));
  EXPECT_THAT(traced.trace(),
              StartsWith("options 600000 30000 100000000\ndesired 5000000 2000000\n"));

  const auto replay = ReplayBwe(traced.trace());
  ASSERT_TRUE(replay);
  EXPECT_TRUE(replay->decisions == traced.decisions());
  EXPECT_EQ(replay->estimate, traced.get().estimate());
  EXPECT_EQ(replay->stats.packets_acked, 1u);
  EXPECT_EQ(replay->stats.probes, 1u);
}

TEST(BweTraceTest, WithoutRecordingNothingIsKept) {
  TracedEstimator traced({}, false);
  traced.RecordRemb(kStart, BitRate::Kbps(300));
  EXPECT_EQ(traced.trace(), "");
  EXPECT_FALSE(traced.decisions().empty());
}

TEST(BweTraceTest, WhatIsNoTraceIsRefused) {
  EXPECT_FALSE(ReplayBwe(""));
  EXPECT_FALSE(ReplayBwe("sent 1 2 3 0 0\n"));
  EXPECT_FALSE(ReplayBwe("options 1 2\n"));
  EXPECT_FALSE(ReplayBwe("options 600000 30000 1000000\nsend 1\n"));
  EXPECT_FALSE(ReplayBwe("options 600000 30000 1000000\nremb 5\n"));
  EXPECT_FALSE(ReplayBwe("options 600000 30000 1000000\nfeedback 5 00ff\n"));
  EXPECT_TRUE(ReplayBwe("options 600000 30000 1000000\n"));
}

TEST(BweTraceTest, DecisionIsALineForPeople) {
  BandwidthEstimator::Decision decision;
  decision.at = kStart;
  decision.reason = BandwidthEstimator::Reason::kOveruse;
  decision.before = BitRate::Kbps(2000);
  decision.after = BitRate::Kbps(1500);
  EXPECT_THAT(Describe(decision), testing::HasSubstr("overuse"));
  EXPECT_THAT(Describe(decision), testing::HasSubstr("2000 ->    1500 kbit/s"));
}

}  // namespace
}  // namespace sluice::test

#include "rtp/bwe/probe_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(50);

class ProbeControllerTest : public testing::Test {
 protected:
  ProbeControllerTest() {
    facts_.estimate = BitRate::Kbps(500);
    facts_.max = BitRate::Kbps(100'000);
    facts_.calm = true;
    facts_.limited = true;
    controller_.SetDesired(BitRate::Kbps(4000));
  }

  // The rate of the probe that is due, or zero.
  int64_t Take(Timestamp now) {
    const auto plan = controller_.Take(now, facts_);
    return plan ? plan->rate.bps() / 1000 : 0;
  }

  ProbeController controller_;
  ProbeController::Facts facts_;
};

TEST_F(ProbeControllerTest, FirstProbeIsThreeTimesTheEstimate) { EXPECT_EQ(Take(kStart), 1500); }

TEST_F(ProbeControllerTest, OneAtATime) {
  EXPECT_NE(Take(kStart), 0);
  EXPECT_EQ(Take(kStart + seconds(100)), 0);
}

TEST_F(ProbeControllerTest, SuccessIsFollowedUpAtOnce) {
  Take(kStart);
  controller_.RecordResult(kStart + milliseconds(200), true);
  facts_.estimate = BitRate::Kbps(1400);
  EXPECT_EQ(Take(kStart + milliseconds(200)), 2800);
}

TEST_F(ProbeControllerTest, FailuresComeLessAndLessOften) {
  Timestamp now = kStart;
  std::vector<Duration> waits;
  for (int i = 0; i < 6; ++i) {
    ASSERT_NE(Take(now), 0);
    controller_.RecordResult(now, false);
    const auto next = controller_.NextTimeout(facts_);
    ASSERT_TRUE(next);
    waits.push_back(*next - now);
    now = *next;
  }
  EXPECT_EQ(waits.front(), ProbeController::kInterval);
  EXPECT_EQ(waits.back(), ProbeController::kMaxInterval);
  EXPECT_TRUE(std::is_sorted(waits.begin(), waits.end()));
}

TEST_F(ProbeControllerTest, NothingBeyondWhatIsDesiredAndAQuarter) {
  controller_.SetDesired(BitRate::Kbps(800));
  EXPECT_EQ(Take(kStart), 1000);
}

TEST_F(ProbeControllerTest, NothingAtAllOnceThatIsKnownToFit) {
  controller_.SetDesired(BitRate::Kbps(440));
  EXPECT_EQ(Take(kStart), 0);
  EXPECT_FALSE(controller_.NextTimeout(facts_));
}

TEST_F(ProbeControllerTest, NothingWithoutDesire) {
  controller_.SetDesired(BitRate());
  EXPECT_EQ(Take(kStart), 0);
}

TEST_F(ProbeControllerTest, NothingBeyondTheBound) {
  facts_.max = BitRate::Kbps(700);
  EXPECT_EQ(Take(kStart), 700);
}

TEST_F(ProbeControllerTest, NothingWhileThePathIsNotCalm) {
  facts_.calm = false;
  EXPECT_EQ(Take(kStart), 0);
  EXPECT_FALSE(controller_.NextTimeout(facts_));
}

TEST_F(ProbeControllerTest, WhoSendsAllThatIsAllowedWaitsLongerAfterACut) {
  Take(kStart);
  controller_.RecordResult(kStart, true);
  controller_.RecordCut(kStart);
  const auto limited = controller_.NextTimeout(facts_);
  facts_.limited = false;
  EXPECT_LT(limited, controller_.NextTimeout(facts_));
}

TEST_F(ProbeControllerTest, AskingIsHeardAtOnceAndWithTheRateThatWas) {
  Take(kStart);
  controller_.RecordResult(kStart, false);
  controller_.Ask(kStart + milliseconds(100), BitRate::Kbps(3000));
  EXPECT_EQ(Take(kStart + milliseconds(100)), 3000);
}

TEST_F(ProbeControllerTest, WhatGotLostIsRepeatedSoonButNotForEver) {
  controller_.Ask(kStart, BitRate::Kbps(3000));
  Timestamp now = kStart;
  for (int i = 0; i < ProbeController::kMaxLost; ++i) {
    EXPECT_EQ(Take(now), 3000);
    controller_.RecordLost(now);
    now += ProbeController::kAfterLost;
  }
  EXPECT_EQ(Take(now), 3000);
  controller_.RecordLost(now);
  EXPECT_EQ(Take(now + ProbeController::kAfterLost), 0);
  EXPECT_EQ(controller_.NextTimeout(facts_), now + ProbeController::kInterval);
  EXPECT_EQ(Take(now + ProbeController::kInterval), 750) << "carefully";
  controller_.RecordResult(now, true);
  Take(now);
  controller_.RecordLost(now);
  EXPECT_EQ(controller_.NextTimeout(facts_), now + ProbeController::kAfterLost)
      << "a result in between counts anew";
}

TEST_F(ProbeControllerTest, JitterMakesProbesLonger) {
  EXPECT_EQ(controller_.Take(kStart, facts_)->span, ProbeController::kSpan);
  controller_.RecordResult(kStart, true);
  facts_.jitter = milliseconds(9);
  EXPECT_EQ(controller_.Take(kStart, facts_)->span, milliseconds(90));
  controller_.RecordResult(kStart, true);
  facts_.jitter = seconds(3);
  EXPECT_EQ(controller_.Take(kStart, facts_)->span, ProbeController::kMaxSpan);
}

TEST_F(ProbeControllerTest, WheneverATimeoutIsDueThereIsAProbe) {
  // Otherwise the timer would be due for ever.
  for (int64_t desired = 100; desired < 3000; desired += 7) {
    ProbeController controller;
    controller.SetDesired(BitRate::Kbps(desired));
    const auto due = controller.NextTimeout(facts_);
    if (!due) continue;
    EXPECT_TRUE(controller.Take(std::max(*due, kStart), facts_)) << desired;
  }
}

}  // namespace
}  // namespace sluice::rtp::bwe

#include "rtp/bwe/aimd_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kStep = milliseconds(100);

class AimdRateTest : public testing::Test {
 protected:
  AimdRateTest() {
    facts_.now = Timestamp() + seconds(50);
    facts_.response = milliseconds(200);
  }

  // One feedback later. What is sent is the rate, and all of it arrives, up to the capacity.
  std::optional<AimdRate::Change> Update() {
    facts_.now += kStep;
    if (follows_) {
      facts_.sent = facts_.sent_then = aimd_.rate();
      facts_.acked = facts_.acked_lately = std::min(aimd_.rate(), capacity_);
    }
    facts_.sent_at = facts_.now - facts_.response / 2;
    facts_.queue_ahead = facts_.queue;
    return aimd_.Update(facts_);
  }
  void Run(Duration span) {
    for (Duration i{0}; i < span; i += kStep) Update();
  }
  double Kbps() const { return static_cast<double>(aimd_.rate().bps()) / 1000; }

  AimdRate aimd_{BitRate::Kbps(1000)};
  AimdRate::Facts facts_;
  BitRate capacity_ = BitRate::Kbps(100'000);
  bool follows_ = true;
};

TEST_F(AimdRateTest, GrowsByATenthASecondFarFromCongestion) {
  Run(seconds(1) + kStep);
  EXPECT_NEAR(Kbps(), 1105, 10);
}

TEST_F(AimdRateTest, DoesNotGrowBeyondHalfMoreThanArrives) {
  follows_ = false;
  facts_.acked = facts_.acked_lately = facts_.sent = BitRate::Kbps(800);
  Run(seconds(60));
  EXPECT_NEAR(Kbps(), 1210, 1);
}

TEST_F(AimdRateTest, DoesNotGrowWhileSomethingElseObjects) {
  facts_.may_grow = false;
  Run(seconds(10));
  EXPECT_EQ(Kbps(), 1000);
}

TEST_F(AimdRateTest, DoesNotGrowOnTopOfAQueue) {
  facts_.queue = milliseconds(25);
  Run(seconds(5));
  EXPECT_EQ(Kbps(), 1000);
}

TEST_F(AimdRateTest, PauseIsNotGrowth) {
  Run(kStep);
  facts_.now += seconds(60);
  Update();
  EXPECT_LT(Kbps(), 1100);
}

TEST_F(AimdRateTest, RisingDelayCutsToAShareOfWhatArrives) {
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(20);
  capacity_ = BitRate::Kbps(900);
  const auto change = Update();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kOveruse);
  EXPECT_NEAR(Kbps(), 0.85 * 900, 20);
}

// A key frame in a stream that is slow otherwise: over half a second little arrives, but while it
// queues it arrives as fast as the path carries.
TEST_F(AimdRateTest, BurstThatQueuesTellsWhatThePathCarries) {
  follows_ = false;
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(15);
  facts_.sent = facts_.sent_then = BitRate::Kbps(850);
  facts_.acked = facts_.acked_lately = BitRate::Kbps(600);
  facts_.acked_busy = BitRate::Kbps(980);
  ASSERT_TRUE(Update());
  EXPECT_NEAR(Kbps(), 0.85 * 980, 20);
}

TEST_F(AimdRateTest, RisingDelayWithoutAQueueIsJitter) {
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(4);
  Run(seconds(5));
  EXPECT_EQ(Kbps(), 1000);
}

TEST_F(AimdRateTest, QueueWithinJitterIsNone) {
  facts_.jitter = milliseconds(20);
  facts_.queue = milliseconds(45);
  Run(seconds(2));
  EXPECT_EQ(Kbps(), 1000);
}

TEST_F(AimdRateTest, LongQueueCutsWithoutATrend) {
  facts_.queue = milliseconds(40);
  EXPECT_FALSE(Update()) << "it may be a moment in which nothing moves";
  const auto change = Update();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kStandingQueue);
}

TEST_F(AimdRateTest, LongerQueueCutsDeeper) {
  facts_.queue = milliseconds(400);
  Update();
  Update();
  EXPECT_NEAR(Kbps(), 600, 20);
}

TEST_F(AimdRateTest, CutHasTimeToTakeEffect) {
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(50);
  Update();
  const double after = Kbps();
  Update();
  EXPECT_EQ(Kbps(), after);
}

// On a path whose round trip has grown with its queue, it takes longer than the response that was
// known until packets come back that were sent after the cut.
TEST_F(AimdRateTest, CutIsNotRepeatedForWhatWasSentBeforeIt) {
  follows_ = false;
  facts_.acked = facts_.acked_lately = facts_.sent = facts_.sent_then = BitRate::Kbps(400);
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(100);
  Update();
  const double after = Kbps();
  const Timestamp cut = facts_.now;
  for (int i = 0; i < 10; ++i) {
    facts_.now += kStep;
    facts_.sent_at = cut - milliseconds(1);
    facts_.queue += milliseconds(20);
    aimd_.Update(facts_);
  }
  EXPECT_EQ(Kbps(), after);
  // Unless the path carries even less than was thought.
  facts_.acked = facts_.acked_lately = BitRate::Kbps(200);
  facts_.now += kStep;
  aimd_.Update(facts_);
  EXPECT_LT(Kbps(), after);
}

TEST_F(AimdRateTest, MomentInWhichNothingMovesCostsNothing) {
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(90);
  capacity_ = BitRate::Kbps(700);
  ASSERT_TRUE(Update());
  EXPECT_LT(Kbps(), 700);
  // What stood still has come, all of it sent before the cut.
  facts_.now += milliseconds(80);
  facts_.usage = Usage::kNormal;
  facts_.queue = milliseconds(1);
  const auto change = aimd_.Update(facts_);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kPassed);
  EXPECT_EQ(Kbps(), 1000);
}

TEST_F(AimdRateTest, QueueThatTakesLongerToGoWasOne) {
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(90);
  capacity_ = BitRate::Kbps(700);
  ASSERT_TRUE(Update());
  facts_.now += milliseconds(160);
  facts_.usage = Usage::kNormal;
  facts_.queue = milliseconds(1);
  aimd_.Update(facts_);
  EXPECT_LT(Kbps(), 900);
}

TEST_F(AimdRateTest, WhoSendsFarLessThanTheRateHasNotMetALimit) {
  follows_ = false;
  facts_.limited = true;
  facts_.sent = facts_.sent_then = BitRate::Kbps(250);
  facts_.acked = facts_.acked_lately = BitRate::Kbps(190);
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(30);
  Update();
  EXPECT_NEAR(Kbps(), 850, 5);
  EXPECT_FALSE(aimd_.limit());
}

TEST_F(AimdRateTest, WhatIsSentBeyondTheRateAndArrivesDoesNotLowerIt) {
  aimd_.Set(BitRate::Kbps(150));
  follows_ = false;
  facts_.acked = facts_.acked_lately = facts_.sent = facts_.sent_then = BitRate::Kbps(260);
  facts_.queue = milliseconds(50);
  facts_.usage = Usage::kOver;
  Run(seconds(3));
  EXPECT_GE(Kbps(), 150);
}

TEST_F(AimdRateTest, RateOfAnEmptyQueueIsBackOnceItIsEmpty) {
  facts_.queue = milliseconds(400);
  Update();
  for (int queue = 380; queue > 20; queue -= 40) {
    facts_.queue = milliseconds(queue);
    Update();
  }
  facts_.queue = milliseconds(2);
  const auto change = Update();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kDrained);
  EXPECT_NEAR(Kbps(), 850, 20);
}

TEST_F(AimdRateTest, GrowsCarefullyWhereCongestionWasMet) {
  aimd_.Set(BitRate::Kbps(4000));
  facts_.queue = milliseconds(40);
  Update();
  Update();
  facts_.queue = Duration(0);
  Update();  // drained
  const double before = Kbps();
  const auto change = Update();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kGrowthNearLimit);
  EXPECT_NEAR(Kbps() - before, 10, 1);  // 100 kbit/s a second
}

TEST_F(AimdRateTest, LimitIsGoneOnceMoreHasArrived) {
  facts_.queue = milliseconds(40);
  Update();
  Update();
  EXPECT_TRUE(aimd_.limit());
  facts_.queue = Duration(0);
  Run(seconds(8));
  EXPECT_FALSE(aimd_.limit());
}

// Somebody's queue, whatever we do: two cuts, and no more.
TEST_F(AimdRateTest, QueueThatTakesNoNoticeIsForeign) {
  facts_.queue = milliseconds(200);
  Run(seconds(5));
  EXPECT_TRUE(aimd_.foreign_queue());
  EXPECT_GT(Kbps(), 400);
}

TEST_F(AimdRateTest, NextToAForeignQueueTheRateGrowsUntilPacketsGetLost) {
  facts_.queue = milliseconds(200);
  Run(seconds(5));
  const double before = Kbps();
  Run(seconds(2));
  EXPECT_GT(Kbps(), before);
  facts_.lost = true;
  const double grown = Kbps();
  const auto change = Update();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reason, Reason::kForeignLoss);
  EXPECT_NEAR(Kbps(), AimdRate::kForeignCut * grown, 30);
}

TEST_F(AimdRateTest, ForeignQueueThatIsGoneIsForgotten) {
  facts_.queue = milliseconds(200);
  Run(seconds(5));
  facts_.queue = milliseconds(5);
  Run(milliseconds(800));
  EXPECT_TRUE(aimd_.foreign_queue());
  Run(milliseconds(800));
  EXPECT_FALSE(aimd_.foreign_queue());
}

TEST_F(AimdRateTest, QueueThatCutsShortenIsOurs) {
  for (int queue = 300; queue > 30; queue -= 10) {
    facts_.queue = milliseconds(queue);
    Update();
  }
  EXPECT_FALSE(aimd_.foreign_queue());
}

// Sending 300 of 1,000: that is no measure of the path.
TEST_F(AimdRateTest, LittleInUseIsCutByAShareOfTheEstimate) {
  follows_ = false;
  facts_.sent = facts_.acked = facts_.acked_lately = BitRate::Kbps(300);
  facts_.limited = true;
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(30);
  Update();
  EXPECT_NEAR(Kbps(), 850, 10);
  EXPECT_FALSE(aimd_.limit());
}

TEST_F(AimdRateTest, LittleInUseThatDoesNotArriveIsAMeasure) {
  follows_ = false;
  facts_.sent = BitRate::Kbps(600);
  facts_.acked = facts_.acked_lately = BitRate::Kbps(300);
  facts_.limited = true;
  facts_.usage = Usage::kOver;
  facts_.queue = milliseconds(30);
  Update();
  EXPECT_LT(Kbps(), 300);
}

TEST_F(AimdRateTest, OneLowMeasurementDoesNotLowerTheLimit) {
  aimd_.RecordLimit(BitRate::Kbps(2000));
  aimd_.RecordLimit(BitRate::Kbps(500));
  EXPECT_EQ(aimd_.limit(), BitRate::Kbps(2000));
  aimd_.RecordLimit(BitRate::Kbps(500));
  EXPECT_EQ(aimd_.limit(), BitRate::Kbps(500));
}

}  // namespace
}  // namespace sluice::rtp::bwe

#include "rtp/bwe/feedback_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/bwe_feedback.h"

namespace sluice::rtp::bwe {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BweFeedback;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Timestamp kStart = Timestamp() + seconds(1000);
// The receiver's clock.
constexpr Timestamp kThere = Timestamp() + seconds(77);

class FeedbackAdapterTest : public testing::Test {
 protected:
  // Packets numbered from `first`, a millisecond apart.
  void Send(uint16_t first, int count, Timestamp from = kStart) {
    for (int i = 0; i < count; ++i) {
      adapter_.RecordSent(from + milliseconds(i), static_cast<uint16_t>(first + i), 1000, 0);
    }
  }

  std::vector<AckedPacket> Receive(Timestamp now, const BweFeedback& feedback) {
    same_clock_ = adapter_.FollowClock(now, feedback.get());
    std::vector<AckedPacket> packets;
    adapter_.Receive(feedback.get(), [&](const AckedPacket& packet) { packets.push_back(packet); });
    return packets;
  }

  FeedbackAdapter adapter_;
  bool same_clock_ = true;
};

TEST_F(FeedbackAdapterTest, PairsWhenAPacketLeftWithWhenItArrived) {
  adapter_.RecordSent(kStart, 7, 1200, 3);
  const auto packets = Receive(kStart + milliseconds(90), BweFeedback(7, {{7, kThere}}));
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_EQ(packets[0].sent, kStart);
  EXPECT_EQ(packets[0].arrival, kThere.time_since_epoch());
  EXPECT_EQ(packets[0].bytes, 1200u);
  EXPECT_EQ(packets[0].probe, 3u);
}

TEST_F(FeedbackAdapterTest, NumbersWrap) {
  Send(65'534, 4);
  const auto packets = Receive(
      kStart + milliseconds(90),
      BweFeedback(65'534,
                  {{65'534, kThere}, {65'535, kThere}, {65'536, kThere}, {65'537, kThere}}));
  EXPECT_THAT(packets, SizeIs(4));
}

TEST_F(FeedbackAdapterTest, APacketIsAcknowledgedOnce) {
  Send(1, 2);
  const BweFeedback feedback(1, {{1, kThere}, {2, kThere}});
  EXPECT_THAT(Receive(kStart, feedback), SizeIs(2));
  EXPECT_THAT(Receive(kStart, feedback), IsEmpty());
  EXPECT_EQ(adapter_.counts().duplicates, 2u);
}

TEST_F(FeedbackAdapterTest, WhatNeverLeftIsNotAcknowledged) {
  EXPECT_THAT(Receive(kStart, BweFeedback(1, {{1, kThere}})), IsEmpty());
  Send(100, 1);
  EXPECT_THAT(Receive(kStart, BweFeedback(99, {{99, kThere}, {101, kThere}})), IsEmpty());
  EXPECT_EQ(adapter_.counts().unknown, 3u);
}

TEST_F(FeedbackAdapterTest, MissingPacketIsLostOnceLaterOnesArrived) {
  Send(1, 200);
  Receive(kStart, BweFeedback(1, {{1, kThere}, {3, kThere}}));
  // Packet 2 might still come.
  EXPECT_EQ(adapter_.TakeSettled().lost, 0);
  Receive(kStart, BweFeedback(150, {{150, kThere}}));
  const auto settled = adapter_.TakeSettled();
  EXPECT_EQ(settled.lost, 1);
  EXPECT_EQ(settled.received, 2);
}

TEST_F(FeedbackAdapterTest, NamesWhatIsMissingOnce) {
  for (uint16_t i = 1; i <= 5; ++i) adapter_.RecordSent(kStart, i, 100, 0, i == 3 ? 0 : i + 70u);
  Receive(kStart, BweFeedback(1, {{1, kThere}, {5, kThere}}));
  EXPECT_THAT(adapter_.missing(), ElementsAre(72, 74)) << "the third has no name";
  Receive(kStart, BweFeedback(1, {{1, kThere}, {5, kThere}}));
  EXPECT_THAT(adapter_.missing(), IsEmpty());
  EXPECT_EQ(adapter_.counts().late, 0u);
  Receive(kStart, BweFeedback(4, {{4, kThere}}));
  EXPECT_EQ(adapter_.counts().late, 1u);
}

TEST_F(FeedbackAdapterTest, NamesOfWhatIsMissingAreBounded) {
  constexpr int kMost = FeedbackAdapter::kMaxMissing;
  for (int i = 0; i < kMost + 12; ++i) {
    adapter_.RecordSent(kStart, static_cast<uint16_t>(i), 100, 0, 1);
  }
  Receive(kStart, BweFeedback(0, {{kMost + 11, kThere}}));
  EXPECT_THAT(adapter_.missing(), SizeIs(kMost));
  EXPECT_EQ(adapter_.counts().unnamed, 11u);
}

TEST_F(FeedbackAdapterTest, LossBeforeAMomentThatExplainsItIsNotTold) {
  Send(1, 200);
  adapter_.SettleFrom(kStart + milliseconds(20));
  Receive(kStart, BweFeedback(1, {{1, kThere}, {3, kThere}, {50, kThere}, {199, kThere}}));
  const auto settled = adapter_.TakeSettled();
  EXPECT_EQ(settled.received, 1);  // 50; of 21 to 99 the others did not arrive
  EXPECT_EQ(settled.lost, 78);
  EXPECT_EQ(adapter_.counts().lost, 96u);
}

TEST_F(FeedbackAdapterTest, LatePacketIsNotLost) {
  Send(1, 200);
  Receive(kStart, BweFeedback(1, {{1, kThere}, {3, kThere}}));
  Receive(kStart, BweFeedback(2, {{2, kThere}, {3, kThere}}));
  Receive(kStart, BweFeedback(150, {{150, kThere}}));
  EXPECT_EQ(adapter_.TakeSettled().lost, 0);
}

TEST_F(FeedbackAdapterTest, PacketsWhoseFeedbackGotLostAreNotLost) {
  Send(1, 200);
  Receive(kStart, BweFeedback(180, {{180, kThere}}));
  const auto settled = adapter_.TakeSettled();
  EXPECT_EQ(settled.lost, 0);
  EXPECT_EQ(settled.received, 0);
}

TEST_F(FeedbackAdapterTest, ReferenceTimeWraps) {
  // 24 bits with a sign, in 64 ms: half of it is 149 hours.
  const Timestamp there = Timestamp() + hours(149) + std::chrono::minutes(7);
  std::vector<Duration> arrivals;
  for (int i = 0; i < 60; ++i) {
    const Timestamp now = kStart + seconds(i);
    adapter_.RecordSent(now, static_cast<uint16_t>(i), 100, 0);
    for (const auto& packet : Receive(now, BweFeedback(i, {{i, there + seconds(i)}}))) {
      arrivals.push_back(packet.arrival);
    }
    EXPECT_TRUE(same_clock_) << i;
  }
  ASSERT_THAT(arrivals, SizeIs(60));
  EXPECT_EQ(arrivals.back() - arrivals.front(), seconds(59));
}

TEST_F(FeedbackAdapterTest, ClockThatLeapsIsAnotherClock) {
  Send(1, 10);
  Receive(kStart, BweFeedback(1, {{1, kThere}}));
  EXPECT_TRUE(same_clock_);
  const auto packets =
      Receive(kStart + milliseconds(100), BweFeedback(2, {{2, kThere + seconds(600)}}));
  EXPECT_FALSE(same_clock_);
  EXPECT_THAT(packets, SizeIs(1));
  EXPECT_EQ(adapter_.counts().absurd, 1u);
}

TEST_F(FeedbackAdapterTest, TimeThatRunsBackwardsIsAnotherClock) {
  Send(1, 10);
  Receive(kStart, BweFeedback(1, {{1, kThere}}));
  Receive(kStart + milliseconds(100), BweFeedback(2, {{2, kThere - seconds(60)}}));
  EXPECT_FALSE(same_clock_);
}

TEST_F(FeedbackAdapterTest, DelaysThatNoPathExplainsAreLeftOut) {
  Send(1, 10);
  // 8 s more within one packet of feedback, and 17 s less in the next; either alone might be.
  Receive(kStart, BweFeedback(1, {{1, kThere}, {2, kThere + seconds(8)}}));
  EXPECT_THAT(Receive(kStart + milliseconds(10), BweFeedback(3, {{3, kThere - seconds(9)}})),
              IsEmpty());
  EXPECT_TRUE(same_clock_);
  EXPECT_EQ(adapter_.counts().absurd, 1u);
}

TEST_F(FeedbackAdapterTest, ManyDelaysInARowThatNoPathExplainsAreANewClock) {
  Send(1, 40);
  Receive(kStart, BweFeedback(1, {{1, kThere}, {2, kThere + seconds(8)}}));
  int visited = 0;
  for (int i = 3; i < 40; ++i) {
    visited += !Receive(kStart, BweFeedback(i, {{i, kThere - seconds(9)}})).empty();
  }
  EXPECT_EQ(visited, 37 - FeedbackAdapter::kMaxAbsurd);
}

TEST_F(FeedbackAdapterTest, MemoryIsBoundedWhenNobodyAnswers) {
  for (int i = 0; i < 100'000; ++i) {
    adapter_.RecordSent(kStart + std::chrono::microseconds(i), static_cast<uint16_t>(i), 1000, 0);
  }
  EXPECT_EQ(adapter_.capacity(), FeedbackAdapter::kMaxPackets);
  EXPECT_GT(adapter_.counts().forgotten, 90'000u);
}

TEST_F(FeedbackAdapterTest, LongRememberedPacketsKeepTheirTimes) {
  // Room for many, in which packets that come slowly then stay for hours.
  constexpr uint16_t kCrowd = FeedbackAdapter::kMaxPackets;
  Send(0, kCrowd, kStart - milliseconds(kCrowd));
  constexpr Duration kGap = milliseconds(3900);
  for (uint16_t i = 0; i < 2000; ++i) {
    adapter_.RecordSent(kStart + i * kGap, static_cast<uint16_t>(kCrowd + i), 1000, 0);
  }
  const auto packets =
      Receive(kStart + 2000 * kGap, BweFeedback(kCrowd + 100, {{kCrowd + 100, kThere}}));
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_EQ(packets[0].sent, kStart + 100 * kGap);
}

TEST_F(FeedbackAdapterTest, AfterAPauseNothingOlderIsRemembered) {
  Send(1, 2);
  Send(3, 2, kStart + FeedbackAdapter::kHistory + milliseconds(2));
  EXPECT_THAT(Receive(kStart + seconds(5), BweFeedback(1, {{1, kThere}, {3, kThere}})), SizeIs(1));
  EXPECT_EQ(adapter_.counts().unknown, 1u);
}

TEST_F(FeedbackAdapterTest, ProbeNumberBeyondTheBoundIsNone) {
  adapter_.RecordSent(kStart, 7, 1200, FeedbackAdapter::kMaxProbe);
  adapter_.RecordSent(kStart, 8, 1200, FeedbackAdapter::kMaxProbe + 1);
  const auto packets = Receive(kStart, BweFeedback(7, {{7, kThere}, {8, kThere}}));
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[0].probe, FeedbackAdapter::kMaxProbe);
  EXPECT_EQ(packets[1].probe, 0u);
}

TEST_F(FeedbackAdapterTest, SlowStreamsNeedLittleMemory) {
  // Two hours of sound.
  for (int i = 0; i < 360'000; ++i) {
    adapter_.RecordSent(kStart + milliseconds(20 * i), static_cast<uint16_t>(i), 100, 0);
  }
  EXPECT_LE(adapter_.capacity(), 256u);
}

TEST_F(FeedbackAdapterTest, GapInNumbersIsNobody) {
  Send(1, 2);
  Send(10, 2, kStart + milliseconds(10));
  EXPECT_THAT(Receive(kStart, BweFeedback(1, {{1, kThere}, {5, kThere}, {10, kThere}})), SizeIs(2));
  EXPECT_EQ(adapter_.counts().unknown, 1u);
}

TEST_F(FeedbackAdapterTest, LeapInNumbersStartsOver) {
  Send(1, 2);
  Send(30'000, 2, kStart + milliseconds(10));
  EXPECT_THAT(Receive(kStart, BweFeedback(30'000, {{30'000, kThere}, {30'001, kThere}})),
              SizeIs(2));
}

TEST_F(FeedbackAdapterTest, NumberGivenOutTwiceKeepsItsFirstPacket) {
  adapter_.RecordSent(kStart, 5, 100, 0);
  adapter_.RecordSent(kStart + milliseconds(5), 5, 900, 0);
  const auto packets = Receive(kStart, BweFeedback(5, {{5, kThere}}));
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_EQ(packets[0].bytes, 100u);
}

}  // namespace
}  // namespace sluice::rtp::bwe

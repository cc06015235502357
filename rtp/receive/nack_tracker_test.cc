#include "rtp/receive/nack_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Timestamp kStart = Timestamp() + seconds(100);

class NackTrackerTest : public testing::Test {
 protected:
  // Numbers count from one lap on, as those of SequenceWindow do.
  static RtpSeq Seq(int64_t number) { return {0x10000 + number}; }

  void Newest(int64_t number, int64_t skipped) {
    tracker_.RecordNewest(now_, Seq(number), skipped);
  }

  std::vector<uint16_t> Poll() {
    std::array<SeqNo, 2000> out;
    const size_t count = tracker_.Poll(now_, out);
    std::vector<uint16_t> numbers;
    for (size_t i = 0; i < count; ++i) numbers.push_back(out[i].value());
    return numbers;
  }

  // Polls at every deadline until there is none, at most `limit` times; returns how often.
  int PollUntilDry(int limit = 100) {
    int polls = 0;
    while (tracker_.NextTimeout() && polls < limit) {
      now_ = std::max(now_, *tracker_.NextTimeout());
      if (!Poll().empty()) ++polls;
    }
    return polls;
  }

  NackTracker tracker_{true, Duration(0)};
  Timestamp now_ = kStart;
};

TEST_F(NackTrackerTest, AsksAtOnce) {
  Newest(5, 0);
  EXPECT_FALSE(tracker_.NextTimeout());
  Newest(8, 2);
  EXPECT_EQ(tracker_.NextTimeout(), now_);
  EXPECT_THAT(Poll(), ElementsAre(6, 7));
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(NackTrackerTest, NumbersWrap) {
  Newest(65'537, 3);
  EXPECT_THAT(Poll(), ElementsAre(65'534, 65'535, 0));
}

TEST_F(NackTrackerTest, WaitsAsLongAsTheApplicationWants) {
  NackTracker patient(true, milliseconds(10));
  patient.RecordNewest(now_, Seq(8), 1);
  EXPECT_EQ(patient.NextTimeout(), now_ + milliseconds(10));
}

TEST_F(NackTrackerTest, AsksAgainAfterADefaultUntilTheRoundTripIsKnown) {
  Newest(8, 1);
  Poll();
  EXPECT_EQ(tracker_.NextTimeout(), now_ + NackTracker::kDefaultRetry);
  tracker_.RecordRtt(milliseconds(65));
  now_ += NackTracker::kDefaultRetry;
  EXPECT_THAT(Poll(), ElementsAre(7));
  EXPECT_EQ(tracker_.NextTimeout(), now_ + milliseconds(65));
}

TEST_F(NackTrackerTest, NeverAsksFasterThanTheMinimum) {
  tracker_.RecordRtt(milliseconds(1));
  Newest(8, 1);
  Poll();
  EXPECT_EQ(tracker_.NextTimeout(), now_ + NackTracker::kMinRetry);
}

TEST_F(NackTrackerTest, HugeRoundTripDoesNotSilenceIt) {
  tracker_.RecordRtt(seconds(3600));
  Newest(8, 1);
  Poll();
  EXPECT_EQ(tracker_.NextTimeout(), now_ + NackTracker::kMaxRetry);
}

TEST_F(NackTrackerTest, StopsAskingForWhatCame) {
  Newest(8, 2);
  Poll();
  EXPECT_TRUE(tracker_.RecordLate(now_, Seq(6), true));
  EXPECT_FALSE(tracker_.IsWaitingFor(Seq(6)));
  EXPECT_TRUE(tracker_.IsWaitingFor(Seq(7)));
  now_ += NackTracker::kDefaultRetry;
  EXPECT_THAT(Poll(), ElementsAre(7));
  tracker_.RecordLate(now_, Seq(7), true);
  EXPECT_FALSE(tracker_.NextTimeout());
}

TEST_F(NackTrackerTest, DeadlineIsThatOfWhatIsStillMissing) {
  Newest(8, 1);
  Poll();
  now_ += milliseconds(30);
  Newest(10, 1);
  Poll();
  tracker_.RecordLate(now_, Seq(7), true);
  EXPECT_EQ(tracker_.NextTimeout(), now_ + NackTracker::kDefaultRetry);
}

TEST_F(NackTrackerTest, GivesUpAfterTenTriesAndWantsAKeyFrame) {
  Newest(8, 1);
  EXPECT_EQ(PollUntilDry(), NackTracker::kMaxTries);
  EXPECT_EQ(tracker_.missing(), 0u);
  EXPECT_EQ(tracker_.given_up(), 1u);
  EXPECT_TRUE(tracker_.TakeKeyFrameNeed());
  EXPECT_FALSE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, AudioNeedsNoKeyFrame) {
  NackTracker audio(false, Duration(0));
  audio.RecordNewest(now_, Seq(20'000), 1);
  audio.RecordNewest(now_, Seq(20'000 + NackTracker::kMaxAge + 1), 0);
  EXPECT_EQ(audio.given_up(), 1u);
  EXPECT_FALSE(audio.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, WhatIsOlderThanAKeyFrameNeedsNoOtherOne) {
  Newest(8, 1);
  tracker_.RecordKeyFrame(Seq(8));
  PollUntilDry();
  EXPECT_EQ(tracker_.given_up(), 1u);
  EXPECT_FALSE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, AKeyFrameFulfilsTheNeedForOne) {
  Newest(8, 1);
  PollUntilDry();
  tracker_.RecordKeyFrame(Seq(9));
  EXPECT_FALSE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, IgnoresGapsThatAreTooOld) {
  Newest(8, 1);
  Newest(7 + NackTracker::kMaxAge, 0);
  EXPECT_TRUE(tracker_.IsWaitingFor(Seq(7)));
  Newest(8 + NackTracker::kMaxAge, 0);
  EXPECT_FALSE(tracker_.IsWaitingFor(Seq(7)));
  EXPECT_FALSE(tracker_.NextTimeout());
  EXPECT_TRUE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, BeyondTheBoundDropsWhatIsBeforeTheLastKeyFrame) {
  Newest(601, 600);
  tracker_.RecordKeyFrame(Seq(602));
  Newest(602, 0);
  Newest(1203, 600);
  EXPECT_EQ(tracker_.missing(), 600u);
  EXPECT_FALSE(tracker_.IsWaitingFor(Seq(1)));
  EXPECT_TRUE(tracker_.IsWaitingFor(Seq(603)));
  EXPECT_FALSE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, BeyondTheBoundClearsAllWhereNoKeyFrameSaves) {
  Newest(601, 600);
  Newest(1202, 600);
  EXPECT_EQ(tracker_.missing(), 0u);
  EXPECT_EQ(tracker_.given_up(), 1200u);
  EXPECT_FALSE(tracker_.NextTimeout());
  EXPECT_TRUE(tracker_.TakeKeyFrameNeed());
}

TEST_F(NackTrackerTest, HoldsExactlyItsBound) {
  Newest(1001, NackTracker::kMaxMissing);
  EXPECT_EQ(tracker_.missing(), NackTracker::kMaxMissing);
  EXPECT_EQ(Poll().size(), NackTracker::kMaxMissing);
}

TEST_F(NackTrackerTest, WhatDoesNotFitTheOutputWaitsForTheNextPoll) {
  Newest(8, 3);
  std::array<SeqNo, 2> out;
  EXPECT_EQ(tracker_.Poll(now_, out), 2u);
  EXPECT_EQ(out[1], SeqNo(6));
  EXPECT_EQ(tracker_.NextTimeout(), now_);
  EXPECT_EQ(tracker_.Poll(now_, out), 1u);
  EXPECT_EQ(out[0], SeqNo(7));
}

TEST_F(NackTrackerTest, LearnsToWaitWhereThePathReorders) {
  Newest(8, 1);
  now_ += milliseconds(8);
  EXPECT_FALSE(tracker_.RecordLate(now_, Seq(7), false));
  Newest(10, 1);
  EXPECT_EQ(tracker_.NextTimeout(), now_ + milliseconds(10));
  now_ += milliseconds(100);
  tracker_.RecordLate(now_, Seq(9), false);
  Newest(12, 1);
  EXPECT_EQ(tracker_.NextTimeout(), now_ + NackTracker::kMaxReorderDelay);
  tracker_.RecordLate(now_, Seq(11), true);
  now_ += NackTracker::kReorderMemory;
  Newest(14, 1);
  EXPECT_EQ(tracker_.NextTimeout(), now_);
}

TEST_F(NackTrackerTest, AnAnswerWithoutRtxIsNoReordering) {
  tracker_.RecordRtt(milliseconds(50));
  Newest(8, 2);
  Poll();
  now_ += milliseconds(49);
  EXPECT_FALSE(tracker_.RecordLate(now_, Seq(6), false));  // too soon to be an answer
  now_ += milliseconds(1);
  EXPECT_TRUE(tracker_.RecordLate(now_, Seq(7), false));
}

TEST_F(NackTrackerTest, ARestartForgetsTheOldRow) {
  Newest(8, 2);
  tracker_.RecordKeyFrame(Seq(8));
  tracker_.Restart();
  EXPECT_EQ(tracker_.missing(), 0u);
  EXPECT_FALSE(tracker_.NextTimeout());
  EXPECT_TRUE(tracker_.TakeKeyFrameNeed());
}

}  // namespace
}  // namespace sluice::rtp

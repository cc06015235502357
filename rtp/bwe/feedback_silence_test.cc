#include "rtp/bwe/feedback_silence.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(50);

TEST(FeedbackSilenceTest, NothingIsDueWhileNothingLeaves) {
  FeedbackSilence silence;
  EXPECT_FALSE(silence.NextTimeout());
  silence.RecordSent(kStart);
  silence.RecordFeedback();
  EXPECT_FALSE(silence.NextTimeout());
  EXPECT_FALSE(silence.HandleTimeout(kStart + seconds(100)));
}

TEST(FeedbackSilenceTest, FirstFeedbackMayTakeLonger) {
  FeedbackSilence silence;
  silence.RecordSent(kStart);
  EXPECT_EQ(silence.NextTimeout(), kStart + FeedbackSilence::kFirstPatience);
  EXPECT_FALSE(silence.HandleTimeout(kStart + milliseconds(1999)));
  EXPECT_TRUE(silence.HandleTimeout(kStart + milliseconds(2000)));
}

TEST(FeedbackSilenceTest, PatienceCountsFromTheFirstPacketWithoutAnswer) {
  FeedbackSilence silence;
  silence.RecordSent(kStart);
  silence.RecordFeedback();
  silence.RecordRoundTrip(milliseconds(100));
  silence.RecordSent(kStart + seconds(10));
  silence.RecordSent(kStart + seconds(10) + milliseconds(500));
  EXPECT_EQ(silence.NextTimeout(), kStart + seconds(11));
}

TEST(FeedbackSilenceTest, StepsFollowOneAnotherUntilFeedbackIsBack) {
  FeedbackSilence silence;
  silence.RecordSent(kStart);
  Timestamp now = kStart + FeedbackSilence::kFirstPatience;
  for (int i = 0; i < 5; ++i, now += FeedbackSilence::kStep) {
    EXPECT_TRUE(silence.HandleTimeout(now));
    EXPECT_TRUE(silence.silent());
  }
  EXPECT_TRUE(silence.RecordFeedback());
  EXPECT_FALSE(silence.silent());
  EXPECT_FALSE(silence.RecordFeedback());
}

TEST(FeedbackSilenceTest, RestsOnceThereIsNothingToLose) {
  FeedbackSilence silence;
  silence.RecordSent(kStart);
  silence.HandleTimeout(kStart + seconds(2));
  silence.Rest();
  silence.RecordSent(kStart + seconds(3));
  EXPECT_FALSE(silence.NextTimeout());
  EXPECT_TRUE(silence.RecordFeedback());
}

}  // namespace
}  // namespace sluice::rtp::bwe

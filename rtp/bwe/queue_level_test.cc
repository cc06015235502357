#include "rtp/bwe/queue_level.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class QueueLevelTest : public testing::Test {
 protected:
  // A packet every 10 ms.
  void Run(Duration span, Duration delay) {
    for (const Duration end = now_ + span; now_ < end; now_ += milliseconds(10)) {
      level_.Record(now_, delay);
    }
  }

  QueueLevel level_;
  Duration now_ = seconds(5000);
};

TEST_F(QueueLevelTest, SteadyDelayIsNoQueue) {
  Run(seconds(3), milliseconds(-400));
  EXPECT_EQ(level_.queue(), Duration(0));
}

TEST_F(QueueLevelTest, QueueIsWhatDelayHasGained) {
  Run(seconds(1), milliseconds(-400));
  Run(milliseconds(300), milliseconds(-320));
  EXPECT_EQ(level_.queue(), milliseconds(80));
}

TEST_F(QueueLevelTest, QueueIsSeenAfterATenthOfASecond) {
  Run(seconds(1), milliseconds(50));
  Run(milliseconds(130), milliseconds(90));
  EXPECT_EQ(level_.queue(), milliseconds(40));
}

TEST_F(QueueLevelTest, OnePromptPacketShowsThatThereIsNoQueue) {
  Run(seconds(1), milliseconds(50));
  Run(milliseconds(300), milliseconds(90));
  level_.Record(now_, milliseconds(51));
  EXPECT_EQ(level_.queue(), milliseconds(1));
}

TEST_F(QueueLevelTest, JitterIsHardlyAQueue) {
  std::mt19937 random(3);
  Duration longest{0};
  for (int i = 0; i < 20'000; ++i, now_ += milliseconds(5)) {
    level_.Record(now_, Duration(static_cast<int64_t>(random() % 60'000)));
    longest = std::max(longest, level_.queue());
  }
  EXPECT_LT(longest, milliseconds(30));
}

TEST_F(QueueLevelTest, FewPacketsAreLookedAtForLonger) {
  for (int i = 0; i < 20; ++i, now_ += milliseconds(80)) level_.Record(now_, milliseconds(50));
  // Two of the last five, but the last 100 ms alone.
  for (int i = 0; i < 2; ++i, now_ += milliseconds(80)) level_.Record(now_, milliseconds(200));
  EXPECT_EQ(level_.queue(), Duration(0));
}

TEST_F(QueueLevelTest, LongerRouteIsBelievedAfterAWhile) {
  Run(seconds(20), milliseconds(50));
  Run(seconds(20), milliseconds(110));
  EXPECT_EQ(level_.queue(), Duration(0));
}

TEST_F(QueueLevelTest, LongerRouteIsBelievedAtOnceIfToldSo) {
  Run(seconds(20), milliseconds(50));
  Run(milliseconds(300), milliseconds(110));
  level_.Rebase();
  EXPECT_EQ(level_.queue(), Duration(0));
  Run(milliseconds(300), milliseconds(140));
  EXPECT_EQ(level_.queue(), milliseconds(30));
}

TEST_F(QueueLevelTest, TimesBeforeTheFirstAreLeftOut) {
  Run(seconds(1), milliseconds(50));
  level_.Record(seconds(1), milliseconds(-9000));
  EXPECT_EQ(level_.queue(), Duration(0));
}

}  // namespace
}  // namespace sluice::rtp::bwe

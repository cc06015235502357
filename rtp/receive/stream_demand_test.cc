#include "rtp/receive/stream_demand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using namespace std::chrono_literals;
using testing::Eq;
using testing::Optional;

constexpr Timestamp kStart{1h};

TEST(StreamDemandTest, SaysNothingUntilSomebodyHasDecided) {
  StreamDemand demand;
  EXPECT_EQ(demand.Poll(kStart), std::nullopt);
  EXPECT_EQ(demand.NextTimeout(), std::nullopt);
  EXPECT_TRUE(demand.wanted());
}

TEST(StreamDemandTest, TellsAtOnce) {
  StreamDemand demand;
  EXPECT_TRUE(demand.Want(kStart, false));
  EXPECT_THAT(demand.NextTimeout(), Optional(Eq(kStart)));
  EXPECT_THAT(demand.Poll(kStart), Optional(Eq(BitRate())));
}

TEST(StreamDemandTest, TheSameAgainIsNoNews) {
  StreamDemand demand;
  demand.Want(kStart, false);
  demand.Poll(kStart);
  EXPECT_FALSE(demand.Want(kStart, false));
  EXPECT_EQ(demand.Poll(kStart), std::nullopt);
}

TEST(StreamDemandTest, RepeatsMoreAndMoreSeldomUntilItIsHeard) {
  StreamDemand demand;
  demand.Want(kStart, true);
  Timestamp now = kStart;
  Duration gap = 0ms;
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(demand.Poll(now), Optional(Eq(StreamDemand::kEverything)));
    const Duration next = *demand.NextTimeout() - now;
    EXPECT_GE(next, gap);
    EXPECT_LE(next, StreamDemand::kLastRetry);
    gap = next;
    now += next;
  }
  EXPECT_EQ(gap, StreamDemand::kLastRetry);
  demand.RecordBound(StreamDemand::kEverything);
  EXPECT_EQ(demand.NextTimeout(), std::nullopt);
}

TEST(StreamDemandTest, AnAnswerToWhatWasAskedBeforeCountsForNothing) {
  StreamDemand demand;
  demand.Want(kStart, false);
  demand.Poll(kStart);
  demand.Want(kStart + 1ms, true);
  demand.Poll(kStart + 1ms);
  demand.RecordBound(BitRate());
  EXPECT_NE(demand.NextTimeout(), std::nullopt);
}

TEST(StreamDemandTest, ANewWishIsToldQuicklyAgain) {
  StreamDemand demand;
  demand.Want(kStart, false);
  for (Timestamp now = kStart; now < kStart + 10s; now = *demand.NextTimeout()) demand.Poll(now);
  demand.Want(kStart + 10s, true);
  demand.Poll(kStart + 10s);
  EXPECT_THAT(demand.NextTimeout(), Optional(Eq(kStart + 10s + StreamDemand::kFirstRetry)));
}

}  // namespace
}  // namespace sluice::rtp

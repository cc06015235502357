#include "rtp/bwe/trendline.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

// `count` groups, 10 ms apart, each later by `delay` than the one before.
double After(Trendline& trendline, int count, Duration delay) {
  static Duration at{0};
  for (int i = 0; i < count; ++i) {
    at += milliseconds(10) + delay;
    trendline.Record({milliseconds(10), milliseconds(10) + delay, at});
  }
  return trendline.value();
}

TEST(TrendlineTest, SteadyDelayHasNoTrend) {
  Trendline trendline;
  EXPECT_EQ(After(trendline, 100, Duration(0)), 0);
}

TEST(TrendlineTest, NothingIsSaidBeforeTheWindowIsFull) {
  Trendline trendline;
  EXPECT_EQ(After(trendline, static_cast<int>(Trendline::kWindow) - 1, milliseconds(5)), 0);
  EXPECT_GT(After(trendline, 1, milliseconds(5)), 0);
}

TEST(TrendlineTest, SteeperRiseHasALargerTrend) {
  Trendline gentle;
  Trendline steep;
  EXPECT_LT(After(gentle, 60, Duration(200)), After(steep, 60, Duration(1000)));
}

TEST(TrendlineTest, LongTrendIsTheSlopeTimesItsWeight) {
  Trendline trendline;
  // One millisecond more every 11: a slope of 1/11; 60 groups and a gain of 4.
  EXPECT_NEAR(After(trendline, 400, milliseconds(1)), 240.0 / 11, 0.5);
}

TEST(TrendlineTest, DrainingQueueHasANegativeTrend) {
  Trendline trendline;
  EXPECT_LT(After(trendline, 60, Duration(-500)), 0);
}

TEST(TrendlineTest, ArrivalsAllAtOnceHaveNoSlope) {
  Trendline trendline;
  for (int i = 0; i < 100; ++i) trendline.Record({milliseconds(10), Duration(0), Duration(0)});
  EXPECT_EQ(trendline.value(), 0);
}

}  // namespace
}  // namespace sluice::rtp::bwe

#include "rtp/bwe/windowed_rate.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// 125 bytes every millisecond: 1 Mbit/s.
void FillSteadily(WindowedRate& rate, Duration from, Duration to) {
  for (Duration at = from; at < to; at += milliseconds(1)) rate.Record(at, 125);
}

TEST(WindowedRateTest, SteadyStreamIsMeasuredOverAnyWindow) {
  WindowedRate rate;
  FillSteadily(rate, milliseconds(0), milliseconds(2000));
  for (const int window : {100, 150, 500, 1000}) {
    const auto measured = rate.Rate(milliseconds(2000), milliseconds(window));
    ASSERT_TRUE(measured);
    EXPECT_NEAR(static_cast<double>(measured->bps()), 1e6, 2e4) << window;
  }
}

TEST(WindowedRateTest, ShortWindowSeesAChangeThatALongOneStillAverages) {
  WindowedRate rate;
  FillSteadily(rate, milliseconds(0), milliseconds(1000));
  rate.Record(milliseconds(1200), 1);
  EXPECT_LT(rate.Rate(milliseconds(1200), milliseconds(150))->bps(), 10'000);
  EXPECT_GT(rate.Rate(milliseconds(1200), milliseconds(1000))->bps(), 700'000);
}

TEST(WindowedRateTest, NothingIsKnownOfAFractionOfTheWindow) {
  WindowedRate rate;
  EXPECT_FALSE(rate.Rate(milliseconds(0), milliseconds(500)));
  FillSteadily(rate, milliseconds(0), milliseconds(200));
  EXPECT_FALSE(rate.Rate(milliseconds(200), milliseconds(500)));
}

TEST(WindowedRateTest, WhatIsOlderThanTheWindowIsForgotten) {
  WindowedRate rate;
  FillSteadily(rate, milliseconds(0), milliseconds(1000));
  EXPECT_EQ(rate.Rate(milliseconds(5000), milliseconds(500)), BitRate());
  rate.Record(hours(100), 125);
  EXPECT_LT(rate.Rate(hours(100), milliseconds(500))->bps(), 10'000);
}

TEST(WindowedRateTest, LatePacketCountsWhereItBelongs) {
  WindowedRate rate;
  rate.Record(milliseconds(0), 0);
  rate.Record(milliseconds(1000), 125);
  rate.Record(milliseconds(600), 12'500);
  EXPECT_LT(rate.Rate(milliseconds(1000), milliseconds(250))->bps(), 10'000);
  EXPECT_GT(rate.Rate(milliseconds(1000), milliseconds(500))->bps(), 150'000);
}

TEST(WindowedRateTest, TimesBeforeZeroAreTimesLikeOthers) {
  WindowedRate rate;
  FillSteadily(rate, milliseconds(-1000), milliseconds(1000));
  EXPECT_NEAR(static_cast<double>(rate.Rate(milliseconds(100), milliseconds(500))->bps()), 1e6,
              5e4);
}

TEST(WindowedRateTest, TimeThatLeapsOrGoesBackCostsNothing) {
  WindowedRate rate;
  rate.Record(Duration(INT64_MAX / 4), 100);
  rate.Record(Duration(-INT64_MAX / 4), 100);
  rate.Record(Duration(INT64_MAX / 3), 100);
  EXPECT_TRUE(rate.Rate(Duration(INT64_MAX / 3), milliseconds(500)));
}

}  // namespace
}  // namespace sluice::rtp::bwe

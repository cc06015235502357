#include "rtp/bwe/windowed_rate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>

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

// Whatever is between them, a window holds what was recorded in its steps.
TEST(WindowedRateTest, WindowsHoldExactlyWhatTheirStepsGot) {
  WindowedRate rate;
  std::map<int64_t, int64_t> steps;
  uint32_t chance = 1;
  const auto draw = [&](uint32_t below) {
    chance = chance * 1664525 + 1013904223;
    return static_cast<int64_t>((chance >> 8) % below);
  };
  Duration now = milliseconds(10'000);
  rate.Record(milliseconds(0), 0);
  for (int i = 0; i < 20'000; ++i) {
    now += milliseconds(draw(100) == 0 ? draw(3000) : draw(20));
    const Duration at = now - milliseconds(draw(10) == 0 ? draw(1000) : 0);
    const int64_t bytes = draw(1200);
    // So that the newest is known.
    rate.Record(now, 0);
    rate.Record(at, static_cast<size_t>(bytes));
    steps[at / WindowedRate::kStep] += bytes;
    for (const int window : {150, 500, 1000}) {
      const int64_t begin = now / WindowedRate::kStep - milliseconds(window) / WindowedRate::kStep;
      int64_t sum = 0;
      for (auto step = steps.lower_bound(begin); step != steps.end(); ++step) sum += step->second;
      const Duration span = now - begin * WindowedRate::kStep;
      ASSERT_EQ(rate.Rate(now, milliseconds(window)), DataSize::Bytes(sum) / span) << i;
    }
  }
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

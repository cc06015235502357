#include "rtp/rate_meter.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(1000) + milliseconds(37);

TEST(RateMeterTest, IsZeroBeforeAnythingCame) { EXPECT_EQ(RateMeter().Rate(kStart), BitRate()); }

TEST(RateMeterTest, MeasuresASteadyStream) {
  RateMeter meter;
  Timestamp now = kStart;
  for (int i = 0; i < 1000; ++i, now += milliseconds(10)) {
    meter.Record(now, 1250);
    if (i < 200) continue;
    EXPECT_NEAR(static_cast<double>(meter.Rate(now).bps()), 1'000'000, 15'000);
  }
}

TEST(RateMeterTest, DoesNotUnderrateAStreamThatHasJustBegun) {
  RateMeter meter;
  for (int i = 0; i < 30; ++i) meter.Record(kStart + i * milliseconds(10), 1250);
  EXPECT_NEAR(static_cast<double>(meter.Rate(kStart + milliseconds(300)).bps()), 1'000'000, 1);
}

TEST(RateMeterTest, ForgetsWhatIsOlderThanTheWindow) {
  RateMeter meter;
  meter.Record(kStart, 1'000'000);
  EXPECT_GT(meter.Rate(kStart + milliseconds(900)).bps(), 0);
  EXPECT_EQ(meter.Rate(kStart + milliseconds(1000)).bps(), 0);
  meter.Record(kStart + milliseconds(1500), 125);
  EXPECT_NEAR(static_cast<double>(meter.Rate(kStart + milliseconds(1500)).bps()), 1000, 100);
}

TEST(RateMeterTest, ALongPauseLeavesNothingBehind) {
  RateMeter meter;
  for (int i = 0; i < 100; ++i) meter.Record(kStart + i * milliseconds(10), 10'000);
  const Timestamp later = kStart + hours(30);
  EXPECT_EQ(meter.Rate(later), BitRate());
  meter.Record(later, 125);
  EXPECT_NEAR(static_cast<double>(meter.Rate(later).bps()), 1000, 100);
}

}  // namespace
}  // namespace sluice::rtp

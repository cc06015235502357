#include "bench/load/delay_histogram.h"

#include "gtest/gtest.h"

namespace sluice::load {
namespace {

TEST(DelayHistogramTest, HasNoPercentilesWithoutDelays) {
  EXPECT_EQ(DelayHistogram().PercentileUs(0.99), 0);
}

TEST(DelayHistogramTest, PercentilesAreRightToAPartIn64) {
  DelayHistogram histogram;
  for (int64_t us = 1; us <= 10'000; ++us) histogram.Record(us * 1'000);
  EXPECT_NEAR(histogram.PercentileUs(0.5), 5'000, 5'000.0 / 64);
  EXPECT_NEAR(histogram.PercentileUs(0.99), 9'900, 9'900.0 / 64);
  EXPECT_NEAR(histogram.PercentileUs(0.0001), 1, 1.0 / 64);
}

TEST(DelayHistogramTest, LargestDelayIsExactAndNoPercentileIsAboveIt) {
  DelayHistogram histogram;
  histogram.Record(1'234'567);
  EXPECT_EQ(histogram.max_us(), 1'234.567);
  EXPECT_EQ(histogram.PercentileUs(1), 1'234.567);
}

TEST(DelayHistogramTest, SmallDelaysAreExact) {
  DelayHistogram histogram;
  for (int64_t ns = 0; ns < 100; ++ns) histogram.Record(ns);
  EXPECT_NEAR(histogram.PercentileUs(0.5), 0.049, 0.0011);
}

TEST(DelayHistogramTest, NegativeDelaysCountAsNone) {
  DelayHistogram histogram;
  histogram.Record(-5);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.max_us(), 0);
}

TEST(DelayHistogramTest, DelaysBeyondTheLastCellAreInIt) {
  DelayHistogram histogram;
  histogram.Record(int64_t{1} << 60);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_GT(histogram.PercentileUs(1), 1e9);
}

}  // namespace
}  // namespace sluice::load

#include "worker/engine/duration_histogram.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;

TEST(DurationHistogram, ABoundBelongsToItsOwnCell) {
  for (size_t cell = 0; cell < DurationHistogram::kBounds; ++cell) {
    DurationHistogram at, above;
    at.Record(DurationHistogram::Bound(cell));
    above.Record(DurationHistogram::Bound(cell) + 1us);
    EXPECT_EQ(at.cells()[cell], 1u) << cell;
    EXPECT_EQ(above.cells()[cell + 1], 1u) << cell;
  }
}

TEST(DurationHistogram, WhatHasNoBoundIsCountedAsWell) {
  DurationHistogram histogram;
  histogram.Record(-5us);
  histogram.Record(0us);
  histogram.Record(3h);
  EXPECT_EQ(histogram.cells().front(), 2u);
  EXPECT_EQ(histogram.cells().back(), 1u);
  EXPECT_EQ(histogram.sum_us(), uint64_t{3} * 3600 * 1'000'000);
}

TEST(DurationHistogram, TheLongestIsToldOnce) {
  DurationHistogram histogram;
  histogram.Record(7ms);
  histogram.Record(2ms);
  EXPECT_EQ(histogram.TakeMaxUs(), 7000u);
  histogram.Record(1ms);
  EXPECT_EQ(histogram.TakeMaxUs(), 1000u);
  EXPECT_EQ(histogram.TakeMaxUs(), 0u);
  EXPECT_EQ(std::accumulate(histogram.cells().begin(), histogram.cells().end(), uint64_t{0}), 3u);
}

}  // namespace
}  // namespace sluice::worker

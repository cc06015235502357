#include "bench/load/measurement.h"

#include "gtest/gtest.h"

namespace sluice::load {
namespace {

TEST(CapacityTest, IsWhatEachWouldCarryOnACoreOfItsOwn) {
  // 2 and 4 us a packet: 500,000 and 250,000 a second.
  EXPECT_DOUBLE_EQ(CapacityPerSecond({{1000, 2'000'000}, {500, 2'000'000}}), 750'000);
}

TEST(CapacityTest, WorkerThatCarriedNothingAddsNothing) {
  EXPECT_DOUBLE_EQ(CapacityPerSecond({{1000, 2'000'000}, {0, 5'000}}), 500'000);
}

TEST(IntervalTest, RepetitionsMakeUpForPicturesOnly) {
  Interval interval;
  interval.arrivals.sound = {.received = 95, .expected = 100};
  interval.arrivals.pictures = {.received = 890, .expected = 900};
  interval.repaired_in_all = 8;
  EXPECT_EQ(interval.lost_sound(), 5u);
  EXPECT_EQ(interval.lost_pictures(), 2u);
  EXPECT_DOUBLE_EQ(interval.loss(), 0.007);
}

}  // namespace
}  // namespace sluice::load

#include "rtp/forward/timestamp_mapper.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Timestamp At(Duration since_start) { return Timestamp(seconds(1000) + since_start); }

TEST(TimestampMapperTest, FirstPacketGetsTheFirstTime) {
  TimestampMapper mapper(90'000, 5'000);
  mapper.Restart(At({}), 123'456);
  EXPECT_EQ(mapper.Map(At({}), 123'456), 5'000u);
  EXPECT_EQ(mapper.Map(At(milliseconds(33)), 123'456 + 3000), 8'000u);
}

TEST(TimestampMapperTest, WrapsWithTheSource) {
  TimestampMapper mapper(90'000, 0xffffff00);
  mapper.Restart(At({}), 0xfffffff0);
  EXPECT_EQ(mapper.Map(At({}), 0xfffffff0), 0xffffff00u);
  EXPECT_EQ(mapper.Map(At(milliseconds(40)), 0xfffffff0u + 3600), 0xffffff00u + 3600);
}

TEST(TimestampMapperTest, PauseOfTheSameSourceKeepsItsClock) {
  TimestampMapper mapper(48'000, 0);
  mapper.Restart(At({}), 1000);
  mapper.Map(At({}), 1000);
  // Ten seconds by our clock, ten and a little by theirs.
  EXPECT_TRUE(mapper.Resume(At(seconds(10)), 1000 + 480'100));
  EXPECT_EQ(mapper.Map(At(seconds(10)), 1000 + 480'100), 480'100u);
}

TEST(TimestampMapperTest, DriftOfHoursIsNoNewClock) {
  TimestampMapper mapper(90'000, 0);
  mapper.Restart(At({}), 7);
  mapper.Map(At({}), 7);
  // 100 parts in a million over five hours.
  const auto ticks = static_cast<uint32_t>(int64_t{5} * 3600 * 90'009);
  EXPECT_TRUE(mapper.Resume(At(hours(5)), 7 + ticks));
}

TEST(TimestampMapperTest, ClockThatWasSetAnewCountsAsAnotherSource) {
  TimestampMapper mapper(90'000, 0);
  mapper.Restart(At({}), 1000);
  mapper.Map(At({}), 1000);
  EXPECT_FALSE(mapper.Resume(At(seconds(2)), 3'000'000'000));
  EXPECT_EQ(mapper.Map(At(seconds(2)), 3'000'000'000), 180'000u);
}

TEST(TimestampMapperTest, NewSourceAdvancesByTheTimeThatPassed) {
  TimestampMapper mapper(90'000, 0);
  mapper.Restart(At({}), 1000);
  mapper.Map(At({}), 1000);
  mapper.Map(At(seconds(1)), 91'000);
  mapper.Restart(At(milliseconds(1500)), 0xdeadbeef);
  EXPECT_EQ(mapper.Map(At(milliseconds(1500)), 0xdeadbeef), 90'000u + 45'000);
}

TEST(TimestampMapperTest, NewSourceInTheSameMomentStillAdvances) {
  TimestampMapper mapper(90'000, 0);
  mapper.Restart(At({}), 1000);
  mapper.Map(At({}), 1000);
  mapper.Restart(At({}), 77);
  EXPECT_EQ(mapper.Map(At({}), 77), 1u);
}

TEST(TimestampMapperTest, LatePacketDoesNotMoveTheClockBack) {
  TimestampMapper mapper(90'000, 0);
  mapper.Restart(At({}), 0);
  mapper.Map(At(seconds(1)), 90'000);
  EXPECT_EQ(mapper.Map(At(seconds(2)), 45'000), 45'000u);
  mapper.Restart(At(seconds(2)), 5);
  EXPECT_EQ(mapper.Map(At(seconds(2)), 5), 180'000u);
}

}  // namespace
}  // namespace sluice::rtp

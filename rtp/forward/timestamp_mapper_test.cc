#include "rtp/forward/timestamp_mapper.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

Timestamp At(Duration since_start) { return Timestamp(seconds(1000) + since_start); }

class TimestampMapperTest : public testing::Test {
 protected:
  // What a packet that arrives `at` with the time `in` goes out with.
  uint32_t Map(Duration at, uint32_t in) {
    const uint32_t out = shift_.Map(in);
    mapper_.Record(At(at), out);
    return out;
  }
  void Begin(Duration at, uint32_t in, std::optional<uint32_t> place = std::nullopt) {
    shift_ = mapper_.Begin(At(at), in, place);
  }
  void Resume(Duration at, uint32_t in) { shift_ = mapper_.Resume(At(at), in, shift_); }

  TimestampMapper mapper_{90'000, 5'000};
  TimestampShift shift_;
};

TEST_F(TimestampMapperTest, FirstPacketGetsTheFirstTime) {
  Begin({}, 123'456);
  EXPECT_EQ(Map({}, 123'456), 5'000u);
  EXPECT_EQ(Map(milliseconds(33), 123'456 + 3000), 8'000u);
}

TEST_F(TimestampMapperTest, WrapsWithTheSource) {
  mapper_ = TimestampMapper(90'000, 0xffffff00);
  Begin({}, 0xfffffff0);
  EXPECT_EQ(Map({}, 0xfffffff0), 0xffffff00u);
  EXPECT_EQ(Map(milliseconds(40), 0xfffffff0u + 3600), 0xffffff00u + 3600);
}

TEST_F(TimestampMapperTest, PauseOfTheSameSourceKeepsItsClock) {
  Begin({}, 1000);
  Map({}, 1000);
  // Ten seconds by our clock, ten and a little by theirs.
  Resume(seconds(10), 1000 + 900'100);
  EXPECT_EQ(Map(seconds(10), 1000 + 900'100), 5'000u + 900'100);
}

TEST_F(TimestampMapperTest, DriftOfHoursIsNoNewClock) {
  Begin({}, 7);
  Map({}, 7);
  // 100 parts in a million over five hours.
  const auto ticks = static_cast<uint32_t>(int64_t{5} * 3600 * 90'009);
  Resume(hours(5), 7 + ticks);
  EXPECT_EQ(Map(hours(5), 7 + ticks), 5'000 + ticks);
}

TEST_F(TimestampMapperTest, ClockThatWasSetAnewCountsAsAnotherSource) {
  Begin({}, 1000);
  Map({}, 1000);
  Resume(seconds(2), 3'000'000'000);
  EXPECT_EQ(Map(seconds(2), 3'000'000'000), 5'000u + 180'000);
}

TEST_F(TimestampMapperTest, NewSourceAdvancesByTheTimeThatPassed) {
  Begin({}, 1000);
  Map({}, 1000);
  Map(seconds(1), 91'000);
  Begin(milliseconds(1500), 0xdeadbeef);
  EXPECT_EQ(Map(milliseconds(1500), 0xdeadbeef), 5'000u + 90'000 + 45'000);
}

TEST_F(TimestampMapperTest, NewSourceInTheSameMomentStillAdvances) {
  Begin({}, 1000);
  Map({}, 1000);
  Begin({}, 77);
  EXPECT_EQ(Map({}, 77), 5'001u);
}

TEST_F(TimestampMapperTest, LatePacketDoesNotMoveTheClockBack) {
  Begin({}, 0);
  Map(seconds(1), 90'000);
  EXPECT_EQ(Map(seconds(2), 45'000), 5'000u + 45'000);
  Begin(seconds(2), 5);
  EXPECT_EQ(Map(seconds(2), 5), 5'000u + 180'000);
}

TEST_F(TimestampMapperTest, NewSourceIsPutWhereReportsSay) {
  Begin({}, 0);
  Map(seconds(1), 90'000);
  // It came 200 ms after it was due.
  Begin(milliseconds(1300), 777, 5'000 + 99'000);
  EXPECT_EQ(Map(milliseconds(1300), 777), 5'000u + 99'000);
}

TEST_F(TimestampMapperTest, ReportsThatCannotBeAreNotBelieved) {
  Begin({}, 0);
  Map(seconds(1), 90'000);
  Begin(milliseconds(1100), 777, 5'000 + 900'000);
  EXPECT_EQ(Map(milliseconds(1100), 777), 5'000u + 99'000);
}

// It belongs 3,000 ticks before the newest, and gets there without ever standing still.
TEST_F(TimestampMapperTest, NewSourceThatIsBehindCatchesUpWithoutGoingBack) {
  Begin({}, 0);
  Map(seconds(1), 90'000);
  Begin(seconds(1), 500, 5'000 + 87'000);
  uint32_t before = 5'000 + 90'000;
  for (uint32_t since = 0; since < 13'000; since += 100) {
    const uint32_t out = Map(seconds(1), 500 + since);
    ASSERT_GT(out, before);
    ASSERT_LE(out - (5'000 + 87'000 + since), 3'001u);
    before = out;
  }
  EXPECT_EQ(Map(seconds(2), 500 + 90'000), 5'000u + 87'000 + 90'000);
}

TEST_F(TimestampMapperTest, SlowPartDoesNotComeBackWhenTimesComeRoundAgain) {
  Begin({}, 0);
  Map(seconds(1), 90'000);
  Begin(seconds(1), 500, 5'000 + 87'000);
  Map(seconds(1), 500);
  Map(hours(6), 500 + (1u << 30));
  EXPECT_EQ(Map(hours(13), 500), 5'000u + 87'000);
}

}  // namespace
}  // namespace sluice::rtp

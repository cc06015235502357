#include "worker/io/clock.h"

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Duration kUptime = hours(30);
const Duration kOffset = hours(24 * 365 * 56);
const TurnTime kTurn{Timestamp(kUptime), kOffset};

TEST(ClockTest, NeverGoesBack) {
  const Clock clock;
  Timestamp last = clock.Read().now;
  for (int i = 0; i < 1000; ++i) {
    const Timestamp now = clock.Read().now;
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ClockTest, OffsetLeadsToAWallClockOfThisCentury) {
  const TurnTime turn = Clock().Read();
  const Duration since_1970 = turn.now.time_since_epoch() + turn.unix_offset;
  EXPECT_GT(since_1970, hours(24 * 365 * 50));
  EXPECT_LT(since_1970, hours(24 * 366 * 130));
}

TEST(ArrivalTimeTest, TranslatesAStampIntoTheWorkersClock) {
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset - milliseconds(7)), kTurn.now - milliseconds(7));
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset), kTurn.now);
}

TEST(ArrivalTimeTest, NothingArrivesInTheFuture) {
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset + microseconds(1)), kTurn.now);
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset + hours(1)), kTurn.now);
}

TEST(ArrivalTimeTest, BelievesAStampUpToASecondOld) {
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset - seconds(1)), kTurn.now - seconds(1));
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset - seconds(1) - microseconds(1)), kTurn.now);
}

TEST(ArrivalTimeTest, ASetWallClockMovesNothing) {
  // Stamped before the clock was set forward by an hour, translated with the offset after it.
  EXPECT_EQ(ArrivalTime(kTurn, kUptime + kOffset - hours(1)), kTurn.now);
  EXPECT_EQ(ArrivalTime(kTurn, Duration(0)), kTurn.now);
}

}  // namespace
}  // namespace sluice::worker

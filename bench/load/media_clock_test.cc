#include "bench/load/media_clock.h"

#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{Duration(1'000'000)};

TEST(MediaClockTest, StandsUntilItIsStarted) {
  EXPECT_EQ(MediaClock().At(kStart + 5s), Duration(0));
}

TEST(MediaClockTest, PassesAtItsSpeed) {
  MediaClock clock;
  clock.SetSpeed(kStart, 2);
  EXPECT_EQ(clock.At(kStart + 3s), 6s);
  EXPECT_EQ(clock.When(6s), kStart + 3s);
}

TEST(MediaClockTest, ChangeOfSpeedMakesNoLeap) {
  MediaClock clock;
  clock.SetSpeed(kStart, 2);
  clock.SetSpeed(kStart + 3s, 0.5);
  EXPECT_EQ(clock.At(kStart + 3s), 6s);
  EXPECT_EQ(clock.At(kStart + 5s), 7s);
}

TEST(MediaClockTest, RestsWithoutForgetting) {
  MediaClock clock;
  clock.SetSpeed(kStart, 1);
  clock.SetSpeed(kStart + 1s, 0);
  EXPECT_EQ(clock.At(kStart + 10s), 1s);
  clock.SetSpeed(kStart + 10s, 1);
  EXPECT_EQ(clock.At(kStart + 11s), 2s);
}

}  // namespace
}  // namespace sluice::load

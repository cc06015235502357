#include "bench/load/process_meter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::Optional;

TEST(ProcessMeterTest, NameOfTheProcessMayContainAnything) {
  const auto time = ParseStat(
      "4711 (a ) 1 (b) S 1 4711 4711 0 -1 4194560 1000 0 5 0 123 45 6 7 20 0 1 0 100 1000 10\n");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->user_ticks, 123u);
  EXPECT_EQ(time->system_ticks, 45u);
}

TEST(ProcessMeterTest, WhatIsNoStatLineGivesNothing) {
  EXPECT_FALSE(ParseStat("").has_value());
  EXPECT_FALSE(ParseStat("4711 (a) S 1 2 3").has_value());
  EXPECT_FALSE(ParseStat("4711 (a) S 1 2 3 4 5 6 7 8 9 10 x y z").has_value());
}

TEST(ProcessMeterTest, UserShareComesFromTicks) {
  EXPECT_EQ((CpuTime{0, 30, 10}).user_share(), 0.75);
  EXPECT_EQ(CpuTime().user_share(), 0);
}

TEST(ProcessMeterTest, CoreIsBusyWithAllThatIsNotIdle) {
  const auto core = ParseCore("cpu  9 9 9 9 9 9 9 9 9 9\ncpu1 1 2 4 100 50 8 16 32 5 5\n", 1);
  ASSERT_TRUE(core.has_value());
  EXPECT_EQ(core->busy, 63u);
  EXPECT_EQ(core->idle, 150u);
}

TEST(ProcessMeterTest, CoreThatIsNotThereGivesNothing) {
  EXPECT_FALSE(ParseCore("cpu1 1 2 4 100 50 8 16 32\n", 0).has_value());
  EXPECT_FALSE(ParseCore("cpu1 1 2 4\n", 1).has_value());
}

TEST(ProcessMeterTest, MemoryIsReadInBytes) {
  EXPECT_THAT(ParseRollup("00400000-7ffc [rollup]\nRss:               12 kB\nPss: 3 kB\n", "Rss:"),
              Optional(12u * 1024));
  EXPECT_FALSE(ParseRollup("Pss: 3 kB\n", "Rss:").has_value());
  EXPECT_FALSE(ParseRollup("Rss:\n", "Rss:").has_value());
}

}  // namespace
}  // namespace sluice::load

#include "base/units.h"

#include <chrono>
#include <limits>

#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(UnitsTest, RateTimesTimeIsSize) {
  EXPECT_EQ(BitRate::Kbps(800) * Duration(1s), DataSize::Bytes(100'000));
  EXPECT_EQ(BitRate::Bps(8) * Duration(500ms), DataSize::Bytes(0));
}

TEST(UnitsTest, SizeOverTimeIsRate) {
  EXPECT_EQ(DataSize::Bytes(125) / Duration(1ms), BitRate::Kbps(1'000));
  EXPECT_EQ(DataSize::Bytes(125) / Duration(0), BitRate());
  EXPECT_EQ(DataSize::Bytes(125) / Duration(-1), BitRate());
}

TEST(UnitsTest, SizeOverRateIsTime) {
  EXPECT_EQ(DataSize::Bytes(1'250) / BitRate::Kbps(1'000), Duration(10ms));
  EXPECT_EQ(DataSize::Bytes(1'250) / BitRate(), Duration(0));
}

TEST(UnitsTest, SumsAndDifferences) {
  DataSize size = DataSize::Bytes(10);
  size += DataSize::Bytes(5);
  size -= DataSize::Bytes(1);
  EXPECT_EQ(size.bytes(), 14);
  EXPECT_EQ(size.bits(), 112);
  EXPECT_EQ((BitRate::Bps(7) - BitRate::Bps(9)).bps(), -2);
  EXPECT_LT(BitRate::Bps(999), BitRate::Kbps(1));
}

// A peer may claim any rate; the sanitizers would end the process at an overflow.
TEST(UnitsTest, ArithmeticStopsAtTheEnds) {
  EXPECT_EQ(BitRate::Kbps(kMax).bps(), kMax);
  EXPECT_EQ((BitRate::Bps(kMax) + BitRate::Bps(1)).bps(), kMax);
  EXPECT_EQ((BitRate::Bps(kMin) - BitRate::Bps(1)).bps(), kMin);
  EXPECT_EQ((BitRate::Bps(kMax) * Duration(1h)).bytes(), kMax / 8'000'000);
  EXPECT_EQ(DataSize::Bytes(kMax).bits(), kMax);
  EXPECT_EQ((DataSize::Bytes(kMax) / Duration(1)).bps(), kMax);
  EXPECT_EQ((DataSize::Bytes(kMax) / BitRate::Bps(1)).count(), kMax);
  EXPECT_EQ(SaturatedProduct(kMax, -2), kMin);
  EXPECT_EQ(SaturatedProduct(kMin, kMin), kMax);
  EXPECT_EQ(SaturatedSum(kMin, -1), kMin);
  EXPECT_EQ(SaturatedDifference(kMax, -1), kMax);
}

}  // namespace
}  // namespace sluice

#include "base/seq_no.h"

#include <cstdint>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::Optional;

using RtpUnwrapper = Unwrapper<RtpSeq, uint16_t>;
using ClockUnwrapper = Unwrapper<RtpTime, uint32_t>;

// Release builds look at all 2^32 pairs, which takes seconds there and minutes without
// optimisation. Others take every 251st number against all, 251 being prime to the lap.
#ifdef NDEBUG
constexpr uint32_t kStride = 1;
#else
constexpr uint32_t kStride = 251;
#endif

// The distance leads back, is the shorter way, and changes its sign with the order
// except for exactly half a lap, which has no sign.
TEST(SeqNoTest, DistanceHoldsForEveryPair) {
  uint64_t wrong = 0;
  for (uint32_t a = 0; a < 0x10000; a += kStride) {
    const SeqNo from(static_cast<uint16_t>(a));
    for (uint32_t b = 0; b < 0x10000; ++b) {
      const SeqNo to(static_cast<uint16_t>(b));
      const int distance = to.DistanceFrom(from);
      const bool leads_back = from + distance == to;
      const bool is_short = distance >= -32'768 && distance <= 32'767;
      const bool has_sign = distance == -32'768 || from.DistanceFrom(to) == -distance;
      wrong += !(leads_back && is_short && has_sign);
    }
  }
  EXPECT_EQ(wrong, 0u);
}

// Of every pair of a newest number and the next one that arrives.
TEST(UnwrapperTest, IsTheNearestNumberForEveryPair) {
  uint64_t wrong = 0;
  for (uint32_t a = 0; a < 0x10000; a += kStride) {
    RtpUnwrapper unwrapper;
    const RtpSeq newest = unwrapper.Unwrap(static_cast<uint16_t>(a));
    for (uint32_t b = 0; b < 0x10000; ++b) {
      const RtpSeq next = unwrapper.Peek(static_cast<uint16_t>(b));
      const bool same_wire = static_cast<uint16_t>(next.value) == b;
      const bool near = next - newest >= -32'768 && next - newest <= 32'767;
      wrong += !(same_wire && near && next.value >= 0);
    }
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(SeqNoTest, AdditionWrapsBothWays) {
  EXPECT_EQ(SeqNo(65'535) + 1, SeqNo(0));
  EXPECT_EQ(SeqNo(0) + -1, SeqNo(65'535));
  EXPECT_EQ(SeqNo(1) + 65'536, SeqNo(1));
}

TEST(UnwrapperTest, CountsOnOverManyLaps) {
  RtpUnwrapper unwrapper;
  const RtpSeq first = unwrapper.Unwrap(0);
  RtpSeq last = first;
  for (int i = 1; i <= 700'000; ++i) {
    last = unwrapper.Unwrap(static_cast<uint16_t>(i));
    ASSERT_EQ(last - first, i);
  }
  EXPECT_THAT(unwrapper.newest(), Optional(last));
}

TEST(UnwrapperTest, LateNumbersDoNotMoveTheNewest) {
  RtpUnwrapper unwrapper;
  const RtpSeq newest = unwrapper.Unwrap(5);
  EXPECT_EQ(unwrapper.Unwrap(65'530), newest + -11);
  EXPECT_THAT(unwrapper.newest(), Optional(newest));
  EXPECT_EQ(unwrapper.Unwrap(6), newest + 1);
}

TEST(UnwrapperTest, NumbersBeforeTheFirstStayPositive) {
  RtpUnwrapper unwrapper;
  unwrapper.Unwrap(0);
  EXPECT_GT(unwrapper.Unwrap(32'768).value, 0);
}

TEST(UnwrapperTest, PeekRemembersNothing) {
  RtpUnwrapper unwrapper;
  EXPECT_EQ(unwrapper.Peek(7), unwrapper.Peek(7));
  EXPECT_FALSE(unwrapper.newest().has_value());
  unwrapper.Unwrap(7);
  unwrapper.Peek(20'000);
  EXPECT_EQ(unwrapper.Peek(40'000).value, 65'536 + 7 - (65'536 - 40'000 + 7));
}

TEST(UnwrapperTest, ThirtyTwoBitsWrapToo) {
  ClockUnwrapper unwrapper;
  const RtpTime first = unwrapper.Unwrap(0xfffffff0u);
  EXPECT_EQ(unwrapper.Unwrap(0x10) - first, 0x20);
  EXPECT_EQ(unwrapper.Unwrap(0xffffffe0u) - first, -0x10);
}

}  // namespace
}  // namespace sluice

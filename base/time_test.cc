#include "base/time.h"

#include <chrono>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

constexpr Timestamp At(Duration since_start) { return Timestamp(since_start); }

TEST(EarlierTest, NoneMeansNever) {
  EXPECT_FALSE(Earlier(std::nullopt, std::nullopt).has_value());
  EXPECT_THAT(Earlier(At(1s), std::nullopt), Optional(At(1s)));
  EXPECT_THAT(Earlier(std::nullopt, At(1s)), Optional(At(1s)));
  EXPECT_THAT(Earlier(At(2s), At(1s)), Optional(At(1s)));
  EXPECT_THAT(Earlier(At(1s), At(2s)), Optional(At(1s)));
}

TEST(NtpTimeTest, CountsFrom1900) {
  const NtpTime epoch = NtpTime::From(At(0s), 0s);
  EXPECT_EQ(epoch.seconds(), 2'208'988'800u);
  EXPECT_EQ(epoch.fraction(), 0u);
}

TEST(NtpTimeTest, HalfASecondIsHalfTheFraction) {
  const NtpTime time = NtpTime::From(At(500ms), 1s);
  EXPECT_EQ(time.seconds(), 2'208'988'801u);
  EXPECT_EQ(time.fraction(), 0x80000000u);
  EXPECT_EQ(time.compact(), (2'208'988'801u & 0xffff) << 16 | 0x8000);
}

TEST(NtpTimeTest, LastMicrosecondDoesNotCarry) {
  const NtpTime time = NtpTime::From(At(999'999us), 0s);
  EXPECT_EQ(time.seconds(), 2'208'988'800u);
  EXPECT_GT(time.fraction(), 0xffffe000u);
}

// 7 February 2036, 06:28:16 UTC: the 32 bits of seconds begin again. RTCP only takes differences.
TEST(NtpTimeTest, EndOfTheEraWraps) {
  constexpr auto kWrap = std::chrono::seconds((int64_t{1} << 32) - 2'208'988'800);
  EXPECT_EQ(NtpTime::From(At(0s), kWrap - 1s).seconds(), 0xffffffffu);
  EXPECT_EQ(NtpTime::From(At(0s), kWrap).seconds(), 0u);
}

TEST(NtpTimeTest, TimesBefore1970AreHeldThere) {
  EXPECT_EQ(NtpTime::From(At(0s), -1s), NtpTime::From(At(0s), 0s));
}

TEST(CompactNtpTest, ConvertsBothWaysWithinItsResolution) {
  for (Duration span : {Duration(0), Duration(16), Duration(1ms), Duration(80ms), Duration(1s),
                        Duration(59s), Duration(18h)}) {
    const Duration back = FromCompactNtp(ToCompactNtp(span));
    EXPECT_LE(back, span);
    EXPECT_LT(span - back, 32us);  // 1/65536 s each way.
  }
  EXPECT_EQ(ToCompactNtp(1s), 65'536u);
  EXPECT_EQ(FromCompactNtp(65'536), 1s);
}

TEST(CompactNtpTest, ClampsInsteadOfWrapping) {
  EXPECT_EQ(ToCompactNtp(-1s), 0u);
  EXPECT_EQ(ToCompactNtp(65'535s), 0xffffffffu);
  EXPECT_EQ(ToCompactNtp(24h), 0xffffffffu);
  EXPECT_EQ(ToCompactNtp(Duration::max()), 0xffffffffu);
  EXPECT_LT(ToCompactNtp(65'535s - 1us), 0xffffffffu);
}

TEST(CompactNtpTest, LargestValueIsJustBelow65536Seconds) {
  EXPECT_EQ(FromCompactNtp(0xffffffffu), 65'536s - 16us);
}

}  // namespace
}  // namespace sluice

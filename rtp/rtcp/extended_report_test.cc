#include "rtp/rtcp/extended_report.h"

#include <gtest/gtest.h>

#include <array>

#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/round_trip_time.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using test::FromHex;

TEST(ExtendedReportTest, ReadsABrowsersAnswer) {
  const auto bytes = FromHex(vectors::kChromiumDlrr);
  CompoundReader reader(bytes);
  reader.Next();
  const auto report = ExtendedReport::Parse(reader.Next()->bytes());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc(0x3d7a901e));
  EXPECT_FALSE(report->reference_time);
  ASSERT_EQ(report->dlrr.size(), 1u);
  const ExtendedReport::Dlrr expected{Ssrc(42), 0x1a028000, 0x199a};
  EXPECT_EQ(report->dlrr[0], expected);
}

// RFC 3611 §4.4: block type 4, two words of NTP time.
TEST(ExtendedReportTest, WritesAReferenceTimeAsTheRfcDrawsIt) {
  const ExtendedReport report{
      .sender = Ssrc(1), .reference_time = NtpTime(0x1122334455667788), .dlrr = {}};
  std::array<uint8_t, 64> buffer{};
  ByteWriter out(buffer);
  report.WriteTo(out);
  EXPECT_EQ(std::vector<uint8_t>(out.written().begin(), out.written().end()),
            FromHex("80 cf 00 04  00000001  04 00 0002  11223344 55667788"));
}

TEST(ExtendedReportTest, SurvivesTheTripThroughBytes) {
  ExtendedReport report{.sender = Ssrc(1), .reference_time = NtpTime(5), .dlrr = {}};
  for (uint32_t i = 0; i < ExtendedReport::kMaxEntries; ++i) {
    report.dlrr.push_back({Ssrc(i), i, 2 * i});
  }
  std::array<uint8_t, 512> buffer{};
  ByteWriter out(buffer);
  report.WriteTo(out);
  EXPECT_EQ(ExtendedReport::Parse(out.written()), report);
}

TEST(ExtendedReportTest, SkipsBlocksItDoesNotKnow) {
  const auto bytes =
      FromHex("80 cf 00 06  00000001  07 00 0001 deadbeef  04 00 0002 00000000 00000009");
  const auto report = ExtendedReport::Parse(bytes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reference_time, NtpTime(9));
}

TEST(ExtendedReportTest, RefusesBlocksThatCannotBe) {
  EXPECT_FALSE(ExtendedReport::Parse(FromHex("80 cf 00 00")));
  // Longer than the packet.
  EXPECT_FALSE(ExtendedReport::Parse(FromHex("80 cf 00 02  00000001  07 00 0001")));
  // A reference time of one word, an answer of two.
  EXPECT_FALSE(ExtendedReport::Parse(FromHex("80 cf 00 03  00000001  04 00 0001 00000001")));
  EXPECT_FALSE(
      ExtendedReport::Parse(FromHex("80 cf 00 04  00000001  05 00 0002 00000001 00000001")));
}

// What both ends do with a round trip of 80 ms, of which the peer kept our time for 300 ms.
TEST(RoundTripTimeTest, ComesOutOfReferenceTimeAndAnswer) {
  constexpr Duration kUnixOffset = std::chrono::hours(480'000);
  const Timestamp sent = Timestamp() + std::chrono::seconds(100);
  const uint32_t last = NtpTime::From(sent, kUnixOffset).compact();
  const Timestamp answered = sent + milliseconds(380);
  const auto rtt =
      RoundTripTime(NtpTime::From(answered, kUnixOffset), last, ToCompactNtp(milliseconds(300)));
  ASSERT_TRUE(rtt);
  EXPECT_NEAR(static_cast<double>(rtt->count()), 80'000, 50);
}

TEST(RoundTripTimeTest, WorksWhereTheCompactTimeWraps) {
  // Asked a quarter of a second before the wrap, answered 1.25 s after it, kept for a second.
  const NtpTime now(uint64_t{0x0001'4000} << 16);
  EXPECT_EQ(RoundTripTime(now, 0xffff'c000, 0x0001'0000), Duration(500'000));
}

TEST(RoundTripTimeTest, RefusesLies) {
  const NtpTime now(uint64_t{0x0100'0000} << 16);
  EXPECT_FALSE(RoundTripTime(now, 0, 5));                          // heard nothing from us
  EXPECT_FALSE(RoundTripTime(now, 0x0080'0000, 0));                // 128 seconds
  EXPECT_FALSE(RoundTripTime(now, 0x0100'0000, 0x0001'0000));      // a second before we asked
  EXPECT_EQ(RoundTripTime(now, 0x0100'0000, 0x100), Duration(0));  // drifting clocks
}

}  // namespace
}  // namespace sluice::rtp

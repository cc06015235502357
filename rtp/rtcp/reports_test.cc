// Sender and receiver reports, which differ in their first lines only.

#include <gtest/gtest.h>

#include <array>

#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/sender_report.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

TEST(SenderReportTest, ReadsABrowsersReport) {
  const auto bytes = FromHex(vectors::kChromiumSenderReport);
  const auto report = SenderReport::Parse(CompoundReader(bytes).Next()->bytes());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc(0x8e41f207));
  EXPECT_EQ(report->ntp, NtpTime(0xec8f1a0280000000));
  EXPECT_EQ(report->rtp_timestamp, 0x5a3b7c10u);
  EXPECT_EQ(report->packet_count, 500u);
  EXPECT_EQ(report->octet_count, 40'000u);
  ASSERT_EQ(report->blocks.size(), 1u);
  const ReportBlock expected{.source = Ssrc(0x3d7a901e),
                             .fraction_lost = 26,
                             .cumulative_lost = -2,
                             .highest_sequence = 0x26a11,
                             .jitter = 300,
                             .last_sender_report = 0x1a024000,
                             .delay_since_last = 0x8000};
  EXPECT_EQ(report->blocks[0], expected);
}

TEST(SenderReportTest, SurvivesTheTripThroughBytes) {
  SenderReport report{.sender = Ssrc(1),
                      .ntp = NtpTime(0x0123456789abcdef),
                      .rtp_timestamp = 0xfffffff0,
                      .packet_count = 0xffffffff,
                      .octet_count = 7,
                      .blocks = {}};
  for (uint32_t i = 0; i < 31; ++i) report.blocks.push_back({.source = Ssrc(i), .jitter = i});
  std::array<uint8_t, 1024> buffer{};
  ByteWriter out(buffer);
  report.WriteTo(out);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out.size(), 28u + 31 * ReportBlock::kSize);
  EXPECT_EQ(SenderReport::Parse(out.written()), report);
}

TEST(SenderReportTest, SkipsProfileSpecificExtensions) {
  const auto bytes =
      FromHex("80 c8 00 07  00000001  0000000100000002  00000003  00000004  00000005  deadbeef");
  const auto report = SenderReport::Parse(bytes);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->octet_count, 5u);
  EXPECT_TRUE(report->blocks.empty());
}

TEST(SenderReportTest, RefusesWhatIsTooShort) {
  EXPECT_FALSE(
      SenderReport::Parse(FromHex("80 c8 00 05 00000001 0000000100000002 00000003 00000004")));
  // One block announced, none there.
  EXPECT_FALSE(SenderReport::Parse(
      FromHex("81 c8 00 06 00000001 0000000100000002 00000003 00000004 00000005")));
}

TEST(ReceiverReportTest, ReadsABrowsersReport) {
  const auto bytes = FromHex(vectors::kChromiumReceiverReportWithRemb);
  const auto report = ReceiverReport::Parse(CompoundReader(bytes).Next()->bytes());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc(1));
  ASSERT_EQ(report->blocks.size(), 2u);
  EXPECT_EQ(report->blocks[1].source, Ssrc(0x3d7a901e));
  EXPECT_EQ(report->blocks[1].cumulative_lost, 17);
}

TEST(ReceiverReportTest, MayBeEmpty) {
  const auto bytes = FromHex("80 c9 00 01 00 00 00 01");
  const auto report = ReceiverReport::Parse(bytes);
  ASSERT_TRUE(report);
  std::array<uint8_t, 8> buffer{};
  ByteWriter out(buffer);
  report->WriteTo(out);
  EXPECT_EQ(std::vector<uint8_t>(buffer.begin(), buffer.end()), bytes);
}

TEST(ReceiverReportTest, RefusesMissingBlocks) {
  EXPECT_FALSE(ReceiverReport::Parse(FromHex("81 c9 00 01 00 00 00 01")));
  EXPECT_FALSE(ReceiverReport::Parse(FromHex("80 c9 00 00")));
}

TEST(ReportBlockTest, ClampsLossThatDoesNotFit) {
  for (const auto& [lost, written] :
       {std::pair{0x7fffffff, ReportBlock::kMaxLost}, std::pair{-0x7fffffff, ReportBlock::kMinLost},
        std::pair{-1, -1}}) {
    std::array<uint8_t, ReportBlock::kSize> buffer{};
    ByteWriter out(buffer);
    ReportBlock{.cumulative_lost = lost}.WriteTo(out);
    ByteReader in(buffer);
    EXPECT_EQ(ReportBlock::Read(in).cumulative_lost, written);
  }
}

}  // namespace
}  // namespace sluice::rtp

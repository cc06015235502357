#include "rtp/send/send_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Optional;

constexpr Duration kUnixOffset = seconds(1'700'000'000);

Timestamp At(Duration since_start) { return Timestamp(seconds(100)) + since_start; }

SendStream MakeStream() { return SendStream({Ssrc(5), MediaKind::kVideo, 90'000}); }

TEST(SendStreamTest, NoReportBeforeThePacketsOrWhileIdle) {
  SendStream stream = MakeStream();
  EXPECT_EQ(stream.MakeSenderReport(At({}), kUnixOffset), std::nullopt);
  stream.RecordSent(At({}), 1000, 100, 120);
  EXPECT_TRUE(stream.MakeSenderReport(At(SendStream::kIdle), kUnixOffset).has_value());
  EXPECT_EQ(stream.MakeSenderReport(At(SendStream::kIdle + Duration(1)), kUnixOffset),
            std::nullopt);
}

TEST(SendStreamTest, ReportCountsFirstTransmissionsByPayload) {
  SendStream stream = MakeStream();
  stream.RecordSent(At({}), 1000, 100, 120);
  stream.RecordSent(At({}), 1000, 50, 70);
  stream.RecordRetransmitted(At({}), 122);
  const auto report = stream.MakeSenderReport(At({}), kUnixOffset);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sender, Ssrc(5));
  EXPECT_EQ(report->packet_count, 2u);
  EXPECT_EQ(report->octet_count, 150u);
  EXPECT_EQ(report->ntp, NtpTime::From(At({}), kUnixOffset));
}

TEST(SendStreamTest, MediaTimeIsCarriedForwardFromTheFirstPacketOfTheNewestFrame) {
  SendStream stream = MakeStream();
  stream.RecordSent(At({}), 1000, 1, 1);
  stream.RecordSent(At(milliseconds(20)), 1000, 1, 1);  // same frame, paced
  stream.RecordSent(At(milliseconds(30)), 400, 1, 1);   // late
  EXPECT_EQ(stream.MakeSenderReport(At(milliseconds(500)), kUnixOffset)->rtp_timestamp,
            1000u + 45'000);
}

TEST(SendStreamTest, MediaTimeWraps) {
  SendStream stream = MakeStream();
  stream.RecordSent(At({}), 0xffffff00, 1, 1);
  stream.RecordSent(At(milliseconds(10)), 0x284, 1, 1);
  EXPECT_EQ(stream.MakeSenderReport(At(milliseconds(20)), kUnixOffset)->rtp_timestamp, 0x608u);
}

TEST(SendStreamTest, ClockOfTheSourceIsPreferred) {
  SendStream stream = MakeStream();
  // The packet was under way for 200 ms longer than the source's clock says.
  stream.RecordSourceClock(At({}), 18'000);
  stream.RecordSent(At({}), 0, 1, 1);
  EXPECT_EQ(stream.MakeSenderReport(At(milliseconds(100)), kUnixOffset)->rtp_timestamp,
            18'000u + 9'000);
}

TEST(SendStreamTest, ClockOfASourceThatWasReplacedIsIgnored) {
  SendStream stream = MakeStream();
  stream.RecordSourceClock(At({}), 3'000'000'000);
  stream.RecordSent(At({}), 1000, 1, 1);
  EXPECT_EQ(stream.MakeSenderReport(At({}), kUnixOffset)->rtp_timestamp, 1000u);
}

// RFC 3550 §6.4.1, Figure 2: LSR 0xb705:2000, DLSR 5.250 s, arrival 0xb710:8000 make 6.125 s. The
// figure's delay is beyond what a call can live with, so the same sum is done with less of it.
TEST(SendStreamTest, RoundTripIsArrivalLessLastReportLessDelay) {
  SendStream stream = MakeStream();
  EXPECT_EQ(stream.round_trip(), std::nullopt);
  ReportBlock block;
  block.source = Ssrc(5);
  block.last_sender_report = 0xb705'2000;
  block.delay_since_last = 0x0005'4000;
  stream.RecordReportBlock(NtpTime(uint64_t{0xb70a'8000} << 16), block);
  EXPECT_THAT(stream.round_trip(), Optional(Duration(125'000)));
  // A block that echoes nothing keeps it.
  block.last_sender_report = 0;
  stream.RecordReportBlock(NtpTime(uint64_t{0xb70a'9000} << 16), block);
  EXPECT_THAT(stream.round_trip(), Optional(Duration(125'000)));
}

TEST(SendStreamTest, StatisticsTellWhatTheReceiverSaid) {
  SendStream stream = MakeStream();
  ReportBlock block;
  block.fraction_lost = 25;
  block.cumulative_lost = -3;
  block.jitter = 270;
  stream.RecordReportBlock(NtpTime(1), block);
  stream.RecordNack(3);
  stream.RecordNack(1);
  stream.RecordPli();
  stream.RecordFir();
  for (int i = 0; i < 20; ++i) stream.RecordSent(At(milliseconds(100 * i)), 0, 1, 1250);
  stream.RecordRetransmitted(At(milliseconds(1900)), 500);
  const SendStream::Stats stats = stream.stats(At(milliseconds(1999)));
  EXPECT_EQ(stats.packets_lost, -3);
  EXPECT_EQ(stats.fraction_lost, 25);
  EXPECT_EQ(stats.jitter, 270u);
  EXPECT_EQ(stats.nack_count, 2u);
  EXPECT_EQ(stats.nack_packet_count, 4u);
  EXPECT_EQ(stats.pli_count, 1u);
  EXPECT_EQ(stats.fir_count, 1u);
  EXPECT_EQ(stats.packets, 20u);
  EXPECT_EQ(stats.bytes, 25'000u);
  EXPECT_EQ(stats.packets_retransmitted, 1u);
  EXPECT_EQ(stats.bytes_retransmitted, 500u);
  EXPECT_NEAR(static_cast<double>(stats.rate.bps()), 100'000.0, 5000.0);
}

}  // namespace
}  // namespace sluice::rtp

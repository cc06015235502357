#include "rtp/rtcp/rtcp_packet.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/hex.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

TEST(RtcpPacketTest, CutsOffExactlyWhatTheLengthSays) {
  const auto bytes = FromHex("80 c9 00 01 00 00 00 07 ff ff");
  const auto packet = RtcpPacket::Parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->bytes().size(), 8u);
  EXPECT_EQ(packet->body().size(), 4u);
  EXPECT_EQ(packet->kind(), RtcpKind::kReceiverReport);
}

TEST(RtcpPacketTest, RefusesWhatIsNoRtcp) {
  EXPECT_FALSE(RtcpPacket::Parse({}));
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("80 c9 00")));
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("40 c9 00 00")));              // version 1
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("80 c9 00 02 00 00 00 07")));  // a word too few
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("80 c9 ff ff 00 00 00 07")));
}

TEST(RtcpPacketTest, TakesPaddingOffTheBody) {
  const auto bytes = FromHex("a0 c9 00 02 00 00 00 07 00 00 00 04");
  const auto packet = RtcpPacket::Parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->body().size(), 4u);
  EXPECT_EQ(packet->bytes().size(), 12u);
}

TEST(RtcpPacketTest, RefusesPaddingThatCannotBe) {
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("a0 c9 00 01 00 00 00 00")));  // counts nothing
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("a0 c9 00 01 00 00 00 05")));  // reaches into the header
  EXPECT_FALSE(RtcpPacket::Parse(FromHex("a0 c9 00 00")));              // has no place
}

TEST(RtcpPacketTest, TellsFeedbackByItsFormat) {
  const auto kind = [](std::string_view hex) { return RtcpPacket::Parse(FromHex(hex))->kind(); };
  EXPECT_EQ(kind("81 cd 00 00"), RtcpKind::kNack);
  EXPECT_EQ(kind("8f cd 00 00"), RtcpKind::kTransportFeedback);
  EXPECT_EQ(kind("83 cd 00 00"), RtcpKind::kTmmbr);
  EXPECT_EQ(kind("84 cd 00 00"), RtcpKind::kTmmbn);
  EXPECT_EQ(kind("85 cd 00 00"), RtcpKind::kOther);  // RTCP-SR-REQ
  EXPECT_EQ(kind("81 ce 00 00"), RtcpKind::kPli);
  EXPECT_EQ(kind("84 ce 00 00"), RtcpKind::kFir);
  EXPECT_EQ(kind("8f ce 00 03 00 00 00 01 00 00 00 00 52 45 4d 42"), RtcpKind::kRemb);
  EXPECT_EQ(kind("8f ce 00 03 00 00 00 01 00 00 00 00 52 45 4d 43"), RtcpKind::kOther);
  EXPECT_EQ(kind("8f ce 00 02 00 00 00 01 00 00 00 00"), RtcpKind::kOther);
  EXPECT_EQ(kind("80 cc 00 00"), RtcpKind::kApplicationData);
}

TEST(RtcpPacketTest, ReadRtcpWantsOnePacketOfTheKind) {
  const auto bytes = FromHex("80 c9 00 01 00 00 00 07");
  EXPECT_TRUE(ReadRtcp(bytes, RtcpKind::kReceiverReport));
  EXPECT_FALSE(ReadRtcp(bytes, RtcpKind::kSenderReport));
  const auto longer = FromHex("80 c9 00 01 00 00 00 07 80 c9 00 00");
  EXPECT_FALSE(ReadRtcp(longer, RtcpKind::kReceiverReport));
}

TEST(RtcpFrameTest, FillsTheLastWordAndSaysSo) {
  std::array<uint8_t, 16> buffer{};
  ByteWriter out(buffer);
  RtcpFrame frame(out, RtcpKind::kTransportFeedback, FeedbackSources{Ssrc(1), Ssrc(2)});
  out.U8(0x55);
  frame.Pad();
  frame.Finish();
  const auto expected = FromHex("af cd 00 03 00000001 00000002 55 00 00 03");
  EXPECT_EQ(std::vector<uint8_t>(out.written().begin(), out.written().end()), expected);
}

TEST(RtcpFrameTest, LeavesAWriterThatIsFullFailed) {
  std::array<uint8_t, 10> buffer{};
  ByteWriter out(buffer);
  RtcpFrame frame(out, RtcpKind::kPli, FeedbackSources{Ssrc(1), Ssrc(2)});
  frame.Pad();
  frame.Finish();
  EXPECT_FALSE(out.ok());
}

}  // namespace
}  // namespace sluice::rtp

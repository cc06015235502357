// Bytes that a real Chromium sent, through all that would read them in a call.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtp/packet/extensions.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/extended_report.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/transport_feedback.h"
#include "tests/support/hex.h"
#include "tests/vectors/chromium_capture.h"

namespace sluice::rtp {
namespace {

using codec::Description;
using codec::Kind;

class ChromiumCaptureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(map_.Add(2, Extension::kAbsSendTime));
    ASSERT_TRUE(map_.Add(3, Extension::kVideoOrientation));
    ASSERT_TRUE(map_.Add(4, Extension::kTransportSequence));
    ASSERT_TRUE(map_.Add(9, Extension::kMid));
    ASSERT_TRUE(map_.Add(14, Extension::kAudioLevel));
  }

  RtpPacket Parse(std::string_view hex) {
    auto packet = RtpPacket::Parse(pool_.Copy(test::FromHex(hex), Timestamp()), map_);
    SLUICE_CHECK(packet);
    return *std::move(packet);
  }

  Description Described(std::string_view hex, Kind kind) {
    const RtpPacket packet = Parse(hex);
    return codec::Describe(kind, packet.payload(), packet.marker());
  }

  PacketPool pool_{256};
  ExtensionMap map_;
};

TEST_F(ChromiumCaptureTest, HeaderAndExtensionsAreWhatWasNegotiated) {
  const RtpPacket packet = Parse(vectors::kCapturedVp8Key);
  EXPECT_EQ(packet.payload_type(), PayloadType(96));
  EXPECT_EQ(packet.seq(), SeqNo(0x02bb));
  EXPECT_EQ(packet.ssrc(), Ssrc(0xaa15efcd));
  EXPECT_FALSE(packet.marker());
  EXPECT_EQ(packet.padding(), 0u);
  EXPECT_EQ(ParseStreamName(*packet.extension(Extension::kMid)), "0");
  EXPECT_EQ(TransportSequence::Parse(*packet.extension(Extension::kTransportSequence))->seq, 2);
  EXPECT_TRUE(packet.extension(Extension::kAbsSendTime).has_value());
  EXPECT_FALSE(packet.extension(Extension::kVideoOrientation).has_value());
  EXPECT_TRUE(Parse(vectors::kCapturedVp8KeyEnd).extension(Extension::kVideoOrientation));
}

TEST_F(ChromiumCaptureTest, KeyFramesAreRecognisedInEveryCodec) {
  EXPECT_TRUE(Described(vectors::kCapturedVp8Key, Kind::kVp8).key_frame);
  EXPECT_TRUE(Described(vectors::kCapturedVp9Key, Kind::kVp9).key_frame);
  EXPECT_TRUE(Described(vectors::kCapturedH264Key, Kind::kH264).key_frame);
  EXPECT_TRUE(Described(vectors::kCapturedAv1Key, Kind::kAv1).key_frame);
}

TEST_F(ChromiumCaptureTest, DeltaFramesAreNotTakenForKeyFrames) {
  EXPECT_FALSE(Described(vectors::kCapturedVp8Delta, Kind::kVp8).key_frame);
  EXPECT_FALSE(Described(vectors::kCapturedVp9Delta, Kind::kVp9).key_frame);
  EXPECT_FALSE(Described(vectors::kCapturedH264Delta, Kind::kH264).key_frame);
  EXPECT_FALSE(Described(vectors::kCapturedAv1Delta, Kind::kAv1).key_frame);
}

TEST_F(ChromiumCaptureTest, OpusCarriesItsLevel) {
  const RtpPacket packet = Parse(vectors::kCapturedOpus);
  const auto level = AudioLevel::Parse(*packet.extension(Extension::kAudioLevel));
  ASSERT_TRUE(level);
  EXPECT_EQ(level->level, 127);  // The fake microphone is silent between its beeps.
  EXPECT_TRUE(level->voice);
  EXPECT_FALSE(packet.payload().empty());
}

TEST_F(ChromiumCaptureTest, ProbesAreAllPadding) {
  RtpPacket packet = Parse(vectors::kCapturedProbe);
  EXPECT_TRUE(packet.payload().empty());
  EXPECT_EQ(packet.padding(), 255u);
  EXPECT_FALSE(packet.UnwrapRtx(Ssrc(0xaa15efcd), PayloadType(96)));
}

TEST_F(ChromiumCaptureTest, RetransmissionBecomesThePacketItRepeats) {
  const RtpPacket original = Parse(vectors::kCapturedVp8KeyEnd);
  RtpPacket repeated = Parse(vectors::kCapturedRtx);
  ASSERT_TRUE(repeated.UnwrapRtx(original.ssrc(), original.payload_type()));
  EXPECT_EQ(repeated.seq(), original.seq());
  EXPECT_EQ(repeated.timestamp(), original.timestamp());
  EXPECT_EQ(repeated.marker(), original.marker());
  EXPECT_THAT(repeated.payload(), ::testing::ElementsAreArray(original.payload()));
}

TEST_F(ChromiumCaptureTest, SenderReportNamesItsClockAndAnswersOurs) {
  const auto bytes = test::FromHex(vectors::kCapturedSenderReport);
  CompoundReader compound(bytes);
  const auto report = SenderReport::Parse(compound.Next()->bytes());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc(0xaa15efcd));
  EXPECT_EQ(report->packet_count, 53u);
  const auto description = SourceDescription::Parse(compound.Next()->bytes());
  ASSERT_TRUE(description);
  EXPECT_EQ(description->chunks[0].cname.size(), 16u);
  const auto extended = ExtendedReport::Parse(compound.Next()->bytes());
  ASSERT_TRUE(extended);
  ASSERT_EQ(extended->dlrr.size(), 1u);
  EXPECT_EQ(extended->dlrr[0].receiver, Ssrc(0x91def7bc));
  EXPECT_FALSE(compound.Next().has_value());
  EXPECT_FALSE(compound.malformed());
}

TEST_F(ChromiumCaptureTest, FeedbackAndReceiverReportAreRead) {
  const auto bytes = test::FromHex(vectors::kCapturedFeedback);
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->base(), SeqNo(0x0011));
  EXPECT_EQ(feedback->status_count(), 4);
  const auto report = ReceiverReport::Parse(test::FromHex(vectors::kCapturedReceiverReport));
  ASSERT_TRUE(report);
  ASSERT_EQ(report->blocks.size(), 1u);
  EXPECT_EQ(report->blocks[0].source, Ssrc(0x26dc450b));
  EXPECT_EQ(report->blocks[0].cumulative_lost, 0);
}

}  // namespace
}  // namespace sluice::rtp

// Packets as browsers send them, and the figures of RFC 8285, through the whole of the parser.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rtp/packet/extensions.h"
#include "rtp/packet/rtp_packet.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtp_packets.h"

namespace sluice::rtp {
namespace {

using codec::Describe;
using codec::Description;
using codec::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

class BrowserPacketsTest : public ::testing::Test {
 protected:
  RtpPacket Parse(std::string_view hex) {
    auto packet = RtpPacket::Parse(pool_.Copy(test::FromHex(hex), Timestamp()), map_);
    SLUICE_CHECK(packet);
    return *std::move(packet);
  }

  void NegotiateVideo() {
    ASSERT_TRUE(map_.Add(2, Extension::kAbsSendTime));
    ASSERT_TRUE(map_.Add(4, Extension::kTransportSequence));
    ASSERT_TRUE(map_.Add(9, Extension::kMid));
    ASSERT_TRUE(map_.Add(12, Extension::kDependencyDescriptor));
    ASSERT_TRUE(map_.Add(13, Extension::kVideoOrientation));
  }

  uint16_t TransportSeqOf(const RtpPacket& packet) {
    return TransportSequence::Parse(packet.extension(Extension::kTransportSequence).value())
        .value()
        .seq;
  }

  Description Described(const RtpPacket& packet, Kind kind) {
    return Describe(kind, packet.payload(), packet.marker(),
                    packet.extension(Extension::kDependencyDescriptor));
  }

  PacketPool pool_{256};
  ExtensionMap map_;
};

TEST_F(BrowserPacketsTest, Rfc8285OneByteFigure) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  ASSERT_TRUE(map_.Add(2, Extension::kTransportSequence));
  ASSERT_TRUE(map_.Add(3, Extension::kMid));
  const RtpPacket packet = Parse(vectors::kRfc8285OneByte);
  EXPECT_THAT(packet.extension(Extension::kAudioLevel), Optional(ElementsAre(0xaa)));
  EXPECT_THAT(packet.extension(Extension::kTransportSequence), Optional(ElementsAre(0xbb, 0xcc)));
  EXPECT_THAT(packet.extension(Extension::kMid), Optional(ElementsAre(1, 2, 3, 4)));
  EXPECT_THAT(packet.payload(), ElementsAre(0xde, 0xad));
}

TEST_F(BrowserPacketsTest, Rfc8285TwoByteFigure) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  ASSERT_TRUE(map_.Add(2, Extension::kTransportSequence));
  ASSERT_TRUE(map_.Add(3, Extension::kMid));
  const RtpPacket packet = Parse(vectors::kRfc8285TwoByte);
  EXPECT_THAT(packet.extension(Extension::kAudioLevel), Optional(IsEmpty()));
  EXPECT_THAT(packet.extension(Extension::kTransportSequence), Optional(ElementsAre(0xbb)));
  EXPECT_THAT(packet.extension(Extension::kMid), Optional(ElementsAre(1, 2, 3, 4)));
  EXPECT_THAT(packet.payload(), ElementsAre(0xde, 0xad));
}

TEST_F(BrowserPacketsTest, ChromiumOpus) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  ASSERT_TRUE(map_.Add(3, Extension::kTransportSequence));
  ASSERT_TRUE(map_.Add(4, Extension::kMid));
  const RtpPacket packet = Parse(vectors::kChromiumOpus);
  EXPECT_EQ(packet.payload_type(), PayloadType(111));
  EXPECT_EQ(packet.seq(), SeqNo(7468));
  EXPECT_EQ(packet.ssrc(), Ssrc(0x8e41f207));
  EXPECT_EQ(TransportSeqOf(packet), 5);
  EXPECT_EQ(ParseStreamName(*packet.extension(Extension::kMid)), "0");
  EXPECT_EQ(AudioLevel::Parse(*packet.extension(Extension::kAudioLevel)),
            (AudioLevel{.level = 37, .voice = true}));
  EXPECT_EQ(Described(packet, Kind::kOpus), (Description{.frame_start = true, .frame_end = true}));
}

TEST_F(BrowserPacketsTest, ChromiumVp8) {
  NegotiateVideo();
  const RtpPacket first = Parse(vectors::kChromiumVp8);
  EXPECT_EQ(TransportSeqOf(first), 6);
  EXPECT_EQ(first.extension(Extension::kVideoOrientation), std::nullopt);
  EXPECT_EQ(Described(first, Kind::kVp8), (Description{.key_frame = true,
                                                       .frame_start = true,
                                                       .has_layers = true,
                                                       .has_base_index = true,
                                                       .picture_id_bits = 15,
                                                       .base_index = 76,
                                                       .picture_id = 6951}));
  const RtpPacket last = Parse(vectors::kChromiumVp8Last);
  EXPECT_EQ(VideoOrientation::Parse(*last.extension(Extension::kVideoOrientation)),
            VideoOrientation{.rotation = 1});
  EXPECT_EQ(Described(last, Kind::kVp8), (Description{.frame_end = true,
                                                      .has_layers = true,
                                                      .has_base_index = true,
                                                      .picture_id_bits = 15,
                                                      .base_index = 76,
                                                      .picture_id = 6951}));
}

TEST_F(BrowserPacketsTest, ChromiumVp9) {
  NegotiateVideo();
  const RtpPacket packet = Parse(vectors::kChromiumVp9);
  EXPECT_EQ(TransportSeqOf(packet), 303);
  EXPECT_EQ(Described(packet, Kind::kVp9), (Description{.key_frame = true,
                                                        .frame_start = true,
                                                        .has_layers = true,
                                                        .intra_picture = true,
                                                        .has_base_index = true,
                                                        .picture_id_bits = 15,
                                                        .base_index = 5,
                                                        .picture_id = 21044}));
}

TEST_F(BrowserPacketsTest, ChromiumH264) {
  NegotiateVideo();
  const Description key_frame_start{.key_frame = true, .frame_start = true};
  EXPECT_EQ(Described(Parse(vectors::kChromiumH264), Kind::kH264), key_frame_start);
  EXPECT_EQ(Described(Parse(vectors::kChromiumH264Slice), Kind::kH264), key_frame_start);
}

TEST_F(BrowserPacketsTest, ChromiumH265) {
  NegotiateVideo();
  EXPECT_EQ(Described(Parse(vectors::kChromiumH265), Kind::kH265),
            (Description{.key_frame = true, .frame_start = true, .has_layers = true}));
}

TEST_F(BrowserPacketsTest, ChromiumAv1) {
  NegotiateVideo();
  const RtpPacket packet = Parse(vectors::kChromiumAv1);
  EXPECT_EQ(TransportSeqOf(packet), 1000);
  EXPECT_EQ(packet.extension(Extension::kDependencyDescriptor)->size(), 13u);
  EXPECT_EQ(Described(packet, Kind::kAv1),
            (Description{
                .key_frame = true, .frame_start = true, .picture_id_bits = 16, .picture_id = 1}));
}

TEST_F(BrowserPacketsTest, TwoByteFormWithLongDescriptorAndStrangers) {
  NegotiateVideo();
  const RtpPacket packet = Parse(vectors::kTwoByteMixed);
  EXPECT_EQ(TransportSeqOf(packet), 1001);
  EXPECT_EQ(packet.extension(Extension::kDependencyDescriptor)->size(), 17u);
  EXPECT_EQ(ParseStreamName(*packet.extension(Extension::kMid)), "1");
  EXPECT_EQ(Described(packet, Kind::kAv1),
            (Description{.frame_end = true, .picture_id_bits = 16, .picture_id = 1}));
}

TEST_F(BrowserPacketsTest, ProbeIsPaddingOnly) {
  NegotiateVideo();
  const RtpPacket packet = Parse(vectors::kPaddingOnly);
  EXPECT_THAT(packet.payload(), IsEmpty());
  EXPECT_EQ(packet.padding(), 8u);
  EXPECT_EQ(TransportSeqOf(packet), 10);
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/packet/rtp_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rtp/packet/extensions.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using test::Bytes;
using test::RtpPacketBuilder;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Optional;

class RtpPacketTest : public ::testing::Test {
 protected:
  std::optional<RtpPacket> Parse(const Bytes& bytes) {
    return RtpPacket::Parse(pool_.Copy(bytes, Timestamp()), map_);
  }

  PacketPool pool_{256};
  ExtensionMap map_;
};

TEST_F(RtpPacketTest, ReadsTheFixedHeader) {
  const RtpPacket packet = RtpPacketBuilder()
                               .WithSsrc(0xdeadbeef)
                               .WithPayloadType(127)
                               .WithSeq(65535)
                               .WithTimestamp(0xfffffffe)
                               .WithMarker()
                               .WithPayload({1, 2, 3})
                               .Build(pool_, map_, Timestamp(Duration(77)));
  EXPECT_EQ(packet.ssrc(), Ssrc(0xdeadbeef));
  EXPECT_EQ(packet.payload_type(), PayloadType(127));
  EXPECT_EQ(packet.seq(), SeqNo(65535));
  EXPECT_EQ(packet.timestamp(), 0xfffffffeu);
  EXPECT_TRUE(packet.marker());
  EXPECT_THAT(packet.payload(), ElementsAre(1, 2, 3));
  EXPECT_EQ(packet.header_size(), 12u);
  EXPECT_EQ(packet.size(), 15u);
  EXPECT_EQ(packet.padding(), 0u);
  EXPECT_EQ(packet.arrival(), Timestamp(Duration(77)));
}

TEST_F(RtpPacketTest, MarkerDoesNotLeakIntoThePayloadType) {
  const RtpPacket packet = RtpPacketBuilder().WithPayloadType(0).WithMarker().Build(pool_);
  EXPECT_EQ(packet.payload_type(), PayloadType(0));
  EXPECT_FALSE(RtpPacketBuilder().WithPayloadType(127).Build(pool_).marker());
}

TEST_F(RtpPacketTest, RefusesOtherVersions) {
  Bytes bytes = RtpPacketBuilder().ToBytes();
  for (const int version : {0, 1, 3}) {
    bytes[0] = static_cast<uint8_t>(version << 6);
    EXPECT_FALSE(Parse(bytes)) << version;
  }
}

TEST_F(RtpPacketTest, RefusesEveryCutThatReachesIntoTheHeader) {
  const Bytes whole = RtpPacketBuilder()
                          .WithCsrc(1)
                          .WithCsrc(2)
                          .WithExtension(1, {1, 2, 3})
                          .WithPayload({})
                          .ToBytes();
  ASSERT_EQ(whole.size(), 28u);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Parse(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)))) << size;
  }
  EXPECT_TRUE(Parse(whole));
}

TEST_F(RtpPacketTest, StepsOverContributingSources) {
  RtpPacketBuilder builder;
  for (uint32_t i = 0; i < 15; ++i) builder.WithCsrc(i);
  const RtpPacket packet = builder.WithPayload({9}).Build(pool_);
  EXPECT_EQ(packet.header_size(), 12u + 15u * 4u);
  EXPECT_THAT(packet.payload(), ElementsAre(9));
}

TEST_F(RtpPacketTest, EmptyPayloadIsAPacket) {
  const RtpPacket packet = RtpPacketBuilder().WithPayload({}).Build(pool_);
  EXPECT_THAT(packet.payload(), IsEmpty());
}

TEST_F(RtpPacketTest, PaddingIsNoPayload) {
  const RtpPacket packet = RtpPacketBuilder().WithPayload({1, 2}).WithPadding(7).Build(pool_);
  EXPECT_THAT(packet.payload(), ElementsAre(1, 2));
  EXPECT_EQ(packet.padding(), 7u);
  EXPECT_EQ(packet.size(), 12u + 2u + 7u);
}

TEST_F(RtpPacketTest, PaddingMayBeAllThereIs) {
  const RtpPacket packet = RtpPacketBuilder().WithPayload({}).WithPadding(255).Build(pool_);
  EXPECT_THAT(packet.payload(), IsEmpty());
  EXPECT_EQ(packet.padding(), 255u);
}

TEST_F(RtpPacketTest, RefusesPaddingThatContradictsItself) {
  Bytes bytes = RtpPacketBuilder().WithPayload({1, 2}).WithPadding(2).ToBytes();
  ASSERT_TRUE(Parse(bytes));
  bytes.back() = 0;
  EXPECT_FALSE(Parse(bytes));
  bytes.back() = 4;
  EXPECT_TRUE(Parse(bytes));
  bytes.back() = 5;  // reaches into the header
  EXPECT_FALSE(Parse(bytes));
  bytes.resize(12);  // announced, but not there
  EXPECT_FALSE(Parse(bytes));
}

TEST_F(RtpPacketTest, IndexesOneByteExtensions) {
  ASSERT_TRUE(map_.Add(1, Extension::kMid));
  ASSERT_TRUE(map_.Add(14, Extension::kTransportSequence));
  const RtpPacket packet = RtpPacketBuilder()
                               .WithExtension(14, {0x12, 0x34})
                               .WithTextExtension(1, "sixteen-letters!")
                               .WithPayload({5})
                               .Build(pool_, map_);
  EXPECT_THAT(packet.extension(Extension::kTransportSequence), Optional(ElementsAre(0x12, 0x34)));
  ASSERT_TRUE(packet.extension(Extension::kMid));
  EXPECT_EQ(ParseStreamName(*packet.extension(Extension::kMid)), "sixteen-letters!");
  EXPECT_EQ(packet.extension(Extension::kRid), std::nullopt);
  EXPECT_THAT(packet.payload(), ElementsAre(5));
}

TEST_F(RtpPacketTest, IndexesTwoByteExtensions) {
  ASSERT_TRUE(map_.Add(15, Extension::kMid));
  ASSERT_TRUE(map_.Add(255, Extension::kRid));
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  const std::string longest(255, 'r');
  const RtpPacket packet = RtpPacketBuilder()
                               .WithTextExtension(15, "m")
                               .WithExtension(1, {})
                               .WithTextExtension(255, longest)
                               .Build(pool_, map_);
  EXPECT_EQ(AsText(*packet.extension(Extension::kMid)), "m");
  EXPECT_EQ(AsText(*packet.extension(Extension::kRid)), longest);
  // RFC 8285 §4.3: a length of zero is a value.
  EXPECT_THAT(packet.extension(Extension::kAudioLevel), Optional(IsEmpty()));
}

TEST_F(RtpPacketTest, ApplicationBitsDoNotChangeTheTwoByteForm) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  for (uint16_t bits = 0; bits < 16; ++bits) {
    const RtpPacket packet =
        RtpPacketBuilder()
            .WithRawExtensionBlock(static_cast<uint16_t>(0x1000 | bits), {1, 1, 0x42, 0})
            .Build(pool_, map_);
    EXPECT_THAT(packet.extension(Extension::kAudioLevel), Optional(ElementsAre(0x42)));
  }
}

TEST_F(RtpPacketTest, BlockOfAnUnknownFormIsSkippedWhole) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  for (const int profile : {0x0000, 0xbedf, 0x2000, 0x1100, 0xffff}) {
    const RtpPacket packet =
        RtpPacketBuilder()
            .WithRawExtensionBlock(static_cast<uint16_t>(profile), {0x10, 0x42, 0, 0})
            .WithPayload({7})
            .Build(pool_, map_);
    EXPECT_EQ(packet.extension(Extension::kAudioLevel), std::nullopt);
    EXPECT_THAT(packet.payload(), ElementsAre(7));
  }
}

TEST_F(RtpPacketTest, EmptyBlockIsABlock) {
  const RtpPacket packet =
      RtpPacketBuilder().WithRawExtensionBlock(0xbede, {}).WithPayload({7}).Build(pool_, map_);
  EXPECT_EQ(packet.header_size(), 16u);
  EXPECT_THAT(packet.payload(), ElementsAre(7));
}

TEST_F(RtpPacketTest, PaddingBetweenElementsIsSkipped) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  const RtpPacket one = RtpPacketBuilder()
                            .WithRawExtensionBlock(0xbede, {0, 0, 0, 0x10, 0x42, 0, 0, 0})
                            .Build(pool_, map_);
  EXPECT_THAT(one.extension(Extension::kAudioLevel), Optional(ElementsAre(0x42)));
  const RtpPacket two = RtpPacketBuilder()
                            .WithRawExtensionBlock(0x1000, {0, 0, 0, 1, 1, 0x42, 0, 0})
                            .Build(pool_, map_);
  EXPECT_THAT(two.extension(Extension::kAudioLevel), Optional(ElementsAre(0x42)));
}

TEST_F(RtpPacketTest, ReservedIdEndsTheOneByteForm) {
  // RFC 8285 §4.2: only what stands before id 15 counts.
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  ASSERT_TRUE(map_.Add(2, Extension::kVideoOrientation));
  const RtpPacket packet =
      RtpPacketBuilder()
          .WithRawExtensionBlock(0xbede, {0x10, 0x42, 0xf0, 0x00, 0x20, 0x03, 0, 0})
          .WithPayload({7})
          .Build(pool_, map_);
  EXPECT_TRUE(packet.extension(Extension::kAudioLevel));
  EXPECT_EQ(packet.extension(Extension::kVideoOrientation), std::nullopt);
  EXPECT_THAT(packet.payload(), ElementsAre(7));
}

TEST_F(RtpPacketTest, IdZeroWithALengthEndsTheOneByteForm) {
  ASSERT_TRUE(map_.Add(2, Extension::kVideoOrientation));
  const RtpPacket packet =
      RtpPacketBuilder().WithRawExtensionBlock(0xbede, {0x01, 0x00, 0x20, 0x03}).Build(pool_, map_);
  EXPECT_EQ(packet.extension(Extension::kVideoOrientation), std::nullopt);
}

TEST_F(RtpPacketTest, ElementBeyondItsBlockIsDroppedAndThoseBeforeItStay) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  ASSERT_TRUE(map_.Add(2, Extension::kMid));
  const RtpPacket one = RtpPacketBuilder()
                            .WithRawExtensionBlock(0xbede, {0x10, 0x42, 0x22, 0x61})
                            .WithPayload({0x62, 0x63})
                            .Build(pool_, map_);
  EXPECT_TRUE(one.extension(Extension::kAudioLevel));
  EXPECT_EQ(one.extension(Extension::kMid), std::nullopt);
  const RtpPacket two = RtpPacketBuilder()
                            .WithRawExtensionBlock(0x1000, {1, 1, 0x42, 0, 2, 3, 0x61, 0x62})
                            .WithPayload({0x63})
                            .Build(pool_, map_);
  EXPECT_TRUE(two.extension(Extension::kAudioLevel));
  EXPECT_EQ(two.extension(Extension::kMid), std::nullopt);
}

TEST_F(RtpPacketTest, TwoByteElementWithoutItsLengthIsDropped) {
  ASSERT_TRUE(map_.Add(2, Extension::kMid));
  const RtpPacket packet = RtpPacketBuilder()
                               .WithRawExtensionBlock(0x1000, {0, 0, 0, 2})
                               .WithPayload({1, 0x61})
                               .Build(pool_, map_);
  EXPECT_EQ(packet.extension(Extension::kMid), std::nullopt);
}

TEST_F(RtpPacketTest, FirstOfTwoElementsWithOneIdCounts) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  const RtpPacket packet =
      RtpPacketBuilder().WithExtension(1, {0x11}).WithExtension(1, {0x22}).Build(pool_, map_);
  EXPECT_THAT(packet.extension(Extension::kAudioLevel), Optional(ElementsAre(0x11)));
}

TEST_F(RtpPacketTest, BlockThatReachesBeyondThePacketMakesItNone) {
  Bytes bytes = RtpPacketBuilder().WithExtension(1, {1}).WithPayload({1, 2, 3}).ToBytes();
  ASSERT_TRUE(Parse(bytes));
  bytes[15] = 2;  // one word more than the block has; the payload has only three bytes
  EXPECT_FALSE(Parse(bytes));
  bytes[14] = 0xff;
  EXPECT_FALSE(Parse(bytes));
}

TEST_F(RtpPacketTest, CopiesShareOneParse) {
  RtpPacket packet = RtpPacketBuilder().Build(pool_);
  const RtpPacket copy = packet;
  packet.set_unwrapped(RtpSeq{70'000});
  packet.set_description({.key_frame = true, .temporal = 2});
  EXPECT_EQ(copy.unwrapped_seq(), RtpSeq{70'000});
  EXPECT_TRUE(copy.description().key_frame);
  EXPECT_EQ(copy.description().temporal, 2);
  EXPECT_EQ(pool_.in_use(), 1u);
}

TEST_F(RtpPacketTest, RefusedBytesGoBackToThePool) {
  EXPECT_FALSE(Parse({1, 2, 3}));
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(RtpPacketTest, ReusedSlotRemembersNothing) {
  ASSERT_TRUE(map_.Add(1, Extension::kAudioLevel));
  {
    RtpPacket packet = RtpPacketBuilder().WithExtension(1, {0x11}).Build(pool_, map_);
    packet.set_description({.key_frame = true});
    packet.set_unwrapped(RtpSeq{5});
  }
  const RtpPacket packet = RtpPacketBuilder().Build(pool_, map_);
  ASSERT_EQ(pool_.in_use(), 1u);
  EXPECT_EQ(packet.extension(Extension::kAudioLevel), std::nullopt);
  EXPECT_EQ(packet.description(), codec::Description());
  EXPECT_EQ(packet.unwrapped_seq(), RtpSeq{});
  EXPECT_FALSE(packet.was_retransmission());
}

TEST_F(RtpPacketTest, DefaultNamesNoPacket) {
  EXPECT_FALSE(RtpPacket());
  EXPECT_TRUE(RtpPacketBuilder().Build(pool_));
}

TEST_F(RtpPacketTest, UnwrappedRetransmissionIsThePacketItRepeats) {
  RtpPacketBuilder builder;
  builder.WithSsrc(1).WithPayloadType(96).WithSeq(0xabcd).WithTimestamp(9000).WithMarker();
  builder.WithPayload({10, 11, 12}).WithPadding(3);
  RtpPacket packet = builder.WrappedInRtx(2, 97, 5).Build(pool_);
  ASSERT_EQ(packet.ssrc(), Ssrc(2));
  ASSERT_EQ(packet.seq(), SeqNo(5));

  ASSERT_TRUE(packet.UnwrapRtx(Ssrc(1), PayloadType(96)));
  EXPECT_EQ(packet.ssrc(), Ssrc(1));
  EXPECT_EQ(packet.payload_type(), PayloadType(96));
  EXPECT_EQ(packet.seq(), SeqNo(0xabcd));
  EXPECT_EQ(packet.timestamp(), 9000u);
  EXPECT_TRUE(packet.marker());
  EXPECT_THAT(packet.payload(), ElementsAre(10, 11, 12));
  EXPECT_EQ(packet.padding(), 3u);
  EXPECT_TRUE(packet.was_retransmission());
}

TEST_F(RtpPacketTest, RetransmissionOfAnEmptyPacketIsUnwrapped) {
  RtpPacket packet =
      RtpPacketBuilder().WithSeq(7).WithPayload({}).WrappedInRtx(2, 97, 5).Build(pool_);
  ASSERT_TRUE(packet.UnwrapRtx(Ssrc(1), PayloadType(96)));
  EXPECT_EQ(packet.seq(), SeqNo(7));
  EXPECT_THAT(packet.payload(), IsEmpty());
}

TEST_F(RtpPacketTest, RetransmissionWithoutRoomForItsOriginalNumberStaysWhatItIs) {
  for (const Bytes& payload : {Bytes{}, Bytes{1}}) {
    RtpPacket packet =
        RtpPacketBuilder().WithSsrc(2).WithSeq(5).WithPayload(payload).WithPadding(9).Build(pool_);
    EXPECT_FALSE(packet.UnwrapRtx(Ssrc(1), PayloadType(96)));
    EXPECT_EQ(packet.ssrc(), Ssrc(2));
    EXPECT_EQ(packet.seq(), SeqNo(5));
    EXPECT_FALSE(packet.was_retransmission());
    EXPECT_THAT(packet.payload(), ElementsAreArray(payload));
  }
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/send/egress_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "tests/support/dependency_descriptor_builder.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Optional;

constexpr Rewrite kRewrite{.ssrc = Ssrc(0xa1a2a3a4),
                           .timestamp = 0x11121314,
                           .seq = SeqNo(0x0102),
                           .payload_type = PayloadType(120),
                           .marker = true};

ExtensionMap MapOf(std::initializer_list<std::pair<uint8_t, Extension>> entries) {
  ExtensionMap map;
  for (const auto& [id, extension] : entries) map.Add(id, extension);
  return map;
}

class EgressWriterTest : public testing::Test {
 protected:
  // What arrives: padded, with a contributing source and extensions by the publisher's ids.
  RtpPacket Incoming() {
    return test::RtpPacketBuilder()
        .WithCsrc(0x77777777)
        .WithTextExtension(1, "pub")
        .WithExtension(2, {0x85})
        .WithExtension(3, {9, 9})
        .WithPayload({0xc0, 0xc1, 0xc2})
        .WithPadding(7)
        .Build(pool_, publisher_);
  }

  // The whole packet as it would be sealed.
  test::Bytes Join(const OutgoingPacket& packet) {
    test::Bytes bytes(out_.begin(), out_.begin() + static_cast<int64_t>(packet.written));
    bytes.insert(bytes.end(), packet.rest.begin(), packet.rest.end());
    return bytes;
  }
  test::Bytes Write(const EgressWriter& writer, const RtpPacket& packet,
                    const Departure& departure = {}) {
    const auto packet_out = writer.Write(packet, kRewrite, departure, out_);
    if (!packet_out) return {};
    EXPECT_EQ(packet_out->header_size, packet_out->written);
    return Join(*packet_out);
  }

  PacketPool pool_{64};
  ExtensionMap publisher_ = MapOf({{1, Extension::kMid},
                                   {2, Extension::kAudioLevel},
                                   {3, Extension::kTransportSequence},
                                   {4, Extension::kDependencyDescriptor},
                                   {5, Extension::kAbsCaptureTime}});
  std::array<uint8_t, 1500> out_{};
};

TEST_F(EgressWriterTest, WithoutExtensionsOnlyTheFixedHeader) {
  const EgressWriter writer(ExtensionMap(), "0");
  EXPECT_THAT(Write(writer, Incoming()),
              ElementsAre(0x80, 0x80 | 120, 0x01, 0x02, 0x11, 0x12, 0x13, 0x14, 0xa1, 0xa2, 0xa3,
                          0xa4, 0xc0, 0xc1, 0xc2));
}

TEST_F(EgressWriterTest, PayloadIsNotCopied) {
  const EgressWriter writer(ExtensionMap(), "");
  const RtpPacket packet = Incoming();
  const auto out = writer.Write(packet, kRewrite, {}, out_);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->rest.data(), packet.payload().data());
  EXPECT_EQ(out->size(), 15u);
}

TEST_F(EgressWriterTest, ExtensionsMoveToTheIdsOfTheReceiver) {
  const EgressWriter writer(MapOf({{9, Extension::kMid},
                                   {10, Extension::kAudioLevel},
                                   {11, Extension::kTransportSequence},
                                   {12, Extension::kAbsSendTime}}),
                            "7");
  Departure departure;
  departure.time = NtpTime(0x0000'0001'8000'0000);  // 1.5 s: 6.18 bits make 0x060000
  departure.transport_sequence = 0xbeef;
  const test::Bytes bytes = Write(writer, Incoming(), departure);
  ASSERT_EQ(bytes.size(), 12u + 4 + 12 + 3);
  EXPECT_EQ(bytes[0], 0x90);
  EXPECT_THAT(std::vector<uint8_t>(bytes.begin() + 12, bytes.end()),
              ElementsAreArray<uint8_t>({0xbe, 0xde, 0x00, 0x03,  // one-byte form, three words
                                         0x90, '7',               // the receiver's MID
                                         0xc2, 0x06, 0x00, 0x00,  // send time
                                         0xb1, 0xbe, 0xef,        // transport sequence
                                         0xa0, 0x85,              // audio level, passed on
                                         0x00,                    // padding to a whole word
                                         0xc0, 0xc1, 0xc2}));
}

TEST_F(EgressWriterTest, PublishersIdentityAndCountersEndHere) {
  // The receiver knows the extensions, but there is nothing of ours to put in them.
  const EgressWriter writer(
      MapOf({{1, Extension::kMid}, {3, Extension::kTransportSequence}, {6, Extension::kRid}}), "");
  EXPECT_EQ(Write(writer, Incoming()).size(), 15u);
}

TEST_F(EgressWriterTest, IdAboveFourteenTakesTheTwoByteForm) {
  const EgressWriter writer(MapOf({{15, Extension::kMid}, {2, Extension::kAudioLevel}}), "7");
  const test::Bytes bytes = Write(writer, Incoming());
  EXPECT_THAT(std::vector<uint8_t>(bytes.begin() + 12, bytes.end() - 3),
              ElementsAre(0x10, 0x00, 0x00, 0x02, 15, 1, '7', 2, 1, 0x85, 0, 0));
}

TEST_F(EgressWriterTest, LongValueTakesTheTwoByteForm) {
  const test::Bytes value(17, 0x5a);
  const RtpPacket packet =
      test::RtpPacketBuilder().WithExtension(4, value).Build(pool_, publisher_);
  const EgressWriter writer(MapOf({{1, Extension::kDependencyDescriptor}}), "");
  const test::Bytes bytes = Write(writer, packet);
  EXPECT_EQ(bytes[12], 0x10);
  EXPECT_EQ(bytes[16], 1);
  EXPECT_EQ(bytes[17], 17);

  const RtpPacket again = *RtpPacket::Parse(pool_.Copy(bytes, Timestamp()),
                                            MapOf({{1, Extension::kDependencyDescriptor}}));
  EXPECT_THAT(again.extension(Extension::kDependencyDescriptor), Optional(ElementsAreArray(value)));
}

TEST_F(EgressWriterTest, SixteenBytesStillFitTheOneByteForm) {
  const RtpPacket packet =
      test::RtpPacketBuilder().WithExtension(5, test::Bytes(16, 1)).Build(pool_, publisher_);
  const EgressWriter writer(MapOf({{14, Extension::kAbsCaptureTime}}), "");
  const test::Bytes bytes = Write(writer, packet);
  EXPECT_EQ(bytes[12], 0xbe);
  EXPECT_EQ(bytes[16], 0xef);
}

TEST_F(EgressWriterTest, EmptyValueIsNotPassedOn) {
  const RtpPacket packet =
      test::RtpPacketBuilder().WithTwoByteForm().WithExtension(2, {}).Build(pool_, publisher_);
  const EgressWriter writer(MapOf({{2, Extension::kAudioLevel}}), "");
  EXPECT_EQ(Write(writer, packet)[0], 0x80);
}

TEST_F(EgressWriterTest, MidThatIsTooLongIsLeftOut) {
  const ExtensionMap map = MapOf({{1, Extension::kMid}});
  const std::string longest(EgressWriter::kMaxMidSize, 'm');
  EXPECT_EQ(Write(EgressWriter(map, longest), Incoming()).size(), 15u + 4 + 36);
  EXPECT_EQ(Write(EgressWriter(map, longest + "m"), Incoming()).size(), 15u);
}

// RFC 4588 §4: own SSRC, payload type and number; the original number in front of the payload.
TEST_F(EgressWriterTest, RetransmissionUnwrapsToWhatWasSentFirst) {
  const ExtensionMap map = MapOf({{9, Extension::kMid}, {10, Extension::kAudioLevel}});
  const EgressWriter writer(map, "7");
  const RtpPacket packet = Incoming();
  const test::Bytes first = Write(writer, packet);
  const auto out =
      writer.WriteRtx(packet, kRewrite, {Ssrc(0xb0b), PayloadType(99), SeqNo(5)}, {}, out_);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->written, out->header_size + 2);
  const test::Bytes repeated = Join(*out);
  EXPECT_EQ(repeated.size(), first.size() + 2);

  RtpPacket received = *RtpPacket::Parse(pool_.Copy(repeated, Timestamp()), map);
  EXPECT_EQ(received.ssrc(), Ssrc(0xb0b));
  EXPECT_EQ(received.payload_type(), PayloadType(99));
  EXPECT_EQ(received.seq(), SeqNo(5));
  ASSERT_TRUE(received.UnwrapRtx(kRewrite.ssrc, kRewrite.payload_type));
  EXPECT_EQ(received.seq(), kRewrite.seq);
  EXPECT_EQ(received.timestamp(), kRewrite.timestamp);
  EXPECT_TRUE(received.marker());
  EXPECT_THAT(received.payload(), ElementsAre(0xc0, 0xc1, 0xc2));
  EXPECT_THAT(received.extension(Extension::kAudioLevel), Optional(ElementsAre(0x85)));
}

TEST_F(EgressWriterTest, Vp8NumbersAreWrittenAndTheRestStaysShared) {
  const RtpPacket packet = test::RtpPacketBuilder()
                               .WithPayload(test::Vp8Payload({.picture_id = 5,
                                                              .base_index = 6,
                                                              .temporal = 1,
                                                              .layer_sync = true,
                                                              .key_index = 7}))
                               .Build(pool_, publisher_);
  Rewrite rewrite = kRewrite;
  rewrite.patch = PayloadPatch::kVp8;
  rewrite.picture_id = 0x7ffe;
  rewrite.base_index = 200;
  rewrite.key_index = 31;
  const EgressWriter writer(ExtensionMap(), "");
  const auto out = writer.Write(packet, rewrite, {}, out_);
  ASSERT_TRUE(out.has_value());
  const auto written = codec::Vp8::Parse(ByteView(Join(*out)).subspan(12));
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(written->picture_id, 0x7ffe);
  EXPECT_EQ(written->base_index, 200);
  EXPECT_EQ(written->key_index, 31);
  EXPECT_EQ(written->temporal, 1);
  EXPECT_TRUE(written->layer_sync);
  EXPECT_EQ(out->size(), 12 + packet.payload().size());
  EXPECT_EQ(out->rest.data(), packet.payload().data() + 6);
}

TEST_F(EgressWriterTest, RetransmissionRepeatsTheWrittenNumbers) {
  const RtpPacket packet = test::RtpPacketBuilder()
                               .WithPayload(test::Vp9Payload({.picture_id = 5, .layers = true}))
                               .Build(pool_, publisher_);
  Rewrite rewrite = kRewrite;
  rewrite.patch = PayloadPatch::kVp9;
  rewrite.picture_id = 77;
  rewrite.base_index = 88;
  const EgressWriter writer(ExtensionMap(), "");
  const test::Bytes first = Join(*writer.Write(packet, rewrite, {}, out_));
  const RtxHeader rtx{Ssrc(1), PayloadType(99), SeqNo(5)};
  const test::Bytes repeated = Join(*writer.WriteRtx(packet, rewrite, rtx, {}, out_));
  EXPECT_TRUE(std::ranges::equal(ByteView(first).subspan(12), ByteView(repeated).subspan(14)));
  EXPECT_EQ(codec::Vp9::Parse(ByteView(first).subspan(12))->picture_id, 77);
}

TEST_F(EgressWriterTest, BlocksOfRedAreRelabelled) {
  const RtpPacket packet = test::RtpPacketBuilder()
                               .WithPayload({0x80 | 100, 0, 0, 1, 100, 0xaa, 0xbb})
                               .Build(pool_, publisher_);
  Rewrite rewrite = kRewrite;
  rewrite.patch = PayloadPatch::kRed;
  rewrite.key_index = 111;
  const auto out = EgressWriter(ExtensionMap(), "").Write(packet, rewrite, {}, out_);
  ASSERT_TRUE(out.has_value());
  const test::Bytes bytes = Join(*out);
  EXPECT_THAT(test::Bytes(bytes.begin() + 12, bytes.end()),
              ElementsAre(0x80 | 111, 0, 0, 1, 111, 0xaa, 0xbb));
}

TEST_F(EgressWriterTest, PayloadThatCannotBePatchedGoesAsItIs) {
  Rewrite rewrite = kRewrite;
  rewrite.patch = PayloadPatch::kRed;
  const RtpPacket packet =
      test::RtpPacketBuilder().WithPayload({0x80, 0x80}).Build(pool_, publisher_);
  const auto out = EgressWriter(ExtensionMap(), "").Write(packet, rewrite, {}, out_);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->written, out->header_size);
  EXPECT_THAT(out->rest, ElementsAre(0x80, 0x80));
}

// RFC 3550 §5.1. It says nothing of the media.
TEST_F(EgressWriterTest, UnwantedPacketIsPaddingUnderItsNumber) {
  Rewrite rewrite = kRewrite;
  rewrite.padding_only = true;
  rewrite.marker = false;
  const EgressWriter writer(MapOf({{10, Extension::kAudioLevel}}), "");
  EXPECT_THAT(
      Join(*writer.Write(Incoming(), rewrite, {}, out_)),
      ElementsAre(0xa0, 120, 0x01, 0x02, 0x11, 0x12, 0x13, 0x14, 0xa1, 0xa2, 0xa3, 0xa4, 1));
  const RtxHeader rtx{Ssrc(1), PayloadType(99), SeqNo(5)};
  const test::Bytes repeated = Join(*writer.WriteRtx(Incoming(), rewrite, rtx, {}, out_));
  EXPECT_THAT(test::Bytes(repeated.begin() + 12, repeated.end()), ElementsAre(0x01, 0x02));
}

TEST_F(EgressWriterTest, DependencyDescriptorTellsOfTheReceiversFrames) {
  test::ScalableStream stream("L2T1", 100);
  const test::Bytes value = stream.Describe(stream.NextPicture()[0]);
  const RtpPacket packet =
      test::RtpPacketBuilder().WithExtension(4, value).Build(pool_, publisher_);
  Rewrite rewrite = kRewrite;
  rewrite.renumbers_frame = true;
  rewrite.frame_number = 0xabcd;
  rewrite.target_count = 2;
  rewrite.active_targets = 1;
  const ExtensionMap map = MapOf({{7, Extension::kDependencyDescriptor}});
  const test::Bytes out = Join(*EgressWriter(map, "").Write(packet, rewrite, {}, out_));
  const RtpPacket received = *RtpPacket::Parse(pool_.Copy(out, Timestamp()), map);
  const ByteView written = *received.extension(Extension::kDependencyDescriptor);
  const auto frame = FrameDependencies::Parse(written, *ReadAttachedStructure(written));
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->frame_number, 0xabcd);
  EXPECT_EQ(frame->active_targets, 1u);
}

TEST_F(EgressWriterTest, WritesOnlyWhatFitsWhole) {
  const EgressWriter writer(MapOf({{9, Extension::kMid}, {10, Extension::kAudioLevel}}), "7");
  const RtpPacket packet = Incoming();
  const size_t size = Write(writer, packet).size();
  const RtxHeader rtx{Ssrc(1), PayloadType(99), SeqNo(5)};
  for (size_t room = 0; room < size; ++room) {
    EXPECT_FALSE(writer.Write(packet, kRewrite, {}, ByteSpan(out_).first(room))) << room;
    EXPECT_FALSE(writer.WriteRtx(packet, kRewrite, rtx, {}, ByteSpan(out_).first(room + 2)));
  }
  EXPECT_TRUE(writer.Write(packet, kRewrite, {}, ByteSpan(out_).first(size)));
  EXPECT_TRUE(writer.WriteRtx(packet, kRewrite, rtx, {}, ByteSpan(out_).first(size + 2)));
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/forward/encoding_source.h"

#include <gtest/gtest.h>

#include "tests/support/dependency_descriptor_builder.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using codec::Kind;
using test::Bytes;

constexpr uint8_t kId = 9;

class EncodingSourceTest : public testing::Test {
 protected:
  EncodingSourceTest() { map_.Add(kId, Extension::kDependencyDescriptor); }

  RtpPacket Described(Kind kind, const Bytes& payload, const Bytes& descriptor) {
    RtpPacket packet = test::RtpPacketBuilder()
                           .WithPayload(payload)
                           .WithExtension(kId, descriptor)
                           .Build(pool_, map_);
    source_.Describe(kind, packet);
    return packet;
  }

  PacketPool pool_{64};
  ExtensionMap map_;
  EncodingSource source_;
  test::ScalableStream stream_{"L2T2"};
};

TEST_F(EncodingSourceTest, DescriptorCountsMoreThanThePayload) {
  const auto key = stream_.NextPicture();
  // What is encrypted may look like anything, a key frame included.
  const Bytes key_like = test::H264Payload(true), delta_like = test::H264Payload(false);
  const RtpPacket first = Described(Kind::kH264, delta_like, stream_.Describe(key[0]));
  EXPECT_TRUE(first.description().key_frame);
  const auto next = stream_.NextPicture();
  const RtpPacket second = Described(Kind::kH264, key_like, stream_.Describe(next[1], true, false));
  EXPECT_FALSE(second.description().key_frame);
  EXPECT_TRUE(second.description().frame_start);
  EXPECT_FALSE(second.description().frame_end);
  EXPECT_EQ(second.description().spatial, 1);
  EXPECT_EQ(second.description().temporal, 1);
  ASSERT_NE(second.dependencies(), nullptr);
  EXPECT_EQ(second.dependencies()->frame_number, next[1].number);
  EXPECT_FALSE(second.dependencies()->has_structure);
}

TEST_F(EncodingSourceTest, WithoutItsStructureOnlyAnAttachedOneMakesAKeyFrame) {
  stream_.NextPicture();
  const Bytes value = stream_.Describe(stream_.NextPicture()[0]);
  const RtpPacket packet = Described(Kind::kVp8, test::Vp8Payload({.key_frame = true}), value);
  EXPECT_FALSE(packet.description().key_frame);
  EXPECT_EQ(packet.dependencies(), nullptr);
}

TEST_F(EncodingSourceTest, PlaceTellsWhatWasOvertakenAndWhatGoesOn) {
  const auto place = [&](int64_t seq, uint32_t timestamp, uint32_t ssrc = 1) {
    RtpPacket packet =
        test::RtpPacketBuilder().WithSsrc(ssrc).WithTimestamp(timestamp).Build(pool_, map_);
    packet.set_unwrapped({seq});
    return source_.Record(packet);
  };
  EXPECT_TRUE(place(10, 3000).newest);
  EXPECT_FALSE(place(12, 6000).goes_on);
  EXPECT_TRUE(place(13, 6000).goes_on);
  EXPECT_FALSE(place(11, 3000).newest);
  EXPECT_FALSE(place(13, 6000).newest);
  EXPECT_TRUE(place(14, 6000).goes_on);
  const EncodingSource::Place other = place(5, 6000, 2);
  EXPECT_TRUE(other.newest);
  EXPECT_FALSE(other.goes_on);
}

TEST_F(EncodingSourceTest, GarbageIsNoDescriptor) {
  const RtpPacket packet =
      Described(Kind::kVp8, test::Vp8Payload({.key_frame = true}), Bytes{0xff, 0xff});
  EXPECT_TRUE(packet.description().key_frame);
  EXPECT_EQ(packet.dependencies(), nullptr);
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/codec/vp8.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;
using test::Vp8Payload;

TEST(Vp8Test, ShortestDescriptorIsOneByte) {
  const auto vp8 = Vp8::Parse(Bytes{0x10, 0x01});
  ASSERT_TRUE(vp8);
  EXPECT_EQ(vp8->descriptor_size, 1u);
  EXPECT_TRUE(vp8->frame_start());
  EXPECT_FALSE(vp8->key_frame);
  EXPECT_EQ(vp8->picture_id_bits, 0);
  EXPECT_EQ(vp8->base_index, std::nullopt);
  EXPECT_EQ(vp8->temporal, std::nullopt);
  EXPECT_EQ(vp8->key_index, std::nullopt);
}

TEST(Vp8Test, ReadsEveryField) {
  const auto vp8 = Vp8::Parse(Vp8Payload({.non_reference = true,
                                          .picture_id = 0x7fff,
                                          .base_index = 255,
                                          .temporal = 3,
                                          .layer_sync = true,
                                          .key_index = 31}));
  ASSERT_TRUE(vp8);
  EXPECT_TRUE(vp8->non_reference);
  EXPECT_EQ(vp8->picture_id_bits, 15);
  EXPECT_EQ(vp8->picture_id, 0x7fff);
  EXPECT_EQ(vp8->base_index, 255);
  EXPECT_EQ(vp8->temporal, 3);
  EXPECT_TRUE(vp8->layer_sync);
  EXPECT_EQ(vp8->key_index, 31);
  EXPECT_EQ(vp8->descriptor_size, 6u);
}

TEST(Vp8Test, ShortPictureIdHasSevenBits) {
  const auto vp8 = Vp8::Parse(Vp8Payload({.picture_id = 0x7f, .short_picture_id = true}));
  ASSERT_TRUE(vp8);
  EXPECT_EQ(vp8->picture_id_bits, 7);
  EXPECT_EQ(vp8->picture_id, 0x7f);
  EXPECT_EQ(vp8->descriptor_size, 3u);
}

TEST(Vp8Test, EachOptionalFieldStandsAlone) {
  EXPECT_EQ(Vp8::Parse(Vp8Payload({.base_index = 9}))->base_index, 9);
  const auto keyed = Vp8::Parse(Vp8Payload({.key_index = 7}));
  EXPECT_EQ(keyed->key_index, 7);
  EXPECT_EQ(keyed->temporal, std::nullopt);
  const auto layered = Vp8::Parse(Vp8Payload({.temporal = 2}));
  EXPECT_EQ(layered->temporal, 2);
  EXPECT_EQ(layered->key_index, std::nullopt);
  EXPECT_FALSE(layered->layer_sync);
}

TEST(Vp8Test, LayerSyncWithoutLayerIsIgnored) {
  const auto vp8 = Vp8::Parse(Vp8Payload({.layer_sync = true, .key_index = 7}));
  EXPECT_FALSE(vp8->layer_sync);
}

TEST(Vp8Test, KeyFrameShowsThePictureSize) {
  const auto vp8 = Vp8::Parse(Vp8Payload({.key_frame = true, .width = 1280, .height = 720}));
  ASSERT_TRUE(vp8);
  EXPECT_TRUE(vp8->key_frame);
  EXPECT_EQ(vp8->width, 1280);
  EXPECT_EQ(vp8->height, 720);
}

TEST(Vp8Test, ScalingBitsAreNoPartOfThePictureSize) {
  Bytes payload = Vp8Payload({.key_frame = true, .width = 640, .height = 360});
  payload[8] |= 0xc0;
  payload[10] |= 0x40;
  const auto vp8 = Vp8::Parse(payload);
  EXPECT_EQ(vp8->width, 640);
  EXPECT_EQ(vp8->height, 360);
}

TEST(Vp8Test, EncryptedKeyFrameIsStillOne) {
  // Only the first byte of the frame is left in the clear.
  const auto vp8 = Vp8::Parse(Bytes{0x10, 0x10, 0xe1, 0x33, 0x5a, 0x07, 0xbb, 1, 2, 3, 4, 5});
  ASSERT_TRUE(vp8);
  EXPECT_TRUE(vp8->key_frame);
  EXPECT_EQ(vp8->width, 0);
}

TEST(Vp8Test, OnlyTheFirstPacketOfAFrameCanSayItIsAKeyFrame) {
  EXPECT_FALSE(Vp8::Parse(Vp8Payload({.key_frame = true, .start = false}))->key_frame);
  // S is set, but of partition 1: P would be read out of macroblock data.
  const auto vp8 = Vp8::Parse(Bytes{0x11, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a});
  EXPECT_FALSE(vp8->key_frame);
  EXPECT_FALSE(vp8->frame_start());
}

TEST(Vp8Test, RefusesWhatBreaksOffInTheDescriptor) {
  const Bytes whole = {0x90, 0xf0, 0x80, 0x01, 0x02, 0x23, 0x01};
  ASSERT_TRUE(Vp8::Parse(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Vp8::Parse(ByteView(whole).first(size))) << size;
  }
}

TEST(Vp8Test, DescriptionOfGarbageIsNothing) {
  EXPECT_EQ(DescribeVp8({}, true), Description());
  EXPECT_EQ(DescribeVp8(Bytes{0x80}, true), Description());
}

TEST(Vp8Test, DescriptionCarriesWhatLayersNeed) {
  EXPECT_EQ(DescribeVp8(Vp8Payload({.non_reference = true,
                                    .picture_id = 300,
                                    .base_index = 4,
                                    .temporal = 1,
                                    .layer_sync = true,
                                    .key_index = 2}),
                        true),
            (Description{.frame_start = true,
                         .frame_end = true,
                         .has_layers = true,
                         .layer_sync = true,
                         .discardable = true,
                         .has_base_index = true,
                         .temporal = 1,
                         .picture_id_bits = 15,
                         .base_index = 4,
                         .key_index = 2,
                         .picture_id = 300}));
}

Bytes Renumbered(const Bytes& payload) {
  Bytes room(16);
  ByteWriter out(room);
  const size_t replaced = RenumberVp8(payload, {0x1234, 0x56, 0x17}, out);
  Bytes whole(out.written().begin(), out.written().end());
  whole.insert(whole.end(), payload.begin() + static_cast<ptrdiff_t>(replaced), payload.end());
  return whole;
}

TEST(Vp8Test, RenumberingChangesNumbersAndNothingElse) {
  const test::Vp8PayloadOptions before{.key_frame = true,
                                       .picture_id = 1,
                                       .base_index = 2,
                                       .temporal = 2,
                                       .layer_sync = true,
                                       .key_index = 3};
  test::Vp8PayloadOptions after = before;
  after.picture_id = 0x1234;
  after.base_index = 0x56;
  after.key_index = 0x17;
  EXPECT_EQ(Renumbered(Vp8Payload(before)), Vp8Payload(after));
}

TEST(Vp8Test, RenumberingKeepsTheWidthOfPictureIds) {
  EXPECT_EQ(Renumbered(Vp8Payload({.picture_id = 1, .short_picture_id = true})),
            Vp8Payload({.picture_id = 0x34, .short_picture_id = true}));
}

TEST(Vp8Test, RenumberingAddsNoFields) {
  for (const Bytes& payload : {Vp8Payload({}), Vp8Payload({.temporal = 1})}) {
    EXPECT_EQ(Renumbered(payload), payload);
  }
}

TEST(Vp8Test, RenumberingRefusesWhatBreaksOff) {
  const Bytes whole = Vp8Payload({.picture_id = 1, .base_index = 2, .temporal = 2});
  for (size_t size = 0; size < 6; ++size) {
    Bytes room(16);
    ByteWriter out(room);
    EXPECT_EQ(RenumberVp8(ByteView(whole).first(size), {}, out), 0u) << size;
  }
}

}  // namespace
}  // namespace sluice::rtp::codec

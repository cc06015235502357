#include "rtp/codec/vp9.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;
using test::Vp9Payload;

TEST(Vp9Test, ShortestDescriptorIsOneByte) {
  const auto vp9 = Vp9::Parse(Bytes{0x00, 0xff});
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->descriptor_size, 1u);
  EXPECT_FALSE(vp9->frame_start);
  EXPECT_FALSE(vp9->frame_end);
  EXPECT_FALSE(vp9->has_layers);
  EXPECT_EQ(vp9->picture_id_bits, 0);
}

TEST(Vp9Test, EachFlagIsItsOwn) {
  EXPECT_TRUE(Vp9::Parse(Bytes{0x40, 1})->inter_predicted);
  EXPECT_TRUE(Vp9::Parse(Bytes{0x10, 1})->flexible);
  EXPECT_TRUE(Vp9::Parse(Bytes{0x08, 1})->frame_start);
  EXPECT_TRUE(Vp9::Parse(Bytes{0x04, 1})->frame_end);
  EXPECT_TRUE(Vp9::Parse(Bytes{0x01, 1})->no_upper_reference);
}

TEST(Vp9Test, ReadsLayersInNonFlexibleMode) {
  const auto vp9 = Vp9::Parse(Vp9Payload({.picture_id = 0x7abc,
                                          .layers = true,
                                          .temporal = 5,
                                          .spatial = 6,
                                          .switching_up = true,
                                          .inter_layer = true,
                                          .base_index = 200}));
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->picture_id_bits, 15);
  EXPECT_EQ(vp9->picture_id, 0x7abc);
  EXPECT_EQ(vp9->temporal, 5);
  EXPECT_EQ(vp9->spatial, 6);
  EXPECT_TRUE(vp9->switching_up);
  EXPECT_TRUE(vp9->inter_layer);
  EXPECT_EQ(vp9->base_index, 200);
  EXPECT_EQ(vp9->descriptor_size, 5u);
}

TEST(Vp9Test, FlexibleModeListsReferencesInsteadOfABaseIndex) {
  const auto vp9 = Vp9::Parse(Vp9Payload({.picture_id = 5,
                                          .short_picture_id = true,
                                          .layers = true,
                                          .temporal = 1,
                                          .flexible = true,
                                          .references = {1, 64, 127}}));
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->picture_id_bits, 7);
  EXPECT_EQ(vp9->picture_id, 5);
  EXPECT_EQ(vp9->base_index, std::nullopt);
  ASSERT_EQ(vp9->reference_count, 3);
  EXPECT_EQ(vp9->reference_differences[0], 1);
  EXPECT_EQ(vp9->reference_differences[1], 64);
  EXPECT_EQ(vp9->reference_differences[2], 127);
  EXPECT_EQ(vp9->descriptor_size, 6u);
}

TEST(Vp9Test, RefusesAFourthReference) {
  EXPECT_TRUE(Vp9::Parse(Bytes{0x50, 0x03, 0x03, 0x02, 0xff, 0xff}));
  EXPECT_FALSE(Vp9::Parse(Bytes{0x50, 0x03, 0x03, 0x03, 0x02, 0xff}));
}

TEST(Vp9Test, KeyFrameInFlexibleModeHasNoReferences) {
  const auto vp9 = Vp9::Parse(Bytes{0x18, 0x03, 0x03, 0x03, 0x03});
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->reference_count, 0);
  EXPECT_EQ(vp9->descriptor_size, 1u);
}

TEST(Vp9Test, ReadsTheScalabilityStructure) {
  const auto vp9 = Vp9::Parse(
      Vp9Payload({.key_frame = true, .resolutions = {{320, 180}, {640, 360}, {1280, 720}}}));
  ASSERT_TRUE(vp9);
  ASSERT_TRUE(vp9->structure);
  EXPECT_EQ(vp9->structure->spatial_layers, 3);
  EXPECT_TRUE(vp9->structure->has_resolutions);
  EXPECT_EQ(vp9->structure->resolutions[0], (Vp9::Structure::Resolution{320, 180}));
  EXPECT_EQ(vp9->structure->resolutions[2], (Vp9::Structure::Resolution{1280, 720}));
  EXPECT_EQ(vp9->descriptor_size, 1u + 1u + 12u);
}

TEST(Vp9Test, EightSpatialLayersFit) {
  const std::vector<std::pair<uint16_t, uint16_t>> eight(8, {16, 9});
  const auto vp9 = Vp9::Parse(Vp9Payload({.key_frame = true, .resolutions = eight}));
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->structure->spatial_layers, 8);
  EXPECT_EQ(vp9->structure->resolutions[7], (Vp9::Structure::Resolution{16, 9}));
}

TEST(Vp9Test, StepsOverThePictureGroup) {
  // V with G only: two pictures, one of which has three references.
  const Bytes payload = {0x0a, 0x08, 0x02, 0x00, 0x2c, 0x01, 0x02, 0x03, 0xee};
  const auto vp9 = Vp9::Parse(payload);
  ASSERT_TRUE(vp9);
  EXPECT_EQ(vp9->structure->pictures, 2);
  EXPECT_FALSE(vp9->structure->has_resolutions);
  EXPECT_EQ(vp9->descriptor_size, 8u);
}

TEST(Vp9Test, RefusesWhatBreaksOffInTheDescriptor) {
  const Bytes whole = {0xea, 0x80, 0x01, 0x20, 0x07, 0x18, 0x01,
                       0x40, 0x00, 0xb4, 0x01, 0x04, 0x02, 0xee};
  ASSERT_TRUE(Vp9::Parse(whole));
  ASSERT_EQ(Vp9::Parse(whole)->descriptor_size, 13u);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Vp9::Parse(ByteView(whole).first(size))) << size;
  }
}

TEST(Vp9Test, KeyFrameIsTheFirstPacketOfTheLowestLayer) {
  EXPECT_TRUE(Vp9::Parse(Vp9Payload({.key_frame = true}))->key_frame());
  EXPECT_TRUE(Vp9::Parse(Vp9Payload({.key_frame = true, .layers = true}))->key_frame());
  EXPECT_FALSE(Vp9::Parse(Vp9Payload({.key_frame = true, .start = false}))->key_frame());
  EXPECT_FALSE(Vp9::Parse(Vp9Payload({.key_frame = false}))->key_frame());
  // P is 0 in the upper layers of a key picture, too, but they depend on the lower ones.
  EXPECT_FALSE(
      Vp9::Parse(Vp9Payload({.key_frame = true, .layers = true, .spatial = 1, .inter_layer = true}))
          ->key_frame());
}

TEST(Vp9Test, KeyPictureMayLackTheLowestLayer) {
  EXPECT_TRUE(
      Vp9::Parse(Vp9Payload({.key_frame = true, .layers = true, .spatial = 1}))->key_frame());
}

Bytes Renumbered(const Bytes& payload) {
  Bytes room(16);
  ByteWriter out(room);
  const size_t replaced = RenumberVp9(payload, {0x1234, 0x56}, out);
  Bytes whole(out.written().begin(), out.written().end());
  whole.insert(whole.end(), payload.begin() + static_cast<ptrdiff_t>(replaced), payload.end());
  return whole;
}

TEST(Vp9Test, RenumberingChangesNumbersAndNothingElse) {
  test::Vp9PayloadOptions options{.picture_id = 1,
                                  .layers = true,
                                  .temporal = 1,
                                  .spatial = 2,
                                  .inter_layer = true,
                                  .base_index = 9};
  const Bytes before = Vp9Payload(options);
  options.picture_id = 0x1234;
  options.base_index = 0x56;
  EXPECT_EQ(Renumbered(before), Vp9Payload(options));
}

TEST(Vp9Test, RenumberingInFlexibleModeLeavesReferencesAlone) {
  test::Vp9PayloadOptions options{
      .picture_id = 1, .layers = true, .flexible = true, .references = {3, 7}};
  const Bytes before = Vp9Payload(options);
  options.picture_id = 0x1234;
  EXPECT_EQ(Renumbered(before), Vp9Payload(options));
}

TEST(Vp9Test, DescriptionNamesReferences) {
  const Description description =
      DescribeVp9(Vp9Payload({.picture_id = 1, .flexible = true, .references = {3, 7}}));
  EXPECT_EQ(description.reference_count, 2);
  EXPECT_EQ(description.references, (std::array<uint8_t, 3>{3, 7, 0}));
  EXPECT_FALSE(description.intra_picture);
  EXPECT_TRUE(DescribeVp9(Vp9Payload({.key_frame = true})).intra_picture);
}

TEST(Vp9Test, DescriptionCarriesWhatLayersNeed) {
  EXPECT_EQ(DescribeVp9(Vp9Payload({.end = false,
                                    .picture_id = 300,
                                    .layers = true,
                                    .temporal = 2,
                                    .spatial = 1,
                                    .switching_up = true,
                                    .inter_layer = true,
                                    .base_index = 9,
                                    .no_upper_reference = true})),
            (Description{.frame_start = true,
                         .has_layers = true,
                         .layer_sync = true,
                         .discardable = true,
                         .inter_layer = true,
                         .has_base_index = true,
                         .spatial = 1,
                         .temporal = 2,
                         .picture_id_bits = 15,
                         .base_index = 9,
                         .picture_id = 300}));
  EXPECT_EQ(DescribeVp9({}), Description());
}

}  // namespace
}  // namespace sluice::rtp::codec

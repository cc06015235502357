#include "rtp/codec/h265.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;
using test::Fragment;
using test::H265Aggregate;
using test::H265Fragment;
using test::H265Nal;

constexpr uint8_t kTrail = 1;
constexpr uint8_t kIdr = 19;
constexpr uint8_t kVps = 32;
constexpr uint8_t kSps = 33;
constexpr uint8_t kPps = 34;

TEST(H265Test, RandomAccessPicturesAreKeyFramesAndNoOthersAre) {
  for (uint8_t type = 0; type <= 31; ++type) {
    const auto h265 = H265::Parse(H265Nal(type));
    ASSERT_TRUE(h265);
    EXPECT_EQ(h265->has_random_access, type >= 16 && type <= 23) << int{type};
    EXPECT_TRUE(h265->picture_start);
  }
}

TEST(H265Test, LaterSegmentDoesNotStartThePicture) {
  EXPECT_FALSE(H265::Parse(H265Nal(kIdr, 100, 0, 0, /*first_in_picture=*/false))->picture_start);
}

TEST(H265Test, SubLayersAreEnteredAtTheirAccessPicturesOnly) {
  for (uint8_t type = 0; type <= 31; ++type) {
    const bool access = type >= 2 && type <= 5;
    EXPECT_EQ(DescribeH265(H265Nal(type, 100, 1), true).layer_sync, access) << int{type};
    // All packets of a picture say the same.
    for (const Fragment part : {Fragment::kFirst, Fragment::kMiddle, Fragment::kLast}) {
      EXPECT_EQ(DescribeH265(H265Fragment(H265Nal(type, 100, 1), part), false).layer_sync, access);
    }
  }
}

TEST(H265Test, ReadsLayers) {
  const auto h265 = H265::Parse(H265Nal(kTrail, 100, /*temporal=*/6, /*layer=*/63));
  ASSERT_TRUE(h265);
  EXPECT_EQ(h265->temporal, 6);
  EXPECT_EQ(h265->layer, 63);
  EXPECT_FALSE(h265->has_random_access);
}

TEST(H265Test, AggregateIsReadThrough) {
  const auto h265 = H265::Parse(
      H265Aggregate({H265Nal(kVps, 9), H265Nal(kSps, 9), H265Nal(kPps, 9), H265Nal(kIdr, 9)}));
  ASSERT_TRUE(h265);
  EXPECT_TRUE(h265->has_vps);
  EXPECT_TRUE(h265->has_sps);
  EXPECT_TRUE(h265->has_pps);
  EXPECT_TRUE(h265->has_random_access);
}

TEST(H265Test, AggregateThatBreaksOffCountsAsFarAsItGoes) {
  Bytes payload = H265Aggregate({H265Nal(kVps, 9), H265Nal(kIdr, 9)});
  payload.pop_back();
  const auto h265 = H265::Parse(payload);
  ASSERT_TRUE(h265);
  EXPECT_TRUE(h265->has_vps);
  EXPECT_FALSE(h265->has_random_access);
}

TEST(H265Test, OnlyTheFirstFragmentBeginsSomething) {
  const Bytes slice = H265Nal(kIdr);
  const auto first = H265::Parse(H265Fragment(slice, Fragment::kFirst, 20));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->has_random_access);
  EXPECT_TRUE(first->picture_start);
  for (const Fragment part : {Fragment::kMiddle, Fragment::kLast}) {
    const auto later = H265::Parse(H265Fragment(slice, part, 20));
    ASSERT_TRUE(later);
    EXPECT_FALSE(later->has_random_access);
    EXPECT_FALSE(later->picture_start);
  }
}

TEST(H265Test, RefusesWhatIsTooShortOrForbidden) {
  EXPECT_FALSE(H265::Parse({}));
  EXPECT_FALSE(H265::Parse(Bytes{0x26}));
  EXPECT_FALSE(H265::Parse(Bytes{0x26, 0x01}));
  EXPECT_FALSE(H265::Parse(Bytes{0x26, 0x00, 0x80}));        // TID 0
  EXPECT_FALSE(H265::Parse(Bytes{49 << 1, 0x01, 0x93}));     // fragment of nothing
  EXPECT_FALSE(H265::Parse(Bytes{50 << 1, 0x01, 1, 2, 3}));  // PACI
  EXPECT_FALSE(H265::Parse(Bytes{63 << 1, 0x01, 1, 2, 3}));
}

TEST(H265Test, Descriptions) {
  EXPECT_EQ(DescribeH265(H265Nal(kVps), false),
            (Description{.key_frame = true, .frame_start = true, .has_layers = true}));
  // May change between pictures that depend on earlier ones.
  EXPECT_EQ(DescribeH265(H265Nal(kPps), false),
            (Description{.frame_start = true, .has_layers = true}));
  EXPECT_EQ(
      DescribeH265(H265Nal(kTrail, 50, 2), true),
      (Description{.frame_start = true, .frame_end = true, .has_layers = true, .temporal = 2}));
  EXPECT_EQ(DescribeH265({}, true), Description());
}

}  // namespace
}  // namespace sluice::rtp::codec

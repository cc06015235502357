#include "rtp/codec/h264.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;
using test::Fragment;
using test::H264FuA;
using test::H264Pps;
using test::H264Slice;
using test::H264Sps;
using test::H264StapA;

TEST(H264Test, SingleIdrSliceIsAKeyFrame) {
  const auto h264 = H264::Parse(H264Slice(true));
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_idr);
  EXPECT_TRUE(h264->picture_start);
  EXPECT_FALSE(h264->has_sps);
}

TEST(H264Test, OtherSliceIsNone) {
  const auto h264 = H264::Parse(H264Slice(false));
  ASSERT_TRUE(h264);
  EXPECT_FALSE(h264->has_idr);
  EXPECT_TRUE(h264->picture_start);
}

TEST(H264Test, SecondSliceOfAPictureDoesNotStartIt) {
  const auto h264 = H264::Parse(H264Slice(true, 100, /*first_in_picture=*/false));
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_idr);
  EXPECT_FALSE(h264->picture_start);
}

TEST(H264Test, SequenceParameterSetTellsTheProfile) {
  const auto h264 = H264::Parse(H264Sps(0x64, 0x0c, 0x2a));
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_sps);
  EXPECT_EQ(h264->profile, (H264::Profile{0x64, 0x0c, 0x2a}));
}

TEST(H264Test, ParameterSetTooShortForAProfileHasNone) {
  const auto h264 = H264::Parse(Bytes{0x67, 0x42, 0xe0});
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_sps);
  EXPECT_EQ(h264->profile, std::nullopt);
}

TEST(H264Test, AggregateIsReadThrough) {
  const auto h264 = H264::Parse(H264StapA({H264Sps(), H264Pps(), H264Slice(true)}));
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_sps);
  EXPECT_TRUE(h264->has_pps);
  EXPECT_TRUE(h264->has_idr);
  EXPECT_EQ(h264->profile, (H264::Profile{0x42, 0xe0, 0x1f}));
}

TEST(H264Test, AggregateThatBreaksOffCountsAsFarAsItGoes) {
  Bytes payload = H264StapA({H264Sps(), H264Slice(true)});
  payload.pop_back();
  const auto h264 = H264::Parse(payload);
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_sps);
  EXPECT_FALSE(h264->has_idr);
}

TEST(H264Test, EmptyUnitsOfAnAggregateAreSteppedOver) {
  const auto h264 = H264::Parse(Bytes{0x78, 0, 0, 0, 0, 0, 2, 0x65, 0x88});
  ASSERT_TRUE(h264);
  EXPECT_TRUE(h264->has_idr);
}

TEST(H264Test, OnlyTheFirstFragmentBeginsSomething) {
  const Bytes slice = H264Slice(true);
  const auto first = H264::Parse(H264FuA(slice, Fragment::kFirst, 20));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->has_idr);
  EXPECT_TRUE(first->picture_start);
  for (const Fragment part : {Fragment::kMiddle, Fragment::kLast}) {
    const auto later = H264::Parse(H264FuA(slice, part, 20));
    ASSERT_TRUE(later);
    EXPECT_FALSE(later->has_idr);
    EXPECT_FALSE(later->picture_start);
  }
}

TEST(H264Test, SliceNobodyRefersToIsDiscardable) {
  Bytes slice = H264Slice(false);
  EXPECT_FALSE(H264::Parse(slice)->non_reference);
  slice[0] = 0x01;
  EXPECT_TRUE(H264::Parse(slice)->non_reference);
  EXPECT_TRUE(H264::Parse(H264FuA(slice, Fragment::kMiddle))->non_reference);
  // An access unit delimiter has nal_ref_idc 0 as well, and is no slice.
  EXPECT_FALSE(H264::Parse(Bytes{0x09, 0xf0})->non_reference);
}

TEST(H264Test, DelimiterAndEnhancementInformationComeBeforeThePicture) {
  EXPECT_TRUE(H264::Parse(Bytes{0x09, 0xf0})->picture_start);
  EXPECT_TRUE(H264::Parse(Bytes{0x06, 0x05})->picture_start);
  EXPECT_FALSE(H264::Parse(Bytes{0x0c, 0xff})->picture_start);  // filler data
}

TEST(H264Test, RefusesFormsItDoesNotRead) {
  for (const int type : {0, 25, 26, 27, 29, 30, 31}) {
    EXPECT_FALSE(H264::Parse(Bytes{static_cast<uint8_t>(type), 0x80, 0x80, 0x80})) << type;
  }
}

TEST(H264Test, RefusesWhatIsTooShort) {
  EXPECT_FALSE(H264::Parse({}));
  EXPECT_FALSE(H264::Parse(Bytes{0x65}));
  EXPECT_FALSE(H264::Parse(Bytes{0x7c, 0x85}));
}

TEST(H264Test, Descriptions) {
  EXPECT_EQ(DescribeH264(H264Sps(), false), (Description{.key_frame = true, .frame_start = true}));
  EXPECT_EQ(DescribeH264(H264Pps(), false), (Description{.frame_start = true}));
  EXPECT_EQ(DescribeH264(H264FuA(H264Slice(true), Fragment::kLast), true),
            (Description{.frame_end = true}));
  EXPECT_EQ(DescribeH264(H264Slice(false), true),
            (Description{.frame_start = true, .frame_end = true}));
  EXPECT_EQ(DescribeH264({}, true), Description());
}

}  // namespace
}  // namespace sluice::rtp::codec

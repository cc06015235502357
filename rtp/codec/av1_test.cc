#include "rtp/codec/av1.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Av1Payload;
using test::Bytes;
using test::DependencyDescriptorValue;

TEST(Av1Test, ReadsTheAggregationHeader) {
  const auto av1 = Av1::Parse(Bytes{0xf0, 0x01, 0x55, 0x01, 0x55, 0x55});
  ASSERT_TRUE(av1);
  EXPECT_TRUE(av1->continuation);
  EXPECT_TRUE(av1->continues);
  EXPECT_EQ(av1->element_count, 3);
  EXPECT_FALSE(av1->new_sequence);
}

TEST(Av1Test, NewSequenceIsAKeyFrame) {
  const auto av1 = Av1::Parse(Av1Payload({.key_frame = true}));
  ASSERT_TRUE(av1);
  EXPECT_TRUE(av1->new_sequence);
  EXPECT_TRUE(av1->has_sequence_header);
  EXPECT_TRUE(av1->frame_start);
  EXPECT_TRUE(DescribeAv1(Av1Payload({.key_frame = true}), false, std::nullopt).key_frame);
}

TEST(Av1Test, SequenceHeaderAloneIsAKeyFrame) {
  EXPECT_TRUE(DescribeAv1(Bytes{0x10, 0x08, 0x00}, false, std::nullopt).key_frame);
}

TEST(Av1Test, OtherFrameIsNone) {
  const auto av1 = Av1::Parse(Av1Payload({}));
  ASSERT_TRUE(av1);
  EXPECT_FALSE(av1->has_sequence_header);
  EXPECT_TRUE(av1->frame_start);
  EXPECT_FALSE(DescribeAv1(Av1Payload({}), false, std::nullopt).key_frame);
}

TEST(Av1Test, RestOfAnObuIsNotReadAsItsHead) {
  // 0x08 would be the head of a sequence header.
  const auto av1 = Av1::Parse(Bytes{0x90, 0x08, 0x00});
  ASSERT_TRUE(av1);
  EXPECT_FALSE(av1->has_sequence_header);
  EXPECT_FALSE(av1->frame_start);
}

TEST(Av1Test, ElementsWithLengthsAreAllRead) {
  // W=0: a frame OBU of two bytes, nothing, and a sequence header of two bytes.
  const auto av1 = Av1::Parse(Bytes{0x00, 0x02, 0x30, 0x00, 0x00, 0x02, 0x08, 0x00});
  ASSERT_TRUE(av1);
  EXPECT_TRUE(av1->has_sequence_header);
}

TEST(Av1Test, LastOfTheCountedElementsHasNoLength) {
  // W=2: two bytes, then a head that read as a length would reach beyond the packet.
  const auto av1 = Av1::Parse(Bytes{0x20, 0x02, 0x30, 0x00, 0x0a, 0x01});
  ASSERT_TRUE(av1);
  EXPECT_TRUE(av1->has_sequence_header);
}

TEST(Av1Test, LengthsMayTakeSeveralBytes) {
  Bytes payload = {0x00, 0x82, 0x01};  // 2 + (1 << 7) = 130
  payload.push_back(0x08);
  payload.resize(3 + 130);
  EXPECT_TRUE(Av1::Parse(payload));
  EXPECT_TRUE(Av1::Parse(payload)->has_sequence_header);
  payload.pop_back();
  EXPECT_FALSE(Av1::Parse(payload));
}

TEST(Av1Test, RefusesLengthsWithoutEnd) {
  EXPECT_FALSE(Av1::Parse(Bytes{0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}));
  EXPECT_FALSE(Av1::Parse(Bytes{0x00, 0x80}));
  EXPECT_FALSE(Av1::Parse(Bytes{0x00, 0xff, 0xff, 0xff, 0x7f}));
}

TEST(Av1Test, RefusesASequenceThatBeginsWithTheRestOfSomething) {
  EXPECT_FALSE(Av1::Parse(Bytes{0x98, 0x08, 0x00}));
}

TEST(Av1Test, RefusesWhatIsTooShort) {
  EXPECT_FALSE(Av1::Parse({}));
  EXPECT_FALSE(Av1::Parse(Bytes{0x10}));
  EXPECT_EQ(DescribeAv1({}, true, std::nullopt), Description());
}

TEST(Av1Test, ReadsLayersOfTheFirstObu) {
  const auto av1 = Av1::Parse(Av1Payload({.layers = true, .temporal = 5, .spatial = 3}));
  ASSERT_TRUE(av1);
  EXPECT_TRUE(av1->has_layers);
  EXPECT_EQ(av1->temporal, 5);
  EXPECT_EQ(av1->spatial, 3);
  EXPECT_FALSE(Av1::Parse(Av1Payload({}))->has_layers);
}

TEST(Av1Test, DependencyDescriptorKnowsFramesBetter) {
  const Bytes middle = DependencyDescriptorValue(
      {.start_of_frame = false, .end_of_frame = false, .template_id = 7, .frame_number = 900});
  // A frame OBU begins here, and by the marker it would end, but not by the descriptor.
  EXPECT_EQ(DescribeAv1(Av1Payload({}), true, middle),
            (Description{.picture_id_bits = 16, .template_id = 7, .picture_id = 900}));
}

TEST(Av1Test, AttachedStructureIsAKeyFrame) {
  const Bytes structure = DependencyDescriptorValue({.structure = true});
  EXPECT_TRUE(DescribeAv1(Av1Payload({}), false, structure).key_frame);
  const Bytes later = DependencyDescriptorValue({.start_of_frame = false, .structure = true});
  EXPECT_FALSE(DescribeAv1(Av1Payload({}), false, later).key_frame);
}

TEST(Av1Test, DescriptorThatIsNoneLeavesThePayloadsWord) {
  EXPECT_EQ(DescribeAv1(Av1Payload({}), true, Bytes{0x80}),
            (Description{.frame_start = true, .frame_end = true}));
}

TEST(Av1Test, AttentionForElementsIsBounded) {
  Bytes payload = {0x00};
  for (int i = 0; i < 8; ++i) payload.insert(payload.end(), {0x01, 0x20});  // tile groups
  payload.insert(payload.end(), {0x01, 0x08});                              // sequence header
  EXPECT_FALSE(Av1::Parse(payload)->has_sequence_header);
}

}  // namespace
}  // namespace sluice::rtp::codec

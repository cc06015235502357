#include "rtp/packet/dependency_descriptor.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/support/dependency_descriptor_builder.h"
#include "tests/support/hex.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using test::Bytes;
using test::DependencyLayout;
using test::DependencyValue;
using test::FromBits;
using test::ScalableFrame;
using test::ScalableStream;
using test::WriteDependencyDescriptor;

DependencyStructure StructureOf(const DependencyLayout& layout) {
  const Bytes bytes = test::WriteLayoutAlone(layout);
  BitReader in(bytes);
  return *DependencyStructure::ReadFrom(in);
}

// Two decode targets and chains, and a template for each temporal layer.
DependencyLayout TwoLayers() {
  return {.template_id_offset = 10,
          .target_count = 2,
          .chain_count = 2,
          .protected_by = {0, 1},
          .templates = {
              {.indications = "SS", .frame_diffs = {2}, .chain_diffs = {2, 1}},
              {.temporal = 1, .indications = "-D", .frame_diffs = {1}, .chain_diffs = {1, 1}}}};
}

uint32_t MaskOf(const std::string& indications, char letter) {
  uint32_t mask = 0;
  for (size_t i = 0; i < indications.size(); ++i) {
    if (indications[i] == letter) mask |= 1u << i;
  }
  return mask;
}

// What RewriteDependencyDescriptor makes of `original`; empty for failure.
Bytes Rewritten(const Bytes& original, const DependencyStructure& structure, uint16_t frame_number,
                std::optional<uint32_t> active_targets) {
  std::array<uint8_t, 300> out;
  out.fill(0xee);
  const size_t size =
      RewriteDependencyDescriptor(original, structure, frame_number, active_targets, out);
  return Bytes(out.begin(), out.begin() + static_cast<ptrdiff_t>(size));
}

TEST(DependencyDescriptorTest, ReadsTheMandatoryFields) {
  const auto descriptor = DependencyDescriptor::Parse(Bytes{0x85, 0xab, 0xcd});
  ASSERT_TRUE(descriptor);
  EXPECT_TRUE(descriptor->start_of_frame);
  EXPECT_FALSE(descriptor->end_of_frame);
  EXPECT_EQ(descriptor->template_id, 5);
  EXPECT_EQ(descriptor->frame_number, 0xabcd);
  EXPECT_FALSE(descriptor->has_structure);
}

TEST(DependencyDescriptorTest, EndOfFrameIsTheSecondBit) {
  const auto descriptor = DependencyDescriptor::Parse(Bytes{0x7f, 0, 0});
  ASSERT_TRUE(descriptor);
  EXPECT_FALSE(descriptor->start_of_frame);
  EXPECT_TRUE(descriptor->end_of_frame);
  EXPECT_EQ(descriptor->template_id, 63);
}

TEST(DependencyDescriptorTest, SeesAnAttachedStructure) {
  const auto descriptor =
      DependencyDescriptor::Parse(test::DependencyDescriptorValue({.structure = true}));
  ASSERT_TRUE(descriptor);
  EXPECT_TRUE(descriptor->has_structure);
  EXPECT_FALSE(descriptor->has_active_decode_targets);
}

TEST(DependencyDescriptorTest, EachExtendedFlagIsItsOwn) {
  const auto flags = [](uint8_t byte) {
    return *DependencyDescriptor::Parse(Bytes{0, 0, 0, byte});
  };
  EXPECT_EQ(flags(0x80), (DependencyDescriptor{.has_structure = true}));
  EXPECT_EQ(flags(0x40), (DependencyDescriptor{.has_active_decode_targets = true}));
  EXPECT_EQ(flags(0x20), (DependencyDescriptor{.has_custom_decode_target_indications = true}));
  EXPECT_EQ(flags(0x10), (DependencyDescriptor{.has_custom_frame_differences = true}));
  EXPECT_EQ(flags(0x08), (DependencyDescriptor{.has_custom_chains = true}));
  EXPECT_EQ(flags(0x07), DependencyDescriptor{});
}

TEST(DependencyDescriptorTest, RefusesWhatIsShorterThanTheMandatoryFields) {
  EXPECT_EQ(DependencyDescriptor::Parse({}), std::nullopt);
  EXPECT_EQ(DependencyDescriptor::Parse(Bytes{0x80}), std::nullopt);
  EXPECT_EQ(DependencyDescriptor::Parse(Bytes{0x80, 0x00}), std::nullopt);
}

TEST(FrameDependenciesTest, WithoutMoreTheTemplateSaysAll) {
  const auto frame =
      FrameDependencies::Parse(Bytes{0x80 | 11, 0x12, 0x34}, StructureOf(TwoLayers()));
  ASSERT_TRUE(frame);
  FrameDependencies expected{.frame_start = true,
                             .template_id = 11,
                             .frame_number = 0x1234,
                             .layer = {0, 1},
                             .present_mask = 2,
                             .discardable_mask = 2,
                             .active_targets = {},
                             .frame_diff_count = 1,
                             .chain_count = 2};
  expected.frame_diffs[0] = 1;
  expected.chain_diffs[0] = expected.chain_diffs[1] = 1;
  EXPECT_EQ(*frame, expected);
}

TEST(FrameDependenciesTest, UnknownTemplateIsNotGuessed) {
  const DependencyStructure structure = StructureOf(TwoLayers());
  EXPECT_FALSE(FrameDependencies::Parse(Bytes{9, 0, 0}, structure));
  EXPECT_FALSE(FrameDependencies::Parse(Bytes{12, 0, 0}, structure));
}

TEST(FrameDependenciesTest, ActiveTargetsAreReadHighestFirst) {
  const auto frame = FrameDependencies::Parse(FromBits("00 001010 0000000000000001  01000 01"),
                                              StructureOf(TwoLayers()));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->active_targets, 1u);
}

// Written by hand after A.8.2: everything custom, in the order of frame_dependency_definition().
TEST(FrameDependenciesTest, CustomFieldsTakeThePlaceOfTheTemplate) {
  const auto frame = FrameDependencies::Parse(
      FromBits("11 001010 0000000000000111"                 // template 10, frame 7
               "00111"                                      // custom indications, frames and chains
               "11 00"                                      // R-
               "01 0100  10 00010000  11 011111111111  00"  // 5, 17 and 2048 back
               "11111111 00000000"),                        // 255 back; anew
      StructureOf(TwoLayers()));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->layer, (LayerId{0, 0}));
  EXPECT_EQ(frame->required_mask, 1u);
  EXPECT_EQ(frame->present_mask, 1u);
  EXPECT_EQ(frame->switch_mask, 0u);
  ASSERT_EQ(frame->frame_diff_count, 3);
  EXPECT_EQ(frame->frame_diffs[0], 5);
  EXPECT_EQ(frame->frame_diffs[1], 17);
  EXPECT_EQ(frame->frame_diffs[2], 2048);
  EXPECT_EQ(frame->chain_diffs[0], 255);
  EXPECT_EQ(frame->chain_diffs[1], 0);
}

TEST(FrameDependenciesTest, CustomListMayBeEmpty) {
  const auto frame = FrameDependencies::Parse(FromBits("11 001010 0000000000000111 00010 00"),
                                              StructureOf(TwoLayers()));
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->independent());
}

TEST(FrameDependenciesTest, LongerListsThanBuffersAreRefused) {
  const DependencyLayout layout = TwoLayers();
  DependencyValue value{.template_id = 10};
  value.frame_diffs = std::vector<int>(8, 3);
  EXPECT_TRUE(
      FrameDependencies::Parse(WriteDependencyDescriptor(value, layout), StructureOf(layout)));
  value.frame_diffs->push_back(3);
  EXPECT_FALSE(
      FrameDependencies::Parse(WriteDependencyDescriptor(value, layout), StructureOf(layout)));
}

TEST(FrameDependenciesTest, PaddingIsIgnored) {
  const DependencyStructure structure = StructureOf(TwoLayers());
  const auto plain = FrameDependencies::Parse(Bytes{10, 0, 1}, structure);
  EXPECT_EQ(FrameDependencies::Parse(Bytes{10, 0, 1, 0x00}, structure), plain);
  EXPECT_EQ(FrameDependencies::Parse(Bytes{10, 0, 1, 0x07, 0xff}, structure), plain);
}

TEST(FrameDependenciesTest, ThirteenBytesOfChromiumStyleAreAWholeStructure) {
  // The descriptor of vectors::kChromiumAv1.
  const Bytes value = test::FromHex("800001 80003a4101 813f80b380 00");
  const auto structure = ReadAttachedStructure(value);
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->template_count, 2);
  EXPECT_EQ(structure->target_count, 1);
  EXPECT_EQ(structure->chain_count, 1);
  EXPECT_EQ(structure->templates[1].frame_diffs[0], 1);
  EXPECT_EQ(structure->templates[1].chain_diffs[0], 1);
  EXPECT_EQ(structure->resolutions[0], (DependencyStructure::Resolution{640, 360}));
  const auto frame = FrameDependencies::Parse(value, *structure);
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->has_structure && frame->independent());
  EXPECT_EQ(frame->switch_mask, 1u);
}

class DependencyModesTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(All, DependencyModesTest, ::testing::ValuesIn(test::kScalabilityModes),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(DependencyModesTest, EveryFrameIsReadAsWritten) {
  ScalableStream stream(GetParam(), 65500, 50);
  const DependencyStructure structure = StructureOf(stream.layout());
  for (int picture = 0; picture < 40; ++picture) {
    for (const ScalableFrame& frame : stream.NextPicture(picture % 17 == 0)) {
      const auto read = FrameDependencies::Parse(stream.Describe(frame), structure);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->has_structure, frame.attach_layout);
      EXPECT_EQ(read->frame_number, frame.number);
      EXPECT_EQ(read->layer.spatial, frame.spatial);
      EXPECT_EQ(read->layer.temporal, frame.temporal);
      EXPECT_EQ(read->switch_mask, MaskOf(frame.indications, 'S'));
      EXPECT_EQ(read->required_mask, MaskOf(frame.indications, 'R'));
      EXPECT_EQ(read->discardable_mask, MaskOf(frame.indications, 'D'));
      EXPECT_EQ(read->present_mask,
                read->switch_mask | read->required_mask | read->discardable_mask);
      std::vector<uint16_t> references;
      for (size_t i = 0; i < read->frame_diff_count; ++i) {
        references.push_back(static_cast<uint16_t>(read->frame_number - read->frame_diffs[i]));
      }
      EXPECT_EQ(references, frame.references);
    }
  }
}

TEST_P(DependencyModesTest, EveryTruncationOfAKeyFrameIsRefused) {
  ScalableStream stream(GetParam());
  const Bytes whole = stream.Describe(stream.NextPicture()[0], true, true, 1);
  const DependencyStructure structure = StructureOf(stream.layout());
  for (size_t size = 0; size < whole.size(); ++size) {
    // Three bytes alone are a whole descriptor by themselves.
    if (size == DependencyDescriptor::kMandatorySize) continue;
    const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(FrameDependencies::Parse(part, structure)) << size;
    EXPECT_TRUE(Rewritten(part, structure, 1, 1).empty()) << size;
  }
}

TEST_P(DependencyModesTest, AFlippedBitNeverBreaksWhatTheReaderPromises) {
  ScalableStream stream(GetParam());
  const Bytes whole = stream.Describe(stream.NextPicture()[0], true, true, 1);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] = static_cast<uint8_t>(flipped[bit / 8] ^ 0x80 >> bit % 8);
    const auto structure = ReadAttachedStructure(flipped);
    if (!structure) continue;
    ASSERT_LE(structure->template_count, DependencyStructure::kMaxTemplates);
    ASSERT_LE(structure->target_count, kMaxDecodeTargets);
    ASSERT_LE(structure->chain_count, structure->target_count);
    const auto frame = FrameDependencies::Parse(flipped, *structure);
    if (!frame) continue;
    EXPECT_EQ(frame->present_mask & ~structure->all_targets(), 0u);
    EXPECT_EQ(frame->active_targets.value_or(0) & ~structure->all_targets(), 0u);
    EXPECT_LE(frame->frame_diff_count, kMaxFrameDiffs);
    EXPECT_LT(frame->layer.spatial, structure->spatial_count);
    EXPECT_LT(frame->layer.temporal, structure->temporal_count);
  }
}

TEST_P(DependencyModesTest, RewritingIsWhatTheSenderWouldHaveWritten) {
  ScalableStream stream(GetParam(), 100, 33);
  const DependencyStructure structure = StructureOf(stream.layout());
  for (int picture = 0; picture < 20; ++picture) {
    for (ScalableFrame frame : stream.NextPicture(picture == 10)) {
      const Bytes plain = stream.Describe(frame);
      const Bytes masked = stream.Describe(frame, true, true, 1);
      frame.number = static_cast<uint16_t>(frame.number + 40000);
      const uint32_t mask = structure.all_targets() >> 1;
      const Bytes expected_plain = stream.Describe(frame);
      const Bytes expected = stream.Describe(frame, true, true, mask);
      EXPECT_EQ(Rewritten(plain, structure, frame.number, std::nullopt), expected_plain);
      EXPECT_EQ(Rewritten(plain, structure, frame.number, mask), expected);
      EXPECT_EQ(Rewritten(masked, structure, frame.number, mask), expected);
    }
  }
}

TEST(RewriteDependencyDescriptorTest, CustomFieldsStayAsTheyAre) {
  const DependencyLayout layout = TwoLayers();
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    DependencyValue value{.template_id = 10,
                          .frame_number = static_cast<uint16_t>(random()),
                          .attach_layout = random() % 4 == 0};
    if (random() % 2 == 0) value.active_targets = random() % 4;
    if (random() % 2 == 0) value.indications = "RD";
    if (random() % 2 == 0) {
      value.frame_diffs = {1 + static_cast<int>(random() % 16),
                           1 + static_cast<int>(random() % 4096)};
    }
    const Bytes original = WriteDependencyDescriptor(value, layout);
    value.frame_number = 77;
    value.active_targets = 2;
    EXPECT_EQ(Rewritten(original, StructureOf(layout), 77, 2),
              WriteDependencyDescriptor(value, layout));
  }
}

// Where chains end cannot be told without the structure, so what follows goes along.
TEST(RewriteDependencyDescriptorTest, ChainsStayAsTheyAre) {
  const DependencyLayout layout = TwoLayers();
  const DependencyStructure structure = StructureOf(layout);
  DependencyValue value{.template_id = 10, .indications = "RS"};
  value.chain_diffs = {200, 3};
  const Bytes rewritten = Rewritten(WriteDependencyDescriptor(value, layout), structure, 77, 2);
  value.frame_number = 77;
  value.active_targets = 2;
  EXPECT_EQ(FrameDependencies::Parse(rewritten, structure),
            FrameDependencies::Parse(WriteDependencyDescriptor(value, layout), structure));
}

TEST(RewriteDependencyDescriptorTest, WithoutAMaskItsOwnStays) {
  const Bytes original = FromBits("00 001010 0000000000000001  01000 01");
  EXPECT_EQ(Rewritten(original, StructureOf(TwoLayers()), 2, std::nullopt),
            FromBits("00 001010 0000000000000010  01000 01"));
}

TEST(RewriteDependencyDescriptorTest, BitsBeyondTheTargetsAreNotWritten) {
  EXPECT_EQ(Rewritten(Bytes{10, 0, 1}, StructureOf(TwoLayers()), 2, 0xfffffffe),
            FromBits("00 001010 0000000000000010  01000 10"));
}

TEST(RewriteDependencyDescriptorTest, SaysWhenThereIsNoRoom) {
  const Bytes original = {10, 0, 1};
  std::array<uint8_t, 8> out;
  for (size_t room = 0; room < 3; ++room) {
    EXPECT_EQ(RewriteDependencyDescriptor(original, 2, 2, std::nullopt, ByteSpan(out).first(room)),
              0u);
  }
  EXPECT_EQ(RewriteDependencyDescriptor(original, 2, 2, std::nullopt, ByteSpan(out).first(3)), 3u);
  EXPECT_EQ(RewriteDependencyDescriptor(original, 2, 2, 1, ByteSpan(out).first(3)), 0u);
  EXPECT_EQ(RewriteDependencyDescriptor(original, 2, 2, 1, ByteSpan(out).first(4)), 4u);
  EXPECT_EQ(RewriteDependencyDescriptor(original, 32, 2, 1, ByteSpan(out).first(7)), 0u);
  EXPECT_EQ(RewriteDependencyDescriptor(original, 32, 2, 1, out), 8u);
}

TEST(RewriteDependencyDescriptorTest, NeverBecomesLongerThanAnExtensionMayBe) {
  Bytes original(255, 0);
  original[3] = 0x08;  // Custom chains, so that all that follows may be needed.
  EXPECT_TRUE(Rewritten(original, StructureOf(TwoLayers()), 2, 1).empty());
  EXPECT_EQ(Rewritten(original, StructureOf(TwoLayers()), 2, std::nullopt).size(), 255u);
}

TEST(RewriteDependencyDescriptorTest, RefusesImpossibleNumbersOfTargets) {
  std::array<uint8_t, 16> out;
  EXPECT_EQ(RewriteDependencyDescriptor(Bytes{10, 0, 1}, 0, 2, 1, out), 0u);
  EXPECT_EQ(RewriteDependencyDescriptor(Bytes{10, 0, 1}, 33, 2, 1, out), 0u);
}

}  // namespace
}  // namespace sluice::rtp

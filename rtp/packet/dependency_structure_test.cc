#include "rtp/packet/dependency_structure.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/dependency_descriptor_builder.h"

namespace sluice::rtp {
namespace {

using test::Bytes;
using test::DependencyLayout;
using test::FromBits;
using test::ScalableStream;

std::optional<DependencyStructure> Read(const Bytes& bits) {
  BitReader in(bits);
  return DependencyStructure::ReadFrom(in);
}

TEST(DependencyStructureTest, ReadsWhatWasWrittenByHand) {
  const auto structure =
      Read(FromBits("000101 00001"                  // offset 5, two decode targets
                    "00 01 11"                      // templates of T0, T0 and T1
                    "10 10  10 11  00 01"           // SS, SR, -D
                    "0  1 0001 0  1 0000 1 0010 0"  // frame differences: none; 2; 1 and 3
                    "10"                            // ns(3): one chain, and ns(1) takes no bits
                    "0000 0010 0001"                // chain differences
                    "1 0000001001111111 0000000101100111"));  // 640 x 360
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->template_id_offset, 5);
  EXPECT_EQ(structure->target_count, 2);
  ASSERT_EQ(structure->template_count, 3);
  EXPECT_EQ(structure->templates[1].layer, (LayerId{0, 0}));
  EXPECT_EQ(structure->templates[2].layer, (LayerId{0, 1}));
  EXPECT_EQ(structure->templates[0].targets, (DecodeTargetMasks{.switchable = 3}));
  EXPECT_EQ(structure->templates[1].targets, (DecodeTargetMasks{.switchable = 1, .required = 2}));
  EXPECT_EQ(structure->templates[2].targets, (DecodeTargetMasks{.discardable = 2}));
  EXPECT_EQ(structure->templates[0].frame_diff_count, 0);
  EXPECT_EQ(structure->templates[1].frame_diff_count, 1);
  EXPECT_EQ(structure->templates[1].frame_diffs[0], 2);
  EXPECT_EQ(structure->templates[2].frame_diff_count, 2);
  EXPECT_EQ(structure->templates[2].frame_diffs[0], 1);
  EXPECT_EQ(structure->templates[2].frame_diffs[1], 3);
  EXPECT_EQ(structure->chain_count, 1);
  EXPECT_EQ(structure->templates[1].chain_diffs[0], 2);
  EXPECT_EQ(structure->templates[2].chain_diffs[0], 1);
  EXPECT_EQ(structure->TargetLayer(0), (LayerId{0, 0}));
  EXPECT_EQ(structure->TargetLayer(1), (LayerId{0, 1}));
  EXPECT_EQ(structure->spatial_count, 1);
  EXPECT_EQ(structure->temporal_count, 2);
  ASSERT_TRUE(structure->has_resolutions);
  EXPECT_EQ(structure->resolutions[0], (DependencyStructure::Resolution{640, 360}));
}

TEST(DependencyStructureTest, IndicationsAreOneOfFour) {
  const Bytes bits = FromBits("00 01 10 11");
  BitReader in(bits);
  const auto masks = DecodeTargetMasks::ReadFrom(in, 4);
  EXPECT_EQ(masks.Of(0), DecodeTargetIndication::kNotPresent);
  EXPECT_EQ(masks.Of(1), DecodeTargetIndication::kDiscardable);
  EXPECT_EQ(masks.Of(2), DecodeTargetIndication::kSwitch);
  EXPECT_EQ(masks.Of(3), DecodeTargetIndication::kRequired);
  EXPECT_EQ(masks.present(), 0b1110u);
}

TEST(DependencyStructureTest, TemplateIdsGoRoundAtSixtyFour) {
  DependencyStructure structure;
  structure.template_id_offset = 62;
  structure.template_count = 3;
  EXPECT_EQ(structure.Find(61), nullptr);
  EXPECT_EQ(structure.Find(62), &structure.templates[0]);
  EXPECT_EQ(structure.Find(63), &structure.templates[1]);
  EXPECT_EQ(structure.Find(0), &structure.templates[2]);
  EXPECT_EQ(structure.Find(1), nullptr);
}

TEST(DependencyStructureTest, SixtyFourTemplatesAndThirtyTwoTargetsFit) {
  DependencyLayout layout{.target_count = 32};
  layout.templates.assign(64, {.indications = std::string(32, 'S')});
  const auto structure = Read(test::WriteLayoutAlone(layout));
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->template_count, 64);
  EXPECT_EQ(structure->all_targets(), 0xffffffffu);
  EXPECT_EQ(structure->templates[63].targets.switchable, 0xffffffffu);
}

TEST(DependencyStructureTest, MoreThanSixtyFourTemplatesAreRefused) {
  DependencyLayout layout;
  layout.templates.assign(65, {.indications = "S"});
  EXPECT_FALSE(Read(test::WriteLayoutAlone(layout)));
}

TEST(DependencyStructureTest, LayersBeyondAnObuHeaderAreRefused) {
  const auto with_last_layer = [](int spatial, int temporal) {
    DependencyLayout layout;
    for (int i = 0; i <= spatial; ++i) {
      layout.templates.push_back({.spatial = i, .indications = "S"});
    }
    for (int i = 1; i <= temporal; ++i) {
      layout.templates.push_back({.spatial = spatial, .temporal = i, .indications = "S"});
    }
    return Read(test::WriteLayoutAlone(layout)).has_value();
  };
  EXPECT_TRUE(with_last_layer(3, 7));
  EXPECT_FALSE(with_last_layer(4, 0));
  EXPECT_FALSE(with_last_layer(0, 8));
}

TEST(DependencyStructureTest, MoreReferencesThanBuffersAreRefused) {
  DependencyLayout layout;
  layout.templates = {{.indications = "S", .frame_diffs = std::vector<int>(8, 1)}};
  EXPECT_TRUE(Read(test::WriteLayoutAlone(layout)));
  layout.templates[0].frame_diffs.push_back(1);
  EXPECT_FALSE(Read(test::WriteLayoutAlone(layout)));
}

class DependencyStructureModesTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(All, DependencyStructureModesTest,
                         ::testing::ValuesIn(test::kScalabilityModes),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_P(DependencyStructureModesTest, IsReadAsWritten) {
  const ScalableStream stream(GetParam(), 0, 60);
  const DependencyLayout& layout = stream.layout();
  const auto structure = Read(test::WriteLayoutAlone(layout));
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->template_id_offset, 60);
  EXPECT_EQ(structure->spatial_count, stream.spatial_layers());
  EXPECT_EQ(structure->temporal_count, stream.temporal_layers());
  EXPECT_EQ(structure->target_count, layout.target_count);
  EXPECT_EQ(structure->chain_count, layout.chain_count);
  ASSERT_EQ(structure->template_count, layout.templates.size());
  for (size_t i = 0; i < layout.templates.size(); ++i) {
    const auto& written = layout.templates[i];
    const FrameTemplate& read = structure->templates[i];
    EXPECT_EQ(read.layer.spatial, written.spatial);
    EXPECT_EQ(read.layer.temporal, written.temporal);
    std::string indications;
    for (size_t target = 0; target < structure->target_count; ++target) {
      indications += "-DSR"[static_cast<size_t>(read.targets.Of(target))];
    }
    EXPECT_EQ(indications, written.indications);
    EXPECT_EQ(std::vector<int>(read.frame_diffs.begin(),
                               read.frame_diffs.begin() + read.frame_diff_count),
              written.frame_diffs);
    EXPECT_EQ(std::vector<int>(read.chain_diffs.begin(),
                               read.chain_diffs.begin() + structure->chain_count),
              written.chain_diffs);
  }
  for (size_t i = 0; i < structure->spatial_count; ++i) {
    EXPECT_EQ(structure->resolutions[i].width, static_cast<uint32_t>(320 << i));
    EXPECT_EQ(structure->resolutions[i].height, static_cast<uint32_t>(180 << i));
  }
}

TEST_P(DependencyStructureModesTest, TargetsAreTheLayersThemselves) {
  const ScalableStream stream(GetParam());
  const auto structure = Read(test::WriteLayoutAlone(stream.layout()));
  ASSERT_TRUE(structure);
  for (int target = 0; target < stream.layout().target_count; ++target) {
    const LayerId layer{static_cast<uint8_t>(target / stream.temporal_layers()),
                        static_cast<uint8_t>(target % stream.temporal_layers())};
    EXPECT_EQ(structure->TargetLayer(static_cast<size_t>(target)), layer);
    EXPECT_EQ(structure->TargetFor(layer, structure->all_targets()), target);
    EXPECT_EQ(structure->protected_by[static_cast<size_t>(target)], layer.spatial);
  }
}

TEST_P(DependencyStructureModesTest, EveryTruncationIsRefused) {
  const ScalableStream stream(GetParam());
  const Bytes whole = test::WriteLayoutAlone(stream.layout());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Read(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)))) << size;
  }
}

TEST(DependencyStructureTest, TargetForStaysWithinWhatIsWanted) {
  const ScalableStream stream("L3T3");
  const auto structure = *Read(test::WriteLayoutAlone(stream.layout()));
  const uint32_t all = structure.all_targets();
  EXPECT_EQ(structure.TargetFor({3, 7}, all), 8);
  EXPECT_EQ(structure.TargetFor({1, 7}, all), 5);
  EXPECT_EQ(structure.TargetFor({2, 0}, all), 6);
  // Size counts more than frame rate.
  EXPECT_EQ(structure.TargetFor({2, 2}, 0b0'0100'0100), 6);
  EXPECT_EQ(structure.TargetFor({0, 0}, 0b1'1111'1110), std::nullopt);
  EXPECT_EQ(structure.TargetFor({3, 7}, 0), std::nullopt);
}

}  // namespace
}  // namespace sluice::rtp

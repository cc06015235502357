// Dependency descriptors that a real Chromium wrote.

#include "tests/vectors/chromium_dependency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include "rtp/packet/dependency_tracker.h"
#include "tests/support/hex.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

std::vector<FrameDependencies> ReadAll(std::span<const std::string_view> values,
                                       DependencyTracker& tracker) {
  std::vector<FrameDependencies> frames;
  for (const std::string_view hex : values) {
    const auto frame = tracker.Receive(test::FromHex(hex));
    EXPECT_TRUE(frame) << hex;
    if (frame) frames.push_back(*frame);
  }
  return frames;
}

std::vector<int> ReferencesOf(const FrameDependencies& frame) {
  std::vector<int> references;
  for (size_t i = 0; i < frame.frame_diff_count; ++i) {
    references.push_back(frame.frame_number - frame.frame_diffs[i]);
  }
  return references;
}

TEST(ChromiumDependencyTest, StructureOfThreeSizesAndThreeFrameRates) {
  DependencyTracker tracker;
  ReadAll(vectors::kChromiumL3T3Key, tracker);
  const DependencyStructure* structure = tracker.structure();
  ASSERT_NE(structure, nullptr);
  EXPECT_EQ(structure->target_count, 9);
  EXPECT_EQ(structure->chain_count, 3);
  EXPECT_EQ(structure->spatial_count, 3);
  EXPECT_EQ(structure->temporal_count, 3);
  EXPECT_EQ(structure->resolutions[0], (DependencyStructure::Resolution{320, 180}));
  EXPECT_EQ(structure->resolutions[2], (DependencyStructure::Resolution{1280, 720}));
  for (uint8_t target = 0; target < 9; ++target) {
    EXPECT_EQ(structure->TargetLayer(target),
              (LayerId{static_cast<uint8_t>(target / 3), static_cast<uint8_t>(target % 3)}));
    EXPECT_EQ(structure->protected_by[target], target / 3);
  }
}

TEST(ChromiumDependencyTest, WhatIsNotSentIsNoTarget) {
  DependencyTracker tracker;
  const auto frames = ReadAll(vectors::kChromiumL3T3Key, tracker);
  EXPECT_THAT(frames.front().active_targets, Optional(0b000'111'111u));
  EXPECT_EQ(tracker.TargetFor({2, 2}), 5);
}

TEST(ChromiumDependencyTest, KeyPicturesAloneJoinTheSizes) {
  DependencyTracker tracker;
  const auto frames = ReadAll(vectors::kChromiumL3T3Key, tracker);
  ASSERT_EQ(frames.size(), 12u);
  EXPECT_EQ(frames[0].switch_mask, 0b111'111'111u);
  EXPECT_THAT(ReferencesOf(frames[0]), IsEmpty());
  EXPECT_EQ(frames[1].switch_mask, 0b111'111'000u);
  EXPECT_THAT(ReferencesOf(frames[1]), ElementsAre(1));
  const std::vector<LayerId> layers = {{0, 0}, {1, 0}, {0, 2}, {1, 2}, {0, 1}, {1, 1},
                                       {0, 2}, {1, 2}, {0, 0}, {1, 0}, {0, 2}, {1, 2}};
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].frame_number, i + 1);
    EXPECT_EQ(frames[i].layer, layers[i]) << i;
    if (i < 2) continue;
    for (int reference : ReferencesOf(frames[i])) {
      EXPECT_EQ(layers[static_cast<size_t>(reference - 1)].spatial, layers[i].spatial) << i;
    }
  }
}

TEST(ChromiumDependencyTest, FullScalabilityRefersToTheSmallPictureAlways) {
  DependencyTracker tracker;
  const auto frames = ReadAll(vectors::kChromiumL3T3, tracker);
  EXPECT_THAT(ReferencesOf(frames[3]), ElementsAre(2, 3));
  EXPECT_THAT(ReferencesOf(frames[9]), ElementsAre(2, 9));
}

TEST(ChromiumDependencyTest, TheLargestSizeBeginsWithoutAKeyFrame) {
  DependencyTracker tracker;
  const std::span<const std::string_view> values = vectors::kChromiumL3T3;
  ReadAll(values.first(12), tracker);
  EXPECT_EQ(tracker.TargetFor({2, 2}), 5);
  const auto begun = ReadAll(values.subspan(12, 3), tracker);
  ASSERT_EQ(begun.size(), 3u);
  EXPECT_THAT(begun[0].active_targets, Optional(0b111'111'111u));
  EXPECT_EQ(tracker.TargetFor({2, 2}), 8);
  EXPECT_EQ(begun[2].layer, (LayerId{2, 0}));
  EXPECT_EQ(begun[2].switch_mask, 0b111'000'000u);
  EXPECT_THAT(ReferencesOf(begun[2]), ElementsAre(66));
}

TEST(ChromiumDependencyTest, FrameRatesOfOneSize) {
  DependencyTracker tracker;
  const auto frames = ReadAll(vectors::kChromiumL1T3, tracker);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(frames[0].layer, (LayerId{0, 0}));
  EXPECT_EQ(frames[1].layer, (LayerId{0, 2}));
  EXPECT_EQ(frames[2].layer, (LayerId{0, 1}));
  EXPECT_EQ(frames[2].switch_mask, 0b100u);
  EXPECT_EQ(frames[2].discardable_mask, 0b010u);
  EXPECT_EQ(frames[3].layer, (LayerId{0, 2}));
}

// What Chromium wrote, our writer writes alike, given the same number and mask.
TEST(ChromiumDependencyTest, RewritingToTheSameIsTheSameBytes) {
  for (const std::span<const std::string_view> values :
       {std::span<const std::string_view>(vectors::kChromiumL3T3Key),
        std::span<const std::string_view>(vectors::kChromiumL3T3),
        std::span<const std::string_view>(vectors::kChromiumL1T3)}) {
    DependencyTracker tracker;
    for (const std::string_view hex : values) {
      const auto value = test::FromHex(hex);
      const auto frame = tracker.Receive(value);
      ASSERT_TRUE(frame);
      std::array<uint8_t, DependencyDescriptor::kMaxSize> out;
      const size_t size = RewriteDependencyDescriptor(
          value, *tracker.structure(), frame->frame_number, frame->active_targets, out);
      EXPECT_THAT(std::span(out).first(size), ::testing::ElementsAreArray(value));
    }
  }
}

TEST(ChromiumDependencyTest, AddedMaskChangesNothingElse) {
  DependencyTracker tracker;
  for (const std::string_view hex : vectors::kChromiumL3T3) {
    const auto value = test::FromHex(hex);
    auto expected = tracker.Receive(value);
    ASSERT_TRUE(expected);
    expected->frame_number = 4711;
    expected->active_targets = 0b111u;
    std::array<uint8_t, DependencyDescriptor::kMaxSize> out;
    const size_t size = RewriteDependencyDescriptor(value, *tracker.structure(), 4711, 0b111, out);
    EXPECT_EQ(FrameDependencies::Parse(std::span(out).first(size), *tracker.structure()), expected);
  }
}

}  // namespace
}  // namespace sluice::rtp

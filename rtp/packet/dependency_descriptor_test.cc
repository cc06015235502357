#include "rtp/packet/dependency_descriptor.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using test::Bytes;

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

}  // namespace
}  // namespace sluice::rtp

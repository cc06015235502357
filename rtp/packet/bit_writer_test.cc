#include "rtp/packet/bit_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "tests/support/dependency_descriptor_builder.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;

TEST(BitWriterTest, FieldsFillBytesFromTheHighestBitOn) {
  std::array<uint8_t, 3> bytes = {0xff, 0xff, 0xff};
  BitWriter out(bytes);
  out.Bits(5, 3);
  out.Flag(false);
  out.Bits(0xabc, 12);
  out.Bits(1, 1);
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(out.size(), 3u);
  EXPECT_THAT(bytes, ElementsAre(0xaa, 0xbc, 0x80));
}

TEST(BitWriterTest, HigherBitsOfAValueAreLeftOut) {
  std::array<uint8_t, 1> bytes = {0};
  BitWriter out(bytes);
  out.Bits(0xffffffff, 2);
  EXPECT_EQ(bytes[0], 0xc0);
}

TEST(BitWriterTest, WhatDoesNotFitIsNotBegun) {
  std::array<uint8_t, 1> bytes = {0};
  BitWriter out(bytes);
  out.Bits(0, 7);
  out.Bits(3, 2);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(bytes[0], 0);
  out.Bits(1, 1);
  EXPECT_FALSE(out.ok());
}

TEST(BitWriterTest, CopyFailsWithItsSource) {
  const std::array<uint8_t, 1> source = {0xff};
  std::array<uint8_t, 4> bytes{};
  BitReader in(source);
  BitWriter out(bytes);
  out.Copy(in, 9);
  EXPECT_FALSE(out.ok());
}

TEST(BitWriterTest, RandomFieldsComeBackAndAreCopied) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::array<uint8_t, 64> bytes{}, copy{};
    std::vector<std::pair<uint32_t, size_t>> fields;
    BitWriter out(bytes);
    while (out.position() + 32 <= bytes.size() * 8) {
      const size_t count = random() % 33;
      const auto value = static_cast<uint32_t>(random() & ((uint64_t{1} << count) - 1));
      fields.emplace_back(value, count);
      out.Bits(value, count);
    }
    ASSERT_TRUE(out.ok());
    BitReader in(bytes);
    BitWriter again(copy);
    BitReader source(bytes);
    again.Bits(0, 3);
    again.Copy(source, out.position() - 3);
    BitReader copied(copy);
    copied.Skip(3);
    for (const auto& [value, count] : fields) ASSERT_EQ(in.Bits(count), value);
    for (const auto& [value, count] : fields) {
      if (copied.remaining() < count || copied.position() + count > out.position()) break;
      ASSERT_EQ(copied.Bits(count), value);
    }
  }
}

}  // namespace
}  // namespace sluice::rtp

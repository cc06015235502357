#include "rtp/packet/bit_reader.h"

#include <gtest/gtest.h>

#include "tests/support/dependency_descriptor_builder.h"

namespace sluice::rtp {
namespace {

using test::Bytes;
using test::FromBits;

TEST(BitReaderTest, FieldsAreReadFromTheHighestBitOn) {
  const Bytes bytes = FromBits("101 00001111 11111 1");
  BitReader in(bytes);
  EXPECT_EQ(in.Bits(3), 5u);
  EXPECT_EQ(in.Bits(8), 15u);
  EXPECT_EQ(in.Bits(5), 31u);
  EXPECT_TRUE(in.Flag());
  EXPECT_EQ(in.remaining(), 7u);
  EXPECT_TRUE(in.ok());
}

TEST(BitReaderTest, ThirtyTwoBitsMayCrossFiveBytes) {
  const Bytes bytes = {0x01, 0x23, 0x45, 0x67, 0x89};
  BitReader in(bytes);
  in.Skip(4);
  EXPECT_EQ(in.Bits(32), 0x12345678u);
  EXPECT_EQ(in.position(), 36u);
}

TEST(BitReaderTest, NothingIsReadWithoutBits) {
  BitReader in({});
  EXPECT_EQ(in.Bits(0), 0u);
  EXPECT_TRUE(in.ok());
}

TEST(BitReaderTest, FailureIsForGood) {
  const Bytes bytes = {0xff, 0xff};
  BitReader in(bytes);
  EXPECT_EQ(in.Bits(17), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.Bits(1), 0u);
  EXPECT_FALSE(in.ok());
}

TEST(BitReaderTest, SkippingTooFarFails) {
  const Bytes bytes = {0xff};
  BitReader in(bytes);
  in.Skip(9);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
}

// The table of appendix A.8.2.
TEST(BitReaderTest, FiveValuesTakeTwoOrThreeBits) {
  const Bytes bytes = FromBits("00 01 10 110 111");
  BitReader in(bytes);
  for (uint32_t value = 0; value < 5; ++value) EXPECT_EQ(in.NonSymmetric(5), value);
  EXPECT_EQ(in.position(), 12u);
}

TEST(BitReaderTest, OneValueTakesNoBits) {
  BitReader in({});
  EXPECT_EQ(in.NonSymmetric(1), 0u);
  EXPECT_TRUE(in.ok());
}

TEST(BitReaderTest, PowersOfTwoTakeWholeBits) {
  const Bytes bytes = FromBits("00 01 10 11");
  BitReader in(bytes);
  for (uint32_t value = 0; value < 4; ++value) EXPECT_EQ(in.NonSymmetric(4), value);
  EXPECT_EQ(in.position(), 8u);
}

}  // namespace
}  // namespace sluice::rtp

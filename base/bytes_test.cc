#include "base/bytes.h"

#include <array>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ByteReaderTest, ReadsEveryWidthBigEndian) {
  const std::vector<uint8_t> bytes = {1,  2,  3,  4,  5,  6,  7,  8,  9,
                                      10, 11, 12, 13, 14, 15, 16, 17, 18};
  ByteReader in(bytes);
  EXPECT_EQ(in.U8(), 0x01u);
  EXPECT_EQ(in.U16(), 0x0203u);
  EXPECT_EQ(in.U24(), 0x040506u);
  EXPECT_EQ(in.U32(), 0x0708090au);
  EXPECT_EQ(in.U64(), 0x0b0c0d0e0f101112u);
  EXPECT_TRUE(in.empty());
  EXPECT_TRUE(in.ok());
}

TEST(ByteReaderTest, ReadPastTheEndIsZeroAndSticks) {
  const std::array<uint8_t, 3> bytes = {1, 2, 3};
  ByteReader in(bytes);
  EXPECT_EQ(in.U32(), 0u);
  EXPECT_FALSE(in.ok());
  // What was left is no longer given out: a grammar that went wrong does not resume in the middle.
  EXPECT_EQ(in.U8(), 0u);
  EXPECT_TRUE(in.empty());
}

TEST(ByteReaderTest, BytesAndSkipAreBounded) {
  const std::array<uint8_t, 4> bytes = {1, 2, 3, 4};
  ByteReader in(bytes);
  in.Skip(1);
  EXPECT_THAT(in.Bytes(2), ElementsAre(2, 3));
  EXPECT_EQ(in.remaining(), 1u);
  EXPECT_TRUE(in.Bytes(2).empty());
  EXPECT_FALSE(in.ok());
  ByteReader other(bytes);
  other.Skip(5);
  EXPECT_FALSE(other.ok());
  ByteReader huge(bytes);
  EXPECT_TRUE(huge.Bytes(~size_t{0}).empty());
  EXPECT_FALSE(huge.ok());
}

TEST(ByteReaderTest, EmptyInputIsOkUntilRead) {
  ByteReader in(ByteView{});
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.Bytes(0).empty());
  EXPECT_TRUE(in.ok());
  in.U8();
  EXPECT_FALSE(in.ok());
}

TEST(ByteWriterTest, ReadsBackAtEveryWidth) {
  std::array<uint8_t, 18> buffer{};
  ByteWriter out(buffer);
  out.U8(0x12);
  out.U16(0x3456);
  out.U24(0x789abc);
  out.U32(0xdef01234);
  out.U64(0x56789abcdef01234);
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(out.room(), 0u);
  ByteReader in(buffer);
  EXPECT_EQ(in.U8(), 0x12u);
  EXPECT_EQ(in.U16(), 0x3456u);
  EXPECT_EQ(in.U24(), 0x789abcu);
  EXPECT_EQ(in.U32(), 0xdef01234u);
  EXPECT_EQ(in.U64(), 0x56789abcdef01234u);
}

TEST(ByteWriterTest, WritePastTheEndWritesNothingAndSticks) {
  std::array<uint8_t, 4> buffer{9, 9, 9, 9};
  ByteWriter out(ByteSpan(buffer).first(3));
  out.U16(0);
  out.U16(0x0101);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(out.size(), 2u);
  out.U8(1);  // There would be room, but the message is already wrong.
  EXPECT_FALSE(out.ok());
  EXPECT_THAT(buffer, ElementsAre(0, 0, 9, 9));
}

TEST(ByteWriterTest, BytesAndZerosAreBounded) {
  std::array<uint8_t, 4> buffer{9, 9, 9, 9};
  ByteWriter out(buffer);
  out.Bytes(AsBytes("ab"));
  out.Zeros(1);
  out.Bytes({});
  EXPECT_TRUE(out.ok());
  EXPECT_THAT(buffer, ElementsAre('a', 'b', 0, 9));
  out.Zeros(2);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(buffer[3], 9);
}

TEST(ByteWriterTest, PatchTouchesOnlyWhatIsWritten) {
  std::array<uint8_t, 6> buffer{};
  ByteWriter out(buffer);
  out.U32(0);
  out.PatchU16(2, 0xabcd);
  EXPECT_TRUE(out.ok());
  EXPECT_THAT(out.written(), ElementsAre(0, 0, 0xab, 0xcd));
  out.PatchU16(3, 0xffff);
  EXPECT_FALSE(out.ok());
  EXPECT_THAT(ByteSpan(buffer).subspan(4), Each(0));
}

TEST(BytesTest, TextAndBytesAreTheSameMemory) {
  constexpr std::string_view kText = "text";
  EXPECT_EQ(AsText(AsBytes(kText)).data(), kText.data());
  EXPECT_EQ(AsText(AsBytes(kText)), kText);
}

}  // namespace
}  // namespace sluice

#include "rtp/codec/red.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tests/support/packet_builders.h"

namespace sluice::rtp::codec {
namespace {

using test::Bytes;
using ::testing::ElementsAre;

// RFC 2198 §3: a block of two bytes that was sent 960 samples ago, and one that is new.
const Bytes kTwoBlocks = {0x80 | 111, 0x0f, 0x00, 0x02, 111, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};

TEST(RedTest, FindsTheNewestBlock) {
  const auto red = Red::Parse(kTwoBlocks);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->block_count, 2u);
  EXPECT_EQ(red->payload_type, PayloadType(111));
  EXPECT_THAT(red->newest, ElementsAre(0xcc, 0xdd, 0xee));
}

TEST(RedTest, LoneBlockHasAHeaderOfOneByte) {
  const Bytes payload = {111, 0xcc};
  const auto red = Red::Parse(payload);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->block_count, 1u);
  EXPECT_THAT(red->newest, ElementsAre(0xcc));
}

TEST(RedTest, RefusesBlocksBeyondThePacket) {
  for (size_t size = 0; size < 7; ++size) {
    EXPECT_FALSE(Red::Parse(ByteView(kTwoBlocks).first(size))) << size;
  }
  EXPECT_TRUE(Red::Parse(ByteView(kTwoBlocks).first(7)));
}

TEST(RedTest, RefusesMoreBlocksThanAnybodySends) {
  Bytes payload;
  for (size_t i = 1; i < Red::kMaxBlocks; ++i) {
    for (const uint8_t byte : std::to_array<uint8_t>({0x80 | 111, 0, 0, 0}))
      payload.push_back(byte);
  }
  payload.push_back(111);
  EXPECT_TRUE(Red::Parse(payload));
  payload.insert(payload.begin(), {0x80 | 111, 0, 0, 0});
  EXPECT_FALSE(Red::Parse(payload));
}

TEST(RedTest, SilenceIsThatOfTheNewestBlock) {
  Bytes payload = {111};
  const Bytes silence = test::OpusPayload(true);
  payload.insert(payload.end(), silence.begin(), silence.end());
  EXPECT_TRUE(DescribeRed(payload).silence);
  EXPECT_FALSE(DescribeRed(kTwoBlocks).silence);
  EXPECT_TRUE(DescribeRed(kTwoBlocks).frame_start);
  EXPECT_EQ(DescribeRed({}), Description());
}

TEST(RedTest, RelabellingChangesPayloadTypesOnly) {
  Bytes room(16);
  ByteWriter out(room);
  EXPECT_EQ(RelabelRed(kTwoBlocks, PayloadType(100), out), 5u);
  EXPECT_THAT(out.written(), ElementsAre(0x80 | 100, 0x0f, 0x00, 0x02, 100));
}

TEST(RedTest, RelabellingRefusesWhatHasNoEnd) {
  Bytes room(256);
  ByteWriter out(room);
  EXPECT_EQ(RelabelRed(Bytes(100, 0xff), PayloadType(100), out), 0u);
  EXPECT_EQ(RelabelRed(Bytes{0x80, 0}, PayloadType(100), out), 0u);
}

}  // namespace
}  // namespace sluice::rtp::codec

#include "bench/load/payload.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::Optional;

SentPayload Sent(uint16_t size) {
  SentPayload sent;
  sent.mark = {3, 77};
  sent.size = size;
  sent.prefix_size = 6;
  sent.compared_from = 4;
  sent.prefix = {0x90, 0x80, 0x80, 0x01, 0x31, 0x42};
  return sent;
}

std::vector<uint8_t> Written(const SentPayload& sent) {
  std::vector<uint8_t> bytes(sent.size);
  WritePayload(sent, bytes);
  return bytes;
}

TEST(PayloadTest, WhatWasWrittenIsIntact) {
  for (const uint16_t size : std::initializer_list<uint16_t>{16, 17, 100, 1'200, 1'460}) {
    EXPECT_TRUE(IsIntact(Sent(size), Written(Sent(size)))) << size;
  }
}

TEST(PayloadTest, MarkTellsTrackAndIndex) {
  EXPECT_THAT(ReadMark(Written(Sent(200))), Optional(PayloadMark{3, 77}));
}

TEST(PayloadTest, EveryByteBehindTheChangeablePartCounts) {
  const SentPayload sent = Sent(300);
  const std::vector<uint8_t> right = Written(sent);
  for (size_t i = sent.compared_from; i < right.size(); ++i) {
    std::vector<uint8_t> wrong = right;
    wrong[i] ^= 1;
    ASSERT_FALSE(IsIntact(sent, wrong)) << i;
  }
}

TEST(PayloadTest, NumbersInTheDescriptorMayChange) {
  const SentPayload sent = Sent(300);
  std::vector<uint8_t> renumbered = Written(sent);
  renumbered[3] ^= 0xff;
  EXPECT_TRUE(IsIntact(sent, renumbered));
}

TEST(PayloadTest, LengthCounts) {
  const SentPayload sent = Sent(300);
  std::vector<uint8_t> shorter = Written(sent);
  shorter.erase(shorter.begin() + 100);
  EXPECT_FALSE(IsIntact(sent, shorter));
}

TEST(PayloadTest, NeighboursDiffer) {
  SentPayload next = Sent(300);
  ++next.mark.index;
  const std::vector<uint8_t> one = Written(Sent(300));
  const std::vector<uint8_t> other = Written(next);
  EXPECT_FALSE(std::equal(one.begin() + 6, one.end() - 8, other.begin() + 6));
}

TEST(PayloadTest, ShortPayloadsHaveNoMark) {
  EXPECT_FALSE(ReadMark(Written(Sent(15))).has_value());
}

TEST(PayloadTest, PrefixGivesWayToTheMark) {
  EXPECT_EQ(KeptPrefix(1'000, 20), 20u);
  EXPECT_EQ(KeptPrefix(20, 20), 12u);
  EXPECT_EQ(KeptPrefix(5, 20), 5u);
  EXPECT_EQ(KeptPrefix(1'000, 100), SentPayload::kMaxPrefix);
}

TEST(PayloadTest, OnlyTheDescriptorOfVp8IsChangeable) {
  const std::vector<uint8_t> first = {0x90, 0x80, 0x80, 0x01, 0x31};
  const std::vector<uint8_t> later = {0x80, 0x80, 0x80, 0x01};
  EXPECT_EQ(ChangeablePart(rtp::codec::Kind::kVp8, first), 4);
  EXPECT_EQ(ChangeablePart(rtp::codec::Kind::kVp8, later), 4);
  EXPECT_EQ(ChangeablePart(rtp::codec::Kind::kOpus, first), 0);
}

}  // namespace
}  // namespace sluice::load

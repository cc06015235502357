#include "bench/load/receive_stream.h"

#include "gtest/gtest.h"

namespace sluice::load {
namespace {

ReceiveStream Having(std::initializer_list<uint16_t> numbers) {
  ReceiveStream stream({.ssrc = 1});
  for (const uint16_t number : numbers) stream.Record(number);
  return stream;
}

TEST(ReceiveStreamTest, NothingIsExpectedBeforeTheFirstPacket) {
  EXPECT_EQ(Having({}).expected(), 0u);
  EXPECT_EQ(Having({}).lost(), 0);
}

TEST(ReceiveStreamTest, SkippedNumbersAreLost) {
  EXPECT_EQ(Having({10, 11, 15}).lost(), 3);
  EXPECT_EQ(Having({10, 11, 15}).expected(), 6u);
}

TEST(ReceiveStreamTest, LateNumbersAreNotLostAnyMore) {
  EXPECT_EQ(Having({10, 12, 11}).lost(), 0);
  EXPECT_EQ(Having({10, 12, 11, 13}).lost(), 0);
}

TEST(ReceiveStreamTest, WhatOvertookTheFirstIsExpectedAsWell) {
  EXPECT_EQ(Having({10, 9, 11}).expected(), 3u);
  EXPECT_EQ(Having({10, 9, 11}).lost(), 0);
}

TEST(ReceiveStreamTest, DuplicatesMakeTheLossNegative) { EXPECT_EQ(Having({5, 5}).lost(), -1); }

TEST(ReceiveStreamTest, NumbersWrap) {
  const ReceiveStream stream = Having({65'534, 65'535, 0, 2});
  EXPECT_EQ(stream.expected(), 5u);
  EXPECT_EQ(stream.lost(), 1);
  EXPECT_EQ(stream.highest(), 0x10002u);
}

TEST(ReceiveStreamTest, FractionCountsSinceTheLastReport) {
  ReceiveStream stream = Having({1, 2, 4});
  EXPECT_EQ(stream.TakeFractionLost(), 64);
  EXPECT_EQ(stream.TakeFractionLost(), 0);
  stream.Record(5);
  stream.Record(7);
  EXPECT_EQ(stream.TakeFractionLost(), 85);
}

}  // namespace
}  // namespace sluice::load

#include "worker/engine/packet_tap.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow{1s};

std::vector<uint8_t> RtpPacket(size_t payload) {
  std::vector<uint8_t> packet(12 + payload, 0xab);
  packet[0] = 0x80;
  packet[1] = 96;
  return packet;
}

bool Contains(ByteView bytes, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(text) !=
         std::string_view::npos;
}

PacketTap::Options Limits(uint64_t max_bytes = 1 << 20) {
  PacketTap::Options options;
  options.max_bytes = max_bytes;
  return options;
}

PacketTap::Seen In(Timestamp at = kNow) { return {.at = at}; }
PacketTap::Seen Out(Timestamp at = kNow) { return {.direction = TapDirection::kOut, .at = at}; }

TEST(PacketTapTest, HasAFileToTellBeforeAnyPacket) {
  const PacketTap tap(Limits());
  ASSERT_TRUE(tap.due());
  EXPECT_LE(*tap.due(), kNow);
  EXPECT_GT(tap.bytes().size(), 100u);
}

TEST(PacketTapTest, KeepsHeadersAndNoPayloadUnlessAsked) {
  PacketTap bare(Limits());
  const size_t before = bare.bytes().size();
  bare.Record(In(), RtpPacket(1000));
  const size_t headers = bare.bytes().size() - before;
  EXPECT_LT(headers, 100u);
  PacketTap::Options options = Limits();
  options.payload_bytes = 64;
  PacketTap curious(options);
  curious.Record(In(), RtpPacket(1000));
  EXPECT_EQ(curious.bytes().size() - before, headers + 64);
}

TEST(PacketTapTest, KeepsThePayloadThatFollowsInAnotherPiece) {
  PacketTap::Options options = Limits();
  options.payload_bytes = 8;
  PacketTap tap(options);
  const std::string said = "abcdefghijkl";
  tap.Record(Out(), RtpPacket(0), AsBytes(said));
  EXPECT_TRUE(Contains(tap.bytes(), "abcdefgh"));
  EXPECT_FALSE(Contains(tap.bytes(), "abcdefghi"));
}

// Messages of data channels travel in them on pipes.
TEST(PacketTapTest, KeepsReportsButNotWhatApplicationsSay) {
  PacketTap tap(Limits());
  std::vector<uint8_t> report(60, 'r');
  report[0] = 0x80;
  report[1] = 200;
  tap.Record({.rtcp = true, .at = kNow}, report);
  EXPECT_TRUE(Contains(tap.bytes(), "rrrrrrrrrrrrrrrrrrrr"));
  std::vector<uint8_t> application(60, 's');
  application[0] = 0x80;
  application[1] = 204;
  tap.Record({.rtcp = true, .at = kNow}, application);
  EXPECT_FALSE(Contains(tap.bytes(), "sssssssssss"));
}

TEST(PacketTapTest, OfWhatDidNotAuthenticateOnlyTheHeaderIsKept) {
  PacketTap::Options options = Limits();
  options.payload_bytes = 64;
  PacketTap tap(options);
  tap.Record({.refused = true, .at = kNow}, RtpPacket(100));
  EXPECT_FALSE(Contains(tap.bytes(), "\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab\xab"));
  EXPECT_EQ(tap.packets(), 1u);
}

TEST(PacketTapTest, HeadersThatClaimMoreThanThereIsEndWithThePacket) {
  PacketTap tap(Limits());
  std::vector<uint8_t> packet = RtpPacket(4);
  packet[0] = 0x9f;  // Fifteen contributing sources and an extension.
  tap.Record(In(), packet);
  tap.Record(In(), ByteView(packet).first(1));
  EXPECT_EQ(tap.packets(), 2u);
}

TEST(PacketTapTest, SamplesEachDirectionByItself) {
  PacketTap::Options options = Limits();
  options.sampling = 3;
  PacketTap tap(options);
  for (int i = 0; i < 9; ++i) tap.Record(In(), RtpPacket(0));
  EXPECT_EQ(tap.packets(), 3u);
  tap.Record(Out(), RtpPacket(0));
  EXPECT_EQ(tap.packets(), 4u);
}

TEST(PacketTapTest, CommentsBelongToThePacketThatWasRecordedLast) {
  PacketTap::Options options = Limits();
  options.sampling = 2;
  PacketTap tap(options);
  tap.Record(In(), RtpPacket(0));
  tap.Annotate("of the first");
  tap.Record(In(), RtpPacket(0));  // Not sampled.
  tap.Annotate("of the second");
  EXPECT_TRUE(Contains(tap.bytes(), "of the first"));
  EXPECT_FALSE(Contains(tap.bytes(), "of the second"));
}

TEST(PacketTapTest, IsDueAfterAMomentOrWhenThereIsMuch) {
  PacketTap tap(Limits());
  tap.Clear();
  EXPECT_FALSE(tap.due());
  tap.Record(In(), RtpPacket(0));
  EXPECT_EQ(tap.due(), kNow + PacketTap::kMaxWait);
  while (tap.bytes().size() < PacketTap::kChunk) tap.Record(In(), RtpPacket(0));
  ASSERT_TRUE(tap.due());
  EXPECT_LE(*tap.due(), kNow);
}

TEST(PacketTapTest, WhatNobodyTakesIsLeftOutAndCounted) {
  PacketTap tap(Limits(uint64_t{1} << 40));
  uint64_t recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    tap.Record(In(), RtpPacket(0));
    tap.Annotate(std::string(100, 'c'));
    if (tap.recorded_last()) ++recorded;
  }
  EXPECT_EQ(tap.packets(), recorded);
  EXPECT_EQ(tap.packets() + tap.left_out(), 10'000u);
  EXPECT_GT(tap.left_out(), 0u);
  EXPECT_LE(tap.bytes().size(), PacketTap::kBuffer);
  tap.Clear();
  tap.Record(In(), RtpPacket(0));
  EXPECT_TRUE(tap.recorded_last());
}

TEST(PacketTapTest, EndsAtItsLength) {
  PacketTap tap(Limits(4096));
  uint64_t bytes = tap.bytes().size();
  for (int i = 0; i < 1000; ++i) {
    tap.Clear();
    tap.Record(In(), RtpPacket(0));
    bytes += tap.bytes().size();
  }
  EXPECT_TRUE(tap.full());
  EXPECT_LE(bytes, 4096u);
  EXPECT_GT(bytes, 3900u);
  EXPECT_EQ(tap.left_out(), 0u);
}

}  // namespace
}  // namespace sluice::worker

#include "sctp/packet_check.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::sctp {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Packet(const Bytes& chunks) {
  Bytes packet = {0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4, 5, 6, 7, 8};
  packet.insert(packet.end(), chunks.begin(), chunks.end());
  return packet;
}

bool Passes(const Bytes& packet) { return CheckPacket(packet, 5000).has_value(); }

TEST(PacketCheckTest, ChunksThatTileThePacketPass) {
  EXPECT_TRUE(Passes(Packet({11, 0, 0, 4, 10, 0, 0, 6, 1, 2, 0, 0})));
}

TEST(PacketCheckTest, PaddingOfTheLastChunkMayBeMissing) {
  EXPECT_TRUE(Passes(Packet({10, 0, 0, 6, 1, 2})));
}

TEST(PacketCheckTest, PacketWithoutChunkFails) { EXPECT_FALSE(Passes(Packet({}))); }

TEST(PacketCheckTest, HalfAHeaderFails) { EXPECT_FALSE(Passes({0x13, 0x88, 0x13, 0x88, 1, 2})); }

TEST(PacketCheckTest, LengthShorterThanAHeaderFails) {
  for (uint8_t length = 0; length < 4; ++length) {
    EXPECT_FALSE(Passes(Packet({11, 0, 0, length}))) << int{length};
  }
}

TEST(PacketCheckTest, ChunkBeyondThePacketFails) {
  EXPECT_FALSE(Passes(Packet({11, 0, 0, 9, 0, 0, 0, 0})));
}

TEST(PacketCheckTest, HalfAChunkHeaderFails) { EXPECT_FALSE(Passes(Packet({11, 0, 0, 4, 11, 0}))); }

TEST(PacketCheckTest, OtherPortsFail) {
  EXPECT_FALSE(CheckPacket(Packet({11, 0, 0, 4}), 5001).has_value());
}

TEST(PacketCheckTest, InitIsRecognised) {
  Bytes init = {1, 0, 0, 20};
  init.resize(20);
  const auto contents = CheckPacket(Packet(init), 5000);
  ASSERT_TRUE(contents.has_value());
  EXPECT_TRUE(contents->init);
}

TEST(PacketCheckTest, InitBesideAnotherChunkFails) {
  Bytes chunks = {1, 0, 0, 20};
  chunks.resize(20);
  chunks.insert(chunks.end(), {11, 0, 0, 4});
  EXPECT_FALSE(Passes(Packet(chunks)));
}

TEST(PacketCheckTest, InitWithoutItsFieldsFails) {
  EXPECT_FALSE(Passes(Packet({1, 0, 0, 8, 1, 2, 3, 4})));
}

}  // namespace
}  // namespace sluice::sctp

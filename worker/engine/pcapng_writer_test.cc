#include "worker/engine/pcapng_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::worker {
namespace {

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kEnhancedPacket = 6;

struct Block {
  uint32_t type = 0;
  // Between the lengths.
  std::vector<uint8_t> body;
};

// As a reader takes a file apart; nothing if lengths do not agree.
std::optional<std::vector<Block>> BlocksOf(ByteView file) {
  std::vector<Block> blocks;
  ByteReader in(file);
  while (!in.empty()) {
    Block block;
    block.type = in.U32();
    const uint32_t length = in.U32();
    if (length < 12 || length % 4 != 0) return std::nullopt;
    const ByteView body = in.Bytes(length - 12);
    block.body.assign(body.begin(), body.end());
    if (in.U32() != length || !in.ok()) return std::nullopt;
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// The value of an option of this code among those that begin at `offset` of a body.
std::optional<std::string> OptionOf(const Block& block, size_t offset, uint16_t code) {
  ByteReader in(ByteView(block.body).subspan(offset));
  while (!in.empty()) {
    const uint16_t found = in.U16();
    const uint16_t size = in.U16();
    const ByteView value = in.Bytes(size);
    in.Skip((4 - size % 4) % 4);
    if (!in.ok() || found == 0) return std::nullopt;
    if (found == code) return std::string(value.begin(), value.end());
  }
  return std::nullopt;
}

// Where the options of a packet block begin.
size_t OptionsOf(const Block& packet) {
  ByteReader in(packet.body);
  in.Skip(12);
  const uint32_t captured = in.U32();
  return 20 + captured + (4 - captured % 4) % 4;
}

class PcapngWriterTest : public testing::Test {
 protected:
  PcapngPacket Packet() const {
    PcapngPacket packet;
    packet.nanoseconds = 0x0102030405060708;
    packet.source = {IpAddress::V4(192, 0, 2, 1), 5000};
    packet.destination = {IpAddress::V4(198, 51, 100, 2), 6000};
    packet.front = ByteView(front_);
    packet.rest = ByteView(rest_);
    packet.original_size = 100;
    return packet;
  }
  std::vector<Block> Blocks() const {
    return BlocksOf(ByteView(buffer_).first(out_.size())).value();
  }

  std::array<uint8_t, 12> front_{0x80, 100};
  std::array<uint8_t, 3> rest_{7, 8, 9};
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(4096);
  ByteWriter out_{buffer_};
};

TEST_F(PcapngWriterTest, BeginsWithASectionAndAnInterfaceForEachDirection) {
  ASSERT_TRUE(PcapngWriter::WriteBegin(out_, "a program"));
  const std::vector<Block> blocks = Blocks();
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].type, kSectionHeader);
  EXPECT_EQ(ByteReader(blocks[0].body).U32(), 0x1a2b3c4du);
  EXPECT_EQ(OptionOf(blocks[0], 16, 4), "a program");
  for (const auto& [index, name] : {std::pair(1, "in"), {2, "out"}}) {
    const Block& block = blocks[static_cast<size_t>(index)];
    EXPECT_EQ(block.type, kInterfaceDescription);
    EXPECT_EQ(ByteReader(block.body).U16(), 101);
    EXPECT_EQ(OptionOf(block, 8, 2), name);
    EXPECT_EQ(OptionOf(block, 8, 9), std::string("\x09"));
  }
}

TEST_F(PcapngWriterTest, PacketsAreIpAndUdpAroundWhatWasKept) {
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, Packet()));
  const std::vector<Block> blocks = Blocks();
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].type, kEnhancedPacket);
  ByteReader in(blocks[0].body);
  EXPECT_EQ(in.U32(), 0u);
  EXPECT_EQ(in.U64(), 0x0102030405060708u);
  EXPECT_EQ(in.U32(), 20u + 8 + 15);
  EXPECT_EQ(in.U32(), 20u + 8 + 100);
  const ByteView ip = in.Bytes(20);
  EXPECT_EQ(ip[0], 0x45);
  EXPECT_EQ(ip[2] << 8 | ip[3], 20 + 8 + 100);
  EXPECT_EQ(ip[9], 17);
  uint32_t sum = 0;
  for (size_t i = 0; i < ip.size(); i += 2) sum += static_cast<uint32_t>(ip[i] << 8 | ip[i + 1]);
  EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffu);
  EXPECT_EQ(in.U16(), 5000);
  EXPECT_EQ(in.U16(), 6000);
  EXPECT_EQ(in.U16(), 8 + 100);
  in.U16();
  EXPECT_EQ(in.U8(), 0x80);
  in.Skip(11);
  EXPECT_EQ(in.U8(), 7);
}

TEST_F(PcapngWriterTest, TellsTheDirectionByInterfaceAndFlags) {
  PcapngPacket packet = Packet();
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, packet));
  packet.direction = TapDirection::kOut;
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, packet));
  const std::vector<Block> blocks = Blocks();
  EXPECT_EQ(ByteReader(blocks[0].body).U32(), 0u);
  EXPECT_EQ(ByteReader(blocks[1].body).U32(), 1u);
  EXPECT_EQ(OptionOf(blocks[0], OptionsOf(blocks[0]), 2)->back(), 1);
  EXPECT_EQ(OptionOf(blocks[1], OptionsOf(blocks[1]), 2)->back(), 2);
}

TEST_F(PcapngWriterTest, MixedFamiliesBecomeIpv6) {
  PcapngPacket packet = Packet();
  packet.source.address = *IpAddress::Parse("2001:db8::1");
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, packet));
  const std::vector<Block> blocks = Blocks();
  ByteReader in(blocks[0].body);
  in.Skip(20);
  EXPECT_EQ(in.U8() >> 4, 6);
  in.Skip(7);
  EXPECT_EQ(in.U16(), 0x2001);
  in.Skip(14 + 10);
  EXPECT_EQ(in.U16(), 0xffff);  // ::ffff:198.51.100.2
  EXPECT_EQ(in.U8(), 198);
}

TEST_F(PcapngWriterTest, CommentsOfAnyLengthLeaveTheBlockWhole) {
  for (size_t size : {0u, 1u, 2u, 3u, 4u, 255u, 256u}) {
    std::vector<uint8_t> buffer(2048);
    ByteWriter out(buffer);
    ASSERT_TRUE(PcapngWriter::WritePacket(out, Packet()));
    const std::string comment(size, 'x');
    const size_t end = PcapngWriter::AddComment(buffer, 0, out.size(), comment);
    const auto blocks = BlocksOf(ByteView(buffer).first(end));
    ASSERT_TRUE(blocks) << size;
    EXPECT_EQ(OptionOf((*blocks)[0], OptionsOf((*blocks)[0]), 1), comment);
  }
}

TEST_F(PcapngWriterTest, LongCommentsAreCut) {
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, Packet()));
  const size_t end = PcapngWriter::AddComment(buffer_, 0, out_.size(), std::string(1000, 'x'));
  const auto blocks = BlocksOf(ByteView(buffer_).first(end));
  ASSERT_TRUE(blocks);
  EXPECT_EQ(OptionOf((*blocks)[0], OptionsOf((*blocks)[0]), 1)->size(), PcapngWriter::kMaxComment);
}

TEST_F(PcapngWriterTest, WithoutRoomAPacketIsRefusedAndACommentLeftOut) {
  ASSERT_TRUE(PcapngWriter::WritePacket(out_, Packet()));
  const size_t size = out_.size();
  for (size_t room = 0; room < size; ++room) {
    std::vector<uint8_t> small(room);
    ByteWriter out(small);
    EXPECT_FALSE(PcapngWriter::WritePacket(out, Packet())) << room;
  }
  std::vector<uint8_t> exact(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(size));
  EXPECT_EQ(PcapngWriter::AddComment(exact, 0, size, "no room"), size);
  EXPECT_TRUE(BlocksOf(exact));
}

}  // namespace
}  // namespace sluice::worker

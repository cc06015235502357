#include "rtp/rtcp/nack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "rtp/rtcp/compound.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;
using testing::ElementsAre;

std::vector<uint16_t> LostIn(const GenericNack& nack) {
  std::vector<uint16_t> lost;
  nack.ForEachLost([&](SeqNo seq) { lost.push_back(seq.value()); });
  return lost;
}

TEST(GenericNackTest, ReadsABrowsersRequest) {
  const auto bytes = FromHex(vectors::kFirefoxNackAndPli);
  const auto nack = GenericNack::Parse(CompoundReader(bytes).Next()->bytes());
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->sources.sender, Ssrc(0x9b1c22d0));
  EXPECT_EQ(nack->sources.media, Ssrc(0x3d7a901e));
  EXPECT_THAT(LostIn(*nack), ElementsAre(1000, 1001, 1016));
  EXPECT_EQ(nack->lost_count(), 3u);
}

TEST(GenericNackTest, NumbersWrapInsideAnEntry) {
  const auto nack = GenericNack::Parse(FromHex("81 cd 00 03  00000001 00000002  ffff 8001"));
  ASSERT_TRUE(nack);
  EXPECT_THAT(LostIn(*nack), ElementsAre(65535, 0, 15));
}

TEST(GenericNackTest, PacksNeighboursIntoOneEntry) {
  GenericNack nack;
  for (int i : {0, 1, 16, 17, 40}) EXPECT_TRUE(nack.Add(SeqNo(65530) + i));
  EXPECT_EQ(nack.entries.size(), 3u);
  EXPECT_THAT(LostIn(nack), ElementsAre(65530, 65531, 10, 11, 34));
  std::array<uint8_t, 64> buffer{};
  ByteWriter out(buffer);
  nack.WriteTo(out);
  EXPECT_EQ(GenericNack::Parse(out.written()), nack);
}

TEST(GenericNackTest, SaysWhenItIsFull) {
  GenericNack nack;
  for (size_t i = 0; i < GenericNack::kMaxEntries; ++i) {
    EXPECT_TRUE(nack.Add(SeqNo(static_cast<uint16_t>(100 * i))));
  }
  EXPECT_FALSE(nack.Add(SeqNo(50)));
  EXPECT_EQ(nack.lost_count(), GenericNack::kMaxEntries);
}

TEST(GenericNackTest, CountsWhatItDoesNotRead) {
  constexpr size_t kEntries = 300;
  std::vector<uint8_t> bytes(4 + 8 + 4 * kEntries);
  ByteWriter out(bytes);
  RtcpFrame frame(out, RtcpKind::kNack, FeedbackSources{});
  for (size_t i = 0; i < kEntries; ++i) out.U32(0xffff);
  frame.Finish();
  const auto nack = GenericNack::Parse(bytes);
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->entries.size(), GenericNack::kMaxEntries);
  EXPECT_EQ(nack->ignored_entries, kEntries - GenericNack::kMaxEntries);
}

TEST(GenericNackTest, RefusesEmptyAndTornLists) {
  EXPECT_FALSE(GenericNack::Parse(FromHex("81 cd 00 01  00000001")));
  EXPECT_FALSE(GenericNack::Parse(FromHex("81 cd 00 02  00000001 00000002")));
  EXPECT_FALSE(GenericNack::Parse(FromHex("a1 cd 00 03  00000001 00000002  0005 0002")));
}

}  // namespace
}  // namespace sluice::rtp

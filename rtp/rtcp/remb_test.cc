#include "rtp/rtcp/remb.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "rtp/rtcp/compound.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

int64_t Through(int64_t bps) {
  const Remb remb{.sender = Ssrc(1), .rate = BitRate::Bps(bps), .sources = {}};
  std::array<uint8_t, 64> buffer{};
  ByteWriter out(buffer);
  remb.WriteTo(out);
  const auto read = Remb::Parse(out.written());
  return read ? read->rate.bps() : -1;
}

TEST(RembTest, ReadsABrowsersEstimate) {
  const auto bytes = FromHex(vectors::kChromiumReceiverReportWithRemb);
  CompoundReader reader(bytes);
  reader.Next();
  const auto remb = Remb::Parse(reader.Next()->bytes());
  ASSERT_TRUE(remb);
  EXPECT_EQ(remb->rate.bps(), 0x24f80 << 4);
  ASSERT_EQ(remb->sources.size(), 2u);
  EXPECT_EQ(remb->sources[1], Ssrc(0x3d7a901e));
}

TEST(RembTest, KeepsEighteenBitsAndNeverRoundsUp) {
  for (int64_t bps : {int64_t{0}, int64_t{1}, int64_t{262'143}}) EXPECT_EQ(Through(bps), bps);
  for (int64_t bps = 262'144; bps < Remb::kMaxBps / 3; bps = bps * 3 + 1) {
    EXPECT_LE(Through(bps), bps);
    EXPECT_GT(Through(bps), bps - bps / 131'072 - 1);
  }
}

TEST(RembTest, ClampsWhatDoesNotFit) {
  EXPECT_EQ(Through(std::numeric_limits<int64_t>::max()), Remb::kMaxBps);
  EXPECT_EQ(Through(-5), 0);
  // 2^63 times 2^18 on the wire.
  const auto remb = Remb::Parse(FromHex("8f ce 00 04  00000001 00000000  52454d42  00 ffffff"));
  ASSERT_TRUE(remb);
  EXPECT_EQ(remb->rate.bps(), Remb::kMaxBps);
}

TEST(RembTest, TakesAllTheSourcesThatFitItsCount) {
  Remb remb{.sender = Ssrc(1), .rate = BitRate::Kbps(8), .sources = {}};
  for (uint32_t i = 0; i < 255; ++i) EXPECT_TRUE(remb.sources.push_back(Ssrc(i)));
  std::array<uint8_t, 1100> buffer{};
  ByteWriter out(buffer);
  remb.WriteTo(out);
  EXPECT_EQ(Remb::Parse(out.written()), remb);
}

TEST(RembTest, RefusesMissingSources) {
  EXPECT_FALSE(Remb::Parse(FromHex("8f ce 00 04  00000001 00000000  52454d42  01 000001")));
  EXPECT_FALSE(Remb::Parse(FromHex("8f ce 00 03  00000001 00000000  52454d42")));
}

}  // namespace
}  // namespace sluice::rtp

// PLI and FIR, which ask for the same thing.

#include <gtest/gtest.h>

#include <array>

#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/pli.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

TEST(PictureLossIndicationTest, IsReadAndWritten) {
  const auto bytes = FromHex("81 ce 00 02  9b1c22d0 3d7a901e");
  const auto pli = PictureLossIndication::Parse(bytes);
  ASSERT_TRUE(pli);
  EXPECT_EQ(pli->sources.media, Ssrc(0x3d7a901e));
  std::array<uint8_t, 12> buffer{};
  ByteWriter out(buffer);
  pli->WriteTo(out);
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(std::vector<uint8_t>(buffer.begin(), buffer.end()), bytes);
}

TEST(PictureLossIndicationTest, NeedsBothSources) {
  EXPECT_FALSE(PictureLossIndication::Parse(FromHex("81 ce 00 01  9b1c22d0")));
}

TEST(FullIntraRequestTest, ReadsAGatewaysRequest) {
  const auto bytes = FromHex(vectors::kGatewayFirAndBye);
  const auto fir = FullIntraRequest::Parse(CompoundReader(bytes).Next()->bytes());
  ASSERT_TRUE(fir);
  ASSERT_EQ(fir->entries.size(), 1u);
  EXPECT_EQ(fir->entries[0].source, Ssrc(0x3d7a901e));
  EXPECT_EQ(fir->entries[0].number, 7);
}

TEST(FullIntraRequestTest, SurvivesTheTripThroughBytes) {
  FullIntraRequest fir;
  for (uint8_t i = 0; i < FullIntraRequest::kMaxEntries; ++i) fir.entries.push_back({Ssrc(i), i});
  std::array<uint8_t, 300> buffer{};
  ByteWriter out(buffer);
  fir.WriteTo(out);
  EXPECT_EQ(FullIntraRequest::Parse(out.written()), fir);
}

TEST(FullIntraRequestTest, RefusesEmptyAndTornLists) {
  EXPECT_FALSE(FullIntraRequest::Parse(FromHex("84 ce 00 02  00000001 00000000")));
  EXPECT_FALSE(FullIntraRequest::Parse(FromHex("84 ce 00 03  00000001 00000000 00000005")));
}

}  // namespace
}  // namespace sluice::rtp

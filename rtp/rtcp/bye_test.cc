#include "rtp/rtcp/bye.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "rtp/rtcp/compound.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;

TEST(ByeTest, ReadsAReason) {
  const auto bytes = FromHex(vectors::kGatewayFirAndBye);
  CompoundReader reader(bytes);
  reader.Next();
  const auto bye = Bye::Parse(reader.Next()->bytes());
  ASSERT_TRUE(bye);
  ASSERT_EQ(bye->sources.size(), 1u);
  EXPECT_EQ(bye->sources[0], Ssrc(0x9b1c22d0));
  EXPECT_EQ(bye->reason, "hangup");
}

TEST(ByeTest, ReasonsOfEveryLengthSurviveTheTripThroughBytes) {
  for (size_t length = 0; length <= Bye::kMaxReason; ++length) {
    const std::string reason(length, 'r');
    Bye bye;
    bye.sources.push_back(Ssrc(1));
    bye.sources.push_back(Ssrc(2));
    bye.reason = reason;
    std::array<uint8_t, 300> buffer{};
    ByteWriter out(buffer);
    bye.WriteTo(out);
    ASSERT_TRUE(out.ok());
    ASSERT_EQ(out.size() % 4, 0u);
    EXPECT_EQ(Bye::Parse(out.written()), bye) << length;
  }
}

TEST(ByeTest, RefusesWhatRunsOverTheEnd) {
  EXPECT_FALSE(Bye::Parse(FromHex("82 cb 00 01 00000001")));
  EXPECT_FALSE(Bye::Parse(FromHex("81 cb 00 02 00000001 04 616263")));
}

}  // namespace
}  // namespace sluice::rtp

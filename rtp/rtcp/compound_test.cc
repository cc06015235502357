#include "rtp/rtcp/compound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "rtp/rtcp/sender_report.h"
#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using test::FromHex;
using testing::ElementsAre;

struct Walk {
  std::vector<RtcpKind> kinds;
  bool malformed = false;
};

Walk WalkThrough(ByteView datagram) {
  Walk walk;
  CompoundReader reader(datagram);
  while (const auto packet = reader.Next()) walk.kinds.push_back(packet->kind());
  walk.malformed = reader.malformed();
  return walk;
}

TEST(CompoundReaderTest, WalksWhatBrowsersSend) {
  const Walk report = WalkThrough(FromHex(vectors::kChromiumSenderReport));
  EXPECT_THAT(report.kinds, ElementsAre(RtcpKind::kSenderReport, RtcpKind::kSourceDescription));
  EXPECT_FALSE(report.malformed);
  EXPECT_THAT(WalkThrough(FromHex(vectors::kChromiumReceiverReportWithRemb)).kinds,
              ElementsAre(RtcpKind::kReceiverReport, RtcpKind::kRemb));
  EXPECT_THAT(WalkThrough(FromHex(vectors::kChromiumDlrr)).kinds,
              ElementsAre(RtcpKind::kReceiverReport, RtcpKind::kExtendedReport));
  EXPECT_THAT(WalkThrough(FromHex(vectors::kChromiumTransportFeedback)).kinds,
              ElementsAre(RtcpKind::kTransportFeedback));
}

TEST(CompoundReaderTest, TakesReducedSizeDatagrams) {
  const Walk walk = WalkThrough(FromHex(vectors::kFirefoxNackAndPli));
  EXPECT_THAT(walk.kinds, ElementsAre(RtcpKind::kNack, RtcpKind::kPli));
  EXPECT_FALSE(walk.malformed);
}

TEST(CompoundReaderTest, EndsAtTheFirstMemberThatMakesNoSense) {
  auto bytes = FromHex(vectors::kFirefoxNackAndPli);
  bytes[16] = 0x41;  // version 1 in the second member
  const Walk walk = WalkThrough(bytes);
  EXPECT_THAT(walk.kinds, ElementsAre(RtcpKind::kNack));
  EXPECT_TRUE(walk.malformed);
}

TEST(CompoundReaderTest, ReportsEveryCutButThatBetweenMembers) {
  const auto bytes = FromHex(vectors::kFirefoxNackAndPli);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(WalkThrough(ByteView(bytes).first(size)).malformed, size != 16) << size;
  }
}

TEST(CompoundReaderTest, EndsWhereTheOwnerRefusesABody) {
  auto bytes = FromHex(vectors::kChromiumSenderReport);
  bytes[0] = 0x9f;  // 31 blocks, of which one is there
  CompoundReader reader(bytes);
  const auto packet = reader.Next();
  ASSERT_TRUE(packet);
  EXPECT_FALSE(SenderReport::Parse(packet->bytes()));
  reader.RejectMember();
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.malformed());
}

}  // namespace
}  // namespace sluice::rtp

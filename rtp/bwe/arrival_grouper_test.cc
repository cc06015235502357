#include "rtp/bwe/arrival_grouper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

// Times in milliseconds since whenever.
AckedPacket Packet(int sent, int arrival) {
  return {Timestamp() + milliseconds(sent), milliseconds(arrival), 1000, 0};
}

std::vector<ArrivalGrouper::Variation> Variations(const std::vector<AckedPacket>& packets) {
  ArrivalGrouper grouper;
  std::vector<ArrivalGrouper::Variation> variations;
  for (const AckedPacket& packet : packets) {
    if (const auto variation = grouper.Record(packet)) variations.push_back(*variation);
  }
  return variations;
}

TEST(ArrivalGrouperTest, PacketsSentTogetherAreOneGroup) {
  // Groups at 0, 20 and 40 ms; the last one is not complete yet.
  const auto variations = Variations(
      {Packet(0, 100), Packet(2, 103), Packet(20, 120), Packet(24, 126), Packet(40, 140)});
  ASSERT_EQ(variations.size(), 1u);
  EXPECT_EQ(variations[0].sent, milliseconds(22));
  EXPECT_EQ(variations[0].arrived, milliseconds(23));
  EXPECT_EQ(variations[0].delay(), milliseconds(1));
}

TEST(ArrivalGrouperTest, SteadyDelayVariesByNothing) {
  std::vector<AckedPacket> packets;
  for (int i = 0; i < 10; ++i) packets.push_back(Packet(10 * i, 10 * i + 55));
  const auto variations = Variations(packets);
  EXPECT_EQ(variations.size(), 8u);
  for (const auto& variation : variations) EXPECT_EQ(variation.delay(), Duration(0));
}

TEST(ArrivalGrouperTest, PacketsHeldBackAndLetGoTogetherAreOneGroup) {
  // Sent 10 ms apart, arriving all at 150.
  const auto variations = Variations({Packet(0, 100), Packet(20, 150), Packet(30, 151),
                                      Packet(40, 152), Packet(80, 180), Packet(120, 220)});
  ASSERT_EQ(variations.size(), 2u);
  EXPECT_EQ(variations[0].arrived, milliseconds(52));
  EXPECT_EQ(variations[0].sent, milliseconds(40));
}

TEST(ArrivalGrouperTest, HoldingBackForLongIsCongestion) {
  std::vector<AckedPacket> packets = {Packet(0, 100)};
  // An endless burst: each packet overtakes a little of its delay.
  for (int i = 1; i < 60; ++i) packets.push_back(Packet(10 * i, 1000 + 4 * i));
  EXPECT_GE(Variations(packets).size(), 1u);
}

TEST(ArrivalGrouperTest, PacketFromBeforeTheGroupIsPassedOver) {
  const auto variations =
      Variations({Packet(0, 100), Packet(20, 120), Packet(10, 121), Packet(40, 140)});
  ASSERT_EQ(variations.size(), 1u);
  EXPECT_EQ(variations[0].delay(), Duration(0));
}

TEST(ArrivalGrouperTest, NothingIsComparedAcrossABreak) {
  ArrivalGrouper grouper;
  grouper.Record(Packet(0, 100));
  grouper.Record(Packet(20, 120));
  grouper.Break();
  EXPECT_FALSE(grouper.Record(Packet(1000, 4000)));
  EXPECT_FALSE(grouper.Record(Packet(1020, 4020)));
  const auto variation = grouper.Record(Packet(1040, 4040));
  ASSERT_TRUE(variation);
  EXPECT_EQ(variation->delay(), Duration(0));
}

}  // namespace
}  // namespace sluice::rtp::bwe

#include "rtp/send/train_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "tests/support/seeded_entropy.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;
using Packets = std::vector<TrainOrder::Packet>;

// The sizes in which packets leave, a list for each train.
using Trains = std::vector<std::vector<int>>;
Trains Arranged(const Packets& packets) {
  TrainOrder order;
  Trains trains;
  for (const TrainOrder::Place& place : order.Arrange(packets)) {
    if (place.begins) trains.emplace_back();
    trains.back().push_back(packets[place.packet].size + place.padding);
  }
  return trains;
}

TEST(TrainOrderTest, APacketAloneLeavesAsItIs) {
  EXPECT_THAT(Arranged({{1, 700}}), ElementsAre(ElementsAre(700)));
}

TEST(TrainOrderTest, NothingIsArrangedIntoNothing) { EXPECT_TRUE(Arranged({}).empty()); }

TEST(TrainOrderTest, AFrameIsOneTrainWhoseLastMayBeShorter) {
  EXPECT_THAT(Arranged({{1, 1200}, {1, 1200}, {1, 1200}, {1, 300}}),
              ElementsAre(ElementsAre(1200, 1200, 1200, 300)));
}

// libwebrtc cuts frames into packets that differ by a byte.
TEST(TrainOrderTest, SmallDifferencesArePaddedAlsoWhereTheFirstIsSmaller) {
  EXPECT_THAT(Arranged({{1, 1049}, {1, 1050}, {1, 1049}, {1, 1050}}),
              ElementsAre(ElementsAre(1050, 1050, 1050, 1050)));
}

TEST(TrainOrderTest, LargeDifferencesAreNotPadded) {
  EXPECT_THAT(Arranged({{1, 1000}, {1, 1000 + TrainOrder::kMaxPadding + 1}}),
              ElementsAre(ElementsAre(1000), ElementsAre(1000 + TrainOrder::kMaxPadding + 1)));
}

TEST(TrainOrderTest, StreamsAreMixedByTheirSizes) {
  EXPECT_THAT(Arranged({{1, 90}, {2, 1200}, {3, 900}, {2, 1200}, {3, 890}}),
              ElementsAre(ElementsAre(1200, 1200, 900), ElementsAre(890, 90)));
}

TEST(TrainOrderTest, SoundOfManySpeakersIsOneTrain) {
  EXPECT_THAT(Arranged({{1, 120}, {2, 131}, {3, 118}, {4, 127}}),
              ElementsAre(ElementsAre(131, 131, 131, 131)));
}

// Whatever the sizes: nothing is lost, the order within a stream stays, a train has one size but
// for its last, and nothing is padded by more than allowed.
TEST(TrainOrderTest, AnyPacketsMakeProperTrains) {
  test::SeededEntropy entropy(3);
  for (int round = 0; round < 3000; ++round) {
    Packets packets(entropy.Below(TrainOrder::kMaxPackets + 1));
    for (TrainOrder::Packet& packet : packets) {
      packet.stream = static_cast<uint32_t>(entropy.Below(1 + entropy.Below(12)));
      packet.size = static_cast<uint16_t>(50 + entropy.Below(1 + entropy.Below(1200)));
    }
    TrainOrder order;
    std::map<uint32_t, int> last_of_stream;
    size_t count = 0;
    int train = 0;
    bool ended = true;
    for (const TrainOrder::Place& place : order.Arrange(packets)) {
      const TrainOrder::Packet& packet = packets[place.packet];
      const auto [last, first] = last_of_stream.emplace(packet.stream, place.packet);
      ASSERT_TRUE(first || last->second < place.packet);
      last->second = place.packet;
      ASSERT_LE(place.padding, TrainOrder::kMaxPadding);
      ASSERT_TRUE(place.begins || !ended);
      const int size = packet.size + place.padding;
      if (place.begins) train = size;
      ASSERT_TRUE(place.is_full ? size == train : size < train && place.padding == 0);
      ended = !place.is_full;
      ++count;
    }
    ASSERT_EQ(count, packets.size());
  }
}

}  // namespace
}  // namespace sluice::rtp

// Pictures of several owners in the pacer: who sends too much waits for itself, and pays for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "rtp/send/pacer.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kGreedy = 1;
constexpr uint32_t kModest = 2;
constexpr size_t kHeader = 12;

class PacerFairnessTest : public testing::Test {
 protected:
  Pacer::Item Picture(uint32_t owner, size_t size = 1000) {
    Pacer::Item item;
    const test::Bytes payload(size - kHeader, 0);
    item.packet = test::RtpPacketBuilder().WithPayload(payload).Build(pool_);
    item.rewrite.timestamp = ++frames_;
    item.owner = owner;
    return item;
  }

  // Until the greedy one is refused; a second's worth of packets.
  void Flood() {
    pacer_.set_rate(BitRate::Bps(kFlood * 8000));
    size_t taken = 0;
    while (!pacer_.Push(now_, Picture(kGreedy))) ++taken;
    ASSERT_EQ(taken, kFlood);
    ASSERT_FALSE(pacer_.PollEvicted());
  }

  std::map<uint32_t, size_t> BytesOfTheNext(size_t packets) {
    std::map<uint32_t, size_t> bytes;
    pacer_.set_rate(std::nullopt);
    for (size_t i = 0; i < packets; ++i) {
      const auto item = pacer_.Pop(now_);
      if (item) bytes[item->owner] += item->packet.size();
    }
    return bytes;
  }

  std::map<uint32_t, uint64_t> Evicted() {
    std::map<uint32_t, uint64_t> packets;
    while (const auto evicted = pacer_.PollEvicted()) packets[evicted->owner] += evicted->packets;
    return packets;
  }

  static constexpr size_t kFlood = 160;
  PacketPool pool_{8192};
  Pacer pacer_;
  Timestamp now_{std::chrono::seconds(50)};
  uint32_t frames_ = 0;
};

TEST_F(PacerFairnessTest, OwnersTakeTurns) {
  for (const uint32_t owner : {7, 7, 7, 8, 8, 9}) pacer_.Push(now_, Picture(owner, 1500));
  std::vector<uint32_t> order;
  while (const auto item = pacer_.Pop(now_)) order.push_back(item->owner);
  EXPECT_THAT(order, ElementsAre(7, 8, 9, 7, 8, 7));
}

TEST_F(PacerFairnessTest, OwnersGetTheSameBytesWhateverTheSizeOfTheirPackets) {
  const std::map<uint32_t, size_t> sizes = {{1, 200}, {2, 700}, {3, 1200}};
  for (const auto& [owner, size] : sizes) {
    for (size_t i = 0; i < 300; ++i) pacer_.Push(now_, Picture(owner, size));
  }
  // The one with the smallest packets has something left at the end.
  const auto bytes = BytesOfTheNext(350);
  const auto [least, most] = std::minmax({bytes.at(1), bytes.at(2), bytes.at(3)});
  EXPECT_GT(least, 40'000u);
  EXPECT_LE(most - least, 2 * 1500u);
}

TEST_F(PacerFairnessTest, PictureOfAnotherDoesNotWaitBehindAFlood) {
  Flood();
  ASSERT_EQ(pacer_.Push(now_, Picture(kModest)), std::nullopt);
  // A turn of the greedy one at most comes before it.
  EXPECT_EQ(BytesOfTheNext(3)[kModest], 1000u);
}

TEST_F(PacerFairnessTest, WhoHasMoreThanAFairShareGivesWayToWhoHasNot) {
  Flood();
  for (int i = 0; i < 60; ++i) ASSERT_EQ(pacer_.Push(now_, Picture(kModest)), std::nullopt);
  // In batches of a sixteenth of the queue.
  EXPECT_THAT(Evicted(), ElementsAre(Pair(kGreedy, 60)));
  EXPECT_EQ(pacer_.Push(now_, Picture(kGreedy)), DropReason::kQueueFull);
}

TEST_F(PacerFairnessTest, NobodyGetsMoreThanAFairShareThatWay) {
  Flood();
  size_t taken = 0;
  while (!pacer_.Push(now_, Picture(kModest))) ++taken;
  EXPECT_NEAR(static_cast<double>(taken), kFlood / 2.0, 1.0);
  EXPECT_EQ(pacer_.items(), kFlood);
}

TEST_F(PacerFairnessTest, OfTheSameImportanceTheGreedyOnesGoesFirst) {
  pacer_.set_rate(BitRate::Bps(kFlood * 8000));
  const auto upper = [&](uint32_t owner) {
    Pacer::Item item = Picture(owner);
    item.temporal = 1;
    return item;
  };
  for (size_t i = 0; i < 10; ++i) pacer_.Push(now_, upper(kModest));
  for (size_t i = 10; i < kFlood; ++i) pacer_.Push(now_, upper(kGreedy));
  Pacer::Item sound = Picture(3);
  sound.kind = MediaKind::kAudio;
  for (int i = 0; i < 50; ++i) ASSERT_EQ(pacer_.Push(now_, sound), std::nullopt);
  EXPECT_THAT(Evicted(), UnorderedElementsAre(Pair(kGreedy, 50)));
}

TEST_F(PacerFairnessTest, MemoryIsThatOfTheQueueHoweverManyTakeTurnsAtFillingIt) {
  for (uint32_t owner = 0; owner < 20; ++owner) {
    for (size_t i = 0; i < 100; ++i) pacer_.Push(now_, Picture(owner, 100));
    BytesOfTheNext(100);
  }
  EXPECT_EQ(pacer_.capacity(), 128u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

}  // namespace
}  // namespace sluice::rtp

#include "base/packet_pool.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

TEST(PacketPoolTest, CopyHoldsBytesAndArrival) {
  PacketPool pool;
  const std::vector<uint8_t> bytes = {1, 2, 3};
  const PacketRef packet = pool.Copy(bytes, Timestamp(std::chrono::seconds(5)));
  ASSERT_TRUE(packet);
  EXPECT_THAT(packet.bytes(), ElementsAre(1, 2, 3));
  EXPECT_EQ(packet.arrival(), Timestamp(std::chrono::seconds(5)));
}

TEST(PacketPoolTest, FreshPacketIsEmptyAndWhole) {
  PacketPool pool;
  PacketRef packet = pool.Allocate();
  EXPECT_EQ(packet.size(), 0u);
  EXPECT_EQ(packet.buffer().size(), PacketSlot::kCapacity);
  EXPECT_EQ(packet.references(), 1u);
}

// A slot that comes back must not show what its last tenant left in it.
TEST(PacketPoolTest, ReusedSlotIsEmpty) {
  PacketPool pool;
  pool.Copy(std::vector<uint8_t>(100, 7), Timestamp(std::chrono::seconds(5)));
  const PacketRef packet = pool.Allocate();
  EXPECT_EQ(packet.size(), 0u);
  EXPECT_EQ(packet.arrival(), Timestamp());
}

TEST(PacketPoolTest, ReferencesAreCounted) {
  PacketPool pool;
  PacketRef first = pool.Allocate();
  {
    const PacketRef second = first;
    EXPECT_EQ(first.references(), 2u);
    EXPECT_EQ(first, second);
    PacketRef third;
    EXPECT_EQ(third.references(), 0u);
    third = second;
    EXPECT_EQ(first.references(), 3u);
  }
  EXPECT_EQ(first.references(), 1u);
  EXPECT_EQ(pool.in_use(), 1u);
  first = PacketRef();
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(PacketPoolTest, MoveLeavesNothingBehind) {
  PacketPool pool;
  PacketRef first = pool.Allocate();
  PacketRef second = std::move(first);
  EXPECT_EQ(second.references(), 1u);
  first = std::move(second);
  EXPECT_EQ(first.references(), 1u);
  EXPECT_FALSE(second);
  const PacketRef& same = first;
  first = same;
  EXPECT_EQ(first.references(), 1u);
  EXPECT_EQ(pool.in_use(), 1u);
}

class PacketPoolLimitTest : public ::testing::TestWithParam<size_t> {};

TEST_P(PacketPoolLimitTest, GivesOutExactlyItsLimit) {
  const size_t limit = GetParam();
  PacketPool pool(limit);
  std::vector<PacketRef> packets;
  while (PacketRef packet = pool.Allocate()) {
    packets.push_back(packet);
    ASSERT_LE(packets.size(), limit);
  }
  EXPECT_EQ(packets.size(), limit);
  EXPECT_EQ(pool.allocated(), limit);
  EXPECT_EQ(pool.in_use(), limit);
  EXPECT_EQ(pool.exhausted(), 1u);
  if (limit == 0) return;
  packets.pop_back();
  EXPECT_TRUE(pool.Allocate());
}

INSTANTIATE_TEST_SUITE_P(Limits, PacketPoolLimitTest,
                         ::testing::Values(0, 1, 63, 64, 65, 100, 1000));

TEST(PacketPoolTest, SteadyStateDoesNotGrow) {
  PacketPool pool;
  std::vector<PacketRef> window(50);
  for (size_t i = 0; i < 10'000; ++i) window[i % window.size()] = pool.Allocate();
  // One more than the window lives for a moment, when the new packet replaces the old one.
  EXPECT_EQ(pool.allocated(), 64u);
}

TEST(PacketPoolTest, PacketsDoNotOverlap) {
  PacketPool pool;
  std::vector<PacketRef> packets;
  std::set<const uint8_t*> starts;
  for (int i = 0; i < 200; ++i) {
    packets.push_back(pool.Allocate());
    starts.insert(packets.back().buffer().data());
  }
  const uint8_t* last = nullptr;
  for (const uint8_t* start : starts) {
    if (last != nullptr) {
      EXPECT_GE(start - last, static_cast<std::ptrdiff_t>(PacketSlot::kCapacity));
    }
    last = start;
  }
  EXPECT_EQ(starts.size(), 200u);
}

TEST(PacketPoolTest, CopyRefusesWhatDoesNotFit) {
  PacketPool pool;
  EXPECT_TRUE(pool.Copy(std::vector<uint8_t>(PacketSlot::kCapacity), Timestamp()));
  EXPECT_FALSE(pool.Copy(std::vector<uint8_t>(PacketSlot::kCapacity + 1), Timestamp()));
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(PacketPoolTest, HasRoomForAnEthernetFrame) { EXPECT_GE(PacketSlot::kCapacity, 1500u); }

TEST(PacketPoolTest, NoteIsSharedByAllReferences) {
  struct Note {
    uint64_t a;
    uint16_t b;
  };
  PacketPool pool;
  PacketRef packet = pool.Copy(std::vector<uint8_t>{9}, Timestamp());
  packet.MakeNote<Note>(uint64_t{1} << 40, uint16_t{2});
  const PacketRef other = packet;
  EXPECT_EQ(other.Note<Note>().a, uint64_t{1} << 40);
  EXPECT_EQ(other.Note<Note>().b, 2);
  EXPECT_THAT(other.bytes(), ElementsAre(9));
}

TEST(PacketPoolDeathTest, PoolThatDiesBeforeItsPacketsIsABug) {
  EXPECT_DEATH(
      {
        auto pool = std::make_unique<PacketPool>();
        const PacketRef packet = pool->Allocate();
        pool.reset();
      },
      "invariant broken");
}

}  // namespace
}  // namespace sluice

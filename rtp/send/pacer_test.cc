#include "rtp/send/pacer.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using std::chrono::milliseconds;

Timestamp At(Duration since_start) { return Timestamp(std::chrono::seconds(50)) + since_start; }

class PacerTest : public testing::Test {
 protected:
  // Packets of 1012 bytes, named by their sequence number.
  Pacer::Item Make(uint16_t name, MediaKind kind, bool retransmission = false,
                   uint32_t owner = 1) {
    Pacer::Item item;
    item.packet =
        test::RtpPacketBuilder().WithSeq(name).WithPayload(test::Bytes(1000, 0)).Build(pool_);
    item.owner = owner;
    item.kind = kind;
    item.retransmission = retransmission;
    return item;
  }
  Pacer::Item Video(uint16_t name, uint32_t owner = 1) {
    return Make(name, MediaKind::kVideo, false, owner);
  }
  Pacer::Item Audio(uint16_t name) { return Make(name, MediaKind::kAudio); }

  std::vector<uint16_t> PopAll(Duration at) {
    std::vector<uint16_t> names;
    while (const auto item = pacer_.Pop(At(at))) names.push_back(item->packet.seq().value());
    return names;
  }

  PacketPool pool_{8192};
  Pacer pacer_;
};

TEST_F(PacerTest, EmptyAsksForNothing) {
  EXPECT_EQ(pacer_.NextTimeout(), std::nullopt);
  EXPECT_FALSE(pacer_.Pop(At({})).has_value());
  EXPECT_EQ(pacer_.capacity(), 0u);
}

TEST_F(PacerTest, SoundThenRepetitionsThenPictureEachInOrder) {
  pacer_.Push(At({}), Video(1));
  pacer_.Push(At({}), Make(2, MediaKind::kVideo, true));
  pacer_.Push(At({}), Audio(3));
  pacer_.Push(At({}), Video(4));
  pacer_.Push(At({}), Audio(5));
  pacer_.Push(At({}), Make(6, MediaKind::kAudio, true));
  EXPECT_THAT(PopAll({}), ElementsAre(3, 5, 2, 6, 1, 4));
  EXPECT_TRUE(pacer_.empty());
}

TEST_F(PacerTest, ItemComesBackAsItWent) {
  Pacer::Item item = Video(9, 77);
  item.rewrite.seq = SeqNo(4711);
  pacer_.Push(At({}), item);
  const auto popped = pacer_.Pop(At({}));
  ASSERT_TRUE(popped.has_value());
  EXPECT_EQ(popped->owner, 77u);
  EXPECT_EQ(popped->rewrite.seq, SeqNo(4711));
  EXPECT_EQ(popped->packet.ref(), item.packet.ref());
}

TEST_F(PacerTest, WithoutRateEverythingIsDueWhenItWasPushed) {
  pacer_.Push(At(milliseconds(3)), Video(1));
  EXPECT_THAT(pacer_.NextTimeout(), Optional(At(milliseconds(3))));
}

TEST_F(PacerTest, RateSpacesPictureAndTimeoutIsExact) {
  pacer_.set_rate(BitRate::Bps(1012 * 8 * 100));  // one packet in 10 ms
  for (uint16_t name = 1; name <= 5; ++name) pacer_.Push(At({}), Video(name));
  // One that was saved up, and one that is due.
  EXPECT_THAT(PopAll({}), ElementsAre(1, 2));
  EXPECT_THAT(pacer_.NextTimeout(), Optional(At(milliseconds(10))));
  EXPECT_THAT(PopAll(milliseconds(10) - Duration(1)), ElementsAre());
  EXPECT_THAT(PopAll(milliseconds(10)), ElementsAre(3));
  EXPECT_THAT(PopAll(milliseconds(30)), ElementsAre(4, 5));
}

TEST_F(PacerTest, SoundDoesNotWaitButCounts) {
  pacer_.set_rate(BitRate::Bps(1012 * 8 * 100));
  for (uint16_t name = 1; name <= 3; ++name) pacer_.Push(At({}), Audio(name));
  pacer_.Push(At({}), Video(4));
  EXPECT_THAT(PopAll({}), ElementsAre(1, 2, 3));
  EXPECT_THAT(pacer_.NextTimeout(), Optional(At(milliseconds(20))));
}

TEST_F(PacerTest, LongRunKeepsToTheRate) {
  pacer_.set_rate(BitRate::Kbps(1000));
  size_t sent = 0;
  for (int ms = 0; ms < 10'000; ms += 5) {
    while (pacer_.bytes() < 20'000) pacer_.Push(At(milliseconds(ms)), Video(1));
    sent += 1012 * PopAll(milliseconds(ms)).size();
  }
  EXPECT_NEAR(static_cast<double>(sent), 1'250'000.0, 3000.0);
}

TEST_F(PacerTest, RateOfZeroIsTheLeastAndNotForEver) {
  pacer_.set_rate(BitRate());
  pacer_.Push(At({}), Video(1));
  pacer_.Push(At({}), Video(2));
  EXPECT_THAT(PopAll({}), ElementsAre(1));
  EXPECT_THAT(PopAll(std::chrono::seconds(1)), ElementsAre(2));
}

TEST_F(PacerTest, BytesAreBounded) {
  const size_t fit = Pacer::kMaxBytes / 1012;
  for (size_t i = 0; i < fit; ++i) ASSERT_EQ(pacer_.Push(At({}), Video(1)), std::nullopt);
  EXPECT_EQ(pacer_.Push(At({}), Video(2)), DropReason::kQueueFull);
  EXPECT_LE(pacer_.bytes(), Pacer::kMaxBytes);
  pacer_.Pop(At({}));
  EXPECT_EQ(pacer_.Push(At({}), Video(3)), std::nullopt);
}

TEST_F(PacerTest, ItemsAreBounded) {
  Pacer::Item small;
  small.packet = test::RtpPacketBuilder().WithPayload({1}).Build(pool_);
  for (size_t i = 0; i < Pacer::kMaxItems; ++i) {
    ASSERT_EQ(pacer_.Push(At({}), small), std::nullopt);
  }
  EXPECT_EQ(pacer_.Push(At({}), small), DropReason::kQueueFull);
}

TEST_F(PacerTest, WhatWaitedTooLongIsDroppedAndCounted) {
  pacer_.set_rate(BitRate::Kbps(10));
  for (uint16_t name = 1; name <= 3; ++name) pacer_.Push(At({}), Video(name));
  EXPECT_THAT(PopAll({}), ElementsAre(1));
  pacer_.Push(At(Pacer::kMaxAge), Video(4));
  EXPECT_THAT(PopAll(Pacer::kMaxAge + milliseconds(1)), ElementsAre(4));
  EXPECT_EQ(pacer_.TakeAged(), 2u);
  EXPECT_EQ(pacer_.TakeAged(), 0u);
  EXPECT_EQ(pacer_.bytes(), 0u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(PacerTest, OwnerThatWentIsForgottenWithItsPackets) {
  pacer_.Push(At({}), Video(1, 7));
  pacer_.Push(At({}), Video(2, 8));
  pacer_.Push(At({}), Make(3, MediaKind::kVideo, true, 7));
  pacer_.Push(At({}), Video(4, 7));
  pacer_.Push(At({}), Video(5, 8));
  EXPECT_EQ(pacer_.Forget(7), 3u);
  EXPECT_EQ(pacer_.items(), 2u);
  EXPECT_EQ(pacer_.bytes(), 2 * 1012u);
  EXPECT_EQ(pool_.in_use(), 2u);
  EXPECT_THAT(PopAll({}), ElementsAre(2, 5));
  EXPECT_EQ(pacer_.Forget(8), 0u);
}

TEST_F(PacerTest, SteadyUseKeepsItsMemory) {
  for (int round = 0; round < 1000; ++round) {
    for (uint16_t name = 0; name < 20; ++name) pacer_.Push(At(milliseconds(round)), Video(name));
    PopAll(milliseconds(round));
  }
  EXPECT_EQ(pacer_.capacity(), 32u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

}  // namespace
}  // namespace sluice::rtp

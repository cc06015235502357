#include "rtp/send/pacer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Optional;

Timestamp At(Duration since_start) { return Timestamp(std::chrono::seconds(50)) + since_start; }

class PacerTest : public testing::Test {
 protected:
  // Packets of 1012 bytes, named by their sequence number.
  Pacer::Item Make(uint16_t name, MediaKind kind, bool retransmission = false, uint32_t owner = 1) {
    Pacer::Item item;
    item.packet =
        test::RtpPacketBuilder().WithSeq(name).WithPayload(test::Bytes(1000, 0)).Build(pool_);
    item.rewrite.timestamp = name;
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
  const auto evicted = pacer_.PollEvicted();
  ASSERT_TRUE(evicted.has_value());
  EXPECT_EQ(evicted->reason, DropReason::kQueueAge);
  EXPECT_EQ(evicted->packets, 2u);
  EXPECT_FALSE(pacer_.PollEvicted().has_value());
  EXPECT_EQ(pacer_.bytes(), 0u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(PacerTest, QueueDelayIsHowLongWhatWaitsTakes) {
  EXPECT_EQ(pacer_.queue_delay(), Duration(0));
  for (uint16_t name = 1; name <= 5; ++name) pacer_.Push(At({}), Video(name));
  EXPECT_EQ(pacer_.queue_delay(), Duration(0)) << "there is no rate";
  pacer_.set_rate(BitRate::Bps(1012 * 8 * 100));
  EXPECT_EQ(pacer_.queue_delay(), milliseconds(50));
}

TEST_F(PacerTest, QueueHoldsWhatTheRateCarriesInASecondAndAtLeastAKeyFrame) {
  pacer_.set_rate(BitRate::Bps(1012 * 8 * 200));
  size_t taken = 0;
  while (!pacer_.Push(At({}), Video(1))) ++taken;
  EXPECT_EQ(taken, 200u);
  pacer_.Forget(1);
  pacer_.set_rate(BitRate::Kbps(10));
  taken = 0;
  while (!pacer_.Push(At({}), Video(2))) ++taken;
  EXPECT_EQ(taken, Pacer::kMinBytes / 1012);
}

TEST_F(PacerTest, SoundBeyondTheRateDoesNotSilencePictureForLong) {
  pacer_.set_rate(BitRate::Kbps(20));
  for (int ms = 0; ms < 10'000; ms += 20) {
    pacer_.Push(At(milliseconds(ms)), Audio(1));
    PopAll(milliseconds(ms));
  }
  pacer_.Push(At(milliseconds(10'000)), Video(2));
  EXPECT_THAT(PopAll(milliseconds(10'000) + Pacer::kMaxDebt), ElementsAre(2));
}

TEST_F(PacerTest, DebtIsPaidAtTheRateThatIsNow) {
  pacer_.set_rate(BitRate::Kbps(40));
  for (uint16_t name = 1; name <= 2; ++name) pacer_.Push(At({}), Video(name));
  EXPECT_THAT(PopAll({}), ElementsAre(1));
  pacer_.set_rate(BitRate::Kbps(4000));
  EXPECT_THAT(PopAll(milliseconds(2)), ElementsAre(2));
}

// As many items of each importance as fill the queue together, the most important first.
class FullPacerTest : public PacerTest {
 protected:
  static constexpr size_t kOfEach = 10;

  FullPacerTest() {
    pacer_.set_rate(BitRate::Bps(1012 * 8 * kOfEach * kImportanceCount));
    for (int i = kImportanceCount - 1; i >= 0; --i) {
      for (size_t k = 0; k < kOfEach; ++k) {
        Pacer::Item item = Of(static_cast<Importance>(i));
        item.rewrite.timestamp = static_cast<uint32_t>(1000 + 100 * i) + static_cast<uint32_t>(k);
        EXPECT_EQ(pacer_.Push(At({}), std::move(item)), std::nullopt);
      }
    }
  }
  // Owned by a number that says the importance.
  Pacer::Item Of(Importance importance) {
    Pacer::Item item = Video(1, static_cast<uint32_t>(importance));
    item.padding = importance == Importance::kPadding;
    item.retransmission = importance == Importance::kRetransmission ||
                          importance == Importance::kRepeatedRetransmission;
    item.repeats = importance == Importance::kRepeatedRetransmission ? 1 : 0;
    item.temporal = importance == Importance::kTemporal ? 1 : 0;
    item.spatial = importance == Importance::kSpatial ? 1 : 0;
    if (importance == Importance::kAudio) item.kind = MediaKind::kAudio;
    EXPECT_EQ(item.importance(), importance);
    return item;
  }
  std::vector<uint32_t> Evicted() {
    std::vector<uint32_t> owners;
    while (const auto evicted = pacer_.PollEvicted()) {
      EXPECT_EQ(evicted->reason, DropReason::kQueueFull);
      for (uint64_t i = 0; i < evicted->packets; ++i) owners.push_back(evicted->owner);
    }
    return owners;
  }
};

TEST_F(FullPacerTest, TheLeastImportantGoFirst) {
  std::vector<uint32_t> order;
  for (int i = 0; i < 100; ++i) {
    if (pacer_.Push(At({}), Of(Importance::kAudio))) break;
    for (const uint32_t owner : Evicted()) order.push_back(owner);
  }
  EXPECT_EQ(order.size(), (kImportanceCount - 1) * kOfEach);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(FullPacerTest, NobodyGivesWayToWhatIsNotMoreImportant) {
  EXPECT_EQ(pacer_.Push(At({}), Of(Importance::kPadding)), DropReason::kQueueFull);
  EXPECT_THAT(Evicted(), ElementsAre());
}

TEST_F(FullPacerTest, DiscardablePictureIsNoMoreImportantThanAnUpperFrameRate) {
  Pacer::Item item = Video(1);
  item.discardable = true;
  EXPECT_EQ(item.importance(), Importance::kTemporal);
}

class FramePacerTest : public PacerTest {
 protected:
  Pacer::Item Of(uint16_t name, uint32_t timestamp, uint8_t temporal, uint32_t owner = 1) {
    Pacer::Item item = Video(name, owner);
    item.rewrite.timestamp = timestamp;
    item.temporal = temporal;
    return item;
  }
};

TEST_F(FramePacerTest, WhatIsLeftOfABrokenFrameGoesWithIt) {
  pacer_.set_rate(BitRate::Kbps(10));
  const auto room = static_cast<uint16_t>(Pacer::kMinBytes / 1012);
  // One upper frame that fills a quarter of the queue, then base frames.
  const auto upper = static_cast<uint16_t>(room / 4);
  for (uint16_t i = 0; i < upper; ++i) pacer_.Push(At({}), Of(i, 7, 1));
  for (uint16_t i = upper; i < room; ++i) pacer_.Push(At({}), Of(i, i + 100u, 0));
  EXPECT_EQ(pacer_.Push(At({}), Of(999, 8, 0)), std::nullopt);
  EXPECT_EQ(pacer_.items(), static_cast<size_t>(room - upper + 1));
  EXPECT_EQ(pacer_.PollEvicted()->packets, upper);
  // The rest of it comes too late, though there is room now.
  EXPECT_EQ(pacer_.Push(At({}), Of(1000, 7, 1)), DropReason::kQueueFull);
  EXPECT_EQ(pacer_.Push(At({}), Of(1001, 9, 1)), std::nullopt);
  EXPECT_EQ(pacer_.Push(At({}), Of(1002, 7, 1, 2)), std::nullopt) << "of another stream";
}

TEST_F(FramePacerTest, FrameOfWhichAPacketWasRefusedIsNotBegunAgain) {
  pacer_.set_rate(BitRate::Kbps(10));
  uint16_t name = 0;
  while (!pacer_.Push(At({}), Of(name, name + 1000u, 0))) ++name;
  EXPECT_EQ(pacer_.Push(At({}), Of(1, 5, 0)), DropReason::kQueueFull);
  pacer_.Pop(At({}));
  pacer_.Pop(At(seconds(1)));
  EXPECT_EQ(pacer_.Push(At(seconds(1)), Of(2, 5, 0)), DropReason::kQueueFull);
  EXPECT_EQ(pacer_.Push(At(seconds(1)), Of(3, 6, 0)), std::nullopt);
  pacer_.Pop(At(seconds(2)));
  Pacer::Item again = Of(1, 5, 0);
  again.retransmission = true;
  EXPECT_EQ(pacer_.Push(At(seconds(2)), again), std::nullopt) << "what is asked for again";
}

TEST_F(FramePacerTest, EvictionsOfManyOwnersAreAllCounted) {
  pacer_.set_rate(BitRate::Kbps(50'000));
  for (uint32_t owner = 0; owner < 2000; ++owner) {
    ASSERT_EQ(pacer_.Push(At({}), Of(1, owner, 1, owner)), std::nullopt);
  }
  PopAll(Pacer::kMaxAge + milliseconds(1));
  uint64_t packets = 0;
  while (const auto evicted = pacer_.PollEvicted()) packets += evicted->packets;
  EXPECT_EQ(packets, 2000u);
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

// What a peer can do that has passed DTLS and means harm: all of it is bounded and counted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <variant>
#include <vector>

#include "sctp/association.h"
#include "tests/support/heap_watch.h"
#include "tests/support/sctp_forger.h"
#include "tests/support/sctp_pair.h"

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using test::HeapInUse;
using test::HeapWatch;
using test::SctpForger;
using test::SctpPair;
using testing::Le;
using testing::Optional;
using testing::SizeIs;

using Bytes = std::vector<uint8_t>;

constexpr StreamId kStream{3};
constexpr std::array<uint8_t, 1> kByte = {42};

constexpr size_t kMegabyte = 1024 * 1024;

class HostileTest : public testing::Test {
 protected:
  void SetUp() override {
    // What A sends after the handshake teaches the forger its tag and the next number.
    pair_.filter = [this](int from, const Bytes& packet) {
      if (from == 0) forger_.Learn(packet);
      return true;
    };
    pair_.Connect();
    ASSERT_TRUE(pair_.b().connected);
    ASSERT_TRUE(pair_.a().association.Send(pair_.now(), kStream, Ppid::kBinary, kByte, {}).ok());
    pair_.RunFor(1s);
    pair_.b().messages.clear();
  }

  Association& victim() { return pair_.b().association; }
  uint64_t drops(DropReason reason) { return victim().drops()[reason]; }

  // The number of bytes that the victim sends because of it.
  size_t Forge(const Bytes& packet) {
    victim().Receive(pair_.now(), packet);
    size_t sent = 0;
    std::array<uint8_t, 2048> out;
    while (const size_t size = victim().PollTransmit(pair_.now(), out)) sent += size;
    return sent;
  }

  // Does the genuine peer still get through?
  bool StillWorks() {
    pair_.RunFor(1s);
    pair_.b().messages.clear();
    const auto status =
        pair_.a().association.Send(pair_.now(), StreamId(900), Ppid::kBinary, kByte, {});
    return status.ok() && pair_.RunUntil([&] { return !pair_.b().messages.empty(); }, 10s);
  }

  SctpForger forger_;
  SctpPair pair_{{.one_way = 5ms}};
};

TEST_F(HostileTest, ChunkOfLengthZeroIsMalformed) {
  EXPECT_EQ(Forge(forger_.Packet({0, 0, 0, 0})), 0u);
  EXPECT_EQ(drops(DropReason::kSctpMalformed), 1u);
}

TEST_F(HostileTest, ChunkThatLeavesThePacketIsMalformed) {
  EXPECT_EQ(Forge(forger_.Packet({0, 3, 0xff, 0xff, 1, 2, 3, 4})), 0u);
  EXPECT_EQ(drops(DropReason::kSctpMalformed), 1u);
}

TEST_F(HostileTest, PacketForAnotherPortIsMalformed) {
  Bytes packet = forger_.Packet({10, 0, 0, 4});
  packet[1] = 1;
  EXPECT_EQ(Forge(packet), 0u);
  EXPECT_EQ(drops(DropReason::kSctpMalformed), 1u);
}

TEST_F(HostileTest, EveryShortPacketIsSurvived) {
  for (size_t size = 0; size < 64; ++size) Forge(Bytes(size, 0x88));
  EXPECT_EQ(drops(DropReason::kSctpMalformed), 64u);
  EXPECT_TRUE(StillWorks());
}

// Or the other tests here would show nothing.
TEST_F(HostileTest, ForgeryThatIsPerfectIsDelivered) {
  Forge(forger_.Data({.flags = SctpForger::kWhole, .stream = 9, .payload = Bytes(100)}));
  const auto event = victim().PollEvent();
  ASSERT_TRUE(event && std::holds_alternative<Message>(*event));
  EXPECT_EQ(std::get<Message>(*event).stream, StreamId(9));
}

TEST_F(HostileTest, WrongTagIsIgnored) {
  Bytes packet = forger_.Data({.flags = SctpForger::kWhole, .payload = Bytes(100)});
  packet[4] ^= 1;
  forger_.Seal(packet);
  EXPECT_EQ(Forge(packet), 0u);
  EXPECT_TRUE(pair_.b().messages.empty());
  EXPECT_TRUE(StillWorks());
}

TEST_F(HostileTest, WrongChecksumIsIgnored) {
  Bytes packet = forger_.Data({.flags = SctpForger::kWhole, .payload = Bytes(100)});
  packet[8] ^= 1;
  EXPECT_EQ(Forge(packet), 0u);
  EXPECT_TRUE(StillWorks());
}

TEST_F(HostileTest, FloodOfInitsIsAnsweredTenTimesASecond) {
  size_t sent = 0;
  for (int i = 0; i < 10'000; ++i) sent += Forge(forger_.Init(65'535, 65'535));
  EXPECT_EQ(victim().counters().inits_ignored, 10'000u - Association::kInitsPerSecond);
  EXPECT_LE(sent, Association::kInitsPerSecond * 1200u);
  EXPECT_TRUE(StillWorks());
}

TEST_F(HostileTest, InitBesideOtherChunksIsMalformed) {
  Bytes packet = forger_.Init(10, 10);
  packet.insert(packet.end(), {10, 0, 0, 4});
  forger_.Seal(packet);
  EXPECT_EQ(Forge(packet), 0u);
  EXPECT_EQ(drops(DropReason::kSctpMalformed), 1u);
}

TEST_F(HostileTest, DataOnAStreamThatDoesNotExistIsNotDelivered) {
  Forge(forger_.Data({.flags = SctpForger::kWhole, .stream = 1024, .payload = Bytes(10)}));
  EXPECT_FALSE(victim().PollEvent());
}

TEST_F(HostileTest, EndlessMessageIsTakenAndForgotten) {
  HeapWatch heap;
  Forge(forger_.Data({.flags = SctpForger::kFirst, .stream = 7, .payload = Bytes(1'100)}));
  for (int i = 0; i < 20'000; ++i) {
    Forge(forger_.Data({.flags = SctpForger::kMiddle, .stream = 7, .payload = Bytes(1'100)}));
    heap.Look();
    ASSERT_FALSE(victim().PollEvent());
  }
  EXPECT_LE(heap.growth(), 6 * kMegabyte);
  Forge(forger_.Data({.flags = SctpForger::kLast, .stream = 7, .payload = Bytes(1'100)}));
  EXPECT_EQ(victim().counters().messages_oversized, 1u);
}

// Each fragment is the first of a message that never ends: nothing can be delivered or let go.
TEST_F(HostileTest, BeginningsWithoutEndsAreBounded) {
  HeapWatch heap;
  for (int i = 0; i < 50'000; ++i) {
    forger_.SkipNumber();
    Forge(forger_.Data({.flags = SctpForger::kFirst,
                        .stream = static_cast<uint16_t>(i % 1'000),
                        .sequence = static_cast<uint16_t>(i / 1'000),
                        .payload = Bytes(1)}));
    while (victim().PollEvent()) heap.Look();
    heap.Look();
  }
  EXPECT_LE(heap.growth(), 6 * kMegabyte);
}

TEST_F(HostileTest, UnorderedBeginningsWithoutEndsAreBounded) {
  HeapWatch heap;
  for (int i = 0; i < 50'000; ++i) {
    forger_.SkipNumber();
    Forge(forger_.Data({.flags = SctpForger::kFirst | SctpForger::kUnordered,
                        .stream = static_cast<uint16_t>(i % 1'000),
                        .payload = Bytes(1'000)}));
    while (victim().PollEvent()) heap.Look();
    heap.Look();
  }
  EXPECT_LE(heap.growth(), 6 * kMegabyte);
}

TEST_F(HostileTest, WholeMessagesBehindAGapAreBounded) {
  HeapWatch heap;
  for (int i = 0; i < 50'000; ++i) {
    Forge(forger_.Data({.flags = SctpForger::kWhole,
                        .stream = 5,
                        .sequence = static_cast<uint16_t>(i + 2),
                        .payload = Bytes(1'000)}));
    heap.Look();
  }
  EXPECT_LE(heap.growth(), 6 * kMegabyte);
  EXPECT_EQ(victim().counters().messages_received, 1u);  // The one of SetUp.
}

TEST_F(HostileTest, StormOfResetsIsBounded) {
  HeapWatch heap;
  size_t resets = 0;
  for (int i = 0; i < 10'000; ++i) {
    Forge(forger_.ResetAll());
    while (const auto event = victim().PollEvent()) {
      resets += std::holds_alternative<Association::IncomingReset>(*event);
    }
  }
  EXPECT_GT(resets, 0u);
  EXPECT_LE(resets, 10'000u);
  EXPECT_LE(heap.growth(), kMegabyte);
}

TEST_F(HostileTest, OwnerWhoTakesNothingLosesInput) {
  for (int i = 0; i < 40'000; ++i) {
    victim().Receive(
        pair_.now(),
        forger_.Data({.flags = SctpForger::kWhole | SctpForger::kUnordered, .payload = Bytes(1)}));
  }
  EXPECT_GT(drops(DropReason::kQueueFull), 20'000u);
  size_t events = 0;
  while (victim().PollEvent()) ++events;
  EXPECT_LE(events, Association::kMaxEvents + 100);
}

TEST_F(HostileTest, HeartbeatsAreAnsweredByTheirOwnSize) {
  Bytes heartbeat = {4, 0, 4, 0};
  heartbeat.resize(1'024);
  heartbeat[5] = 1;
  heartbeat[6] = 3;
  heartbeat[7] = 252;
  EXPECT_LE(Forge(forger_.Packet(heartbeat)), 1'200u);
}

TEST(HostileStreamsTest, RequestForAllStreamsGetsAsManyAsAreAllowed) {
  SctpPair pair({}, {{{.outgoing_streams = 65'535, .incoming_streams = 65'535}, {}}});
  pair.Connect();
  ASSERT_TRUE(pair.b().connected);
  EXPECT_EQ(pair.b().connected->incoming_streams, 1024);
  EXPECT_EQ(pair.b().connected->outgoing_streams, 1024);
}

TEST(MemoryTest, AssociationsLeaveNothingBehind) {
  const auto live = [] {
    SctpPair pair({.one_way = 5ms, .loss = 0.02});
    pair.Connect();
    for (uint32_t i = 0; i < 20; ++i) {
      (void)pair.a().association.Send(pair.now(), StreamId(static_cast<uint16_t>(i)), Ppid::kBinary,
                                      SctpPair::Bytes(20'000, i), {});
    }
    pair.RunFor(3s);
    ASSERT_THAT(pair.b().messages, SizeIs(20));
  };
  for (int i = 0; i < 20; ++i) live();
  const size_t before = HeapInUse();
  for (int i = 0; i < 200; ++i) live();
  EXPECT_THAT(HeapInUse(), Le(before + 64 * 1024));
}

TEST(MemoryTest, IdleAssociationCostsLessThanHalfAMegabyte) {
  std::vector<std::unique_ptr<SctpPair>> pairs;
  pairs.push_back(std::make_unique<SctpPair>());
  pairs.back()->Connect();
  HeapWatch heap;
  for (int i = 0; i < 10; ++i) {
    pairs.push_back(std::make_unique<SctpPair>());
    pairs.back()->Connect();
  }
  EXPECT_LE(heap.growth() / 20, kMegabyte / 2);
}

TEST(MemoryTest, LongTransferIsFlat) {
  SctpPair pair({.one_way = 5ms, .loss = 0.01});
  pair.Connect();
  pair.b().on_message = [](const Message&) {};
  const auto transfer = [&](int messages) {
    const Bytes message(100'000);
    for (int i = 0; i < messages; ++i) {
      ASSERT_TRUE(pair.RunUntil(
          [&] {
            return pair.a().association.Send(pair.now(), kStream, Ppid::kBinary, message, {}).ok();
          },
          1min));
    }
    ASSERT_TRUE(pair.RunUntil([&] { return pair.a().association.buffered_amount() == 0; }, 1min));
  };
  transfer(50);
  const size_t before = HeapInUse();
  transfer(500);
  EXPECT_THAT(HeapInUse(), Le(before + 512 * 1024));
}

}  // namespace
}  // namespace sluice::sctp

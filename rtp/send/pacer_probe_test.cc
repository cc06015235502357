// What the pacer does while a probe runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "rtp/send/pacer.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::Optional;

Timestamp At(Duration since_start) { return Timestamp(seconds(50)) + since_start; }

class PacerProbeTest : public testing::Test {
 protected:
  PacerProbeTest() { pacer_.set_rate(kRate); }

  // Of 1000 bytes.
  Pacer::Item Video() {
    Pacer::Item item;
    item.packet = test::RtpPacketBuilder().WithPayload(test::Bytes(988, 0)).Build(pool_);
    return item;
  }
  void PushVideo(int count, Duration at = {}) {
    for (int i = 0; i < count; ++i) pacer_.Push(At(at), Video());
  }
  // Sends what may be sent from `begin` on as it becomes due, and padding of exactly what is
  // wanted; returns how many bytes left until the probe was over.
  size_t RunProbe(Duration begin, bool pad) {
    size_t bytes = 0;
    for (Timestamp now = At(begin); pacer_.probe() != 0;) {
      while (const auto item = pacer_.Pop(now)) {
        probes_.push_back(item->probe);
        bytes += item->packet.size();
        last_ = now;
        if (pacer_.probe() == 0) return bytes;
      }
      while (const size_t wanted = pad ? pacer_.PaddingWanted(now) : 0) {
        pacer_.RecordPadding(now, wanted);
        bytes += wanted;
        last_ = now;
      }
      now = pacer_.NextTimeout().value_or(now);
    }
    return bytes;
  }

  static constexpr BitRate kRate = BitRate::Kbps(400);
  static constexpr Pacer::Probe kProbe{
      .id = 7, .rate = BitRate::Kbps(4000), .span = milliseconds(40), .min_packets = 5};
  PacketPool pool_;
  Pacer pacer_;
  std::vector<uint32_t> probes_;
  Timestamp last_{};
};

TEST_F(PacerProbeTest, WithoutOneNoPaddingIsWanted) {
  EXPECT_EQ(pacer_.PaddingWanted(At({})), 0u);
  EXPECT_EQ(pacer_.probe(), 0u);
}

TEST_F(PacerProbeTest, MediaLeavesAtTheRateOfTheProbeAndBearsItsNumber) {
  PushVideo(20);
  pacer_.StartProbe(At({}), kProbe);
  EXPECT_EQ(RunProbe({}, false), 20'000u);  // 4 Mbit/s for 40 ms
  EXPECT_THAT(probes_, Each(7u));
  EXPECT_EQ(last_, At(milliseconds(38)));
}

// Nobody would tell when it arrived.
TEST_F(PacerProbeTest, MediaWithoutANumberIsNoPartOfIt) {
  pacer_.StartProbe(At({}), kProbe);
  for (int i = 0; i < 30; ++i) {
    Pacer::Item sound = Video();
    sound.kind = MediaKind::kAudio;
    sound.numbered = false;
    pacer_.Push(At({}), sound);
    const auto popped = pacer_.Pop(At({}));
    ASSERT_TRUE(popped);
    EXPECT_EQ(popped->probe, 0u);
  }
  EXPECT_NEAR(static_cast<double>(RunProbe({}, true)), 20'000, Pacer::kMaxPadding);
}

TEST_F(PacerProbeTest, WhatMediaLacksIsFilledWithPadding) {
  PushVideo(5);
  pacer_.StartProbe(At({}), kProbe);
  EXPECT_NEAR(static_cast<double>(RunProbe({}, true)), 20'000, Pacer::kMaxPadding);
  EXPECT_NEAR(static_cast<double>((last_ - At({})).count()), 38'000, 1500);
}

TEST_F(PacerProbeTest, NoPaddingIsWantedWhileMediaWaits) {
  PushVideo(2);
  pacer_.StartProbe(At({}), kProbe);
  EXPECT_EQ(pacer_.PaddingWanted(At({})), 0u);
}

TEST_F(PacerProbeTest, PaddingIsWantedNoFasterThanTheRate) {
  pacer_.StartProbe(At({}), kProbe);
  const size_t first = pacer_.PaddingWanted(At({}));
  ASSERT_GT(first, 0u);
  pacer_.RecordPadding(At({}), 1000);
  EXPECT_EQ(pacer_.PaddingWanted(At({})), 0u);
  EXPECT_THAT(pacer_.NextTimeout(), Optional(At(milliseconds(2))));
  EXPECT_EQ(pacer_.PaddingWanted(At(milliseconds(2) - Duration(1))), 0u);
  EXPECT_GT(pacer_.PaddingWanted(At(milliseconds(2))), 0u);
}

TEST_F(PacerProbeTest, ShortProbeStillHasItsPackets) {
  pacer_.StartProbe(
      At({}), {.id = 1, .rate = BitRate::Kbps(300), .span = milliseconds(15), .min_packets = 5});
  const size_t bytes = RunProbe({}, true);
  EXPECT_EQ(bytes, 5 * Pacer::kMinPadding);
}

TEST_F(PacerProbeTest, SoundLeavesAtOnceAndBelongsToIt) {
  pacer_.StartProbe(At({}), kProbe);
  pacer_.RecordPadding(At({}), 1000);
  Pacer::Item item = Video();
  item.kind = MediaKind::kAudio;
  pacer_.Push(At({}), item);
  const auto popped = pacer_.Pop(At({}));
  ASSERT_TRUE(popped.has_value());
  EXPECT_EQ(popped->probe, 7u);
}

TEST_F(PacerProbeTest, AfterwardsNothingIsOwed) {
  PushVideo(25);
  pacer_.StartProbe(At({}), kProbe);
  RunProbe({}, false);
  ASSERT_EQ(pacer_.items(), 5u);
  const auto item = pacer_.Pop(At(milliseconds(40)));
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(item->probe, 0u);
  EXPECT_FALSE(pacer_.Pop(At(milliseconds(57))).has_value()) << "at its usual rate again";
  EXPECT_TRUE(pacer_.Pop(At(milliseconds(58))).has_value());
}

TEST_F(PacerProbeTest, WithNothingToSendItEnds) {
  pacer_.StartProbe(At({}), kProbe);
  EXPECT_EQ(RunProbe({}, false), 0u);
  EXPECT_EQ(pacer_.probe(), 0u);
  EXPECT_EQ(pacer_.NextTimeout(), std::nullopt);
}

TEST_F(PacerProbeTest, EndedProbeAsksForNothing) {
  pacer_.StartProbe(At({}), kProbe);
  pacer_.EndProbe();
  EXPECT_EQ(pacer_.PaddingWanted(At({})), 0u);
  EXPECT_EQ(pacer_.NextTimeout(), std::nullopt);
}

TEST_F(PacerProbeTest, NextProbeTakesThePlaceOfOneThatRuns) {
  pacer_.StartProbe(At({}), kProbe);
  pacer_.StartProbe(
      At(milliseconds(1)),
      {.id = 8, .rate = BitRate::Kbps(8000), .span = milliseconds(10), .min_packets = 1});
  EXPECT_EQ(pacer_.probe(), 8u);
  EXPECT_NEAR(static_cast<double>(RunProbe(milliseconds(1), true)), 10'000, Pacer::kMaxPadding);
}

TEST_F(PacerProbeTest, WorksWithoutARate) {
  pacer_.set_rate(std::nullopt);
  PushVideo(20);
  pacer_.StartProbe(At({}), kProbe);
  EXPECT_EQ(RunProbe({}, false), 20'000u);
  EXPECT_EQ(last_, At(milliseconds(38)));
}

TEST_F(PacerProbeTest, LateTimerDoesNotMakeABurst) {
  pacer_.StartProbe(At({}), kProbe);
  PushVideo(20);
  size_t bytes = 0;
  while (const auto item = pacer_.Pop(At(milliseconds(30)))) bytes += item->packet.size();
  // What a timer may be late, and the packet that is due.
  EXPECT_EQ(bytes, 6000u);
}

}  // namespace
}  // namespace sluice::rtp

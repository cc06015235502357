#include "rtp/receive/sequence_window.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace sluice::rtp {
namespace {

using Order = SequenceWindow::Order;

SequenceWindow Started(uint16_t first) {
  SequenceWindow window;
  window.Place(SeqNo(first));
  return window;
}

TEST(SequenceWindowTest, KeepsTheWireNumberInTheLowBits) {
  for (int first : {0, 1, 32'767, 32'768, 65'530, 65'535}) {
    SequenceWindow window;
    SeqNo wire(static_cast<uint16_t>(first));
    const auto placed = window.Place(wire);
    EXPECT_EQ(placed.order, Order::kFirst);
    RtpSeq expected = placed.seq;
    for (int i = 0; i < 200'000; ++i) {
      wire = wire + 1;
      expected = expected + 1;
      const auto next = window.Place(wire);
      ASSERT_EQ(next.order, Order::kNewest);
      ASSERT_EQ(next.seq, expected);
      ASSERT_EQ(static_cast<uint16_t>(next.seq.value), wire.value());
    }
  }
}

TEST(SequenceWindowTest, TellsHowManyWereSkipped) {
  SequenceWindow window = Started(65'534);
  EXPECT_EQ(window.Place(SeqNo(2)).skipped, 3);
  EXPECT_EQ(window.Place(SeqNo(3)).skipped, 0);
}

TEST(SequenceWindowTest, TellsDuplicatesFromLatePackets) {
  SequenceWindow window = Started(65'534);
  window.Place(SeqNo(2));
  EXPECT_EQ(window.Place(SeqNo(2)).order, Order::kDuplicate);
  EXPECT_EQ(window.Place(SeqNo(0)).order, Order::kLate);
  EXPECT_EQ(window.Place(SeqNo(0)).order, Order::kDuplicate);
  EXPECT_EQ(window.Place(SeqNo(65'534)).order, Order::kDuplicate);
  EXPECT_EQ(window.Place(SeqNo(65'535)).order, Order::kLate);
}

TEST(SequenceWindowTest, TakesPacketsThatTheFirstOneOvertook) {
  SequenceWindow window = Started(10);
  const auto late = window.Place(SeqNo(65'535));
  EXPECT_EQ(late.order, Order::kLate);
  EXPECT_EQ(window.newest() - late.seq, 11);
}

TEST(SequenceWindowTest, LimitsOfReorderingAreThoseOfTheRfc) {
  {
    SequenceWindow window = Started(10'000);
    EXPECT_EQ(window.Place(SeqNo(10'000 - SequenceWindow::kMaxMisorder)).order, Order::kLate);
    EXPECT_EQ(window.Place(SeqNo(10'000 - SequenceWindow::kMaxMisorder - 1)).order, Order::kTooOld);
  }
  {
    SequenceWindow window = Started(10'000);
    EXPECT_EQ(window.Place(SeqNo(10'000 + SequenceWindow::kMaxDropout)).order, Order::kTooOld);
    EXPECT_EQ(window.Place(SeqNo(10'000 + SequenceWindow::kMaxDropout - 1)).order, Order::kNewest);
  }
}

// RFC 3550 §A.1: one packet from nowhere is a stray, two in a row are a restart.
TEST(SequenceWindowTest, ARestartNeedsTwoPacketsInARow) {
  for (int jump : {5000, -5000, 32'768}) {
    SequenceWindow window = Started(20'000);
    const SeqNo there = SeqNo(20'000) + jump;
    EXPECT_EQ(window.Place(there).order, Order::kTooOld);
    EXPECT_EQ(window.Place(SeqNo(20'001)).order, Order::kNewest);
    EXPECT_EQ(window.Place(there + 7).order, Order::kTooOld);
    const RtpSeq before = window.newest();
    const auto restarted = window.Place(there + 8);
    EXPECT_EQ(restarted.order, Order::kRestarted);
    EXPECT_GT(restarted.seq, before);
    EXPECT_EQ(static_cast<uint16_t>(restarted.seq.value), (there + 8).value());
    EXPECT_EQ(window.Place(there + 9).order, Order::kNewest);
    EXPECT_EQ(window.Place(there + 7).order, Order::kLate);
  }
}

TEST(SequenceWindowTest, AnAnnouncedRestartNeedsOne) {
  SequenceWindow window = Started(20'000);
  window.ExpectRestart();
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(20'001)).order, Order::kTooOld);
  const RtpSeq before = window.newest();
  const auto restarted = window.Place(SeqNo(19'999));
  EXPECT_EQ(restarted.order, Order::kRestarted);
  EXPECT_GT(restarted.seq, before);
}

// What was received of the old row is forgotten, so its numbers must not be taken again.
TEST(SequenceWindowTest, ANewRowDoesNotReachIntoTheOldOne) {
  SequenceWindow window = Started(100);
  window.Place(SeqNo(110));
  window.ExpectRestart();
  EXPECT_EQ(window.Place(SeqNo(115)).order, Order::kRestarted);
  EXPECT_EQ(window.Place(SeqNo(111)).order, Order::kLate);
  EXPECT_EQ(window.Place(SeqNo(110)).order, Order::kTooOld);
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(100)).order, Order::kTooOld);
}

TEST(SequenceWindowTest, RetransmissionsReachFurtherBackButBeginNothing) {
  SequenceWindow window;
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(5)).order, Order::kTooOld);
  window.Place(SeqNo(0));
  for (uint16_t seq = 2; seq <= 9000; ++seq) window.Place(SeqNo(seq));
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(2)).order, Order::kDuplicate);
  EXPECT_EQ(window.Place(SeqNo(1)).order, Order::kTooOld);
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(1)).order, Order::kLate);
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(1)).order, Order::kDuplicate);
  // The end of a burst was lost: its retransmission leads, and the original is a duplicate.
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(9002)).order, Order::kNewest);
  EXPECT_EQ(window.Place(SeqNo(9002)).order, Order::kDuplicate);
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(20'000)).order, Order::kTooOld);
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(20'001)).order, Order::kTooOld);
}

TEST(SequenceWindowTest, RetransmissionsOlderThanTheWindowAreRefused) {
  SequenceWindow window = Started(0);
  for (int i = 2; i <= SequenceWindow::kMaxAge + 2; ++i) {
    window.Place(SeqNo(static_cast<uint16_t>(i)));
  }
  EXPECT_EQ(window.PlaceRetransmission(SeqNo(1)).order, Order::kTooOld);
}

// Against a model that remembers every number for ever: over several wraps, with loss, reordering,
// duplicates and jumps up to the limit, each packet is new exactly once.
TEST(SequenceWindowTest, AgreesWithAModelThatForgetsNothing) {
  std::mt19937 random(4);
  SequenceWindow window;
  std::set<int64_t> received;
  int64_t newest = 70'000;
  window.Place(SeqNo(static_cast<uint16_t>(newest)));
  received.insert(newest);
  const int64_t shift = window.newest().value - newest;
  for (int i = 0; i < 300'000; ++i) {
    const auto dice = random() % 1000;
    int64_t seq = newest + 1 + static_cast<int64_t>(random() % 3);
    if (dice < 300) seq = newest - static_cast<int64_t>(random() % SequenceWindow::kMaxMisorder);
    if (dice == 999) seq = newest + static_cast<int64_t>(random() % SequenceWindow::kMaxDropout);
    if (seq < 70'000) continue;
    const auto placed = window.Place(SeqNo(static_cast<uint16_t>(seq)));
    const bool is_new = received.insert(seq).second;
    ASSERT_EQ(placed.order != Order::kDuplicate, is_new) << seq;
    ASSERT_EQ(placed.seq.value, seq + shift);
    newest = std::max(newest, seq);
  }
  EXPECT_GT(newest, 4 * 65'536);
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/send/retransmission_budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <random>
#include <utility>

namespace sluice::rtp {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp() + 5s;
constexpr size_t kPacket = 1000;

// How many packets are allowed at once.
int Take(RetransmissionBudget& budget, Timestamp now, BitRate rate, int wanted = 10'000) {
  int taken = 0;
  while (taken < wanted && budget.Allows(now, kPacket, rate)) ++taken;
  return taken;
}

TEST(RetransmissionBudgetTest, HalfOfTheRateIsAllowed) {
  RetransmissionBudget budget;
  // 4 Mbit/s are 1,000 packets in two seconds.
  EXPECT_EQ(Take(budget, kStart, BitRate::Kbps(4000)), 500);
}

TEST(RetransmissionBudgetTest, TheShareIsTheApplications) {
  RetransmissionBudget budget({.share_percent = 10});
  EXPECT_EQ(Take(budget, kStart, BitRate::Kbps(4000)), 100);
}

TEST(RetransmissionBudgetTest, SlowStreamsMayBeRepairedAllTheSame) {
  RetransmissionBudget budget;
  EXPECT_EQ(Take(budget, kStart, BitRate::Kbps(30)), 25);
}

TEST(RetransmissionBudgetTest, UnknownRateHasTheFloor) {
  RetransmissionBudget budget;
  EXPECT_EQ(Take(budget, kStart, BitRate()), 25);
}

TEST(RetransmissionBudgetTest, WhatWasSpentComesBackAfterTwoSeconds) {
  RetransmissionBudget budget;
  Take(budget, kStart, BitRate::Kbps(4000));
  EXPECT_EQ(Take(budget, kStart + 1999ms, BitRate::Kbps(4000)), 0);
  EXPECT_EQ(Take(budget, kStart + 2100ms, BitRate::Kbps(4000)), 500);
}

TEST(RetransmissionBudgetTest, LowerRateCountsAtOnce) {
  RetransmissionBudget budget;
  Take(budget, kStart, BitRate::Kbps(4000), 125);
  EXPECT_EQ(Take(budget, kStart + 10ms, BitRate::Kbps(1000)), 0);
}

TEST(RetransmissionBudgetTest, RefusalsAreCounted) {
  RetransmissionBudget budget;
  Take(budget, kStart, BitRate::Kbps(4000));
  EXPECT_EQ(budget.refused(), 1u);
  EXPECT_FALSE(budget.Allows(kStart, kPacket, BitRate::Kbps(4000)));
  EXPECT_EQ(budget.refused(), 2u);
}

TEST(RetransmissionBudgetTest, RefusedBytesAreNotSpent) {
  RetransmissionBudget budget;
  EXPECT_FALSE(budget.Allows(kStart, 1'000'000, BitRate::Kbps(4000)));
  EXPECT_EQ(budget.spent(kStart), DataSize());
  EXPECT_EQ(Take(budget, kStart, BitRate::Kbps(4000)), 500);
}

TEST(RetransmissionBudgetTest, AbsurdRatesStayInBounds) {
  RetransmissionBudget budget;
  const BitRate endless = BitRate::Bps(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(budget.Allows(kStart, kPacket, endless));
  RetransmissionBudget other;
  EXPECT_EQ(Take(other, kStart, BitRate::Bps(std::numeric_limits<int64_t>::min())), 25);
}

TEST(RetransmissionBudgetTest, FloodGetsItsShareInAnyTwoSecondsOfAMinute) {
  RetransmissionBudget budget;
  std::mt19937 random(9);
  std::deque<std::pair<Timestamp, size_t>> window;
  size_t in_window = 0, total = 0;
  const BitRate rate = BitRate::Kbps(2000);
  for (Timestamp now = kStart; now < kStart + 60s; now += Duration(random() % 2000)) {
    const size_t bytes = 60 + random() % 1400;
    if (!budget.Allows(now, bytes, rate)) continue;
    window.emplace_back(now, bytes);
    in_window += bytes;
    total += bytes;
    for (; window.front().first <= now - 2s; window.pop_front()) in_window -= window.front().second;
    ASSERT_LE(in_window, 250'000u);
  }
  // And nearly all of it: the window is up to a twentieth longer than two seconds.
  EXPECT_GT(total, 60u * 125'000u * 85 / 100);
}

}  // namespace
}  // namespace sluice::rtp

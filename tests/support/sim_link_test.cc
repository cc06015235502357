#include "tests/support/sim_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1s};

// Sends `count` datagrams of 1,000 bytes, one each millisecond; how many arrive.
size_t Delivered(SimLink& link, int count) {
  size_t delivered = 0;
  for (int i = 0; i < count; ++i) delivered += link.Send(kStart + i * 1ms, 1000).size();
  return delivered;
}

TEST(SimLinkTest, DelaysByOneWay) {
  SimLink link({.one_way = 40ms}, 1);
  const SimLink::Arrivals arrivals = link.Send(kStart, 100);
  ASSERT_EQ(arrivals.size(), 1u);
  EXPECT_EQ(*arrivals.begin(), kStart + 40ms);
}

TEST(SimLinkTest, LosesTheShareItIsTold) {
  SimLink link({.loss = 0.05}, 2);
  EXPECT_NEAR(static_cast<double>(Delivered(link, 20'000)), 19'000, 150);
  EXPECT_NEAR(static_cast<double>(link.counts().lost), 1'000, 150);
}

// Bursts of ten datagrams on average: about 9 % loss.
class SimLinkBurstsTest : public testing::TestWithParam<LossBursts> {};

TEST_P(SimLinkBurstsTest, LoseNeighbours) {
  SimLink link({.bursts = GetParam()}, 3);
  int lost = 0, lost_after_lost = 0;
  bool before = false;
  for (int i = 0; i < 50'000; ++i) {
    const bool now_lost = link.Send(kStart + i * 1ms, 100).empty();
    lost += now_lost ? 1 : 0;
    lost_after_lost += now_lost && before ? 1 : 0;
    before = now_lost;
  }
  EXPECT_NEAR(lost / 50'000.0, 0.09, 0.02);
  EXPECT_GT(lost_after_lost, lost * 8 / 10);
}

INSTANTIATE_TEST_SUITE_P(Models, SimLinkBurstsTest,
                         testing::Values(LossBursts{.enter = 0.01, .leave = 0.1},
                                         LossBursts{.good = 100ms, .bad = 10ms}));

TEST(SimLinkTest, BurstsInTimeEndHoweverLittleIsSent) {
  SimLink link({.bursts = {.good = 1s, .bad = 100ms}}, 3);
  int longest = 0, run = 0;
  for (int i = 0; i < 10'000; ++i) {
    run = link.Send(kStart + i * 1s, 100).empty() ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  EXPECT_LE(longest, 5) << "a second apart one has nothing to do with the next";
}

TEST(SimLinkTest, RateMakesDatagramsWaitAndTheQueueIsBounded) {
  // 1,028 bytes on the wire at 8.224 Mbit/s take a millisecond.
  SimLink link({.rate = BitRate::Bps(8'224'000), .queue = 10'000}, 4);
  std::vector<Timestamp> arrivals;
  for (int i = 0; i < 20; ++i) {
    for (Timestamp arrival : link.Send(kStart, 1000)) arrivals.push_back(arrival);
  }
  ASSERT_EQ(arrivals.size(), 9u);  // What fits into the queue with its headers.
  EXPECT_EQ(arrivals.front(), kStart + 1ms);
  EXPECT_EQ(arrivals.back(), kStart + 9ms);
  EXPECT_EQ(link.counts().queue_full, 11u);
}

TEST(SimLinkTest, JitterKeepsOrderAndReorderingDoesNot) {
  SimLink steady({.one_way = 10ms, .jitter = 30ms}, 5);
  SimLink unruly({.one_way = 10ms, .reorder = 0.1}, 5);
  Timestamp last_steady, last_unruly;
  int overtaken = 0;
  for (int i = 0; i < 1000; ++i) {
    const Timestamp arrival = *steady.Send(kStart + i * 1ms, 100).begin();
    EXPECT_GE(arrival, last_steady);
    EXPECT_LE(arrival, kStart + i * 1ms + 40ms);
    last_steady = arrival;
    const Timestamp other = *unruly.Send(kStart + i * 1ms, 100).begin();
    overtaken += other < last_unruly ? 1 : 0;
    last_unruly = other;
  }
  EXPECT_GT(overtaken, 50);
}

TEST(SimLinkTest, DuplicatesAndDropsWhatIsTooLarge) {
  SimLink link({.duplicate = 1, .mtu = 1200}, 6);
  EXPECT_EQ(link.Send(kStart, 1172).size(), 2u);
  EXPECT_TRUE(link.Send(kStart, 1173).empty());
  EXPECT_EQ(link.counts().too_large, 1u);
}

TEST(SimLinkTest, SameSeedSameFate) {
  SimLink one({.jitter = 5ms, .loss = 0.3}, 7), two({.jitter = 5ms, .loss = 0.3}, 7);
  for (int i = 0; i < 500; ++i) {
    const SimLink::Arrivals a = one.Send(kStart, 100), b = two.Send(kStart, 100);
    ASSERT_EQ(a.size(), b.size());
    if (!a.empty()) {
      EXPECT_EQ(*a.begin(), *b.begin());
    }
  }
}

}  // namespace
}  // namespace sluice::test

#include "rtp/bwe/loss_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

constexpr Duration kStep = milliseconds(100);

// A sender that uses its whole rate, over a path that loses what it loses.
class LossRateTest : public testing::Test {
 protected:
  // `lost` tells the share of packets that get lost at a rate in kbit/s.
  void Run(int seconds, const std::function<double(double)>& lost) {
    for (int i = 0; i < 10 * seconds; ++i) {
      now_ += kStep;
      const double packets = rate_ / 10 / 8;  // of 1,000 bytes
      carry_ += packets * lost(rate_);
      const auto gone = static_cast<int64_t>(carry_);
      carry_ -= static_cast<double>(gone);
      const BitRate rate = BitRate::Bps(static_cast<int64_t>(rate_ * 1000));
      const auto change =
          loss_.Record({now_, static_cast<int64_t>(packets) - gone, gone, rate, rate});
      if (change) {
        cuts_ += change->rate < rate;
        if (change->doubtful) doubtful_ = static_cast<double>(change->doubtful->bps()) / 1000;
        rate_ = static_cast<double>(change->rate.bps()) / 1000;
      } else if (grows_ && loss_.allows_growth()) {
        rate_ *= 1.008;
      }
      largest_ = std::max(largest_, rate_);
      smallest_ = std::min(smallest_, rate_);
    }
  }

  static std::function<double(double)> Always(double share) {
    return [share](double) { return share; };
  }
  // A policer: what is too much is dropped, without a queue.
  static std::function<double(double)> Above(double capacity) {
    return [capacity](double rate) { return std::max(0.0, 1 - capacity / rate); };
  }

  LossRate loss_;
  Timestamp now_ = Timestamp() + std::chrono::seconds(50);
  double rate_ = 1000;
  double carry_ = 0;
  double largest_ = 0;
  double smallest_ = 1e9;
  double doubtful_ = 0;
  int cuts_ = 0;
  bool grows_ = false;
};

TEST_F(LossRateTest, NoLossNoObjection) {
  Run(20, Always(0));
  EXPECT_TRUE(loss_.allows_growth());
  EXPECT_EQ(cuts_, 0);
}

TEST_F(LossRateTest, ModerateLossIsThePathsOwn) {
  Run(20, Always(0.05));
  EXPECT_EQ(cuts_, 0);
  EXPECT_TRUE(loss_.allows_growth());
  EXPECT_NEAR(loss_.own_loss(), 0.05, 0.02);
}

TEST_F(LossRateTest, MuchLossIsTestedOnceAndThenThePathsOwn) {
  Run(20, Always(0.2));
  EXPECT_EQ(cuts_, 1);
  EXPECT_GE(rate_, 1000);
  EXPECT_TRUE(loss_.allows_growth());
}

TEST_F(LossRateTest, LossOfARateThatIsTooHighBringsItDown) {
  Run(6, Above(700));
  EXPECT_NEAR(rate_, 700, 80);
  EXPECT_LT(loss_.own_loss(), 0.1);
}

TEST_F(LossRateTest, GrowthIntoAPolicerStaysNearItsRate) {
  grows_ = true;
  rate_ = 400;
  Run(20, Above(700));
  largest_ = 0;
  smallest_ = 1e9;
  Run(100, Above(700));
  EXPECT_LT(largest_, 900);
  EXPECT_GT(smallest_, 400);
}

TEST_F(LossRateTest, LossThatGoesAwayIsForgotten) {
  Run(20, Always(0.08));
  Run(30, Always(0));
  EXPECT_LT(loss_.own_loss(), 0.01);
}

TEST_F(LossRateTest, CutThatEndsTheLossTellsWhichRateMayHaveBeenInnocent) {
  Run(5, Always(0));
  Run(1, Always(0.4));  // a crowd of losses, longer than most
  EXPECT_LT(rate_, 1000);
  EXPECT_EQ(doubtful_, 0);
  Run(3, Always(0));
  EXPECT_EQ(doubtful_, 1000);
}

TEST_F(LossRateTest, LossThatACutDoesNotEndLeavesNoDoubt) {
  Run(20, Always(0.2));
  EXPECT_EQ(doubtful_, 0);
}

TEST_F(LossRateTest, ChanceDoesNotCauseCuts) {
  std::mt19937 random(7);
  Run(20, Always(0.1));
  const int before = cuts_;
  Run(300, [&](double) {
    int lost = 0;
    for (int i = 0; i < 12; ++i) lost += random() % 10 == 0;
    return lost / 12.0;
  });
  EXPECT_LE(cuts_ - before, 2);
}

TEST_F(LossRateTest, WhatWasLostBeforeARestartSaysNothing) {
  for (int i = 0; i < 100; ++i) {
    now_ += kStep;
    EXPECT_FALSE(loss_.Record({now_, 50, i % 2 * 5, BitRate::Kbps(1000), BitRate::Kbps(1000)}));
    loss_.Restart();
  }
  EXPECT_EQ(loss_.loss(), 0);
}

TEST_F(LossRateTest, FewPacketsProveNothing) {
  for (int i = 0; i < 30; ++i) {
    now_ += kStep;
    EXPECT_FALSE(
        loss_.Record({now_, 0, i % 10 == 0 ? 1 : 0, BitRate::Kbps(30), BitRate::Kbps(30)}));
  }
}

TEST_F(LossRateTest, LosingEverythingEndsAtHalfTheRateATime) {
  Run(2, Always(1));
  EXPECT_GE(smallest_, 250);
  EXPECT_LE(smallest_, 500);
}

}  // namespace
}  // namespace sluice::rtp::bwe

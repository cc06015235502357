#include "worker/engine/untaken.h"

#include <gtest/gtest.h>

namespace sluice::worker {
namespace {

class UntakenTest : public testing::Test {
 protected:
  DropCounters Drops() const {
    DropCounters all = drops_;
    untaken_.AddTo(all);
    return all;
  }

  OfferedPackets offered_{10, 20, 30};
  DropCounters drops_;
  Untaken untaken_{offered_};
};

TEST_F(UntakenTest, NothingIsDroppedAtFirst) {
  offered_[1] += 7;
  EXPECT_EQ(Drops().total(), 0u);
}

TEST_F(UntakenTest, WhatComesOfOtherEncodingsIsDropped) {
  untaken_.Take(kForEverybody | 0b001, DropReason::kOtherLayer, drops_);
  offered_[0] += 100;
  offered_[1] += 3;
  offered_[2] += 4;
  EXPECT_EQ(Drops()[DropReason::kOtherLayer], 7u);
  EXPECT_EQ(Drops().total(), 7u);
}

TEST_F(UntakenTest, WhatWasDroppedBeforeKeepsItsReason) {
  untaken_.Take(kForEverybody | 0b001, DropReason::kOtherLayer, drops_);
  offered_[1] += 3;
  untaken_.Take(kForEverybody, DropReason::kConsumerPaused, drops_);
  offered_[0] += 5;
  untaken_.Take(kAllPackets, DropReason::kOtherLayer, drops_);
  offered_[2] += 50;
  EXPECT_EQ(Drops()[DropReason::kOtherLayer], 3u);
  EXPECT_EQ(Drops()[DropReason::kConsumerPaused], 5u);
}

}  // namespace
}  // namespace sluice::worker

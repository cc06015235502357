#include "dtls/replay_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/seeded_entropy.h"

namespace sluice::dtls {
namespace {

TEST(ReplayWindowTest, EachIndexIsTakenOnce) {
  ReplayWindow window;
  for (const uint64_t index : {0u, 5u, 3u, 1000u}) {
    EXPECT_TRUE(window.Accepts(index));
    window.Add(index);
    EXPECT_FALSE(window.Accepts(index));
  }
  EXPECT_TRUE(window.Accepts(4));
  EXPECT_TRUE(window.Accepts(999));
}

TEST(ReplayWindowTest, HoldsExactlyItsSize) {
  ReplayWindow window;
  window.Add(5000);
  EXPECT_TRUE(window.Accepts(5000 - ReplayWindow::kSize + 1));
  EXPECT_FALSE(window.Accepts(5000 - ReplayWindow::kSize));
  EXPECT_FALSE(window.Accepts(0));
}

TEST(ReplayWindowTest, WhatIsTooOldIsNotAdded) {
  ReplayWindow window;
  window.Add(5000);
  window.Add(5000 - ReplayWindow::kSize);  // Would share a place with 5,000.
  window.Add(4000 - ReplayWindow::kSize);
  EXPECT_TRUE(window.Accepts(4000));
}

TEST(ReplayWindowTest, JumpOfAWindowOrMoreForgetsEverything) {
  for (const uint64_t jump : {ReplayWindow::kSize, ReplayWindow::kSize + 1, size_t{1} << 40}) {
    ReplayWindow window;
    for (uint64_t index = 0; index < ReplayWindow::kSize; ++index) window.Add(index);
    const uint64_t highest = ReplayWindow::kSize - 1 + jump;
    window.Add(highest);
    EXPECT_FALSE(window.Accepts(highest));
    for (uint64_t back = 1; back < ReplayWindow::kSize; ++back) {
      EXPECT_TRUE(window.Accepts(highest - back)) << jump << " " << back;
    }
  }
}

TEST(ReplayWindowTest, AgreesWithASetThatForgetsNothing) {
  test::SeededEntropy entropy(11);
  ReplayWindow window;
  std::set<uint64_t> seen;
  uint64_t highest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const uint64_t ahead = highest + entropy.Below(30);
    const uint64_t behind = entropy.Below(1200);
    const uint64_t index = ahead > behind ? ahead - behind : 0;
    const bool is_new =
        seen.count(index) == 0 && (index > highest || highest - index < ReplayWindow::kSize);
    ASSERT_EQ(window.Accepts(index), is_new) << index << " after " << highest;
    if (!is_new) continue;
    window.Add(index);
    seen.insert(index);
    highest = std::max(highest, index);
  }
}

}  // namespace
}  // namespace sluice::dtls

#include "dtls/ssrc_table.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/seeded_entropy.h"

namespace sluice::dtls {
namespace {

struct Count {
  int value = 0;
};

TEST(SsrcTableTest, KeepsOneStateForEachSsrc) {
  SsrcTable<Count, 4> table;
  table.Insert(Ssrc(7))->value = 70;
  table.Insert(Ssrc(0xffffffff))->value = 90;
  table.Insert(Ssrc(0))->value = 10;
  EXPECT_EQ(table.Find(Ssrc(7))->value, 70);
  EXPECT_EQ(table.Find(Ssrc(0xffffffff))->value, 90);
  EXPECT_EQ(table.Find(Ssrc(0))->value, 10);
  EXPECT_EQ(table.Find(Ssrc(6)), nullptr);
  EXPECT_EQ(table.Insert(Ssrc(7))->value, 70);
  EXPECT_EQ(table.size(), 3u);
}

TEST(SsrcTableTest, RefusesBeyondItsCapacityAndStillKnowsItsMembers) {
  SsrcTable<Count, 2> table;
  table.Insert(Ssrc(2));
  table.Insert(Ssrc(1));
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.Insert(Ssrc(3)), nullptr);
  EXPECT_NE(table.Insert(Ssrc(1)), nullptr);
  EXPECT_TRUE(table.Erase(Ssrc(2)));
  EXPECT_NE(table.Insert(Ssrc(3)), nullptr);
}

TEST(SsrcTableTest, WhatWasErasedBeginsAnew) {
  SsrcTable<Count, 2> table;
  table.Insert(Ssrc(1))->value = 5;
  EXPECT_TRUE(table.Erase(Ssrc(1)));
  EXPECT_FALSE(table.Erase(Ssrc(1)));
  EXPECT_EQ(table.Find(Ssrc(1)), nullptr);
  EXPECT_EQ(table.Insert(Ssrc(1))->value, 0);
}

TEST(SsrcTableTest, AgreesWithAMap) {
  test::SeededEntropy entropy(4);
  SsrcTable<Count, 64> table;
  std::map<uint32_t, int> map;
  for (int i = 1; i < 20'000; ++i) {
    const auto ssrc = static_cast<uint32_t>(entropy.Below(100));
    if (entropy.Below(2) == 0) {
      ASSERT_EQ(table.Erase(Ssrc(ssrc)), map.erase(ssrc) == 1);
    } else if (Count* const state = table.Insert(Ssrc(ssrc))) {
      state->value = i;
      map[ssrc] = i;
    } else {
      ASSERT_EQ(map.size(), 64u);
    }
    const Count* const found = table.Find(Ssrc(ssrc));
    ASSERT_EQ(found != nullptr, map.contains(ssrc));
    if (found) {
      ASSERT_EQ(found->value, map[ssrc]);
    }
    ASSERT_EQ(table.size(), map.size());
  }
}

}  // namespace
}  // namespace sluice::dtls

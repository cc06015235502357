#include "dtls/ssrc_set.h"

#include <gtest/gtest.h>

namespace sluice::dtls {
namespace {

TEST(SsrcSetTest, ContainsWhatWasInsertedInAnyOrder) {
  SsrcSet<4> set;
  for (uint32_t value : {7u, 0xffffffffu, 0u}) EXPECT_TRUE(set.Insert(Ssrc(value)));
  EXPECT_EQ(set.size(), 3u);
  for (uint32_t value : {7u, 0xffffffffu, 0u}) EXPECT_TRUE(set.Contains(Ssrc(value)));
  for (uint32_t value : {1u, 6u, 8u, 0xfffffffeu}) EXPECT_FALSE(set.Contains(Ssrc(value)));
}

TEST(SsrcSetTest, InsertingTwiceTakesOnePlace) {
  SsrcSet<2> set;
  EXPECT_TRUE(set.Insert(Ssrc(1)));
  EXPECT_TRUE(set.Insert(Ssrc(1)));
  EXPECT_EQ(set.size(), 1u);
}

TEST(SsrcSetTest, RefusesBeyondItsCapacityAndStillKnowsItsMembers) {
  SsrcSet<2> set;
  EXPECT_TRUE(set.Insert(Ssrc(2)));
  EXPECT_TRUE(set.Insert(Ssrc(1)));
  EXPECT_TRUE(set.full());
  EXPECT_FALSE(set.Insert(Ssrc(3)));
  EXPECT_FALSE(set.Contains(Ssrc(3)));
  EXPECT_TRUE(set.Insert(Ssrc(1)));
}

TEST(SsrcSetTest, ErasingMakesRoom) {
  SsrcSet<3> set;
  for (uint32_t value : {1u, 2u, 3u}) set.Insert(Ssrc(value));
  EXPECT_TRUE(set.Erase(Ssrc(2)));
  EXPECT_FALSE(set.Erase(Ssrc(2)));
  EXPECT_FALSE(set.Contains(Ssrc(2)));
  EXPECT_TRUE(set.Contains(Ssrc(1)));
  EXPECT_TRUE(set.Contains(Ssrc(3)));
  EXPECT_TRUE(set.Insert(Ssrc(9)));
}

}  // namespace
}  // namespace sluice::dtls

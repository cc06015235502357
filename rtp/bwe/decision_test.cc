#include "rtp/bwe/decision.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::rtp::bwe {
namespace {

Decision Numbered(int number) {
  Decision decision;
  decision.at = Timestamp() + std::chrono::seconds(number);
  return decision;
}

TEST(DecisionLogTest, KeepsTheOrder) {
  DecisionLog log;
  log.Push(Numbered(1));
  log.Push(Numbered(2));
  EXPECT_EQ(log.Poll(), Numbered(1));
  EXPECT_EQ(log.Poll(), Numbered(2));
  EXPECT_EQ(log.Poll(), std::nullopt);
}

TEST(DecisionLogTest, OldestGiveWayAndAreCounted) {
  DecisionLog log;
  const int count = static_cast<int>(DecisionLog::kCapacity) + 5;
  for (int i = 0; i < count; ++i) log.Push(Numbered(i));
  EXPECT_EQ(log.lost(), 5u);
  for (int i = 5; i < count; ++i) EXPECT_EQ(log.Poll(), Numbered(i));
  EXPECT_EQ(log.Poll(), std::nullopt);
}

TEST(DecisionLogTest, EveryReasonHasANameOfItsOwn) {
  std::set<std::string> names;
  const int count = static_cast<int>(Reason::kLossReport) + 1;
  for (int i = 0; i < count; ++i) names.emplace(NameOf(static_cast<Reason>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(count));
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace sluice::rtp::bwe

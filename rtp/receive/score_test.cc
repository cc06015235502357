#include "rtp/receive/score.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

uint8_t Of(const Score::Interval& interval) {
  Score score;
  score.Record(interval);
  return score.value();
}

TEST(ScoreTest, IsBestWithoutLoss) {
  EXPECT_EQ(Score().value(), Score::kBest);
  EXPECT_EQ(Of({.received = 100}), Score::kBest);
}

TEST(ScoreTest, FallsWithTheFourthPowerOfWhatArrives) {
  EXPECT_EQ(Of({.received = 95, .lost = 5}), 8);   // (90/95)^4
  EXPECT_EQ(Of({.received = 80, .lost = 20}), 3);  // (60/80)^4
  EXPECT_EQ(Of({.received = 50, .lost = 50}), 0);
  EXPECT_EQ(Of({.received = 0, .lost = 50}), 0);
}

TEST(ScoreTest, RepairsHelpTheLessTheMoreThereAre) {
  const auto few = Of({.received = 95, .lost = 5, .repaired = 5, .retransmitted = 5});
  EXPECT_EQ(few, 10);
  const auto many = Of({.received = 80, .lost = 20, .repaired = 20, .retransmitted = 20});
  EXPECT_LT(many, few);
  EXPECT_GT(many, Of({.received = 80, .lost = 20}));
}

TEST(ScoreTest, RepairsThatTookManyTriesHelpLess) {
  const auto easy = Of({.received = 90, .lost = 10, .repaired = 10, .retransmitted = 10});
  const auto hard = Of({.received = 90, .lost = 10, .repaired = 10, .retransmitted = 40});
  EXPECT_GT(easy, hard);
}

TEST(ScoreTest, TheNewestIntervalsWeighMost) {
  Score improving;
  Score worsening;
  for (int i = 0; i < 12; ++i) {
    improving.Record({.received = 50, .lost = 50});
    worsening.Record({.received = 100});
  }
  for (int i = 0; i < 12; ++i) {
    improving.Record({.received = 100});
    worsening.Record({.received = 50, .lost = 50});
  }
  EXPECT_EQ(improving.value(), 7);  // weights 13..24 of 1..24
  EXPECT_EQ(worsening.value(), 3);
}

TEST(ScoreTest, OldIntervalsAreForgotten) {
  Score score;
  for (int i = 0; i < 100; ++i) score.Record({.received = 1, .lost = 99});
  for (size_t i = 0; i < Score::kHistory; ++i) score.Record({.received = 100});
  EXPECT_EQ(score.value(), Score::kBest);
}

TEST(ScoreTest, AnEmptyIntervalSaysNothing) {
  Score score;
  score.Record({.received = 50, .lost = 50});
  score.Record({});
  EXPECT_EQ(score.value(), 0);
}

}  // namespace
}  // namespace sluice::rtp

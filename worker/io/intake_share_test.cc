#include "worker/io/intake_share.h"

#include <gtest/gtest.h>

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;

TEST(IntakeShareTest, TakesAllWhileTurnsAreShort) {
  IntakeShare share(1024);
  for (int i = 0; i < 10; ++i) share.RecordTurn(1ms);
  EXPECT_EQ(share.share(), 1024u);
}

TEST(IntakeShareTest, TakesLessAfterEachLongTurnButNeverNothing) {
  IntakeShare share(1024);
  share.RecordTurn(11ms);
  EXPECT_EQ(share.share(), 512u);
  for (int i = 0; i < 100; ++i) share.RecordTurn(1s);
  EXPECT_EQ(share.share(), IntakeShare::kLeast);
}

TEST(IntakeShareTest, StaysWhereTurnsAreNeitherLongNorShort) {
  IntakeShare share(1024);
  share.RecordTurn(20ms);
  for (int i = 0; i < 10; ++i) share.RecordTurn(7ms);
  EXPECT_EQ(share.share(), 512u);
}

TEST(IntakeShareTest, FindsTheWayBack) {
  IntakeShare share(1000);
  for (int i = 0; i < 100; ++i) share.RecordTurn(20ms);
  for (int i = 0; i < 7; ++i) share.RecordTurn(1ms);
  EXPECT_EQ(share.share(), 1000u);
}

}  // namespace
}  // namespace sluice::worker

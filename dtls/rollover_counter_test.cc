#include "dtls/rollover_counter.h"

#include <gtest/gtest.h>

namespace sluice::dtls {
namespace {

RolloverCounter At(uint64_t index) {
  RolloverCounter counter;
  counter.Advance(index);
  return counter;
}

TEST(RolloverCounterTest, StreamBeginsInItsFirstRound) {
  for (const uint32_t seq : {0u, 1u, 32767u, 32768u, 32769u, 65535u}) {
    EXPECT_EQ(RolloverCounter().Guess(static_cast<uint16_t>(seq)), seq);
  }
}

// RFC 3711 §3.3.1: the index nearest to the highest, wherever that is within its round.
TEST(RolloverCounterTest, FindsWhateverIsLessThanHalfARoundAway) {
  for (const uint64_t round : {1u, 2u, 70'000u}) {
    for (const uint32_t seq : {0u, 1u, 32767u, 32768u, 32769u, 65534u, 65535u}) {
      const uint64_t highest = round << 16 | seq;
      for (uint64_t away = 0; away < 32768; away += 151) {
        ASSERT_EQ(At(highest).Guess(static_cast<uint16_t>(highest + away)), highest + away);
        ASSERT_EQ(At(highest).Guess(static_cast<uint16_t>(highest - away)), highest - away);
      }
    }
  }
}

// Exactly half a round away a number is both before and behind; the RFC's strict comparisons leave
// it in the round of the highest.
TEST(RolloverCounterTest, HalfARoundAwayIsInTheSameRound) {
  EXPECT_EQ(At(65536 + 10).Guess(10 + 32768), 65536u + 10 + 32768);
  EXPECT_EQ(At(65536 + 40000).Guess(40000 - 32768), 65536u + 40000 - 32768);
}

TEST(RolloverCounterTest, JumpOfMoreThanHalfARoundLooksLikeThePast) {
  EXPECT_EQ(At(2 * 65536 + 10).Guess(10 + 32769), 65536u + 10 + 32769);
  EXPECT_EQ(At(2 * 65536 + 40000).Guess(40000 - 32769), 3 * 65536u + 40000 - 32769);
}

TEST(RolloverCounterTest, NothingIsBeforeTheFirstRound) {
  EXPECT_EQ(At(5).Guess(65535), 65535u);
  EXPECT_EQ(At(32767).Guess(65535), 65535u);
}

TEST(RolloverCounterTest, LatePacketsMoveNothing) {
  RolloverCounter counter = At(3 * 65536 + 2);
  counter.Advance(3 * 65536 - 5);
  EXPECT_EQ(counter.highest(), 3 * 65536u + 2);
}

TEST(RolloverCounterTest, SaysSoWhenThereIsNoRoundLeft) {
  EXPECT_GT(At(RolloverCounter::kLastIndex).Guess(0), RolloverCounter::kLastIndex);
  EXPECT_EQ(At(RolloverCounter::kLastIndex).Guess(65535), RolloverCounter::kLastIndex);
}

}  // namespace
}  // namespace sluice::dtls

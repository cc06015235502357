#include "worker/engine/handshakes.h"

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

Handshakes::Step StepOf(uint32_t transport) {
  return {Handle<Transport>{transport, 1}, PacketRef()};
}

TEST(HandshakesTest, ATurnTakesAFewStepsAndNoMore) {
  Handshakes handshakes;
  for (size_t i = 0; i < Handshakes::kStepsPerTurn; ++i) EXPECT_TRUE(handshakes.TakeTurn());
  EXPECT_FALSE(handshakes.TakeTurn());
  handshakes.BeginTurn();
  EXPECT_TRUE(handshakes.TakeTurn());
}

// The flights of one peer must stay in order.
TEST(HandshakesTest, NobodyOvertakesWhoWaits) {
  Handshakes handshakes;
  while (handshakes.TakeTurn()) {
  }
  EXPECT_TRUE(handshakes.Push(StepOf(1)));
  EXPECT_TRUE(handshakes.Push(StepOf(2)));
  EXPECT_FALSE(handshakes.CanPop());
  handshakes.BeginTurn();
  EXPECT_FALSE(handshakes.TakeTurn());
  EXPECT_EQ(handshakes.Pop().transport.slot, 1u);
  EXPECT_FALSE(handshakes.TakeTurn());
  EXPECT_EQ(handshakes.Pop().transport.slot, 2u);
  EXPECT_TRUE(handshakes.empty());
  EXPECT_TRUE(handshakes.TakeTurn());
}

TEST(HandshakesTest, WaitingStepsAreTakenAFewEachTurn) {
  Handshakes handshakes;
  for (uint32_t i = 0; i < 10; ++i) handshakes.Push(StepOf(i));
  size_t taken = 0;
  for (int turn = 0; turn < 2; ++turn) {
    handshakes.BeginTurn();
    for (; handshakes.CanPop(); ++taken) EXPECT_EQ(handshakes.Pop().transport.slot, taken);
  }
  EXPECT_EQ(taken, 2 * Handshakes::kStepsPerTurn);
}

TEST(HandshakesTest, SoManyWaitAndNoMore) {
  Handshakes handshakes;
  for (uint32_t i = 0; i < Handshakes::kMaxWaiting; ++i) EXPECT_TRUE(handshakes.Push(StepOf(i)));
  EXPECT_FALSE(handshakes.Push(StepOf(9)));
}

}  // namespace
}  // namespace sluice::worker

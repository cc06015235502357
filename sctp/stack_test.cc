#include "sctp/stack.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "sctp/association.h"
#include "tests/support/virtual_gettimeofday.h"

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1'003ms};

void DrainAll(Association& association) {
  std::array<uint8_t, 1500> out;
  while (association.PollTransmit(kStart, out) != 0) {
  }
}

TEST(StackTest, AsksForNothingWithoutAssociations) {
  Stack stack;
  EXPECT_FALSE(stack.NextTimeout());
}

TEST(StackTest, TicksOnAGrid) {
  Stack stack;
  Association association(stack, {});
  association.Connect(kStart);
  EXPECT_EQ(stack.NextTimeout(), Timestamp(1'010ms));
  stack.HandleTimeout(Timestamp(1'010ms));
  EXPECT_EQ(stack.NextTimeout(), Timestamp(1'020ms));
}

TEST(StackTest, TicksSlowlyWithoutTraffic) {
  Stack stack;
  Association association(stack, {});
  association.Connect(kStart);
  stack.HandleTimeout(kStart + Stack::kBusyFor);
  while (stack.PollWoken() != nullptr) DrainAll(association);
  EXPECT_EQ(stack.NextTimeout(), Timestamp(3'100ms));
}

TEST(StackTest, NamesWhomATickGaveSomethingToSend) {
  Stack stack;
  Association association(stack, {});
  association.Connect(kStart);
  DrainAll(association);
  EXPECT_EQ(stack.PollWoken(), nullptr);
  stack.HandleTimeout(kStart + 600ms);  // The INIT is repeated.
  EXPECT_EQ(stack.NextTimeout(), kStart + 600ms);
  EXPECT_EQ(stack.PollWoken(), &association);
  EXPECT_EQ(stack.PollWoken(), nullptr);
}

TEST(StackTest, TickOfOneStackWakesTheAssociationOfAnother) {
  Stack mine;
  Stack other;
  Association association(mine, {});
  Association bystander(other, {});
  association.Connect(kStart);
  bystander.Connect(kStart);
  DrainAll(association);
  other.HandleTimeout(kStart + 600ms);
  EXPECT_EQ(mine.PollWoken(), &association);
}

TEST(StackTest, ForgetsWhoHasGone) {
  Stack stack;
  {
    Association association(stack, {});
    association.Connect(kStart);
    DrainAll(association);
    stack.HandleTimeout(kStart + 600ms);
  }
  EXPECT_EQ(stack.PollWoken(), nullptr);
  EXPECT_EQ(stack.size(), 0u);
}

TEST(StackTest, TimeMayBeginAnewWhenNobodyIsThere) {
  Stack stack;
  for (const Timestamp start : {Timestamp(1h), Timestamp(1s)}) {
    Association association(stack, {});
    association.Connect(start);
    EXPECT_EQ(stack.NextTimeout(), start + 10ms);
  }
}

}  // namespace
}  // namespace sluice::sctp

#include "sctp/send_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::sctp {
namespace {

using testing::Eq;
using testing::Optional;

constexpr StreamId kChat{1};
constexpr StreamId kFile{2};

TEST(SendLedgerTest, AcceptedBytesAreUnderWay) {
  SendLedger ledger;
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordAccepted(kFile, 100);
  EXPECT_EQ(ledger.amount(kChat), 10u);
  EXPECT_EQ(ledger.total(), 110u);
}

TEST(SendLedgerTest, WhatIsGivenUpIsWhatWasGivenFirst) {
  SendLedger ledger;
  for (const StreamId stream : {kFile, kChat}) {
    ledger.RecordAccepted(stream, 100);
    ledger.RecordHandedOver(stream, 100);
  }
  ledger.RecordHeld(130);
  EXPECT_EQ(ledger.amount(kFile), 30u);
  EXPECT_EQ(ledger.amount(kChat), 100u);
  ledger.RecordHeld(0);
  EXPECT_EQ(ledger.total(), 0u);
  EXPECT_EQ(ledger.held_messages(), 0u);
}

TEST(SendLedgerTest, WhatWaitsHereIsNotGivenUp) {
  SendLedger ledger;
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordAccepted(kChat, 20);
  ledger.RecordHandedOver(kChat, 10);
  ledger.RecordHeld(0);
  EXPECT_EQ(ledger.amount(kChat), 20u);
}

TEST(SendLedgerTest, MoreThanWasGivenIsNotBelieved) {
  SendLedger ledger;
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordHandedOver(kChat, 10);
  ledger.RecordHeld(1'000);
  EXPECT_EQ(ledger.held(), 10u);
}

TEST(SendLedgerTest, FallToTheThresholdIsTold) {
  SendLedger ledger;
  ledger.SetLowThreshold(kChat, 5);
  ledger.RecordAccepted(kChat, 10);
  EXPECT_FALSE(ledger.PollLow());
  ledger.RecordDropped(kChat, 5);
  EXPECT_THAT(ledger.PollLow(), Optional(Eq(kChat)));
  EXPECT_FALSE(ledger.PollLow());
}

TEST(SendLedgerTest, FurtherFallBelowIsNotTold) {
  SendLedger ledger;
  ledger.SetLowThreshold(kChat, 5);
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordDropped(kChat, 6);
  ledger.PollLow();
  ledger.RecordDropped(kChat, 4);
  EXPECT_FALSE(ledger.PollLow());
}

TEST(SendLedgerTest, ThresholdOfZeroTellsWhenNothingIsLeft) {
  SendLedger ledger;
  ledger.SetLowThreshold(kChat, 0);
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordDropped(kChat, 10);
  EXPECT_THAT(ledger.PollLow(), Optional(Eq(kChat)));
}

TEST(SendLedgerTest, StreamWithoutThresholdTellsNothing) {
  SendLedger ledger;
  ledger.SetLowThreshold(kChat, 0);
  ledger.ForgetThreshold(kChat);
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordDropped(kChat, 10);
  EXPECT_FALSE(ledger.PollLow());
}

TEST(SendLedgerTest, ClearKeepsThresholds) {
  SendLedger ledger;
  ledger.SetLowThreshold(kChat, 0);
  ledger.RecordAccepted(kChat, 10);
  ledger.Clear();
  EXPECT_EQ(ledger.total(), 0u);
  ledger.RecordAccepted(kChat, 10);
  ledger.RecordDropped(kChat, 10);
  EXPECT_TRUE(ledger.PollLow());
}

}  // namespace
}  // namespace sluice::sctp

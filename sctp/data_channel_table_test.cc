#include "sctp/data_channel_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::sctp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Origin = DataChannelTable::Origin;
using State = DataChannelTable::State;

constexpr StreamId kEven{4};
constexpr StreamId kOdd{5};

DataChannelOpen Named(std::string label) { return {.label = std::move(label)}; }

std::vector<uint8_t> OpenMessage(std::string label = "chat") {
  return WriteDcep(Named(std::move(label)));
}

absl::StatusCode CodeOf(const absl::StatusOr<DataChannelTable::Outcome>& outcome) {
  return outcome.status().code();
}

class DataChannelTableTest : public testing::Test {
 protected:
  State StateOf(StreamId stream) const { return table_.Find(stream)->state; }

  DataChannelTable table_{Parity::kOdd, 8};
};

TEST_F(DataChannelTableTest, PeersOpenIsAnswered) {
  const auto outcome = table_.Receive(kEven, OpenMessage());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(std::get<DataChannelTable::Opened>(*outcome).answer, ElementsAre(2));
  ASSERT_NE(table_.Find(kEven), nullptr);
  EXPECT_EQ(table_.Find(kEven)->origin, Origin::kRemote);
  EXPECT_EQ(table_.Find(kEven)->properties.label, "chat");
  EXPECT_EQ(StateOf(kEven), State::kOpen);
}

TEST_F(DataChannelTableTest, OurChannelsTakeStreamsOfOurParity) {
  EXPECT_EQ(*table_.Open(Named("a")), StreamId(1));
  EXPECT_EQ(*table_.Open(Named("b")), StreamId(3));
}

TEST(DataChannelParityTest, ClientTakesEvenStreams) {
  DataChannelTable table(Parity::kEven, 8);
  EXPECT_EQ(*table.Open({}), StreamId(0));
  EXPECT_EQ(*table.Open({}), StreamId(2));
}

TEST_F(DataChannelTableTest, FreeStreamsRunOut) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(table_.Open({}).ok());
  EXPECT_EQ(table_.Open({}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(DataChannelTableTest, ChannelIsOpenOnceItsAnswerHasCome) {
  const StreamId stream = *table_.Open(Named("a"));
  EXPECT_EQ(StateOf(stream), State::kOpening);
  ASSERT_TRUE(table_.Receive(stream, std::vector<uint8_t>{2}).ok());
  EXPECT_EQ(StateOf(stream), State::kOpen);
}

TEST_F(DataChannelTableTest, MessageAnswersAsWell) {
  const StreamId stream = *table_.Open(Named("a"));
  table_.RecordMessage(stream);
  EXPECT_EQ(StateOf(stream), State::kOpen);
}

TEST_F(DataChannelTableTest, OpenOnOurParityIsRefused) {
  EXPECT_EQ(CodeOf(table_.Receive(kOdd, OpenMessage())), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(table_.Find(kOdd), nullptr);
}

TEST_F(DataChannelTableTest, SecondOpenOfAStreamIsRefused) {
  ASSERT_TRUE(table_.Receive(kEven, OpenMessage("a")).ok());
  EXPECT_EQ(CodeOf(table_.Receive(kEven, OpenMessage("b"))), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(table_.Find(kEven)->properties.label, "a");
}

TEST_F(DataChannelTableTest, OpenOnANegotiatedStreamIsAnswered) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, Named("known")).ok());
  ASSERT_TRUE(table_.Receive(kEven, OpenMessage()).ok());
  EXPECT_EQ(table_.Find(kEven)->origin, Origin::kRemote);
  EXPECT_EQ(table_.Find(kEven)->properties.label, "known");
}

TEST_F(DataChannelTableTest, AnswerToNothingIsRefused) {
  EXPECT_EQ(CodeOf(table_.Receive(kEven, std::vector<uint8_t>{2})),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DataChannelTableTest, NonsenseIsRefused) {
  EXPECT_EQ(CodeOf(table_.Receive(kEven, std::vector<uint8_t>{9})),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(DataChannelTableTest, NegotiatedChannelIsOpenOnEitherParity) {
  ASSERT_TRUE(table_.AddNegotiated(kOdd, {}).ok());
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  EXPECT_EQ(StateOf(kOdd), State::kOpen);
  EXPECT_EQ(table_.AddNegotiated(kEven, {}).code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(DataChannelTableTest, StreamOutOfRangeIsRefused) {
  EXPECT_EQ(table_.AddNegotiated(StreamId(8), {}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(table_.Receive(StreamId(8), OpenMessage())),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(DataChannelTableTest, NegotiatedStreamIsNotGivenOut) {
  ASSERT_TRUE(table_.AddNegotiated(StreamId(1), {}).ok());
  EXPECT_EQ(*table_.Open({}), StreamId(3));
}

TEST_F(DataChannelTableTest, TextsOfAllChannelsAreBounded) {
  DataChannelTable table(Parity::kOdd, 1024);
  size_t opened = 0;
  for (uint16_t i = 0; i < 1024; i += 2) {
    opened += table.Receive(StreamId(i), OpenMessage(std::string(65'535, 'x'))).ok();
  }
  EXPECT_EQ(opened, DataChannelTable::kMaxTextBytes / 65'535);
}

TEST_F(DataChannelTableTest, PeersResetIsAnsweredByOurs) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  const auto incoming = table_.RecordIncomingReset({kEven});
  EXPECT_THAT(incoming.to_reset, ElementsAre(kEven));
  EXPECT_THAT(incoming.gone, IsEmpty());
  EXPECT_THAT(table_.RecordOutgoingReset({kEven}), ElementsAre(kEven));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(DataChannelTableTest, OurResetIsAnsweredByThePeers) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  EXPECT_TRUE(table_.Close(kEven));
  EXPECT_FALSE(table_.Close(kEven));
  EXPECT_THAT(table_.RecordOutgoingReset({kEven}), IsEmpty());
  EXPECT_EQ(StateOf(kEven), State::kClosing);
  const auto incoming = table_.RecordIncomingReset({kEven});
  EXPECT_THAT(incoming.to_reset, IsEmpty());
  EXPECT_THAT(incoming.gone, ElementsAre(kEven));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(DataChannelTableTest, ResetOfAllStreamsMeansAllChannels) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  ASSERT_TRUE(table_.AddNegotiated(kOdd, {}).ok());
  EXPECT_THAT(table_.RecordIncomingReset({}).to_reset, ElementsAre(kEven, kOdd));
}

TEST_F(DataChannelTableTest, ResetOfAStreamWithoutChannelIsNothing) {
  EXPECT_THAT(table_.RecordIncomingReset({kEven}).to_reset, IsEmpty());
}

TEST_F(DataChannelTableTest, RepeatedResetIsNothing) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  table_.RecordIncomingReset({kEven});
  EXPECT_THAT(table_.RecordIncomingReset({kEven}).to_reset, IsEmpty());
}

TEST_F(DataChannelTableTest, StreamIsFreeAgainAfterBothResets) {
  ASSERT_TRUE(table_.Receive(kEven, OpenMessage("a")).ok());
  table_.RecordIncomingReset({kEven});
  EXPECT_EQ(CodeOf(table_.Receive(kEven, OpenMessage("b"))), absl::StatusCode::kFailedPrecondition);
  table_.RecordOutgoingReset({kEven});
  EXPECT_TRUE(table_.Receive(kEven, OpenMessage("b")).ok());
}

TEST_F(DataChannelTableTest, ClearForgetsEverything) {
  ASSERT_TRUE(table_.AddNegotiated(kEven, {}).ok());
  table_.Clear();
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_TRUE(table_.AddNegotiated(kEven, {}).ok());
}

}  // namespace
}  // namespace sluice::sctp

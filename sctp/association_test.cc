#include "sctp/association.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "tests/support/sctp_pair.h"

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using test::SctpPair;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

constexpr StreamId kStream{3};
constexpr StreamId kOther{4};
constexpr std::array<uint8_t, 1> kByte = {42};

class AssociationTest : public testing::Test {
 protected:
  void SetUp() override {
    pair_.Connect();
    ASSERT_TRUE(a().connected && b().connected);
  }

  SctpPair::Side& a() { return pair_.a(); }
  SctpPair::Side& b() { return pair_.b(); }

  absl::Status Send(StreamId stream, Ppid ppid, ByteView payload,
                    const Reliability& reliability = {}) {
    return a().association.Send(pair_.now(), stream, ppid, payload, reliability);
  }

  SctpPair pair_{{.one_way = 20ms}};
};

TEST(AssociationStartTest, BothSidesConnectAtOnce) {
  SctpPair pair({.one_way = 20ms});
  pair.Connect();
  ASSERT_TRUE(pair.a().connected && pair.b().connected);
  EXPECT_EQ(pair.a().connected->outgoing_streams, 1024);
  EXPECT_EQ(pair.b().connected->incoming_streams, 1024);
}

TEST(AssociationStartTest, ConnectsLongAfterOneSideBegan) {
  SctpPair pair({.one_way = 20ms});
  pair.a().association.Connect(pair.now());
  pair.RunFor(10min);
  ASSERT_FALSE(pair.a().closed);
  pair.b().association.Connect(pair.now());
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a().connected && pair.b().connected; }, 1s));
}

TEST(AssociationStartTest, ConnectsThroughLossOfHalf) {
  SctpPair pair({.one_way = 20ms, .loss = 0.5});
  pair.Connect();
  EXPECT_TRUE(pair.a().connected && pair.b().connected);
}

TEST(AssociationStartTest, NothingIsAskedForBeforeConnect) {
  Stack stack;
  Association association(stack, {});
  EXPECT_FALSE(association.NextTimeout());
  EXPECT_FALSE(stack.NextTimeout());
}

TEST(AssociationStartTest, InputBeforeConnectIsDropped) {
  Stack stack;
  Association association(stack, {});
  association.Receive(Timestamp(1s), std::vector<uint8_t>(16));
  EXPECT_EQ(association.drops()[DropReason::kSctpUnexpected], 1u);
}

TEST_F(AssociationTest, MessageArrivesWhole) {
  const auto sent = SctpPair::Bytes(200'000, 7);
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, sent).ok());
  pair_.RunFor(5s);
  ASSERT_THAT(b().messages, SizeIs(1));
  EXPECT_EQ(b().messages[0].stream, kStream);
  EXPECT_EQ(b().messages[0].ppid, Ppid::kBinary);
  EXPECT_EQ(b().messages[0].payload, sent);
}

TEST_F(AssociationTest, EmptyTextIsText) {
  ASSERT_TRUE(Send(kStream, Ppid::kString, {}).ok());
  pair_.RunFor(1s);
  ASSERT_THAT(b().messages, SizeIs(1));
  EXPECT_EQ(b().messages[0].ppid, Ppid::kStringEmpty);
  EXPECT_THAT(b().messages[0].payload, IsEmpty());
}

TEST_F(AssociationTest, EmptyBinaryIsBinary) {
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, {}).ok());
  pair_.RunFor(1s);
  ASSERT_THAT(b().messages, SizeIs(1));
  EXPECT_EQ(b().messages[0].ppid, Ppid::kBinaryEmpty);
  EXPECT_THAT(b().messages[0].payload, IsEmpty());
}

TEST_F(AssociationTest, UnknownPayloadProtocolIsCarriedAsItIs) {
  ASSERT_TRUE(Send(kStream, static_cast<Ppid>(0xabcdef01), kByte).ok());
  pair_.RunFor(1s);
  ASSERT_THAT(b().messages, SizeIs(1));
  EXPECT_EQ(b().messages[0].ppid, static_cast<Ppid>(0xabcdef01));
}

TEST_F(AssociationTest, NoPacketIsLargerThanAllowed) {
  size_t largest = 0;
  pair_.filter = [&](int, const std::vector<uint8_t>& packet) {
    largest = std::max(largest, packet.size());
    return true;
  };
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(100'000, 1)).ok());
  pair_.RunFor(5s);
  EXPECT_LE(largest, 1200u);
  EXPECT_GT(largest, 1190u);
}

TEST_F(AssociationTest, MessageOverTheLimitIsRefused) {
  const auto status = Send(kStream, Ppid::kBinary, std::vector<uint8_t>(256 * 1024 + 1));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AssociationTest, StreamOutOfRangeIsRefused) {
  EXPECT_EQ(Send(StreamId(1024), Ppid::kBinary, kByte).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Send(StreamId(1023), Ppid::kBinary, kByte).ok());
}

TEST_F(AssociationTest, TwoLimitsAtOnceAreRefused) {
  const Reliability both{.max_retransmits = 1, .max_lifetime = 1ms};
  EXPECT_EQ(Send(kStream, Ppid::kBinary, kByte, both).code(), absl::StatusCode::kInvalidArgument);
}

TEST(AssociationSendTest, NothingIsSentBeforeTheAssociationIsUp) {
  SctpPair pair;
  pair.a().association.Connect(pair.now());
  const auto status = pair.a().association.Send(pair.now(), kStream, Ppid::kBinary, kByte, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(AssociationTest, BufferedAmountFallsToZeroWhenAllIsAcknowledged) {
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(100'000, 1)).ok());
  EXPECT_EQ(a().association.buffered_amount(kStream), 100'000u);
  EXPECT_EQ(a().association.buffered_amount(kOther), 0u);
  pair_.RunFor(5s);
  EXPECT_EQ(a().association.buffered_amount(kStream), 0u);
  EXPECT_EQ(a().association.buffered_amount(), 0u);
}

TEST_F(AssociationTest, FullSendBufferRefusesAndRecovers) {
  const std::vector<uint8_t> message(200'000);
  int accepted = 0;
  while (Send(kStream, Ppid::kBinary, message).ok()) ASSERT_LT(++accepted, 20);
  EXPECT_EQ(accepted, 10);
  EXPECT_EQ(a().association.counters().messages_refused, 1u);
  pair_.RunFor(10s);
  EXPECT_TRUE(Send(kStream, Ppid::kBinary, message).ok());
}

TEST_F(AssociationTest, ManySmallMessagesReachABoundThatIsNotOfBytes) {
  size_t accepted = 0;
  while (Send(kStream, Ppid::kBinary, kByte).ok()) ++accepted;
  EXPECT_GE(accepted, Association::kMaxQueued);
  EXPECT_LE(accepted, Association::kMaxQueued + 2048);
}

TEST_F(AssociationTest, LowThresholdIsToldOncePerFall) {
  a().association.SetLowThreshold(kStream, 50'000);
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(200'000, 1)).ok());
  ASSERT_TRUE(Send(kOther, Ppid::kBinary, SctpPair::Bytes(200'000, 1)).ok());
  pair_.RunFor(5s);
  EXPECT_THAT(a().low, ElementsAre(kStream));
}

TEST_F(AssociationTest, AmountBelowTheThresholdIsNotAFall) {
  a().association.SetLowThreshold(kStream, 50'000);
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(50'000, 1)).ok());
  pair_.RunFor(5s);
  EXPECT_THAT(a().low, IsEmpty());
}

TEST_F(AssociationTest, ChatDoesNotWaitForTheWholeFile) {
  for (uint32_t i = 0; i < 7; ++i) {
    ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(256 * 1024, i)).ok());
  }
  ASSERT_TRUE(Send(kOther, Ppid::kString, kByte).ok());
  ASSERT_TRUE(pair_.RunUntil([&] { return b().messages.size() == 8; }, 20s));
  const auto chat = std::ranges::find(b().messages, kOther, &Message::stream);
  EXPECT_LE(chat - b().messages.begin(), 3);
}

TEST_F(AssociationTest, ResetIsToldToBoth) {
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, kByte).ok());
  ASSERT_TRUE(a().association.ResetStream(pair_.now(), kStream).ok());
  pair_.RunFor(2s);
  EXPECT_THAT(b().incoming_resets, ElementsAre(kStream));
  EXPECT_THAT(a().outgoing_resets, ElementsAre(kStream));
  EXPECT_THAT(b().messages, SizeIs(1));
}

TEST_F(AssociationTest, NothingIsSentOnAStreamThatIsBeingReset) {
  ASSERT_TRUE(a().association.ResetStream(pair_.now(), kStream).ok());
  EXPECT_EQ(Send(kStream, Ppid::kBinary, kByte).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Send(kOther, Ppid::kBinary, kByte).ok());
}

TEST_F(AssociationTest, ResetWaitsForWhatWasAccepted) {
  for (uint32_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(256 * 1024, i)).ok());
  }
  ASSERT_TRUE(a().association.ResetStream(pair_.now(), kStream).ok());
  ASSERT_TRUE(pair_.RunUntil([&] { return !b().incoming_resets.empty(); }, 20s));
  EXPECT_THAT(b().messages, SizeIs(5));
}

TEST_F(AssociationTest, AllStreamsCanBeResetAtOnce) {
  for (uint16_t i = 0; i < 1024; ++i) {
    ASSERT_TRUE(a().association.ResetStream(pair_.now(), StreamId(i)).ok());
  }
  pair_.RunUntil([&] { return a().outgoing_resets.size() == 1024; }, 30s);
  EXPECT_THAT(a().outgoing_resets, SizeIs(1024));
  EXPECT_THAT(b().incoming_resets, SizeIs(1024));
}

TEST_F(AssociationTest, ShutdownDeliversWhatWasAcceptedBefore) {
  for (uint32_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(Send(kStream, Ppid::kBinary, SctpPair::Bytes(256 * 1024, i)).ok());
  }
  a().association.Shutdown(pair_.now());
  ASSERT_TRUE(pair_.RunUntil([&] { return a().closed && b().closed; }, 20s));
  EXPECT_EQ(*a().closed, Association::CloseReason::kLocalClosed);
  EXPECT_EQ(*b().closed, Association::CloseReason::kRemoteShutdown);
  EXPECT_THAT(b().messages, SizeIs(5));
}

TEST_F(AssociationTest, AbortIsToldToThePeer) {
  a().association.Abort(pair_.now());
  pair_.RunFor(1s);
  EXPECT_THAT(a().closed, Optional(Association::CloseReason::kLocalClosed));
  EXPECT_THAT(b().closed, Optional(Association::CloseReason::kRemoteAborted));
}

TEST_F(AssociationTest, ClosedAssociationAsksForNothing) {
  a().association.Abort(pair_.now());
  pair_.RunFor(1s);
  EXPECT_FALSE(a().association.NextTimeout());
  const uint64_t before = a().association.drops()[DropReason::kSctpUnexpected];
  a().association.Receive(pair_.now(), std::vector<uint8_t>(16));
  EXPECT_EQ(a().association.drops()[DropReason::kSctpUnexpected], before + 1);
  std::array<uint8_t, 1500> out;
  EXPECT_EQ(a().association.PollTransmit(pair_.now(), out), 0u);
}

TEST_F(AssociationTest, PeerThatFallsSilentIsGivenUp) {
  pair_.filter = [](int from, const std::vector<uint8_t>&) { return from == 0; };
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, kByte).ok());
  ASSERT_TRUE(pair_.RunUntil([&] { return a().closed.has_value(); }, 3min));
  EXPECT_EQ(*a().closed, Association::CloseReason::kRemoteAborted);
}

TEST_F(AssociationTest, OutageOfTenSecondsIsOverSoonAfter) {
  bool outage = true;
  pair_.filter = [&](int, const std::vector<uint8_t>&) { return !outage; };
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, kByte).ok());
  pair_.RunFor(10s);
  outage = false;
  EXPECT_TRUE(pair_.RunUntil([&] { return b().messages.size() == 1; }, 4100ms));
}

TEST_F(AssociationTest, PacketThatDoesNotFitIsCounted) {
  ASSERT_TRUE(Send(kStream, Ppid::kBinary, std::vector<uint8_t>(1000)).ok());
  std::array<uint8_t, 500> out;
  EXPECT_EQ(a().association.PollTransmit(pair_.now(), out), 0u);
  EXPECT_EQ(a().association.drops()[DropReason::kTooLarge], 1u);
}

TEST(AssociationLimitsTest, StreamsAreTheSmallerOfBothWishes) {
  SctpPair pair({}, {{{.outgoing_streams = 65'535}, {.incoming_streams = 16}}});
  pair.Connect();
  ASSERT_TRUE(pair.a().connected);
  EXPECT_EQ(pair.a().connected->outgoing_streams, 16);
}

TEST(AssociationLimitsTest, MessageLongerThanTheReceiverAllowsIsDroppedWhole) {
  SctpPair pair({.one_way = 5ms},
                {{{.max_message_size = 1'000'000}, {.max_receive_message_size = 10'000}}});
  pair.Connect();
  auto& a = pair.a().association;
  ASSERT_TRUE(a.Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(900'000, 1), {}).ok());
  ASSERT_TRUE(a.Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(10'000, 2), {}).ok());
  pair.RunFor(10s);
  ASSERT_THAT(pair.b().messages, SizeIs(1));
  EXPECT_EQ(SctpPair::NumberOf(pair.b().messages[0]), 2u);
  EXPECT_EQ(pair.b().association.counters().messages_oversized, 1u);
}

TEST(AssociationLimitsTest, DirectionsHaveSizesOfTheirOwn) {
  SctpPair pair({.one_way = 5ms},
                {{{.max_message_size = 1'000, .max_receive_message_size = 50'000}, {}}});
  pair.Connect();
  auto& a = pair.a().association;
  auto& b = pair.b().association;
  EXPECT_EQ(a.Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(1'001, 1), {}).code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(b.Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(50'000, 2), {}).ok());
  ASSERT_TRUE(b.Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(50'001, 3), {}).ok());
  pair.RunFor(1s);
  ASSERT_THAT(pair.a().messages, SizeIs(1));
  EXPECT_EQ(SctpPair::NumberOf(pair.a().messages[0]), 2u);
}

TEST(AssociationLimitsTest, OneStreamCannotTakeTheBufferOfTheOthers) {
  SctpPair pair({.one_way = 5ms}, {{{.send_buffer = 100'000, .stream_send_buffer = 30'000}, {}}});
  pair.Connect();
  auto& a = pair.a().association;
  const std::vector<uint8_t> message = SctpPair::Bytes(20'000, 1);
  ASSERT_TRUE(a.Send(pair.now(), kStream, Ppid::kBinary, message, {}).ok());
  EXPECT_EQ(a.Send(pair.now(), kStream, Ppid::kBinary, message, {}).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(a.counters().messages_refused, 1u);
  EXPECT_TRUE(a.Send(pair.now(), kOther, Ppid::kBinary, message, {}).ok());
  pair.RunFor(1s);
  EXPECT_TRUE(a.Send(pair.now(), kStream, Ppid::kBinary, message, {}).ok());
}

// RFC 9260 §3.3.2: the INIT offers it, in the four bytes behind the tag.
TEST(AssociationLimitsTest, TheWindowIsWhatWasAskedFor) {
  for (const size_t window : {size_t{700'000}, size_t{5'242'880}}) {
    SctpPair pair({}, {{{.receive_window = window}, {}}});
    std::optional<uint32_t> offered;
    pair.filter = [&](int from, std::vector<uint8_t>& packet) {
      if (from == 0 && !offered) offered = ByteReader(ByteView(packet).subspan(20)).U32();
      return true;
    };
    pair.Connect();
    EXPECT_THAT(offered, Optional(static_cast<uint32_t>(window)));
  }
}

}  // namespace
}  // namespace sluice::sctp

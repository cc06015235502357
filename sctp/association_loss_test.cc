// Every promise of a message, every size, over a path that loses and reorders.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sctp/association.h"
#include "tests/support/sctp_pair.h"

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using test::LinkOptions;
using test::SctpPair;
using testing::SizeIs;

constexpr StreamId kStream{3};

LinkOptions BadLink() {
  return {.one_way = 20ms, .jitter = 5ms, .loss = 0.05, .reorder = 0.05, .reorder_delay = 15ms};
}

// Sends messages with the numbers 0 to `count` - 1, as fast as the association takes them.
void SendAll(SctpPair& pair, uint32_t count, size_t size, const Reliability& reliability,
             uint16_t streams = 1) {
  for (uint32_t i = 0; i < count; ++i) {
    const StreamId stream(static_cast<uint16_t>(kStream.value() + i % streams));
    const auto message = SctpPair::Bytes(size, i);
    ASSERT_TRUE(pair.RunUntil(
        [&] {
          return pair.a()
              .association.Send(pair.now(), stream, Ppid::kBinary, message, reliability)
              .ok();
        },
        5min));
  }
}

std::vector<uint32_t> Numbers(const std::vector<Message>& messages) {
  std::vector<uint32_t> numbers;
  for (const Message& message : messages) numbers.push_back(SctpPair::NumberOf(message));
  return numbers;
}

bool AllDelivered(SctpPair& pair, size_t count) {
  return pair.RunUntil([&] { return pair.b().messages.size() == count; }, 10min);
}

class LossTest : public testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, LossTest, testing::Range<uint64_t>(1, 9));

TEST_P(LossTest, ReliableAndOrderedKeepsEveryMessageInOrder) {
  SctpPair pair(BadLink(), {}, GetParam());
  pair.Connect();
  SendAll(pair, 500, 1'000, {});
  ASSERT_TRUE(AllDelivered(pair, 500));
  EXPECT_TRUE(std::ranges::is_sorted(Numbers(pair.b().messages)));
}

TEST_P(LossTest, ReliableAndUnorderedKeepsEveryMessage) {
  SctpPair pair(BadLink(), {}, GetParam());
  pair.Connect();
  SendAll(pair, 500, 1'000, {.ordered = false});
  ASSERT_TRUE(AllDelivered(pair, 500));
  const auto numbers = Numbers(pair.b().messages);
  EXPECT_THAT(std::set<uint32_t>(numbers.begin(), numbers.end()), SizeIs(500));
  EXPECT_FALSE(std::ranges::is_sorted(numbers));
}

TEST_P(LossTest, MessageThatIsSentOnlyOnceIsSometimesLostAndNeverOutOfOrder) {
  SctpPair pair(BadLink(), {}, GetParam());
  pair.Connect();
  SendAll(pair, 1'000, 1'000, {.max_retransmits = 0});
  pair.RunFor(30s);
  const auto numbers = Numbers(pair.b().messages);
  EXPECT_LT(numbers.size(), 1'000u);
  EXPECT_GT(numbers.size(), 700u);
  EXPECT_TRUE(std::ranges::is_sorted(numbers));
  EXPECT_EQ(pair.a().association.buffered_amount(), 0u);
}

TEST_P(LossTest, TwoRepetitionsLoseLessThanNone) {
  std::vector<size_t> delivered;
  for (const int repetitions : {0, 2}) {
    SctpPair pair(BadLink(), {}, GetParam());
    pair.Connect();
    SendAll(pair, 1'000, 1'000,
            {.ordered = false, .max_retransmits = static_cast<uint16_t>(repetitions)});
    pair.RunFor(30s);
    delivered.push_back(pair.b().messages.size());
  }
  EXPECT_GT(delivered[1], delivered[0]);
}

TEST_P(LossTest, NothingArrivesLongAfterItsLifetime) {
  SctpPair pair(BadLink(), {}, GetParam());
  pair.Connect();
  std::map<uint32_t, Timestamp> sent;
  Duration oldest{0};
  pair.b().on_message = [&](const Message& message) {
    oldest = std::max(oldest, pair.now() - sent[SctpPair::NumberOf(message)]);
  };
  for (uint32_t i = 0; i < 500; ++i) {
    sent[i] = pair.now();
    ASSERT_TRUE(pair.a()
                    .association
                    .Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(1'000, i),
                          {.ordered = false, .max_lifetime = 100ms})
                    .ok());
    pair.RunFor(10ms);
  }
  pair.RunFor(10s);
  // usrsctp asks for the lifetime when it marks a packet as missing, and sends it a little later. A
  // timeout, after 400 ms, brings nothing back.
  EXPECT_LE(oldest, 250ms);
  EXPECT_GT(pair.b().association.counters().messages_received, 450u);
}

TEST(LifetimeTest, IsOverWhileAMessageWaitsInOurQueue) {
  SctpPair pair({.one_way = 20ms, .rate = BitRate::Kbps(1'000)});
  pair.Connect();
  SendAll(pair, 5, 256 * 1024, {});
  ASSERT_TRUE(pair.a()
                  .association
                  .Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(256 * 1024, 9),
                        {.max_lifetime = 500ms})
                  .ok());
  pair.RunFor(1min);
  EXPECT_THAT(Numbers(pair.b().messages), testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(pair.a().association.counters().messages_expired, 1u);
}

class SizeTest : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, SizeTest,
                         testing::Values(0, 1, 4, 1'151, 1'152, 1'153, 1'172, 1'200, 16'384, 65'535,
                                         65'536, 131'072, 262'143, 262'144));

TEST_P(SizeTest, ArrivesThroughLossUnchanged) {
  SctpPair pair(BadLink(), {}, GetParam());
  pair.Connect();
  const auto message = SctpPair::Bytes(GetParam(), 5);
  for (const bool ordered : {true, false}) {
    ASSERT_TRUE(
        pair.a()
            .association.Send(pair.now(), kStream, Ppid::kBinary, message, {.ordered = ordered})
            .ok());
  }
  ASSERT_TRUE(AllDelivered(pair, 2));
  EXPECT_EQ(pair.b().messages[0].payload, message);
  EXPECT_EQ(pair.b().messages[1].payload, message);
}

TEST(ManyStreamsTest, TwoHundredChannelsKeepTheirOrder) {
  SctpPair pair(BadLink());
  pair.Connect();
  SendAll(pair, 4'000, 600, {}, 200);
  ASSERT_TRUE(AllDelivered(pair, 4'000));
  std::map<StreamId, std::vector<uint32_t>> by_stream;
  for (const Message& message : pair.b().messages) {
    by_stream[message.stream].push_back(SctpPair::NumberOf(message));
  }
  EXPECT_THAT(by_stream, SizeIs(200));
  for (const auto& [stream, numbers] : by_stream) {
    EXPECT_TRUE(std::ranges::is_sorted(numbers)) << stream.value();
  }
}

TEST(ReuseTest, StreamIsResetAndUsedAgainAHundredTimes) {
  SctpPair pair(BadLink());
  pair.Connect();
  auto& a = pair.a().association;
  auto& b = pair.b().association;
  for (uint32_t i = 0; i < 100; ++i) {
    for (auto* end : {&a, &b}) {
      ASSERT_TRUE(
          end->Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(3'000, i), {}).ok());
      ASSERT_TRUE(end->ResetStream(pair.now(), kStream).ok());
    }
    ASSERT_TRUE(pair.RunUntil(
        [&] {
          return pair.a().outgoing_resets.size() == i + 1 &&
                 pair.b().outgoing_resets.size() == i + 1 &&
                 pair.a().incoming_resets.size() == i + 1 &&
                 pair.b().incoming_resets.size() == i + 1;
        },
        1min))
        << i;
  }
  EXPECT_THAT(pair.a().messages, SizeIs(100));
  EXPECT_THAT(pair.b().messages, SizeIs(100));
  EXPECT_TRUE(std::ranges::is_sorted(Numbers(pair.b().messages)));
}

TEST(BothWaysTest, AMegabyteEachWay) {
  SctpPair pair(BadLink());
  pair.Connect();
  for (uint32_t i = 0; i < 4; ++i) {
    for (auto* side : {&pair.a(), &pair.b()}) {
      ASSERT_TRUE(side->association
                      .Send(pair.now(), kStream, Ppid::kBinary, SctpPair::Bytes(256 * 1024, i), {})
                      .ok());
    }
  }
  EXPECT_TRUE(pair.RunUntil(
      [&] { return pair.a().messages.size() == 4 && pair.b().messages.size() == 4; }, 2min));
}

}  // namespace
}  // namespace sluice::sctp

#include "rtp/rtcp/transport_feedback_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <vector>

#include "rtp/rtcp/transport_feedback.h"
#include "tests/support/hex.h"

namespace sluice::rtp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::FromHex;

constexpr Timestamp kStart = Timestamp() + 1000 * TransportFeedback::kReferenceTick;
constexpr FeedbackSources kSources{Ssrc(1), Ssrc(2)};

struct Fact {
  int64_t sequence;
  Timestamp time;
};

std::vector<uint8_t> Build(TransportSeq base, const std::vector<Fact>& facts) {
  std::vector<uint8_t> bytes(1200);
  TransportFeedbackBuilder builder(base, facts.front().time, bytes.size());
  for (const Fact& fact : facts) EXPECT_TRUE(builder.Add({fact.sequence}, fact.time));
  ByteWriter out(bytes);
  builder.WriteTo(out, kSources, 9);
  EXPECT_TRUE(out.ok());
  bytes.resize(out.size());
  return bytes;
}

// Without the headers and counts that all of them share.
std::vector<uint8_t> ChunksAndDeltas(const std::vector<uint8_t>& packet) {
  const auto rtcp = RtcpPacket::Parse(packet);
  const ByteView body = rtcp->body().subspan(16);
  return {body.begin(), body.end()};
}

// What a reader makes of the bytes must be what was told, to half a tick, with no error adding up.
void ExpectToldTruly(const std::vector<uint8_t>& bytes, const std::vector<Fact>& facts) {
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  ASSERT_EQ(feedback->received_count(), facts.size());
  size_t i = 0;
  feedback->ForEachReceived([&](const TransportFeedback::Arrival& arrival) {
    EXPECT_EQ(arrival.sequence.value(), static_cast<uint16_t>(facts[i].sequence));
    const Duration error = arrival.time - facts[i].time.time_since_epoch();
    EXPECT_LE(std::abs(error.count()), 125) << i;
    ++i;
  });
  EXPECT_EQ(feedback->base() + (feedback->status_count() - 1),
            SeqNo(static_cast<uint16_t>(facts.back().sequence)));
}

TEST(TransportFeedbackBuilderTest, WritesARunForPacketsWithoutLoss) {
  std::vector<Fact> facts;
  for (int i = 0; i < 50; ++i) facts.push_back({65'530 + i, kStart + i * milliseconds(2)});
  const auto bytes = Build({65'530}, facts);
  ExpectToldTruly(bytes, facts);
  // One chunk of two bytes, fifty deltas of one.
  EXPECT_EQ(ChunksAndDeltas(bytes).size(), 52u);
}

TEST(TransportFeedbackBuilderTest, WritesAVectorForMixedPackets) {
  const std::vector<Fact> facts = {
      {1, kStart}, {3, kStart + milliseconds(1)}, {6, kStart + milliseconds(2)}};
  const auto bytes = Build({0}, facts);
  ExpectToldTruly(bytes, facts);
  EXPECT_EQ(ChunksAndDeltas(bytes), FromHex("9480 00 04 04"));  // 0 1 0 1 0 0 1
}

TEST(TransportFeedbackBuilderTest, WritesTwoBitsOnlyWhereALargeDeltaNeedsThem) {
  const std::vector<Fact> facts = {
      {0, kStart}, {2, kStart + milliseconds(80)}, {3, kStart + milliseconds(79)}};
  const auto bytes = Build({0}, facts);
  ExpectToldTruly(bytes, facts);
  EXPECT_EQ(ChunksAndDeltas(bytes), FromHex("d280 00 0140 fffc"));  // 1 0 2 2
}

TEST(TransportFeedbackBuilderTest, SpeaksOfLossBeforeTheFirstArrival) {
  const std::vector<Fact> facts = {{120, kStart + milliseconds(10)}};
  const auto bytes = Build({100}, facts);
  ExpectToldTruly(bytes, facts);
  EXPECT_EQ(TransportFeedback::Parse(bytes)->base(), SeqNo(100));
  EXPECT_EQ(ChunksAndDeltas(bytes), FromHex("0014 2001 28"));
}

TEST(TransportFeedbackBuilderTest, BridgesGapsLongerThanARun) {
  const std::vector<Fact> facts = {{5, kStart}, {20'005, kStart + milliseconds(4)}};
  const auto bytes = Build({5}, facts);
  ExpectToldTruly(bytes, facts);
}

TEST(TransportFeedbackBuilderTest, RefusesAGapThatTheCountCannotHold) {
  TransportFeedbackBuilder builder({0}, kStart, 1200);
  EXPECT_TRUE(builder.Add({0}, kStart));
  EXPECT_FALSE(builder.Add({65'535}, kStart));
  EXPECT_TRUE(builder.Add({65'534}, kStart));
}

TEST(TransportFeedbackBuilderTest, RefusesADeltaThatDoesNotFit) {
  TransportFeedbackBuilder builder({0}, kStart, 1200);
  EXPECT_TRUE(builder.Add({0}, kStart));
  EXPECT_FALSE(builder.Add({1}, kStart + 32'768 * TransportFeedback::kTick));
  EXPECT_TRUE(builder.Add({1}, kStart + 32'767 * TransportFeedback::kTick));
  EXPECT_FALSE(builder.Add({2}, kStart - 2 * TransportFeedback::kTick));
  EXPECT_TRUE(builder.Add({2}, kStart - TransportFeedback::kTick));
}

TEST(TransportFeedbackBuilderTest, NeverOutgrowsItsRoom) {
  for (size_t room = 0; room < 200; ++room) {
    std::array<uint8_t, 200> buffer{};
    TransportFeedbackBuilder builder({0}, kStart, room);
    for (int i = 0; i < 100; ++i) {
      // The worst kind: every second one missing, every delta large.
      if (!builder.Add({2 * i}, kStart + i * milliseconds(70))) break;
    }
    if (builder.empty()) continue;
    ByteWriter out(ByteSpan(buffer).first(room));
    builder.WriteTo(out, kSources, 0);
    EXPECT_TRUE(out.ok()) << room;
    EXPECT_TRUE(TransportFeedback::Parse(out.written())) << room;
  }
}

TEST(TransportFeedbackBuilderTest, ReferenceTimeWrapsAfterTwelveDays) {
  constexpr Timestamp kLate =
      Timestamp() + ((int64_t{1} << 24) + 7) * TransportFeedback::kReferenceTick;
  const auto bytes = Build({0}, {{0, kLate}});
  EXPECT_EQ(TransportFeedback::Parse(bytes)->reference_time(), 7);
}

TEST(TransportFeedbackBuilderTest, RandomHistoriesAreToldTruly) {
  std::mt19937 random(20);
  for (int round = 0; round < 500; ++round) {
    const uint64_t loss = random() % 100;
    const uint64_t pause = 1 + random() % 100'000;
    std::vector<Fact> facts;
    Timestamp time = kStart;
    const int64_t base = 65'000 + random() % 1000;
    for (int64_t sequence = base; facts.size() < 60; ++sequence) {
      if (random() % 100 < loss) continue;
      time += microseconds(random() % pause);
      const Duration overtaken = microseconds(random() % 10 == 0 ? random() % 20'000 : 0);
      facts.push_back({sequence, time - overtaken});
    }
    ExpectToldTruly(Build({base}, facts), facts);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace sluice::rtp

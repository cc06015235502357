// What SCTP does through the worker when its peer means harm, and what it promises when the links
// are bad: each mode of reliability, with 5 % of all datagrams lost on both sides.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/heap_watch.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using sctp::StreamId;
using testing::ElementsAre;
using Bytes = std::vector<uint8_t>;

constexpr StreamId kMouth{0};
constexpr StreamId kEar{0};
constexpr size_t kMegabyte = 1024 * 1024;

struct Mode {
  const char* name;
  bool ordered;
  std::optional<uint16_t> max_retransmits;
  std::optional<uint16_t> max_lifetime_ms;
};

std::unique_ptr<schema::SctpStreamParametersT> OnStream(StreamId stream, const Mode& mode) {
  auto parameters = std::make_unique<schema::SctpStreamParametersT>();
  parameters->stream_id = stream.value();
  parameters->ordered = mode.ordered;
  if (mode.max_retransmits) parameters->max_retransmits = *mode.max_retransmits;
  if (mode.max_lifetime_ms) parameters->max_packet_life_time = *mode.max_lifetime_ms;
  return parameters;
}

// Speaker and listener, joined by the worker.
void Wire(Simulation& sim, Member& from, Member& to, const Mode& mode) {
  schema::ProduceDataT produce;
  produce.data_producer_id = "talk";
  produce.stream = OnStream(kMouth, mode);
  ASSERT_TRUE(sim.Ask(from.transport(), std::move(produce)).ok());
  schema::ConsumeDataT consume;
  consume.data_consumer_id = "hear";
  consume.data_producer_id = "talk";
  consume.stream = OnStream(kEar, mode);
  ASSERT_TRUE(sim.Ask(to.transport(), std::move(consume)).ok());
}

bool BothConnect(Simulation& sim, Member& one, Member& other) {
  const bool up = sim.RunUntil(
      30s, [&] { return one.peer().data().connected() && other.peer().data().connected(); });
  sim.RunFor(1s);  // The worker hears of it a little later.
  return up;
}

class HostileDataTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(BothConnect(sim_, mallory_, bob_));
    ASSERT_NO_FATAL_FAILURE(Wire(sim_, mallory_, bob_, {"", true, {}, {}}));
    // Her browser says something, from which the forger learns the next number.
    mallory_.peer().data().Send(sim_.now(), kMouth, "first");
    sim_.RunFor(500ms);
    mallory_.peer().data().TakeOver();
  }

  SctpForger& forger() { return mallory_.peer().data().forger(); }
  // Sends it in her name, through her DTLS.
  void Forge(Bytes packet) {
    mallory_.peer().data().Inject(std::move(packet));
    sim_.RunFor(1ms);
    heap_.Look();
  }
  schema::SctpStatsT Sctp() { return *mallory_.Stats().sctp; }

  Simulation sim_{{.link = {.one_way = 5ms}}};
  Member& mallory_ = sim_.Join("mallory", {.data_channels = true});
  Member& bob_ = sim_.Join("bob", {.role = dtls::Role::kClient, .data_channels = true});
  HeapWatch heap_;
};

TEST_F(HostileDataTest, ForgeryReachesTheListener) {
  Forge(forger().Data({.sequence = 1, .ppid = 51, .payload = {'x'}}));
  sim_.RunFor(100ms);
  EXPECT_THAT(bob_.peer().data().TextsOn(kEar), ElementsAre("first", "x"));
}

TEST_F(HostileDataTest, ChunksOfLengthZeroAreCounted) {
  for (int i = 0; i < 100; ++i) Forge(forger().Packet({0, 3, 0, 0}));
  sim_.RunFor(100ms);
  uint64_t malformed = 0;
  for (const auto& drop : mallory_.Stats().drops) {
    if (drop->reason == "sctpMalformed") malformed = drop->packets;
  }
  EXPECT_GE(malformed, 100u);
  EXPECT_THAT(bob_.peer().data().TextsOn(kEar), ElementsAre("first"));
}

TEST_F(HostileDataTest, FloodOfInitsIsCounted) {
  for (int i = 0; i < 500; ++i) Forge(forger().Init(65'535, 65'535));
  sim_.RunFor(100ms);
  EXPECT_GT(Sctp().inits_ignored, 400u);
  EXPECT_LE(heap_.growth(), kMegabyte);
}

TEST_F(HostileDataTest, StormOfResetsLeavesTheListenerInPeace) {
  for (int i = 0; i < 1'000; ++i) Forge(forger().ResetAll());
  sim_.RunFor(100ms);
  EXPECT_LE(heap_.growth(), 2 * kMegabyte);
  EXPECT_TRUE(bob_.peer().data().connected());
}

// Five times as long as allowed, and then it ends.
TEST_F(HostileDataTest, EndlessMessageIsBoundedAndCounted) {
  Forge(forger().Data(
      {.flags = SctpForger::kFirst, .stream = 0, .sequence = 1, .payload = Bytes(1'000)}));
  for (int i = 0; i < 1'300; ++i) {
    Forge(forger().Data(
        {.flags = SctpForger::kMiddle, .stream = 0, .sequence = 1, .payload = Bytes(1'000)}));
  }
  EXPECT_LE(heap_.growth(), 4 * kMegabyte);
  Forge(forger().Data(
      {.flags = SctpForger::kLast, .stream = 0, .sequence = 1, .payload = Bytes(1'000)}));
  sim_.RunFor(100ms);
  EXPECT_EQ(Sctp().messages_oversized, 1u);
  EXPECT_EQ(Sctp().state, "connected");
  EXPECT_THAT(bob_.peer().data().TextsOn(kEar), ElementsAre("first"));
}

TEST_F(HostileDataTest, BeginningsWithoutEndsAreBounded) {
  for (int i = 0; i < 5'000; ++i) {
    forger().SkipNumber();
    Forge(forger().Data({.flags = SctpForger::kFirst,
                         .stream = static_cast<uint16_t>(i % 1'000),
                         .sequence = static_cast<uint16_t>(i / 1'000),
                         .payload = Bytes(1'000)}));
  }
  EXPECT_LE(heap_.growth(), 6 * kMegabyte);
  EXPECT_TRUE(bob_.peer().data().connected());
}

TEST_F(HostileDataTest, StreamsThatDoNotExistAreHeardByNobody) {
  for (int stream = 1'024; stream < 65'535; stream += 257) {
    Forge(forger().Data({.stream = static_cast<uint16_t>(stream), .payload = {'x'}}));
  }
  sim_.RunFor(100ms);
  EXPECT_THAT(bob_.peer().data().TextsOn(kEar), ElementsAre("first"));
}

// Nobody claims them: what is kept for a moment is bounded, and the rest is counted.
TEST_F(HostileDataTest, WordsOnStreamsWithoutProducersAreCounted) {
  for (int i = 0; i < 3'000; ++i) {
    Forge(forger().Data({.flags = SctpForger::kWhole | SctpForger::kUnordered,
                         .stream = 500,
                         .payload = Bytes(1'000)}));
  }
  sim_.RunFor(100ms);
  EXPECT_GT(Sctp().messages_unclaimed, 0u);
  EXPECT_LE(heap_.growth(), 4 * kMegabyte);
}

// SCTP is for those who have proved who they are: outside of DTLS it is no protocol at all.
TEST(ClearSctpTest, InitOutsideDtlsIsCountedAndNothingElse) {
  Simulation sim{{.link = {.one_way = 5ms}}};
  Member& mallory = sim.Join("mallory", {.data_channels = true});
  SctpForger forger;
  const auto flood = [&] {
    const uint64_t before = sim.Drops(DropReason::kUnknownProtocol);
    for (int i = 0; i < 100; ++i) {
      sim.network().Inject(sim.now(), mallory.shown(), sim.server(), forger.Init(65'535, 65'535));
      sim.RunFor(1ms);
    }
    return sim.Drops(DropReason::kUnknownProtocol) - before;
  };
  EXPECT_EQ(flood(), 100u) << "before the handshake";
  ASSERT_TRUE(sim.RunUntil(10s, [&] { return mallory.peer().data().connected(); }));
  EXPECT_EQ(flood(), 100u) << "beside it";
  EXPECT_EQ(mallory.Stats().sctp->inits_ignored, 0u);
}

class LossyModeTest : public testing::TestWithParam<Mode> {};

TEST_P(LossyModeTest, KeepsItsPromiseThroughTwoBadLinks) {
  const Mode& mode = GetParam();
  Simulation sim({.link = {.one_way = 20ms, .loss = 0.05, .reorder = 0.02}});
  Member& alice = sim.Join("alice", {.data_channels = true});
  Member& bob = sim.Join("bob", {.data_channels = true});
  ASSERT_TRUE(BothConnect(sim, alice, bob));
  ASSERT_NO_FATAL_FAILURE(Wire(sim, alice, bob, mode));
  sctp::Reliability reliability{.ordered = mode.ordered};
  reliability.max_retransmits = mode.max_retransmits;
  if (mode.max_lifetime_ms)
    reliability.max_lifetime = std::chrono::milliseconds(*mode.max_lifetime_ms);
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(std::to_string(1'000 + i));
    alice.peer().data().Send(sim.now(), kMouth, sent.back(), reliability);
    sim.RunFor(10ms);
  }
  sim.RunFor(20s);
  std::vector<std::string> heard = bob.peer().data().TextsOn(kEar);
  if (mode.ordered) {
    EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
  }
  std::sort(heard.begin(), heard.end());
  EXPECT_EQ(std::adjacent_find(heard.begin(), heard.end()), heard.end()) << "one came twice";
  EXPECT_TRUE(std::includes(sent.begin(), sent.end(), heard.begin(), heard.end()));
  const bool reliable = !mode.max_retransmits && !mode.max_lifetime_ms;
  EXPECT_GE(heard.size(), reliable ? sent.size() : 200u);
}

INSTANTIATE_TEST_SUITE_P(
    Modes, LossyModeTest,
    testing::Values(Mode{"OrderedReliable", true, {}, {}}, Mode{"UnorderedReliable", false, {}, {}},
                    Mode{"OrderedOnce", true, 0, {}}, Mode{"UnorderedOnce", false, 0, {}},
                    Mode{"OrderedThrice", true, 2, {}}, Mode{"UnorderedThrice", false, 2, {}},
                    Mode{"OrderedLifetime", true, {}, 100},
                    Mode{"UnorderedLifetime", false, {}, 100}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace sluice::test

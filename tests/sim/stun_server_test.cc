// Binding requests of people who belong to nobody: not answered unless the worker was told to.

#include <gtest/gtest.h>

#include "tests/support/simulation.h"
#include "tests/support/stun_bytes.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

std::vector<uint8_t> Request() { return StunBytes(ice::StunMessage()); }

TEST(StunServerTest, SaysNothingUnlessItWasToldTo) {
  Simulation sim;
  Stranger& stranger = sim.AddStranger(IpAddress::V4(198, 51, 100, 7));
  for (int i = 0; i < 10; ++i) sim.SendAs(stranger, sim.server(), Request());
  sim.RunFor(1s);
  EXPECT_EQ(stranger.datagrams_received, 0u);
  EXPECT_EQ(sim.Drops(DropReason::kStunUnknownUser), 10u);
  EXPECT_FALSE(sim.WorkerStats().stun);
}

TEST(StunServerTest, AnswersAndCounts) {
  Simulation sim({.answers_stun = true});
  Stranger& stranger = sim.AddStranger(IpAddress::V4(198, 51, 100, 7));
  sim.SendAs(stranger, sim.server(), Request());
  sim.RunFor(500ms);
  EXPECT_EQ(stranger.datagrams_received, 0u);
  sim.SendAs(stranger, sim.server(), Request());
  sim.RunFor(500ms);
  ASSERT_EQ(stranger.datagrams_received, 1u);
  const auto answer = ice::StunMessage::Parse(stranger.received.front());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->mapped, stranger.endpoint);
  const schema::WorkerStatsT stats = sim.WorkerStats();
  EXPECT_EQ(stats.stun->requests, 2u);
  EXPECT_EQ(stats.stun->answers, 1u);
  EXPECT_EQ(stats.stun->too_short, 1u);
}

TEST(StunServerTest, AFloodIsNotReflectedAndDisturbsNobody) {
  Simulation sim({.link = {.one_way = 20ms}, .answers_stun = true});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  Subscription& view = bob.Subscribe(alice.PublishVideo());
  sim.RunFor(2s);
  Stranger& victim = sim.AddStranger(IpAddress::V4(198, 51, 100, 7));
  for (int i = 0; i < 1000; ++i) {
    for (int j = 0; j < 10; ++j) sim.SendAs(victim, sim.server(), Request());
    sim.RunFor(2ms);
  }
  EXPECT_LE(victim.bytes_received, victim.bytes_sent / 50);
  EXPECT_GT(sim.WorkerStats().stun->over_limit, 4'000u);
  EXPECT_EQ(view.track().nacked(), 0u);
  EXPECT_LT(view.track().decoder().longest_freeze(), 100ms);
}

}  // namespace
}  // namespace sluice::test

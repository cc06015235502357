// Getting into a room: ICE, DTLS in both roles, and media that flows at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(JoinTest, TwoPeopleHearAndSeeEachOther) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  Publication& camera = alice.PublishVideo();
  Publication& microphone = bob.PublishAudio();
  Subscription& picture = bob.Subscribe(camera);
  Subscription& sound = alice.Subscribe(microphone);
  sim.RunFor(5s);

  // 30 pictures and 50 packets of sound in every second, less what joining takes.
  EXPECT_GT(picture.track().decoder().pictures(), 30u * 4);
  EXPECT_GT(sound.track().packets(), 50u * 4);
  for (Subscription* subscription : {&picture, &sound}) {
    EXPECT_EQ(subscription->track().residual_loss(), 0u);
    EXPECT_EQ(subscription->track().foreign(), 0u);
    EXPECT_EQ(subscription->track().misnumbered(), 0u);
    EXPECT_EQ(subscription->track().duplicates(), 0u);
  }
  EXPECT_EQ(alice.peer().unexpected() + bob.peer().unexpected(), 0u);
  EXPECT_EQ(alice.peer().unsealed() + bob.peer().unsealed(), 0u);
}

TEST(JoinTest, ApplicationLearnsOfEveryStep) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice");
  sim.RunFor(2s);
  EXPECT_THAT(sim.control().IceStates(alice.transport()), ElementsAre("connected", "completed"));
  EXPECT_THAT(sim.control().DtlsStates(alice.transport()), ElementsAre("connecting", "connected"));
  const schema::TransportStatsT stats = alice.Stats();
  EXPECT_EQ(stats.ice_state, "completed");
  EXPECT_EQ(stats.dtls_state, "connected");
  EXPECT_EQ(stats.srtp_profile, "AEAD_AES_128_GCM");
  ASSERT_NE(stats.selected_tuple, nullptr);
  EXPECT_EQ(stats.selected_tuple->remote_ip, alice.shown().address.ToString());
  EXPECT_EQ(stats.selected_tuple->remote_port, alice.shown().port);
}

TEST(JoinTest, OnePortPerTransportWorksAsWell) {
  Simulation sim({.link = {.one_way = 20ms}, .shared_port = false});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  EXPECT_NE(alice.server(), bob.server());
  Subscription& view = bob.Subscribe(alice.PublishVideo());
  sim.RunFor(2s);
  EXPECT_GT(view.track().decoder().pictures(), 30u);
}

TEST(JoinTest, EnginesDoNotKnowOneAnother) {
  Simulation sim({.link = {.one_way = 20ms}, .engines = 2});
  // Same names everywhere: ids are unique in a worker, not among them.
  Member& here = sim.Join("alice", {.engine = 0});
  Member& there = sim.Join("alice", {.engine = 1});
  Subscription& view = here.Subscribe(here.PublishVideo());
  Subscription& other = there.Subscribe(there.PublishVideo());
  sim.RunFor(2s);
  for (Subscription* subscription : {&view, &other}) {
    EXPECT_GT(subscription->track().decoder().pictures(), 30u);
    EXPECT_EQ(subscription->track().foreign(), 0u);
  }
}

// ICE takes one round trip, DTLS two, of which the first half is the last half of ICE.
TEST(JoinTest, ConnectsInThreeRoundTrips) {
  constexpr Duration kRoundTrip = 80ms;
  for (const dtls::Role role : {dtls::Role::kServer, dtls::Role::kClient}) {
    Simulation sim({.link = {.one_way = kRoundTrip / 2}});
    const Timestamp start = sim.now();
    Member& alice = sim.Join("alice", {.role = role});
    ASSERT_TRUE(sim.RunUntil(5s, [&] { return alice.connected(); }));
    EXPECT_LE(sim.now() - start, 3 * kRoundTrip);
  }
}

struct HandshakeCase {
  std::string name;
  dtls::Role role;
  bool tell_role;
};

class HandshakeTest : public testing::TestWithParam<HandshakeCase> {};

// Four of five datagrams arrive, in each direction. A flight of three datagrams is then whole every
// second time; our timers double from 250 ms to 4 s, the peer's from one second (RFC 6347
// §4.2.4.1), and we stop at our bound of 30 s.
TEST_P(HandshakeTest, CompletesUnderTwentyPercentLoss) {
  constexpr int kSeeds = 60;
  int within_ten = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Simulation sim({.seed = seed, .link = {.one_way = 40ms, .loss = 0.2}});
    const Timestamp start = sim.now();
    Member& alice = sim.Join("alice", {.role = GetParam().role, .tell_role = GetParam().tell_role});
    const bool connected = sim.RunUntil(
        30s, [&] { return alice.connected() && alice.Stats().dtls_state == "connected"; });
    ASSERT_TRUE(connected) << "seed " << seed;
    if (sim.now() - start <= 10s) ++within_ten;
  }
  EXPECT_GE(within_ten, kSeeds * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(
    Roles, HandshakeTest,
    testing::Values(HandshakeCase{"PeerIsServer", dtls::Role::kServer, true},
                    HandshakeCase{"PeerIsClient", dtls::Role::kClient, true},
                    // A peer that leaves the choice to us finds us in the active part.
                    HandshakeCase{"PeerLeavesItOpen", dtls::Role::kServer, false}),
    [](const auto& tested) { return tested.param.name; });

TEST(JoinTest, EveryWayToNominateWorks) {
  using Nomination = IceController::Nomination;
  for (const Nomination nomination :
       {Nomination::kRegular, Nomination::kAggressive, Nomination::kNumbered}) {
    Simulation sim({.link = {.one_way = 20ms}});
    Member& alice = sim.Join("alice", {.nomination = nomination});
    sim.RunFor(2s);
    EXPECT_EQ(alice.Stats().ice_state, "completed");
    EXPECT_TRUE(alice.connected());
  }
}

// Media need not wait for the nomination.
TEST(JoinTest, MediaFlowsBeforeNomination) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice", {.nomination = IceController::Nomination::kNever});
  Subscription& view = alice.Subscribe(alice.PublishVideo());
  sim.RunFor(2s);
  EXPECT_EQ(alice.Stats().ice_state, "connected");
  EXPECT_GT(view.track().decoder().pictures(), 30u);
}

// Members that join at the same moment, over links of all kinds, all get there.
TEST(JoinTest, ManyJoinAtOnceOverBadLinks) {
  Simulation sim({.seed = 3});
  std::vector<Member*> members;
  for (int i = 0; i < 40; ++i) {
    const LinkOptions link{.one_way = Duration(i * 5'000),
                           .jitter = Duration(i % 4 * 10'000),
                           .loss = i % 5 * 0.02,
                           .reorder = i % 3 * 0.05,
                           .duplicate = i % 2 * 0.05};
    members.push_back(&sim.Join("m" + std::to_string(i), {.link = link}));
  }
  sim.RunFor(15s);
  for (Member* member : members) EXPECT_TRUE(member->connected()) << member->name();
}

}  // namespace
}  // namespace sluice::test

// The network goes away. RFC 7675 §5.1: without consent nothing may be sent, and consent that
// returns makes all well again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class ConsentTest : public testing::Test {
 protected:
  ConsentTest() {
    sim_.RunFor(3s);
    sim_.network().set_tap([this](Timestamp, const SimNetwork::Delivery& delivery) {
      if (delivery.to == bob_.shown()) ++sent_to_bob_;
    });
  }

  void CutOffBob() { sim_.network().Separate(bob_.shown().address, sim_.server().address); }
  void ReconnectBob() { sim_.network().Reunite(bob_.shown().address, sim_.server().address); }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Member& carol_ = sim_.Join("carol");
  Publication& camera_ = alice_.PublishVideo();
  Publication& microphone_ = bob_.PublishAudio();
  Subscription& view_ = bob_.Subscribe(camera_);
  Subscription& sound_ = alice_.Subscribe(microphone_);
  Subscription& other_view_ = carol_.Subscribe(camera_);
  uint64_t sent_to_bob_ = 0;
};

TEST_F(ConsentTest, TenSecondsOfBlackoutAreForgotten) {
  CutOffBob();
  sim_.RunFor(10s);
  ReconnectBob();
  sim_.RunFor(3s);
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
  const uint64_t pictures = view_.track().decoder().pictures();
  const uint64_t packets = sound_.track().packets();
  sim_.RunFor(2s);
  EXPECT_GT(view_.track().decoder().pictures(), pictures + 50);
  EXPECT_GT(sound_.track().packets(), packets + 90);
  EXPECT_THAT(sim_.control().IceStates(bob_.transport()),
              testing::ElementsAre("connected", "completed"));
}

TEST_F(ConsentTest, ThirtyFiveSecondsEndInSilence) {
  CutOffBob();
  sim_.RunFor(35s);
  EXPECT_EQ(bob_.Stats().ice_state, "disconnected");
  EXPECT_EQ(sim_.control().IceStates(bob_.transport()).back(), "disconnected");
  sent_to_bob_ = 0;
  sim_.RunFor(60s);
  EXPECT_EQ(sent_to_bob_, 0u);
  // Packets for him died with a name, and those for others went on.
  EXPECT_GT(CountOf(view_.Stats().drops, DropReason::kNotConnected), 5000u);
  EXPECT_EQ(other_view_.track().residual_loss(), 0u);
  EXPECT_LT(other_view_.track().decoder().longest_freeze(), 100ms);
}

// Peers of his own that come back find the transport as they left it.
TEST_F(ConsentTest, ReturnAfterTheEndRevivesTheCall) {
  CutOffBob();
  sim_.RunFor(40s);
  ReconnectBob();
  // The browser has given up as well, and restarts ICE.
  EXPECT_EQ(bob_.peer().ice().state(), IceController::State::kFailed);
  bob_.RestartIce();
  sim_.RunFor(3s);
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
  const uint64_t pictures = view_.track().decoder().pictures();
  sim_.RunFor(2s);
  EXPECT_GT(view_.track().decoder().pictures(), pictures + 50);
}

TEST_F(ConsentTest, SilentPeerWithoutMediaKeepsConsentByChecksAlone) {
  sim_.RunFor(10min);
  EXPECT_EQ(carol_.Stats().ice_state, "completed");
  EXPECT_EQ(other_view_.track().residual_loss(), 0u);
}

// A peer whose media still comes, but whose checks do not, has no consent for ours.
TEST_F(ConsentTest, MediaIsNoConsent) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& dave = sim.Join("dave");
  Subscription& view = dave.Subscribe(sim.Join("erin").PublishVideo());
  dave.PublishAudio();
  sim.RunFor(3s);
  // Checks with credentials that nobody has: the path stays, and so does everything but consent.
  dave.peer().ice().Restart(sim.now(), {"abcd", "wrong"}, {"efgh", "wrong"});
  sim.RunFor(26s);
  EXPECT_EQ(dave.Stats().ice_state, "completed");
  sim.RunFor(6s);
  EXPECT_EQ(dave.Stats().ice_state, "disconnected");
  const uint64_t packets = view.track().packets();
  sim.RunFor(5s);
  EXPECT_EQ(view.track().packets(), packets);
}

TEST(ConsentTimeoutTest, ZeroNeverExpires) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice", {.consent_timeout_s = 0});
  sim.RunFor(3s);
  sim.network().Separate(alice.shown().address, sim.server().address);
  sim.RunFor(1h);
  EXPECT_EQ(alice.Stats().ice_state, "completed");
}

}  // namespace
}  // namespace sluice::test

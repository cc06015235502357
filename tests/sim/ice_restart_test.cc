// New credentials in the middle of a call (RFC 8445 §9).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class IceRestartTest : public testing::Test {
 protected:
  IceRestartTest() { sim_.RunFor(3s); }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Publication& camera_ = alice_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
};

TEST_F(IceRestartTest, MediaGoesOnInBothDirections) {
  const std::string old_ufrag = alice_.local_ufrag();
  alice_.RestartIce();
  bob_.RestartIce();
  EXPECT_NE(alice_.local_ufrag(), old_ufrag);
  sim_.RunFor(20s);
  EXPECT_EQ(view_.track().residual_loss(), 0u);
  EXPECT_LT(view_.track().decoder().longest_freeze(), 100ms);
  EXPECT_EQ(alice_.Stats().ice_state, "completed");
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
  // DTLS is left alone: no second handshake.
  EXPECT_THAT(sim_.control().DtlsStates(alice_.transport()),
              testing::ElementsAre("connecting", "connected"));
}

TEST_F(IceRestartTest, RestartOntoAnotherInterface) {
  alice_.RestartIce();
  alice_.MoveToOtherInterface();
  sim_.RunFor(5s);
  const schema::TransportStatsT stats = alice_.Stats();
  EXPECT_EQ(stats.ice_state, "completed");
  EXPECT_EQ(stats.selected_tuple->remote_ip, alice_.shown().address.ToString());
  EXPECT_EQ(view_.track().residual_loss(), 0u);
}

// The answer to the restart is lost or late: the peer goes on with the old credentials, for which
// consent must not end.
TEST_F(IceRestartTest, OldCredentialsHoldUntilNewOnesAreUsed) {
  schema::RestartIceT restart;
  ASSERT_TRUE(sim_.Ask(alice_.transport(), std::move(restart)).ok());
  sim_.RunFor(60s);
  EXPECT_EQ(alice_.Stats().ice_state, "completed");
  EXPECT_EQ(view_.track().residual_loss(), 0u);
}

TEST_F(IceRestartTest, OldCredentialsEndWithTheFirstNewCheck) {
  const ice::Credentials old_worker = alice_.worker_credentials();
  alice_.RestartIce();
  sim_.RunFor(1s);
  const uint64_t unknown = sim_.Drops(DropReason::kStunUnknownUser);
  alice_.peer().ice().Restart(sim_.now(), ice::Credentials::Generate(sim_.entropy()), old_worker);
  sim_.RunFor(1s);
  EXPECT_GT(sim_.Drops(DropReason::kStunUnknownUser), unknown);
}

TEST_F(IceRestartTest, RestartsAsOftenAsYouLike) {
  for (int i = 0; i < 50; ++i) {
    alice_.RestartIce();
    sim_.RunFor(i % 3 * 100ms);
  }
  sim_.RunFor(5s);
  EXPECT_EQ(alice_.Stats().ice_state, "completed");
  EXPECT_EQ(view_.track().residual_loss(), 0u);
}

}  // namespace
}  // namespace sluice::test

// The end of things: what closes with what, who is told, and that nothing is left behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::NotificationBody;

class CloseTest : public testing::Test {
 protected:
  CloseTest() { sim_.RunFor(3s); }

  // How many there are of everything.
  std::array<uint32_t, 4> Objects() {
    const schema::WorkerStatsT stats = sim_.WorkerStats();
    return {stats.routers, stats.transports, stats.producers, stats.consumers};
  }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Publication& camera_ = alice_.PublishVideo();
  Publication& microphone_ = alice_.PublishAudio();
  Subscription& view_ = bob_.Subscribe(camera_);
  Subscription& sound_ = bob_.Subscribe(microphone_);
};

TEST_F(CloseTest, ProducerTakesItsConsumersAlong) {
  ASSERT_TRUE(camera_.Close().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerClosed), 1u);
  EXPECT_EQ(sim_.control().Count(sound_.id(), NotificationBody::ProducerClosed), 0u);
  EXPECT_THAT(Objects(), testing::ElementsAre(1, 2, 1, 1));
  EXPECT_EQ(view_.Close().code, schema::ResultCode::NotFound);
  // The peer does not know yet, and its packets belong to nobody.
  sim_.RunFor(1s);
  EXPECT_GT(alice_.Drops(DropReason::kRtpUnknownStream), 50u);
  EXPECT_EQ(sound_.track().residual_loss(), 0u);
}

TEST_F(CloseTest, ConsumerGoesAlone) {
  ASSERT_TRUE(view_.Close().ok());
  EXPECT_THAT(Objects(), testing::ElementsAre(1, 2, 2, 1));
  const uint64_t before = view_.track().packets();
  sim_.RunFor(40ms);
  const uint64_t under_way = view_.track().packets();
  EXPECT_LT(under_way, before + 20);
  sim_.RunFor(1s);
  EXPECT_EQ(view_.track().packets(), under_way);
  EXPECT_EQ(sound_.track().residual_loss(), 0u);
}

TEST_F(CloseTest, TransportSaysCloseNotify) {
  ASSERT_TRUE(alice_.Close().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerClosed), 1u);
  EXPECT_EQ(sim_.control().Count(sound_.id(), NotificationBody::ProducerClosed), 1u);
  sim_.RunFor(20ms);
  EXPECT_EQ(alice_.peer().closed(), dtls::Session::CloseReason::kRemoteClosed);
  EXPECT_THAT(Objects(), testing::ElementsAre(1, 1, 0, 0));
}

TEST_F(CloseTest, RouterTakesEverything) {
  ASSERT_TRUE(sim_.Ask("room", schema::CloseT()).ok());
  EXPECT_THAT(Objects(), testing::ElementsAre(0, 0, 0, 0));
  sim_.RunFor(20ms);
  EXPECT_TRUE(alice_.peer().closed());
  EXPECT_TRUE(bob_.peer().closed());
  sim_.RunFor(60s);
  EXPECT_EQ(sim_.engine().pool().in_use(), 0u);
}

TEST_F(CloseTest, ServerTakesTransportsAndSocketsAfterTheLastWord) {
  EXPECT_EQ(sim_.engine().sockets().open(), 1u);
  ASSERT_TRUE(sim_.Ask("server", schema::CloseT()).ok());
  EXPECT_THAT(Objects(), testing::ElementsAre(1, 0, 0, 0));
  sim_.RunFor(20ms);
  EXPECT_TRUE(alice_.peer().closed());
  EXPECT_EQ(sim_.engine().sockets().open(), 0u);
  EXPECT_EQ(sim_.engine().misdirected(), 0u);
}

TEST_F(CloseTest, PeerThatSaysCloseNotifyIsNotSentAnythingMore) {
  bob_.peer().Close(sim_.now());
  sim_.RunFor(100ms);
  EXPECT_EQ(bob_.Stats().dtls_state, "closed");
  const uint64_t before = bob_.datagrams_received;
  sim_.RunFor(3s);
  // Answers to its checks.
  EXPECT_LE(bob_.datagrams_received, before + 2);
  // The transport itself stays until the application closes it.
  EXPECT_THAT(Objects(), testing::ElementsAre(1, 2, 2, 2));
}

TEST_F(CloseTest, NamesMayBeUsedAgain) {
  ASSERT_TRUE(alice_.Close().ok());
  ASSERT_TRUE(bob_.Close().ok());
  Member& alice = sim_.Join("alice");
  Member& bob = sim_.Join("bob");
  Subscription& view = bob.Subscribe(alice.PublishVideo());
  sim_.RunFor(3s);
  EXPECT_EQ(view.id(), view_.id());
  EXPECT_GT(view.track().decoder().pictures(), 60u);
}

// A consumer ends while packets for it wait, and another takes its place in all tables.
TEST_F(CloseTest, SuccessorsGetNothingOfTheirPredecessors) {
  for (int i = 0; i < 30; ++i) {
    Subscription& brief = bob_.Subscribe(i % 2 == 0 ? camera_ : microphone_);
    sim_.RunFor(Duration(i * 7'919 % 120'000));
    ASSERT_TRUE(brief.Close().ok());
    EXPECT_EQ(brief.track().foreign(), 0u);
    EXPECT_EQ(brief.track().misnumbered(), 0u);
  }
  EXPECT_EQ(view_.track().residual_loss(), 0u);
  EXPECT_EQ(bob_.peer().unsealed(), 0u);
}

// Rooms come and go for hours. Nothing of them may stay.
TEST(ChurnTest, ThousandsOfTransportsLeaveNothingBehind) {
  Simulation sim({.link = {.one_way = 1ms}});
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(i % 7);
    schema::CreateRouterT router;
    router.router_id = "room" + number;
    ASSERT_TRUE(sim.Ask("", std::move(router)).ok());
    for (const char* who : {"/a", "/b"}) {
      schema::CreateWebRtcTransportT create;
      create.transport_id = "transport" + number + who;
      if (i % 2 == 0) {
        create.webrtc_server_id = "server";
      } else {
        auto info = std::make_unique<schema::ListenInfoT>();
        info->ip = "10.0.0.1";
        create.listen_infos.push_back(std::move(info));
      }
      ASSERT_TRUE(sim.Ask("room" + number, std::move(create)).ok());
    }
    ASSERT_TRUE(sim.Ask("room" + number, schema::CloseT()).ok());
    sim.RunFor(1ms);
  }
  const schema::WorkerStatsT stats = sim.WorkerStats();
  EXPECT_EQ(stats.routers, 1u);
  EXPECT_EQ(stats.transports, 0u);
  EXPECT_EQ(sim.engine().sockets().open(), 1u);
  const SimControl::Answer dump = sim.Ask("", schema::DumpT());
  EXPECT_THAT(dump.body.AsDumpText()->json, testing::HasSubstr("\"routedUfrags\":0"));
  EXPECT_THAT(dump.body.AsDumpText()->json, testing::HasSubstr("\"names\":2"));
}

// The same with everything in it: connected, sending and receiving.
TEST(ChurnTest, HundredsOfCallsLeaveNothingBehind) {
  Simulation sim({.link = {.one_way = 5ms, .loss = 0.02}});
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    Member& alice = sim.Join("alice" + number, {.role = dtls::Role::kClient});
    Member& bob = sim.Join("bob" + number);
    Subscription& view = bob.Subscribe(alice.PublishVideo());
    alice.Subscribe(bob.PublishAudio());
    sim.RunFor(300ms);
    // In every stage of their lives, some before they are connected.
    if (i % 10 == 0) {
      sim.RunUntil(20s, [&] { return view.track().first_picture().has_value(); });
      EXPECT_TRUE(view.track().first_picture());
    }
    ASSERT_TRUE(alice.Close().ok());
    ASSERT_TRUE(bob.Close().ok());
  }
  sim.RunFor(1s);
  const schema::WorkerStatsT stats = sim.WorkerStats();
  EXPECT_EQ(stats.transports + stats.producers + stats.consumers, 0u);
  EXPECT_EQ(stats.packets_in_use, 0u);
  const SimControl::Answer dump = sim.Ask("", schema::DumpT());
  EXPECT_THAT(dump.body.AsDumpText()->json, testing::HasSubstr("\"routedPaths\":0"));
  EXPECT_THAT(dump.body.AsDumpText()->json, testing::HasSubstr("\"routedUfrags\":0"));
}

}  // namespace
}  // namespace sluice::test

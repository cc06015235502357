// Peers that come over TCP (RFC 6544): what works for the others works for them, and what is slow
// or broken about their connections stays theirs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::Optional;

class TcpTest : public testing::Test {
 protected:
  TcpTest() { sim_.RunFor(3s); }

  uint64_t Pictures(Subscription& view) { return view.track().decoder().pictures(); }

  Simulation sim_{{.link = {.one_way = 20ms}, .listens_on_tcp = true}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob", {.tcp = StreamOptions{.one_way = 20ms}});
  Member& carol_ = sim_.Join("carol");
  Publication& camera_ = alice_.PublishVideo();
  Publication& bobs_camera_ = bob_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
  Subscription& carols_view_ = carol_.Subscribe(camera_);
  Subscription& view_of_bob_ = carol_.Subscribe(bobs_camera_);
};

TEST_F(TcpTest, MediaFlowsBothWaysWithoutLoss) {
  const uint64_t before = Pictures(view_), before_of_bob = Pictures(view_of_bob_);
  sim_.RunFor(2s);
  EXPECT_GT(Pictures(view_), before + 55);
  EXPECT_GT(Pictures(view_of_bob_), before_of_bob + 55);
  EXPECT_EQ(view_.track().nacked(), 0u);
  EXPECT_EQ(sim_.Drops(DropReason::kSocketFull), 0u);
}

TEST_F(TcpTest, JoinTakesNoLongerThanOverUdp) {
  EXPECT_THAT(bob_.peer().connected_at(), Optional(*carol_.peer().connected_at()));
}

TEST_F(TcpTest, TheApplicationIsToldOfTcp) {
  const auto* told = sim_.control().Last<schema::IceSelectedTupleChangeT>(bob_.transport());
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->tuple->protocol, schema::Protocol::Tcp);
  EXPECT_EQ(bob_.Stats().selected_tuple->protocol, schema::Protocol::Tcp);
  EXPECT_EQ(carol_.Stats().selected_tuple->protocol, schema::Protocol::Udp);
  const SimControl::Answer dump = sim_.Ask(bob_.transport(), schema::DumpT());
  EXPECT_THAT(dump.body.AsDumpText()->json, testing::HasSubstr("\"tcp 10.0.0.1:4444 198.18."));
}

TEST_F(TcpTest, PacketsAreNotPaddedForTrains) {
  sim_.RunFor(2s);
  EXPECT_EQ(view_.track().padding_bytes(), 0u);
}

// What waits for him is what kernels hold, and a backlog of a few KiB.
TEST_F(TcpTest, AStalledReaderCostsBoundedMemoryAndDisturbsNobody) {
  bob_.incoming().Stall(true);
  const uint64_t before = Pictures(carols_view_);
  size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    sim_.RunFor(100ms);
    most = std::max(most, bob_.incoming().waiting());
  }
  EXPECT_LE(most, SimStream::kKernel + SimStream::kWindow + ice::FrameBacklog::kCapacity);
  EXPECT_GT(Pictures(carols_view_), before + 290);
  EXPECT_EQ(carols_view_.track().nacked(), 0u);
  EXPECT_LT(sim_.engine().pool().in_use(), 2'000u);
}

TEST_F(TcpTest, AReaderWhoGoesOnSeesPicturesAgain) {
  bob_.incoming().Stall(true);
  sim_.RunFor(10s);
  bob_.incoming().Stall(false);
  sim_.RunFor(3s);
  const uint64_t before = Pictures(view_);
  sim_.RunFor(2s);
  EXPECT_GT(Pictures(view_), before + 50);
}

TEST_F(TcpTest, TheEndOfAConnectionIsNoticedAtOnce) {
  bob_.Disconnect();
  EXPECT_EQ(bob_.Stats().ice_state, "disconnected");
  EXPECT_FALSE(bob_.Stats().selected_tuple);
  EXPECT_EQ(sim_.control().IceStates(bob_.transport()).back(), "disconnected");
}

TEST_F(TcpTest, AnotherConnectionTakesTheCallUpAgain) {
  const uint64_t before = Pictures(view_);
  bob_.Reconnect();
  sim_.RunFor(1s);
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
  EXPECT_EQ(bob_.Stats().selected_tuple->remote_ip, bob_.shown().address.ToString());
  EXPECT_GT(Pictures(view_), before + 20);
  EXPECT_LT(view_.track().decoder().longest_freeze(), 500ms);
}

// Both connections are there for a while, as when a network changes.
TEST_F(TcpTest, MovingToANewConnectionCostsNothing) {
  sim_.network().Connect(bob_.peer().socket(SocketId(1)), bob_.server(), {.one_way = 20ms});
  bob_.MoveToOtherInterface();
  sim_.RunFor(2s);
  EXPECT_EQ(bob_.Stats().selected_tuple->remote_ip, bob_.shown().address.ToString());
  EXPECT_LT(view_.track().decoder().longest_freeze(), 200ms);
}

TEST_F(TcpTest, AClosedTransportEndsItsConnection) {
  const Endpoint socket = bob_.peer().socket(SocketId(0));
  EXPECT_EQ(sim_.engine().sockets().kept().size(), 1u);
  bob_.Close();
  sim_.RunFor(1s);
  EXPECT_TRUE(sim_.engine().sockets().kept().empty());
  EXPECT_FALSE(sim_.network().AreConnected(socket, bob_.server()));
}

TEST_F(TcpTest, ASilentPeerLosesItsConnectionWithItsConsent) {
  sim_.network().stream(bob_.peer().socket(SocketId(0)), bob_.server()).Stall(true);
  sim_.RunFor(31s);
  EXPECT_EQ(bob_.Stats().ice_state, "disconnected");
  EXPECT_TRUE(sim_.engine().sockets().kept().empty());
  EXPECT_FALSE(sim_.network().AreConnected(bob_.peer().socket(SocketId(0)), bob_.server()));
}

TEST_F(TcpTest, IceRestartKeepsTheConnection) {
  bob_.RestartIce();
  sim_.RunFor(1s);
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
  EXPECT_EQ(sim_.engine().sockets().kept().size(), 1u);
  EXPECT_LT(view_.track().decoder().longest_freeze(), 200ms);
}

// Otherwise somebody without a place could hold what he likes for as long as he likes.
TEST_F(TcpTest, AConnectionIsKeptForNobodyWhoHasNotProvedHimself) {
  Member& dave = sim_.Arrive("dave", {.tcp = StreamOptions{}});
  const Endpoint socket = dave.peer().socket(SocketId(0));
  sim_.network().Connect(socket, dave.server(), {});
  const std::vector<uint8_t> check(28);
  sim_.network().Send(sim_.now(), socket, dave.server(), check);
  sim_.RunFor(1s);
  EXPECT_EQ(sim_.engine().sockets().kept().size(), 1u);
}

// If nobody notices that the peer hears nothing, what it is sent is dropped all the same.
TEST(UnadaptedTcpTest, AStalledReaderIsNotQueuedFor) {
  Simulation sim({.adapts_to_bandwidth = false, .listens_on_tcp = true});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob", {.tcp = StreamOptions{}});
  bob.Subscribe(alice.PublishVideo());
  sim.RunFor(2s);
  bob.incoming().Stall(true);
  sim.RunFor(10s);
  EXPECT_GT(sim.Drops(DropReason::kSocketFull), 500u);
  EXPECT_LE(bob.incoming().waiting(),
            SimStream::kKernel + SimStream::kWindow + ice::FrameBacklog::kCapacity);
}

// A path that fits only a small picture: it gets one, and what it gets is not late.
TEST(NarrowTcpTest, GetsSmallPicturesInTime) {
  Simulation sim({.link = {.one_way = 20ms}, .listens_on_tcp = true});
  Member& alice = sim.Join("alice");
  const StreamOptions narrow{.one_way = 20ms, .rate = BitRate::Kbps(700)};
  Member& bob = sim.Join("bob", {.tcp = narrow});
  Publication& camera = alice.PublishVideo({.encodings = ThreeEncodings()});
  Subscription& view = bob.Subscribe(camera);
  sim.RunFor(20s);
  const uint64_t before = view.track().decoder().pictures();
  size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    sim.RunFor(100ms);
    most = std::max(most, bob.incoming().waiting());
  }
  EXPECT_GT(view.track().decoder().pictures(), before + 200);
  // Half a second of the path.
  EXPECT_LT(most, 700'000u / 8 / 2);
}

class TcpOptionsTest : public testing::Test {
 protected:
  schema::CreateWebRtcTransportT On(std::initializer_list<schema::Protocol> protocols) {
    schema::CreateWebRtcTransportT create;
    create.transport_id = "t" + std::to_string(++transports_);
    for (schema::Protocol protocol : protocols) {
      create.listen_infos.push_back(std::make_unique<schema::ListenInfoT>());
      create.listen_infos.back()->ip = "10.0.0.1";
      create.listen_infos.back()->protocol = protocol;
    }
    create.enable_tcp = true;
    return create;
  }
  schema::CreateWebRtcTransportT OnServer() {
    schema::CreateWebRtcTransportT create = On({});
    create.webrtc_server_id = "server";
    return create;
  }

  // The protocols of its candidates, the preferred first; the reason if it is refused.
  std::string Candidates(schema::CreateWebRtcTransportT create) {
    SimControl::Answer answer = sim_.Ask("room", std::move(create));
    if (!answer.ok()) return answer.message;
    auto& candidates = answer.body.AsWebRtcTransportCreated()->ice_candidates;
    std::ranges::sort(candidates, std::greater(), [](const auto& c) { return c->priority; });
    std::string text;
    for (const auto& candidate : candidates) {
      text += candidate->protocol == schema::Protocol::Tcp ? "tcp " : "udp ";
      EXPECT_EQ(candidate->foundation.substr(0, 3), text.substr(text.size() - 4, 3));
    }
    return text;
  }

  Simulation sim_{{.listens_on_tcp = true}};
  int transports_ = 0;
  static constexpr auto kUdp = schema::Protocol::Udp;
  static constexpr auto kTcp = schema::Protocol::Tcp;
};

TEST_F(TcpOptionsTest, UdpComesFirstInWhateverOrderItIsListed) {
  EXPECT_EQ(Candidates(On({kUdp, kTcp})), "udp tcp ");
  EXPECT_EQ(Candidates(On({kTcp, kUdp, kUdp})), "udp udp tcp ");
  EXPECT_EQ(Candidates(OnServer()), "udp tcp ");
}

TEST_F(TcpOptionsTest, WhatIsPreferredComesFirst) {
  schema::CreateWebRtcTransportT create = On({kUdp, kTcp});
  create.prefer_tcp = true;
  EXPECT_EQ(Candidates(std::move(create)), "tcp udp ");
  create = OnServer();
  create.prefer_tcp = true;
  EXPECT_EQ(Candidates(std::move(create)), "tcp udp ");
  create = On({kTcp, kUdp});
  create.prefer_tcp = create.prefer_udp = true;
  EXPECT_EQ(Candidates(std::move(create)), "udp tcp ");
}

TEST_F(TcpOptionsTest, WhatIsDisabledIsNotOfferedAndTakesNoPort) {
  schema::CreateWebRtcTransportT create = On({kUdp, kTcp});
  create.enable_tcp = false;
  const size_t open = sim_.engine().sockets().open();
  EXPECT_EQ(Candidates(std::move(create)), "udp ");
  EXPECT_EQ(sim_.engine().sockets().open(), open + 1);
  create = OnServer();
  create.enable_udp = false;
  EXPECT_EQ(Candidates(std::move(create)), "tcp ");
}

TEST_F(TcpOptionsTest, NothingLeftToListenOnIsRefused) {
  const std::string sentence = "enableUdp, enableTcp: nothing is left to listen on";
  schema::CreateWebRtcTransportT create = On({kTcp});
  create.enable_tcp = false;
  EXPECT_EQ(Candidates(std::move(create)), sentence);
  create = On({kUdp});
  create.enable_udp = false;
  EXPECT_EQ(Candidates(std::move(create)), sentence);
  create = OnServer();
  create.enable_udp = create.enable_tcp = false;
  EXPECT_EQ(Candidates(std::move(create)), sentence);
}

TEST_F(TcpOptionsTest, ReusePortIsForUdp) {
  schema::CreateWebRtcTransportT create = On({kTcp});
  create.listen_infos.front()->udp_reuse_port = true;
  EXPECT_EQ(Candidates(std::move(create)), "listenInfos[0].flags.udpReusePort: only for udp");
}

}  // namespace
}  // namespace sluice::test

// People who were not invited, at every door. What they say is met with silence, counted under the
// right name, and costs those inside nothing.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "dtls/session.h"
#include "tests/support/simulation.h"
#include "tests/support/stun_bytes.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// The first flight of somebody who begins a handshake.
Bytes ClientHello() {
  dtls::Session session(Simulation::ForeignCertificate(), dtls::Role::kClient,
                        Simulation::WorkerCertificate().fingerprints().back());
  Bytes bytes(dtls::Session::kMaxDatagram);
  bytes.resize(session.PollTransmit(Timestamp(1h), bytes));
  return bytes;
}

// A call that is watched while somebody tries to disturb it.
class HostileNetworkTest : public testing::Test {
 protected:
  HostileNetworkTest() {
    sim_.RunFor(3s);
    sim_.network().set_tap([this](Timestamp, const SimNetwork::Delivery& delivery) {
      if (delivery.from == alice_.shown() && capturing_) captured_.push_back(delivery.bytes);
    });
  }

  // As on the fixture's last line of defence: nothing was lost, nothing froze, nobody answered.
  void TearDown() override {
    sim_.network().set_tap({});
    sim_.RunFor(2s);
    EXPECT_EQ(view_.track().residual_loss(), 0u);
    EXPECT_LT(view_.track().decoder().longest_freeze(), 150ms);
    EXPECT_EQ(view_.track().foreign() + view_.track().misnumbered(), 0u);
    EXPECT_EQ(alice_.Stats().ice_state, "completed");
    EXPECT_EQ(alice_.Stats().dtls_state, "connected");
    EXPECT_EQ(alice_.Stats().selected_tuple->remote_ip, alice_.shown().address.ToString());
    EXPECT_EQ(stranger_.datagrams_received, 0u);
  }

  void FromStranger(ByteView bytes) {
    sim_.SendAs(stranger_, sim_.server(), bytes);
    sim_.RunFor(1ms);
  }
  // As if Alice had sent it.
  void Spoof(ByteView bytes) {
    sim_.network().Inject(sim_.now(), alice_.shown(), sim_.server(), bytes);
    sim_.RunFor(1ms);
  }
  // All that Alice sends within `span`; it arrives as well.
  std::vector<Bytes> Capture(Duration span) {
    captured_.clear();
    capturing_ = true;
    sim_.RunFor(span);
    capturing_ = false;
    return captured_;
  }

  // A check as Alice would send it, with another ufrag or password if you like.
  Bytes Check(const std::string& ufrag, const std::string& password) {
    ice::StunMessage request;
    sim_.entropy().Fill(request.transaction);
    username_ = ufrag + ":" + alice_.peer().ice().local().ufrag;
    request.username = username_;
    request.priority = 1;
    request.use_candidate = true;
    request.controlling = 1;
    Bytes bytes = StunBytes(request);
    return password.empty() ? Fingerprinted(bytes) : Sealed(bytes, password);
  }

  // By how much a counter grows while `attack` goes on.
  uint64_t Counted(DropReason reason, const std::function<void()>& attack) {
    const uint64_t before = sim_.Drops(reason);
    attack();
    return sim_.Drops(reason) - before;
  }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Publication& camera_ = alice_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
  Stranger& stranger_ = sim_.AddStranger(IpAddress::V4(198, 51, 100, 7));
  bool capturing_ = false;
  std::vector<Bytes> captured_;
  std::string username_;
};

TEST_F(HostileNetworkTest, CheckWithWrongPassword) {
  EXPECT_EQ(Counted(DropReason::kStunBadIntegrity,
                    [&] {
                      for (int i = 0; i < 100; ++i) {
                        FromStranger(Check(alice_.local_ufrag(), "not the password"));
                      }
                    }),
            100u);
}

TEST_F(HostileNetworkTest, CheckWithoutIntegrity) {
  EXPECT_EQ(Counted(DropReason::kStunBadIntegrity,
                    [&] { FromStranger(Check(alice_.local_ufrag(), "")); }),
            1u);
}

TEST_F(HostileNetworkTest, CheckForNobody) {
  EXPECT_EQ(Counted(DropReason::kStunUnknownUser,
                    [&] {
                      FromStranger(Check("nobodyhasthisone", "password"));
                      FromStranger(Check("", "password"));
                      // Half a name is no name.
                      FromStranger(Check(alice_.local_ufrag().substr(0, 8), "password"));
                    }),
            3u);
}

// The names of Alice's transport and the password of Bob's.
TEST_F(HostileNetworkTest, CheckWithSomebodyElsesPassword) {
  EXPECT_EQ(Counted(DropReason::kStunBadIntegrity,
                    [&] {
                      FromStranger(Check(alice_.local_ufrag(), bob_.worker_credentials().password));
                    }),
            1u);
}

TEST_F(HostileNetworkTest, CheckCutOffAnywhere) {
  const Bytes good = Check(alice_.local_ufrag(), "not the password");
  const uint64_t malformed = sim_.Drops(DropReason::kStunMalformed);
  const uint64_t unknown = sim_.Drops(DropReason::kStunUnknownUser);
  for (size_t size = 4; size < good.size(); ++size) FromStranger(ByteView(good).first(size));
  // What is not whole names nobody.
  EXPECT_EQ(sim_.Drops(DropReason::kStunMalformed) - malformed +
                sim_.Drops(DropReason::kStunUnknownUser) - unknown,
            good.size() - 4);
}

// A genuine check of Alice's, sent once more from elsewhere: its sender knows no password, and a
// path must not come of it, or media could be pulled to wherever a recording is played.
TEST_F(HostileNetworkTest, RecordedCheckFromElsewhere) {
  std::vector<Bytes> checks;
  for (const Bytes& packet : Capture(20s)) {
    if (packet[0] < 4) checks.push_back(packet);
  }
  ASSERT_GT(checks.size(), 2u);
  const uint64_t drops = Counted(DropReason::kStunUnexpected, [&] {
    for (const Bytes& check : checks) FromStranger(check);
  });
  EXPECT_EQ(drops, checks.size());
}

TEST_F(HostileNetworkTest, ClientHelloFromElsewhereAfterIce) {
  const Bytes hello = ClientHello();
  EXPECT_EQ(Counted(DropReason::kUnknownRemote,
                    [&] {
                      for (int i = 0; i < 100; ++i) FromStranger(hello);
                    }),
            100u);
}

// With the victim's own address: authentic records are all that counts once connected.
TEST_F(HostileNetworkTest, ClientHelloInTheNameOfAConnectedPeer) {
  const Bytes hello = ClientHello();
  for (int i = 0; i < 100; ++i) Spoof(hello);
}

TEST_F(HostileNetworkTest, EveryFirstByteFromElsewhere) {
  std::array<uint64_t, 3> expected{};  // unknown, STUN, remote
  const uint64_t unknown = sim_.Drops(DropReason::kUnknownProtocol);
  const uint64_t malformed = sim_.Drops(DropReason::kStunMalformed);
  const uint64_t remote = sim_.Drops(DropReason::kUnknownRemote);
  for (int first = 0; first < 256; ++first) {
    for (const size_t size :
         {size_t{1}, size_t{3}, size_t{4}, size_t{12}, size_t{20}, size_t{200}, size_t{1400}}) {
      Bytes bytes(size);
      sim_.entropy().Fill(bytes);
      bytes[0] = static_cast<uint8_t>(first);
      const bool media = first >= 128 && first < 192;
      const bool dtls = first >= 20 && first < 64;
      if (size >= 4 && first < 4) {
        ++expected[1];
      } else if (size >= 4 && (media || dtls)) {
        ++expected[2];
      } else {
        ++expected[0];
      }
      sim_.SendAs(stranger_, sim_.server(), bytes);
    }
    sim_.RunFor(1ms);
  }
  EXPECT_EQ(sim_.Drops(DropReason::kUnknownProtocol) - unknown, expected[0]);
  EXPECT_EQ(sim_.Drops(DropReason::kStunMalformed) - malformed, expected[1]);
  EXPECT_EQ(sim_.Drops(DropReason::kUnknownRemote) - remote, expected[2]);
}

// The same in Alice's name: it gets as far as the keys, and no further.
TEST_F(HostileNetworkTest, EveryFirstByteInTheNameOfAPeer) {
  const auto drops = [&] {
    uint64_t sum = 0;
    for (const DropReason reason :
         {DropReason::kUnknownProtocol, DropReason::kStunMalformed, DropReason::kStunUnknownUser,
          DropReason::kDtlsMalformed, DropReason::kDtlsUnexpected, DropReason::kSrtpAuthentication,
          DropReason::kSrtpMalformed, DropReason::kSrtpReplay}) {
      sum += sim_.Drops(reason);
    }
    return sum;
  };
  const uint64_t before = drops();
  int sent = 0;
  for (int first = 0; first < 256; ++first) {
    for (const size_t size : {size_t{1}, size_t{5}, size_t{13}, size_t{40}, size_t{700}}) {
      Bytes bytes(size);
      sim_.entropy().Fill(bytes);
      bytes[0] = static_cast<uint8_t>(first);
      Spoof(bytes);
      ++sent;
    }
  }
  EXPECT_EQ(drops() - before, static_cast<uint64_t>(sent));
}

TEST_F(HostileNetworkTest, ForgedMediaInTheNameOfAPeer) {
  const std::vector<Bytes> packets = Capture(1s);
  uint64_t forged = 0;
  const uint64_t dead = Counted(DropReason::kSrtpAuthentication, [&] {
    for (Bytes packet : packets) {
      if (packet[0] < 128) continue;
      // A number from the future, so that nobody mistakes it for a replay.
      packet[2] = static_cast<uint8_t>(packet[2] + 1);
      packet.back() ^= 1;
      Spoof(packet);
      ++forged;
    }
  });
  EXPECT_GT(forged, 80u);
  // Changed RTCP has its index elsewhere, but its tag fails alike.
  EXPECT_EQ(dead, forged);
}

TEST_F(HostileNetworkTest, ReplayedMediaInTheNameOfAPeer) {
  const std::vector<Bytes> packets = Capture(1s);
  uint64_t replayed = 0;
  const uint64_t dead = Counted(DropReason::kSrtpReplay, [&] {
    for (int round = 0; round < 5; ++round) {
      for (const Bytes& packet : packets) {
        if (packet[0] < 128) continue;
        Spoof(packet);
        ++replayed;
      }
    }
  });
  EXPECT_EQ(dead, replayed);
  EXPECT_EQ(view_.track().duplicates(), 0u);
}

TEST_F(HostileNetworkTest, TruncatedMediaInTheNameOfAPeer) {
  // Their numbers have been seen, which is what the cipher's library looks at first.
  const auto dead = [&] {
    return sim_.Drops(DropReason::kSrtpAuthentication) + sim_.Drops(DropReason::kSrtpMalformed) +
           sim_.Drops(DropReason::kSrtpReplay);
  };
  const uint64_t before = dead();
  uint64_t sent = 0;
  for (const Bytes& packet : Capture(200ms)) {
    if (packet[0] < 128) continue;
    for (size_t size = 4; size < packet.size(); size += 37) {
      Spoof(ByteView(packet).first(size));
      ++sent;
    }
  }
  EXPECT_GT(sent, 300u);
  EXPECT_EQ(dead() - before, sent);
}

// Ten thousand streams that nobody has announced and nobody can seal: no state comes of them.
TEST_F(HostileNetworkTest, StormOfSpoofedStreams) {
  const size_t in_use = sim_.engine().pool().in_use();
  uint64_t sent = 0;
  const uint64_t dead = Counted(DropReason::kSrtpAuthentication, [&] {
    for (uint32_t ssrc = 1; ssrc <= 10'000; ++ssrc) {
      const Bytes packet = RtpPacketBuilder()
                               .WithSsrc(ssrc)
                               .WithPayloadType(kProducerVideo.value())
                               .WithPayload(Bytes(60, 0x55))
                               .ToBytes();
      sim_.network().Inject(sim_.now(), alice_.shown(), sim_.server(), packet);
      if (++sent % 100 == 0) sim_.RunFor(1ms);
    }
    sim_.RunFor(1ms);
  });
  EXPECT_EQ(dead, sent);
  EXPECT_LT(sim_.engine().pool().in_use(), in_use + 50);
}

// A million to one: no class of bytes that a stranger can send is answered with more than it cost.
// The fixture checks that here it is answered with nothing at all.
TEST_F(HostileNetworkTest, NothingAStrangerSaysIsAnswered) {
  const std::vector<Bytes> captured = Capture(6s);
  for (const Bytes& packet : captured) {
    FromStranger(packet);
    Bytes changed = packet;
    changed[sim_.entropy().U32() % changed.size()] ^= 0x10;
    FromStranger(changed);
  }
  EXPECT_GT(stranger_.bytes_sent, 100'000u);
  EXPECT_EQ(stranger_.bytes_received, 0u);
}

struct RaceCase {
  std::string name;
  dtls::Role role;
  // Before the peer's first check, or from then on.
  bool before;
};

class HelloRaceTest : public testing::TestWithParam<RaceCase> {};

// Enable Security's race: somebody else's ClientHello arrives first. A thousand a second, while
// the peer connects.
TEST_P(HelloRaceTest, PeerConnectsWithinTwoSecondsUnderASpray) {
  Simulation sim({.link = {.one_way = 20ms}});
  Stranger& stranger = sim.AddStranger(IpAddress::V4(198, 51, 100, 7));
  const Bytes hello = ClientHello();
  Member& alice = sim.Arrive("alice", {.role = GetParam().role});
  const auto spray = [&](Duration span) {
    for (const Timestamp end = sim.now() + span; sim.now() < end;) {
      sim.SendAs(stranger, sim.server(), hello);
      sim.RunFor(1ms);
    }
  };
  if (GetParam().before) spray(100ms);
  const Timestamp start = sim.now();
  ASSERT_TRUE(alice.Connect().ok());
  while (!alice.connected() && sim.now() < start + 5s) spray(1ms);
  EXPECT_LE(sim.now() - start, 2s);
  spray(200ms);
  EXPECT_EQ(alice.Stats().dtls_state, "connected");
  EXPECT_EQ(stranger.datagrams_received, 0u);
  EXPECT_EQ(sim.Drops(DropReason::kUnknownRemote), stranger.datagrams_sent);
}

INSTANTIATE_TEST_SUITE_P(
    Moments, HelloRaceTest,
    testing::Values(RaceCase{"BeforeAndDuringPeerIsServer", dtls::Role::kServer, true},
                    RaceCase{"BeforeAndDuringPeerIsClient", dtls::Role::kClient, true},
                    RaceCase{"DuringPeerIsServer", dtls::Role::kServer, false},
                    RaceCase{"DuringPeerIsClient", dtls::Role::kClient, false}),
    [](const auto& tested) { return tested.param.name; });

// In the victim's own name and in the few milliseconds between its first check and its first
// flight. Nothing in DTLS tells two such flights apart, but it takes somebody on the path to send
// it, who could as well keep the genuine one from arriving.
TEST(HelloSpoofTest, MeansNothingToAWorkerThatBeginsTheHandshake) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice", {.role = dtls::Role::kServer});
  sim.RunFor(21ms);
  for (int i = 0; i < 100; ++i) {
    sim.network().Inject(sim.now(), alice.shown(), sim.server(), ClientHello());
  }
  EXPECT_TRUE(sim.RunUntil(2s, [&] { return alice.connected(); }));
  sim.RunFor(1s);
  EXPECT_EQ(alice.Stats().dtls_state, "connected");
}

TEST(HelloSpoofTest, GetsNothingFromAWorkerThatAwaitsTheHandshake) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice", {.role = dtls::Role::kClient});
  Subscription& view = alice.Subscribe(sim.Join("bob").PublishVideo());
  sim.RunFor(21ms);
  sim.network().Inject(sim.now(), alice.shown(), sim.server(), ClientHello());
  // The handshake may fail, and then its end is told; there is never a key without the certificate.
  sim.RunFor(35s);
  const std::string state = alice.Stats().dtls_state;
  EXPECT_TRUE(state == "connected" || state == "failed") << state;
  if (state == "failed") {
    EXPECT_EQ(view.Stats().packet_count, 0u);
  }
}

TEST(WrongFingerprintTest, EndsBeforeAnyMedia) {
  for (const dtls::Role role : {dtls::Role::kServer, dtls::Role::kClient}) {
    Simulation sim({.link = {.one_way = 20ms}});
    Member& mallory = sim.Join("mallory", {.role = role, .impostor = true});
    Member& bob = sim.Join("bob");
    Publication& camera = mallory.PublishVideo();
    Subscription& view = bob.Subscribe(camera);
    Subscription& stolen = mallory.Subscribe(bob.PublishVideo());
    sim.RunFor(5s);
    EXPECT_EQ(mallory.Stats().dtls_state, "failed");
    EXPECT_EQ(sim.control().DtlsStates(mallory.transport()).back(), "failed");
    EXPECT_EQ(camera.Stats().packet_count, 0u);
    EXPECT_EQ(view.track().packets(), 0u);
    EXPECT_EQ(stolen.track().packets(), 0u);
    EXPECT_EQ(stolen.Stats().packet_count, 0u);
    EXPECT_TRUE(bob.connected());
  }
}

// Media that comes before the keys, from where it may come.
TEST(EarlyMediaTest, DiesForWantOfKeys) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Join("alice");
  sim.RunFor(21ms);
  const Bytes packet = RtpPacketBuilder().WithPayload(Bytes(100)).ToBytes();
  for (int i = 0; i < 10; ++i) {
    sim.network().Inject(sim.now(), alice.shown(), sim.server(), packet);
  }
  sim.RunFor(1ms);
  EXPECT_EQ(sim.Drops(DropReason::kSrtpNoKeys), 10u);
}

// Before connect() there is no fingerprint, hence nobody to talk to.
TEST(EarlyHandshakeTest, IsNotAnsweredBeforeConnect) {
  Simulation sim({.link = {.one_way = 20ms}});
  Member& alice = sim.Arrive("alice", {.role = dtls::Role::kClient});
  alice.peer().Start(sim.now());
  sim.RunFor(3s);
  EXPECT_GT(sim.Drops(DropReason::kDtlsUnexpected), 0u);
  EXPECT_FALSE(alice.connected());
  ASSERT_TRUE(alice.Connect().ok());
  EXPECT_TRUE(sim.RunUntil(5s, [&] { return alice.connected(); }));
}

}  // namespace
}  // namespace sluice::test

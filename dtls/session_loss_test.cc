#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dtls/session.h"
#include "tests/support/dtls_link.h"
#include "tests/support/dtls_session_fixture.h"
#include "tests/support/openssl_peer.h"

namespace sluice::dtls {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DtlsLink;
using test::DtlsLinkOptions;
using test::OpensslPeer;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::Le;

class SessionLossTest : public SessionFixture {
 protected:
  void TearDown() override { test::SetWallClockOffset({}); }

  // How long two sessions took over a link of that kind; nothing if they never came to an end.
  static std::optional<Duration> TimeToConnect(const DtlsLinkOptions& options) {
    Session client(ours(), Role::kClient, FingerprintOf(theirs()));
    Session server(theirs(), Role::kServer, FingerprintOf(ours()));
    DtlsLink link(client, server, options);
    const Timestamp begin = link.now();
    if (!link.RunUntilDone(seconds(35), [&] { return client.connected() && server.connected(); })) {
      return std::nullopt;
    }
    return link.now() - begin;
  }
};

TEST_F(SessionLossTest, HandshakesCompleteUnderTwentyPercentLoss) {
  std::vector<Duration> times;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::optional<Duration> time = TimeToConnect({.seed = seed, .loss = 0.2});
    ASSERT_TRUE(time) << "seed " << seed;
    times.push_back(*time);
  }
  std::ranges::sort(times);
  EXPECT_THAT(times[100], Le(milliseconds(700)));
  EXPECT_THAT(times[190], Le(seconds(3)));
}

TEST_F(SessionLossTest, HandshakesWithFragmentingPeersCompleteUnderTwentyPercentLoss) {
  for (const bool peer_is_client : {true, false}) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
      OpensslPeer peer({.is_client = peer_is_client, .mtu = 300});
      Session session(ours(), peer_is_client ? Role::kServer : Role::kClient, peer.fingerprint());
      DtlsLink link(session, peer, {.seed = seed, .loss = 0.2});
      EXPECT_TRUE(
          link.RunUntilDone(seconds(35), [&] { return session.connected() && peer.connected(); }))
          << "seed " << seed << (peer_is_client ? " server" : " client");
    }
  }
}

TEST_F(SessionLossTest, ReorderedAndDuplicatedFlightsMakeOneConnection) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    OpensslPeer peer({.is_client = seed % 2 == 0, .mtu = 300});
    Session session(ours(), seed % 2 == 0 ? Role::kServer : Role::kClient, peer.fingerprint());
    DtlsLink link(session, peer, {.seed = seed, .duplicates = 0.5, .jitter = milliseconds(100)});
    EXPECT_TRUE(
        link.RunUntilDone(seconds(20), [&] { return session.connected() && peer.connected(); }))
        << "seed " << seed;
    link.RunFor(seconds(5));
    EXPECT_THAT(EventsOf(session), ElementsAre("connected")) << "seed " << seed;
  }
}

TEST_F(SessionLossTest, LostFlightIsRepeatedAfterAQuarterOfASecond) {
  for (const int lost : {0, 1, 2, 3}) {
    Session client(ours(), Role::kClient, FingerprintOf(theirs()));
    Session server(theirs(), Role::kServer, FingerprintOf(ours()));
    DtlsLink link(client, server, {.delay = milliseconds(50)});
    int sent = 0;
    link.set_tap([&](bool, Bytes&) { return sent++ != lost; });
    const Timestamp begin = link.now();
    ASSERT_TRUE(link.RunUntilDone(seconds(5), [&] {
      return client.connected() && server.connected();
    })) << lost;
    // Four flights of 50 ms, and one interval more.
    EXPECT_EQ(link.now() - begin, milliseconds(450)) << lost;
  }
}

TEST_F(SessionLossTest, IntervalDoublesUpToFourSeconds) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Timestamp now{hours(1)};
  test::SetWallClock(now);
  ASSERT_EQ(Drain(client, now).size(), 1u);
  std::vector<int64_t> waits;
  for (int i = 0; i < 7; ++i) {
    const Timestamp due = *client.NextTimeout();
    waits.push_back((due - now) / milliseconds(1));
    now = due;
    test::SetWallClock(now);
    client.HandleTimeout(now);
    EXPECT_EQ(Drain(client, now).size(), 1u);
  }
  EXPECT_THAT(waits, ElementsAre(250, 500, 1000, 2000, 4000, 4000, 4000));
}

TEST_F(SessionLossTest, NothingIsRepeatedBeforeItIsDue) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  const Timestamp now{hours(1)};
  test::SetWallClock(now);
  Drain(client, now);
  test::SetWallClock(now + milliseconds(200));
  client.HandleTimeout(now + milliseconds(200));
  EXPECT_TRUE(Drain(client, now + milliseconds(200)).empty());
}

TEST_F(SessionLossTest, SilentPeerEndsTheHandshakeAfterThirtySeconds) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Session session(ours(), role, FingerprintOf(theirs()));
    OpensslPeer nobody({.is_client = role == Role::kServer});
    DtlsLink link(session, nobody, {.loss = 1});
    const Timestamp begin = link.now();
    ASSERT_TRUE(link.RunUntilDone(seconds(60), [&] { return session.closed(); }));
    EXPECT_EQ(link.now() - begin, seconds(30));
    EXPECT_THAT(EventsOf(session), ElementsAre("closed handshakeTimeout"));
    EXPECT_FALSE(session.NextTimeout());
  }
}

TEST_F(SessionLossTest, PeerThatStopsHalfWayEndsTheHandshakeAfterThirtySeconds) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  int from_peer = 0;
  link.set_tap([&](bool from_session, Bytes&) { return from_session || ++from_peer == 1; });
  ASSERT_TRUE(link.RunUntilDone(seconds(60), [&] { return session.closed(); }));
  EXPECT_THAT(EventsOf(session), ElementsAre("closed handshakeTimeout"));
}

// A peer may wait for its last flight's answer long after we were done with it.
TEST_F(SessionLossTest, LastFlightIsRepeatedForAPeerThatMissedIt) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server);
  int from_server = 0;
  // The server's second flight is lost three times.
  link.set_tap([&](bool from_client, Bytes&) {
    if (!from_client) ++from_server;
    return from_client || from_server == 1 || from_server > 4;
  });
  EXPECT_TRUE(link.RunUntilDone(seconds(10), [&] { return client.connected(); }));
  EXPECT_TRUE(server.connected());
}

TEST_F(SessionLossTest, LongClientHelloIsPutTogetherFromSeveralDatagrams) {
  OpensslPeer peer({.hello_padding = 5000});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  int before_answer = 0;
  bool answered = false;
  link.set_tap([&](bool from_session, Bytes&) {
    answered = answered || from_session;
    before_answer += !answered;
    return true;
  });
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
  EXPECT_GE(before_answer, 5);
}

TEST_F(SessionLossTest, LongClientHelloArrivesReorderedAndWithLosses) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    OpensslPeer peer({.hello_padding = 3000});
    Session session(ours(), Role::kServer, peer.fingerprint());
    DtlsLink link(session, peer, {.seed = seed, .loss = 0.1, .jitter = milliseconds(50)});
    EXPECT_TRUE(link.RunUntilDone(seconds(30), [&] { return session.connected(); })) << seed;
  }
}

TEST_F(SessionLossTest, HelloBeyondTheLimitIsRefusedAndCounted) {
  OpensslPeer peer({.hello_padding = 9000});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_FALSE(session.connected());
  EXPECT_GT(session.drops()[DropReason::kDtlsMalformed], 5u);
}

// The records of a ClientHello cut by hand, as small as `size` bytes each.
std::vector<Bytes> Refragment(const Bytes& hello, size_t size) {
  const size_t kRecord = 13;
  const size_t kMessage = 12;
  const ByteView body = ByteView(hello).subspan(kRecord + kMessage);
  std::vector<Bytes> datagrams;
  for (size_t at = 0; at < body.size(); at += size) {
    const size_t count = std::min(size, body.size() - at);
    Bytes datagram(kRecord + kMessage + count);
    std::ranges::copy(ByteView(hello).first(kRecord + kMessage), datagram.begin());
    ByteWriter number(ByteSpan(datagram).subspan(5));
    number.U16(0);
    number.U32(static_cast<uint32_t>(datagrams.size()));
    number.U16(static_cast<uint16_t>(kMessage + count));
    ByteWriter offsets(ByteSpan(datagram).subspan(kRecord + 6));
    offsets.U24(static_cast<uint32_t>(at));
    offsets.U24(static_cast<uint32_t>(count));
    std::ranges::copy(body.subspan(at, count),
                      datagram.begin() + static_cast<ptrdiff_t>(kRecord + kMessage));
    datagrams.push_back(std::move(datagram));
  }
  return datagrams;
}

TEST_F(SessionLossTest, HelloInFragmentsOfAnySizeAndInAnyOrderIsOneHello) {
  for (const size_t size : {1u, 7u, 50u, 100u}) {
    for (const bool backwards : {false, true}) {
      OpensslPeer peer({});
      Session session(ours(), Role::kServer, peer.fingerprint());
      DtlsLink link(session, peer);
      const std::vector<Bytes> hello = Drain(peer, link.now());
      ASSERT_EQ(hello.size(), 1u);
      std::vector<Bytes> fragments = Refragment(hello[0], size);
      if (backwards) std::ranges::reverse(fragments);
      for (const Bytes& fragment : fragments) session.Receive(link.now(), fragment);
      link.RunFor(seconds(1));
      EXPECT_TRUE(session.connected()) << size << (backwards ? " backwards" : "");
    }
  }
}

TEST_F(SessionLossTest, FragmentsOfAHelloMayShareOneDatagram) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  Bytes together;
  for (const Bytes& fragment : Refragment(Drain(peer, link.now())[0], 50)) {
    together.insert(together.end(), fragment.begin(), fragment.end());
  }
  session.Receive(link.now(), together);
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
}

// The wall clock belongs to the administrator. Whatever is done to it, and whenever, a handshake
// that loses packets meanwhile comes to its end.
TEST_F(SessionLossTest, WallClockSetAtAnyMomentBreaksNoHandshake) {
  for (const Duration jump : {Duration(hours(1)), Duration(-hours(1)), Duration(-milliseconds(50)),
                              Duration(-seconds(2)), Duration(seconds(2))}) {
    for (const int lost : {0, 1, 2}) {
      test::SetWallClockOffset({});
      Session client(ours(), Role::kClient, FingerprintOf(theirs()));
      Session server(theirs(), Role::kServer, FingerprintOf(ours()));
      DtlsLink link(client, server, {.delay = milliseconds(50)});
      int sent = 0;
      link.set_tap([&](bool, Bytes&) {
        if (sent++ != lost) return true;
        test::SetWallClockOffset(jump);
        return false;
      });
      EXPECT_TRUE(
          link.RunUntilDone(seconds(5), [&] { return client.connected() && server.connected(); }))
          << "jump " << jump.count() << " us, lost " << lost;
    }
  }
}

TEST_F(SessionLossTest, WallClockSetBackDoesNotMakeRepetitionsAFlood) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Timestamp now{hours(10)};
  test::SetWallClock(now);
  size_t sent = Drain(client, now).size();
  test::SetWallClockOffset(-hours(1));
  while (const std::optional<Timestamp> due = client.NextTimeout()) {
    ASSERT_GT(*due, now);
    now = *due;
    test::SetWallClock(now);
    client.HandleTimeout(now);
    sent += Drain(client, now).size();
  }
  EXPECT_GE(sent, 6u);
  EXPECT_LE(sent, 14u);
  EXPECT_THAT(EventsOf(client), ElementsAre("closed handshakeTimeout"));
}

// OpenSSL's clock may be a few milliseconds behind ours: then it is asked again, not overruled.
TEST_F(SessionLossTest, ClocksThatDifferALittleRepeatTheFlightOnce) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Timestamp now{hours(10)};
  test::SetWallClock(now);
  Drain(client, now);
  test::SetWallClockOffset(-milliseconds(60));
  now = *client.NextTimeout();
  test::SetWallClock(now);
  client.HandleTimeout(now);
  EXPECT_TRUE(Drain(client, now).empty());
  EXPECT_EQ(*client.NextTimeout(), now + milliseconds(60));
  now += milliseconds(60);
  test::SetWallClock(now);
  client.HandleTimeout(now);
  EXPECT_EQ(Drain(client, now).size(), 1u);
}

}  // namespace
}  // namespace sluice::dtls

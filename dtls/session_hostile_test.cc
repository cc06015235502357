#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "dtls/session.h"
#include "tests/support/dtls_link.h"
#include "tests/support/dtls_session_fixture.h"
#include "tests/support/openssl_peer.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::dtls {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DtlsLink;
using test::OpensslPeer;
using test::SeededEntropy;
using testing::ElementsAre;

using SessionHostileTest = SessionFixture;

// A record in the clear unless `epoch` says otherwise; `number` keeps it from being a replay.
Bytes MakeRecord(uint8_t type, uint16_t epoch, const Bytes& payload, uint32_t number = 1000) {
  Bytes record(13 + payload.size());
  ByteWriter out(record);
  out.U8(type);
  out.U16(0xfefd);
  out.U16(epoch);
  out.U16(0);
  out.U32(number);
  out.U16(static_cast<uint16_t>(payload.size()));
  out.Bytes(payload);
  return record;
}

struct Message {
  uint8_t type;
  uint32_t length;
  uint16_t seq;
  uint32_t offset;
  uint32_t fragment;
};

Bytes MakeHandshake(const Message& message, uint32_t number = 1000) {
  Bytes payload(12 + std::min<size_t>(message.fragment, 1000), 0x5a);
  ByteWriter out(payload);
  out.U8(message.type);
  out.U24(message.length);
  out.U16(message.seq);
  out.U24(message.offset);
  out.U24(message.fragment);
  return MakeRecord(22, 0, payload, number);
}

// Everything an attacker can write without knowing a key, for any moment of a handshake.
std::vector<Bytes> Forgeries() {
  std::vector<Bytes> all;
  SeededEntropy entropy(7);
  for (int first = 0; first < 256; ++first) {
    for (const size_t size : {1u, 13u, 14u, 60u, 1200u}) {
      Bytes garbage(size);
      entropy.Fill(garbage);
      garbage[0] = static_cast<uint8_t>(first);
      all.push_back(garbage);
    }
    // As far as the header goes, records.
    all.push_back(MakeRecord(static_cast<uint8_t>(first), 0, Bytes(40, 1)));
    all.push_back(MakeRecord(static_cast<uint8_t>(first), 1, Bytes(40, 1)));
    all.push_back(MakeRecord(static_cast<uint8_t>(first), 2, Bytes(40, 1)));
  }
  for (const uint8_t level : std::initializer_list<uint8_t>{1, 2}) {
    for (int description = 0; description < 256; ++description) {
      all.push_back(MakeRecord(21, 0, {level, static_cast<uint8_t>(description)}));
    }
  }
  for (const uint16_t version :
       std::initializer_list<uint16_t>{0, 0x0100, 0x0303, 0xfefc, 0xffff}) {
    Bytes record = MakeRecord(22, 0, Bytes(60, 1));
    record[1] = static_cast<uint8_t>(version >> 8);
    record[2] = static_cast<uint8_t>(version);
    all.push_back(record);
  }
  all.push_back({});
  all.push_back(MakeRecord(22, 0, {}));
  all.push_back(MakeRecord(20, 0, {}));
  all.push_back(MakeRecord(20, 0, {2}));
  all.push_back(MakeRecord(20, 0, {1, 1}));
  all.push_back(MakeRecord(23, 0, Bytes(100, 1)));
  // Acceptable in form: only its number, far ahead of the peer's, could do harm.
  all.push_back(MakeRecord(20, 0, {1}, 0xffffffff));
  return all;
}

// Fragments that contradict themselves or the record around them.
std::vector<Bytes> LyingFragments() {
  std::vector<Bytes> all;
  for (int type = 0; type < 256; ++type) {
    const auto t = static_cast<uint8_t>(type);
    all.push_back(MakeHandshake({t, 100, 0, 0, 2000}));      // more than the record holds
    all.push_back(MakeHandshake({t, 10, 0, 0, 100}));        // longer than its message
    all.push_back(MakeHandshake({t, 100, 0, 90, 20}));       // beyond its end
    all.push_back(MakeHandshake({t, 100, 0, 0xffffff, 1}));  // wraps
    all.push_back(MakeHandshake({t, 0xffffff, 0, 0, 100}));  // sixteen megabytes
    all.push_back(MakeHandshake({t, 100, 0, 0, 0}));         // says nothing
    all.push_back(MakeHandshake({t, 100, 0xffff, 0, 100}));  // of a far future
    Bytes torn = MakeHandshake({t, 100, 0, 0, 100});
    torn.resize(20);
    all.push_back(torn);
  }
  return all;
}

// Throws everything at both ends whenever a genuine datagram passes.
void CompleteDespite(const Context& ours, const Context& theirs, const std::vector<Bytes>& forged) {
  for (const bool at_server : {true, false}) {
    Session client(ours, Role::kClient, theirs.fingerprints().back());
    Session server(theirs, Role::kServer, ours.fingerprints().back());
    Session& victim = at_server ? server : client;
    DtlsLink link(client, server);
    link.set_tap([&](bool, Bytes&) {
      for (const Bytes& datagram : forged) victim.Receive(link.now(), datagram);
      return true;
    });
    ASSERT_TRUE(link.RunUntilDone(seconds(2), [&] {
      return client.connected() && server.connected();
    })) << (at_server ? "server" : "client");
    for (const Bytes& datagram : forged) victim.Receive(link.now(), datagram);
    link.RunFor(seconds(5));
    EXPECT_TRUE(client.connected());
    EXPECT_TRUE(server.connected());
    EXPECT_GE(victim.drops()[DropReason::kDtlsMalformed], forged.size() / 2);
  }
}

TEST_F(SessionHostileTest, GarbageOfEveryFirstByteAtAnyMomentEndsNoHandshake) {
  CompleteDespite(ours(), theirs(), Forgeries());
}

TEST_F(SessionHostileTest, LyingFragmentsAtAnyMomentEndNoHandshake) {
  CompleteDespite(ours(), theirs(), LyingFragments());
}

TEST_F(SessionHostileTest, AlertInTheClearIsNotBelieved) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Session session(ours(), role, FingerprintOf(theirs()));
    Drain(session, Timestamp());
    session.Receive(Timestamp(), MakeRecord(21, 0, {2, 40}));  // fatal, handshake_failure
    session.Receive(Timestamp(), MakeRecord(21, 0, {1, 0}));   // close_notify
    EXPECT_FALSE(session.closed());
    EXPECT_EQ(session.drops()[DropReason::kDtlsMalformed], 2u);
  }
}

TEST_F(SessionHostileTest, ForgedAlertOnAConnectionIsNotBelieved) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server);
  link.RunFor(seconds(1));
  for (Session* session : {&client, &server}) {
    session->Receive(link.now(), MakeRecord(21, 0, {2, 40}));
    session->Receive(link.now(), MakeRecord(21, 1, Bytes(26, 9)));
    EXPECT_TRUE(session->connected());
  }
}

// The race of the ClientHello: one hello that offers only suites we refuse, from anybody who can
// write the peer's address, used to end calls of several servers (CVE-2023-49786 and others).
TEST_F(SessionHostileTest, HelloOfABadClientDoesNotEndTheHandshakeOfAGoodOne) {
  OpensslPeer attacker({.ciphers = "ECDHE-ECDSA-NULL-SHA"});
  const std::vector<Bytes> bad_hello = Drain(attacker, Timestamp());
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  for (int i = 0; i < 50; ++i) session.Receive(link.now(), bad_hello[0]);
  EXPECT_TRUE(Drain(session, link.now()).empty()) << "an alert would tell the good client to stop";
  link.set_tap([&](bool from_session, Bytes&) {
    if (!from_session) session.Receive(link.now(), bad_hello[0]);
    return true;
  });
  EXPECT_TRUE(link.RunUntilDone(seconds(2), [&] { return session.connected(); }));
  session.Receive(link.now(), bad_hello[0]);
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
  EXPECT_GE(session.drops()[DropReason::kDtlsMalformed], 50u);
}

TEST_F(SessionHostileTest, FloodOfBadHellosIsGivenUpAtItsBound) {
  OpensslPeer attacker({.ciphers = "ECDHE-ECDSA-NULL-SHA"});
  const std::vector<Bytes> bad_hello = Drain(attacker, Timestamp());
  Session session(ours(), Role::kServer, FingerprintOf(theirs()));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(session.closed()) << i;
    session.Receive(Timestamp(), bad_hello[0]);
  }
  EXPECT_THAT(EventsOf(session), ElementsAre("closed handshakeFailed"));
}

TEST_F(SessionHostileTest, BeginningOfALongHelloThatNeverEndsCostsOneRetransmissionAtMost) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  session.Receive(link.now(), MakeHandshake({1, 5000, 0, 0, 500}));
  EXPECT_TRUE(link.RunUntilDone(seconds(3), [&] { return session.connected(); }));
}

TEST_F(SessionHostileTest, EncryptedRecordsOfAFutureThatNeverComesAreBounded) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  bool flooded = false;
  link.set_tap([&](bool from_session, Bytes&) {
    if (from_session && !flooded) {
      flooded = true;
      for (uint32_t i = 0; i < 1000; ++i) {
        session.Receive(link.now(), MakeRecord(22, 1, Bytes(1000, 3), 5000 + i));
      }
    }
    return true;
  });
  EXPECT_TRUE(link.RunUntilDone(seconds(5), [&] { return session.connected(); }));
  EXPECT_GE(session.drops()[DropReason::kDtlsMalformed], 1000u - 8u);
}

TEST_F(SessionHostileTest, CutAndMutilatedGenuineDatagramsNeverConnectTheWrongWay) {
  SeededEntropy entropy(11);
  int connections = 0;
  for (int round = 0; round < 300; ++round) {
    OpensslPeer peer({.is_client = round % 2 == 0});
    Session session(ours(), round % 2 == 0 ? Role::kServer : Role::kClient, peer.fingerprint());
    DtlsLink link(session, peer);
    link.set_tap([&](bool from_session, Bytes& datagram) {
      if (from_session || !entropy.Chance(0.3)) return true;
      if (entropy.Chance(0.3)) {
        datagram.resize(1 + entropy.Below(datagram.size()));
      } else {
        datagram[entropy.Below(datagram.size())] ^= static_cast<uint8_t>(1 + entropy.Below(255));
      }
      return true;
    });
    link.RunFor(seconds(35));
    // Whatever happened, a connection has the keys both ends agree on, and there is an end.
    EXPECT_TRUE(session.connected() || session.closed());
    if (const std::optional<Session::Connected> connected = TakeConnected(session)) {
      ++connections;
      const Role role = round % 2 == 0 ? Role::kServer : Role::kClient;
      const std::optional<SrtpKeys> keys =
          SrtpKeys::FromExport(SrtpProfile::kAeadAes128Gcm, role, peer.ExportKeys(56));
      EXPECT_TRUE(std::ranges::equal(keys->local(), connected->keys.local()));
    }
  }
  EXPECT_GT(connections, 30);
}

// Where a genuine flight lacks a message, or has one before its time, there is never a connection.
TEST_F(SessionHostileTest, ClientThatOmitsAMessageNeverConnects) {
  // In the client's second flight: Certificate, ClientKeyExchange, CertificateVerify,
  // ChangeCipherSpec, Finished. OpensslPeer sends each in a datagram of its own.
  for (int omitted = 0; omitted < 5; ++omitted) {
    OpensslPeer peer({});
    Session session(ours(), Role::kServer, peer.fingerprint());
    DtlsLink link(session, peer);
    int from_peer = -1;  // The hello is not counted.
    link.set_tap([&](bool from_session, Bytes&) {
      return from_session || from_peer++ % 5 != omitted || from_peer == 0;
    });
    link.RunFor(seconds(40));
    EXPECT_THAT(EventsOf(session), ElementsAre("closed handshakeTimeout")) << omitted;
  }
}

TEST_F(SessionHostileTest, FinishedInTheClearNeverConnects) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.set_tap([&](bool from_session, Bytes& datagram) {
    // The peer's encrypted Finished, made to look like one that never was encrypted.
    if (!from_session && datagram[0] == 22 && datagram[4] == 1) {
      datagram = MakeHandshake({20, 12, 4, 0, 12});
    }
    return true;
  });
  link.RunFor(seconds(40));
  EXPECT_FALSE(TakeConnected(session));
}

TEST_F(SessionHostileTest, HelloThatAlsoOffersDtls13IsAnsweredWith12) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  Bytes hello = Drain(peer, Timestamp())[0];
  // supported_versions (RFC 8446 §4.2.1): DTLS 1.3 and 1.2, at the end of the hello.
  const Bytes extension = {0, 43, 0, 5, 4, 0xfe, 0xfc, 0xfe, 0xfd};
  const auto enlarge = [&](size_t at, int width) {
    for (int carry = static_cast<int>(extension.size()), i = width - 1; i >= 0; --i) {
      carry += hello[at + static_cast<size_t>(i)];
      hello[at + static_cast<size_t>(i)] = static_cast<uint8_t>(carry);
      carry >>= 8;
    }
  };
  const size_t body = 13 + 12;
  size_t at = body + 2 + 32;                                         // version, random
  at += 1u + hello[at];                                              // session id
  at += 1u + hello[at];                                              // cookie
  at += 2u + (static_cast<size_t>(hello[at]) << 8 | hello[at + 1]);  // suites
  at += 1u + hello[at];                                              // compression
  enlarge(at, 2);
  enlarge(11, 2);
  enlarge(13 + 1, 3);
  enlarge(13 + 9, 3);
  hello.insert(hello.end(), extension.begin(), extension.end());

  session.Receive(Timestamp(), hello);
  const std::vector<Bytes> answer = Drain(session, Timestamp());
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(answer[0][13], 2);  // ServerHello
  EXPECT_EQ(answer[0][body], 0xfe);
  EXPECT_EQ(answer[0][body + 1], 0xfd);
}

TEST_F(SessionHostileTest, RecordsOfDtls13AreDropped) {
  Session session(ours(), Role::kServer, FingerprintOf(theirs()));
  for (int first = 32; first < 64; ++first) {
    Bytes unified(40, 7);
    unified[0] = static_cast<uint8_t>(first);
    session.Receive(Timestamp(), unified);
  }
  EXPECT_EQ(session.drops()[DropReason::kDtlsMalformed], 32u);
  EXPECT_FALSE(session.closed());
}

// A handshake recorded and played to another session proves nothing there.
TEST_F(SessionHostileTest, RecordedHandshakeDoesNotConnectASecondTime) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  std::vector<Bytes> recorded;
  link.set_tap([&](bool from_session, Bytes& datagram) {
    if (!from_session) recorded.push_back(datagram);
    return true;
  });
  link.RunFor(seconds(1));
  ASSERT_TRUE(session.connected());
  Session second(ours(), Role::kServer, peer.fingerprint());
  for (const Bytes& datagram : recorded) second.Receive(link.now(), datagram);
  EXPECT_FALSE(second.connected());
  EXPECT_FALSE(TakeConnected(second));
}

}  // namespace
}  // namespace sluice::dtls

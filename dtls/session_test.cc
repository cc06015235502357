#include "dtls/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/dtls_link.h"
#include "tests/support/dtls_session_fixture.h"
#include "tests/support/openssl_peer.h"

namespace sluice::dtls {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DtlsLink;
using test::OpensslPeer;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::StartsWith;

using SessionTest = SessionFixture;

TEST_F(SessionTest, TwoSessionsAgreeOnKeysInOppositeDirections) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server);
  ASSERT_TRUE(
      link.RunUntilDone(seconds(1), [&] { return client.connected() && server.connected(); }));
  const std::optional<Session::Connected> at_client = TakeConnected(client);
  const std::optional<Session::Connected> at_server = TakeConnected(server);
  ASSERT_TRUE(at_client && at_server);
  EXPECT_THAT(at_client->keys.local(), ElementsAreArray(at_server->keys.remote()));
  EXPECT_THAT(at_client->keys.remote(), ElementsAreArray(at_server->keys.local()));
  EXPECT_FALSE(std::ranges::equal(at_client->keys.local(), at_client->keys.remote()));
  EXPECT_EQ(client.drops().total() + server.drops().total(), 0u);
}

TEST_F(SessionTest, HandshakeTakesTwoRoundTrips) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server, {.delay = milliseconds(50)});
  const Timestamp begin = link.now();
  ASSERT_TRUE(link.RunUntilDone(seconds(1), [&] { return client.connected(); }));
  EXPECT_EQ(link.now() - begin, milliseconds(200));
}

TEST_F(SessionTest, WantsNoTimerOnceConnected) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server);
  link.RunFor(seconds(1));
  ASSERT_TRUE(client.connected() && server.connected());
  EXPECT_FALSE(client.NextTimeout());
  EXPECT_FALSE(server.NextTimeout());
}

TEST_F(SessionTest, ServerSaysNothingUntilItIsSpokenTo) {
  Session server(ours(), Role::kServer, FingerprintOf(theirs()));
  EXPECT_TRUE(Drain(server, Timestamp()).empty());
  EXPECT_FALSE(server.PollEvent());
}

TEST_F(SessionTest, ClientBeginsAtTheFirstPoll) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  EXPECT_FALSE(client.NextTimeout());
  const std::vector<Bytes> flight = Drain(client, Timestamp());
  ASSERT_EQ(flight.size(), 1u);
  EXPECT_EQ(flight[0][0], 22);  // handshake
  EXPECT_EQ(flight[0][13], 1);  // ClientHello
  EXPECT_EQ(client.NextTimeout(), Timestamp() + milliseconds(250));
}

struct ProfileCase {
  const char* openssl_name;
  SrtpProfile profile;
  size_t export_size;
};

class SessionProfileTest : public SessionFixture,
                           public testing::WithParamInterface<ProfileCase> {};

TEST_P(SessionProfileTest, BothRolesExportTheKeysThatOpensslExports) {
  for (const bool peer_is_client : {true, false}) {
    OpensslPeer peer({.is_client = peer_is_client, .srtp = GetParam().openssl_name});
    const Role role = peer_is_client ? Role::kServer : Role::kClient;
    Session session(ours(), role, peer.fingerprint());
    DtlsLink link(session, peer);
    ASSERT_TRUE(
        link.RunUntilDone(seconds(1), [&] { return session.connected() && peer.connected(); }));
    const std::optional<Session::Connected> connected = TakeConnected(session);
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->keys.profile(), GetParam().profile);
    const std::optional<SrtpKeys> expected =
        SrtpKeys::FromExport(GetParam().profile, role, peer.ExportKeys(GetParam().export_size));
    ASSERT_TRUE(expected);
    EXPECT_THAT(connected->keys.local(), ElementsAreArray(expected->local()));
    EXPECT_THAT(connected->keys.remote(), ElementsAreArray(expected->remote()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Profiles, SessionProfileTest,
    testing::Values(ProfileCase{"SRTP_AEAD_AES_128_GCM", SrtpProfile::kAeadAes128Gcm, 56},
                    ProfileCase{"SRTP_AEAD_AES_256_GCM", SrtpProfile::kAeadAes256Gcm, 88},
                    ProfileCase{"SRTP_AES128_CM_SHA1_80", SrtpProfile::kAesCm128HmacSha1_80, 60}));

TEST_F(SessionTest, ServerPrefersItsOwnOrderOfProfiles) {
  OpensslPeer peer({.srtp = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  const std::optional<Session::Connected> connected = TakeConnected(session);
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->keys.profile(), SrtpProfile::kAeadAes128Gcm);
}

TEST_F(SessionTest, ClientThatOffersOneProfileDecides) {
  for (const SrtpProfile only : {SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAesCm128HmacSha1_80}) {
    const auto context = Context::Create(std::nullopt, only);
    ASSERT_TRUE(context.ok());
    Session client(**context, Role::kClient, FingerprintOf(theirs()));
    Session server(theirs(), Role::kServer, FingerprintOf(**context));
    DtlsLink link(client, server);
    ASSERT_TRUE(
        link.RunUntilDone(seconds(1), [&] { return client.connected() && server.connected(); }));
    EXPECT_EQ(TakeConnected(server)->keys.profile(), only);
  }
}

TEST_F(SessionTest, ReportsTheCertificateOfThePeer) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  const std::optional<Session::Connected> connected = TakeConnected(session);
  ASSERT_TRUE(connected);
  EXPECT_THAT(connected->remote_certificate_pem, StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(connected->remote_certificate_pem, HasSubstr("-----END CERTIFICATE-----"));
}

TEST_F(SessionTest, AcceptsAClientWithAnRsaCertificate) {
  OpensslPeer peer({.rsa = true});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
}

TEST_F(SessionTest, ReachesAServerWithAnRsaCertificate) {
  OpensslPeer peer({.is_client = false, .rsa = true});
  Session session(ours(), Role::kClient, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
  EXPECT_EQ(peer.cipher(), "ECDHE-RSA-AES128-GCM-SHA256");
}

TEST_F(SessionTest, NegotiatesEachSuiteOfThePolicy) {
  for (const char* suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
                            "ECDHE-ECDSA-AES256-GCM-SHA384"}) {
    OpensslPeer peer({.ciphers = suite});
    Session session(ours(), Role::kServer, peer.fingerprint());
    DtlsLink link(session, peer);
    link.RunFor(seconds(1));
    EXPECT_TRUE(session.connected()) << suite;
    EXPECT_EQ(peer.cipher(), suite);
    EXPECT_EQ(peer.version(), "DTLSv1.2");
  }
}

TEST_F(SessionTest, PrefersAes128GcmWhateverTheClientPrefers) {
  OpensslPeer peer({.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
                               "ECDHE-ECDSA-AES128-GCM-SHA256"});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_EQ(peer.cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(SessionTest, ChecksEachHashOfTheRightCertificate) {
  for (const HashAlgorithm algorithm : kAllHashes) {
    OpensslPeer peer({});
    Session session(ours(), Role::kServer, peer.fingerprint(algorithm));
    DtlsLink link(session, peer);
    link.RunFor(seconds(1));
    EXPECT_TRUE(session.connected());
  }
}

TEST_F(SessionTest, WrongFingerprintOfEachHashClosesBeforeAnyKeyLeaves) {
  for (const bool peer_is_client : {true, false}) {
    for (const HashAlgorithm algorithm : kAllHashes) {
      OpensslPeer peer({.is_client = peer_is_client});
      Session session(ours(), peer_is_client ? Role::kServer : Role::kClient,
                      FingerprintOf(theirs(), algorithm));
      DtlsLink link(session, peer);
      link.RunFor(seconds(1));
      EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed fingerprintMismatch"}));
      EXPECT_FALSE(session.connected());
      EXPECT_TRUE(peer.saw_close() || peer.failed());
    }
  }
}

TEST_F(SessionTest, FingerprintThatDiffersInItsLastBitIsWrong) {
  OpensslPeer peer({});
  std::string text = peer.fingerprint().value_text();
  text.back() = text.back() == '0' ? '1' : '0';
  Session session(ours(), Role::kServer, *Fingerprint::Parse("sha-256", text));
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed fingerprintMismatch"}));
}

TEST_F(SessionTest, ClientWithoutCertificateIsClosed) {
  OpensslPeer peer({.certificate = false});
  Session session(ours(), Role::kServer, FingerprintOf(theirs()));
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed noCertificate"}));
}

TEST_F(SessionTest, PeerWithoutUseSrtpIsClosed) {
  for (const bool peer_is_client : {true, false}) {
    OpensslPeer peer({.is_client = peer_is_client, .srtp = nullptr});
    Session session(ours(), peer_is_client ? Role::kServer : Role::kClient, peer.fingerprint());
    DtlsLink link(session, peer);
    link.RunFor(seconds(1));
    EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed noSrtpProfile"}));
  }
}

TEST_F(SessionTest, ProfileWeDoNotOfferIsNoProfile) {
  OpensslPeer peer({.srtp = "SRTP_AES128_CM_SHA1_32"});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed noSrtpProfile"}));
}

TEST_F(SessionTest, OlderDtlsIsRefused) {
  OpensslPeer peer({.version = DTLS1_VERSION});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(40));
  EXPECT_FALSE(peer.connected());
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed handshakeFailed"}));
}

TEST_F(SessionTest, SuitesOutsideThePolicyAreRefused) {
  for (const char* suite : {"AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-NULL-SHA",
                            "ECDHE-RSA-AES128-GCM-SHA256", "AECDH-AES128-SHA"}) {
    OpensslPeer peer({.ciphers = suite});
    Session session(ours(), Role::kServer, FingerprintOf(theirs()));
    DtlsLink link(session, peer);
    link.RunFor(seconds(40));
    EXPECT_FALSE(session.connected()) << suite;
    EXPECT_FALSE(peer.connected()) << suite;
  }
}

TEST_F(SessionTest, CloseNotifyFromThePeerEndsTheSessionAndIsAnswered) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  ASSERT_TRUE(TakeConnected(session));
  peer.Shutdown();
  link.RunFor(seconds(1));
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed remoteClosed"}));
  EXPECT_TRUE(peer.saw_close());
}

TEST_F(SessionTest, ClosingTellsThePeer) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  ASSERT_TRUE(TakeConnected(session));
  session.Close(link.now());
  link.RunFor(seconds(1));
  EXPECT_TRUE(peer.saw_close());
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed localClosed"}));
}

TEST_F(SessionTest, ClosedSessionIgnoresEverythingForEver) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  session.Close(link.now());
  Drain(session, link.now());
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"connected", "closed localClosed"}));

  OpensslPeer other({});
  for (const Bytes& datagram : Drain(other, link.now())) session.Receive(link.now(), datagram);
  session.HandleTimeout(link.now() + seconds(100));
  session.Close(link.now());
  EXPECT_TRUE(Drain(session, link.now()).empty());
  EXPECT_FALSE(session.PollEvent());
  EXPECT_FALSE(session.NextTimeout());
  EXPECT_EQ(session.drops()[DropReason::kDtlsUnexpected], 1u);
}

TEST_F(SessionTest, ClosingBeforeTheHandshakeSendsNothing) {
  Session session(ours(), Role::kServer, FingerprintOf(theirs()));
  session.Close(Timestamp());
  EXPECT_TRUE(Drain(session, Timestamp()).empty());
  EXPECT_THAT(EventsOf(session), ElementsAreArray({"closed localClosed"}));
}

TEST_F(SessionTest, ApplicationDataIsCountedAndForgotten) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  ASSERT_TRUE(peer.Send(AsBytes("is anybody there?")));
  link.RunFor(seconds(1));
  EXPECT_TRUE(session.connected());
  EXPECT_EQ(session.drops()[DropReason::kDtlsUnexpected], 1u);
}

TEST_F(SessionTest, RenegotiationIsRefusedAndTheConnectionLives) {
  OpensslPeer peer({});
  Session session(ours(), Role::kServer, peer.fingerprint());
  DtlsLink link(session, peer);
  link.RunFor(seconds(1));
  ASSERT_TRUE(TakeConnected(session));
  ASSERT_TRUE(peer.Renegotiate());
  link.RunFor(seconds(5));
  // It may end because the peer gives up; what it may not do is export keys once more.
  for (const std::string& event : EventsOf(session)) EXPECT_NE(event, "connected");
}

TEST_F(SessionTest, NoDatagramIsLargerThanTheMtu) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  Session server(theirs(), Role::kServer, FingerprintOf(ours()));
  DtlsLink link(client, server);
  size_t count = 0;
  link.set_tap([&](bool, Bytes& datagram) {
    ++count;
    EXPECT_LE(datagram.size(), Session::kMaxDatagram);
    return true;
  });
  link.RunFor(seconds(1));
  EXPECT_TRUE(client.connected());
  // Two flights each way, each in one datagram: ours are small.
  EXPECT_EQ(count, 4u);
}

TEST_F(SessionTest, DatagramThatDoesNotFitIsLostAndCounted) {
  Session client(ours(), Role::kClient, FingerprintOf(theirs()));
  std::array<uint8_t, 20> small;
  EXPECT_EQ(client.PollTransmit(Timestamp(), small), 0u);
  EXPECT_EQ(client.drops()[DropReason::kTooLarge], 1u);
  EXPECT_TRUE(Drain(client, Timestamp()).empty());
}

}  // namespace
}  // namespace sluice::dtls

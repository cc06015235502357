#include "worker/io/tcp_connections.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <array>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/tcp_client.h"

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;
using test::TcpClient;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The first bytes decide what may be sent when: STUN, DTLS and media (RFC 7983 §7, RFC 5761 §4).
const std::string kCheck = std::string("\0\1", 2) + "check";
const std::string kHello = "\x16hello";
const std::string kReport = "\x80\xc8report";
std::string Media(size_t size) { return "\x80\x60" + std::string(size - 2, 'm'); }

class TcpConnectionsTest : public ::testing::Test {
 protected:
  TcpConnectionsTest() { Make(TcpConnections::kMaxConnections); }

  void Make(size_t max_connections) {
    epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
    tcp_ = std::make_unique<TcpConnections>(
        TcpConnections::Options{pool_, entropy_, epoll_.get(), max_connections});
    port_ = Listen(kListener);
  }

  uint16_t Listen(SocketId id, const ListenOptions& like = {}) {
    ListenOptions options = like;
    options.protocol = TransportProtocol::kTcp;
    options.address = IpAddress::V4(127, 0, 0, 1);
    const absl::StatusOr<Endpoint> local = tcp_->Listen(id, options);
    EXPECT_TRUE(local.ok()) << local.status();
    return local.value_or(Endpoint()).port;
  }

  // Serves what is ready until nothing is; the datagrams that came, in order.
  std::vector<std::string> Turn(int patience_ms = 20) {
    std::vector<std::string> came;
    tcp_->HandleTimeout(turn_.now);
    for (;;) {
      std::array<epoll_event, 16> events;
      const int count = epoll_wait(epoll_.get(), events.data(), 16, patience_ms);
      if (count <= 0) return came;
      for (int i = 0; i < count; ++i) {
        tcp_->Serve(events[static_cast<size_t>(i)].data.u64, turn_);
        for (const InboundDatagram& datagram : tcp_->datagrams()) {
          EXPECT_EQ(datagram.socket, kListener);
          came.emplace_back(AsText(datagram.packet.bytes()));
        }
      }
    }
  }

  Path PathOf(const TcpClient& client) { return {kListener, client.local()}; }

  // Somebody over whose connection a check has come that was good.
  TcpClient Friend(int receive_buffer = 0) {
    TcpClient client(port_, "127.0.0.1", receive_buffer);
    client.SendFrame(kCheck);
    EXPECT_THAT(Turn(), ElementsAre(kCheck));
    tcp_->Keep(PathOf(client));
    return client;
  }

  SendOutcome Send(const TcpClient& client, const std::vector<std::string>& datagrams) {
    TransmitBatch batch;
    for (const std::string& datagram : datagrams) {
      std::ranges::copy(AsBytes(datagram), batch.Room().begin());
      batch.Commit(PathOf(client), datagram.size());
    }
    return tcp_->Send(batch, batch.entries());
  }

  static constexpr SocketId kListener{3};
  PacketPool pool_{256};
  test::SeededEntropy entropy_{3};
  Descriptor epoll_;
  std::unique_ptr<TcpConnections> tcp_;
  uint16_t port_ = 0;
  TurnTime turn_{Timestamp(1000s)};
};

TEST_F(TcpConnectionsTest, DatagramsGoBothWays) {
  TcpClient client = Friend();
  client.SendFrame(Media(1200));
  client.SendFrame(kHello);
  EXPECT_THAT(Turn(), ElementsAre(Media(1200), kHello));
  EXPECT_EQ(Send(client, {kCheck, Media(1000), kReport}).sent, 3u);
  EXPECT_EQ(client.NextDatagram(), kCheck);
  EXPECT_EQ(client.NextDatagram(), Media(1000));
  EXPECT_EQ(client.NextDatagram(), kReport);
}

TEST_F(TcpConnectionsTest, MoreThanOneCallTakesIsSentWhole) {
  TcpClient client = Friend();
  std::vector<std::string> sent;
  for (size_t i = 0; i < 200; ++i) sent.push_back(Media(100 + i));
  EXPECT_EQ(Send(client, sent).sent, 200u);
  for (const std::string& datagram : sent) ASSERT_EQ(client.NextDatagram(), datagram);
}

TEST_F(TcpConnectionsTest, WhoeverIsGoneIsToldOnce) {
  TcpClient client = Friend();
  const Path path = PathOf(client);
  client.Close();
  EXPECT_THAT(Turn(), IsEmpty());
  EXPECT_EQ(tcp_->NextEnded(), path);
  EXPECT_FALSE(tcp_->NextEnded());
  EXPECT_EQ(tcp_->size(), 0u);
}

TEST_F(TcpConnectionsTest, AResetIsAnEndAsWell) {
  TcpClient client = Friend();
  const Path path = PathOf(client);
  client.Reset();
  EXPECT_THAT(Turn(), IsEmpty());
  EXPECT_EQ(tcp_->NextEnded(), path);
}

TEST_F(TcpConnectionsTest, NobodyHearsOfStrangersThatLeaveWithoutAWord) {
  TcpClient client(port_);
  Turn();
  client.Close();
  Turn();
  EXPECT_EQ(tcp_->size(), 0u);
  EXPECT_FALSE(tcp_->NextEnded());
}

TEST_F(TcpConnectionsTest, AReleasedConnectionSaysWhatItWasGivenAndEnds) {
  TcpClient client = Friend();
  // Unread bytes would turn the goodbye into a reset.
  client.SendFrame(Media(100));
  Send(client, {kHello});
  tcp_->Release(PathOf(client));
  EXPECT_EQ(client.NextDatagram(), kHello);
  EXPECT_TRUE(client.IsEnded());
  EXPECT_EQ(tcp_->size(), 0u);
}

TEST_F(TcpConnectionsTest, AClosedListenerTakesItsConnectionsWithIt) {
  TcpClient kept = Friend();
  TcpClient stranger(port_);
  Turn();
  tcp_->Close(kListener);
  EXPECT_TRUE(kept.IsEnded());
  EXPECT_TRUE(stranger.IsEnded());
  EXPECT_EQ(tcp_->size(), 0u);
  EXPECT_FALSE(tcp_->NextEnded());
  EXPECT_FALSE(TcpClient(port_).connected());
}

TEST_F(TcpConnectionsTest, SendingToNobodyIsAFailure) {
  TcpClient client = Friend();
  tcp_->Release(PathOf(client));
  EXPECT_EQ(Send(client, {kCheck, kHello}).failed, 2u);
}

// The kernel's share is a few hundred KiB; ours is what FrameBacklog holds.
TEST_F(TcpConnectionsTest, AStalledReaderLosesMediaAndCostsLittle) {
  TcpClient client = Friend(4096);
  SendOutcome outcome;
  for (int i = 0; i < 2000; ++i) outcome += Send(client, {Media(1200)});
  EXPECT_GT(outcome.full, 1000u);
  EXPECT_LT(tcp_->backlog(), 1300u);
  EXPECT_EQ(tcp_->use().late, outcome.full);
  EXPECT_EQ(outcome.sent + outcome.full, 2000u);
}

TEST_F(TcpConnectionsTest, AStalledReaderDisturbsNobody) {
  TcpClient stalled = Friend(4096);
  TcpClient other = Friend();
  for (int i = 0; i < 2000; ++i) Send(stalled, {Media(1200)});
  EXPECT_EQ(Send(other, {Media(500)}).sent, 1u);
  EXPECT_EQ(other.NextDatagram(), Media(500));
}

TEST_F(TcpConnectionsTest, WhatIsNoMediaWaitsForAStalledReader) {
  TcpClient client = Friend(4096);
  SendOutcome media;
  while (media.full == 0) media += Send(client, {Media(1200)});
  EXPECT_EQ(Send(client, {kHello, kCheck, kReport}).sent, 3u);
  uint64_t received = 0;
  std::vector<std::string> rest;
  for (;;) {
    const std::optional<std::string> datagram = client.NextDatagram();
    Turn(0);  // The kernel has room again, and says so.
    if (!datagram) break;
    if (*datagram == Media(1200)) {
      ++received;
    } else {
      rest.push_back(*datagram);
    }
  }
  // In step to the end: what had been begun was finished.
  EXPECT_EQ(received, media.sent);
  EXPECT_THAT(rest, ElementsAre(kHello, kCheck, kReport));
  EXPECT_EQ(tcp_->backlog(), 0u);
}

TEST_F(TcpConnectionsTest, EvenWhatMayWaitIsBounded) {
  TcpClient client = Friend(4096);
  SendOutcome media;
  while (media.full == 0) media += Send(client, {Media(1200)});
  SendOutcome hellos;
  for (int i = 0; i < 100; ++i) hellos += Send(client, {std::string(1000, '\x16')});
  EXPECT_GT(hellos.full, 80u);
  EXPECT_LE(tcp_->backlog(), ice::FrameBacklog::kCapacity);
}

TEST_F(TcpConnectionsTest, AFrameThatIsTooLongIsCountedAndPassedOver) {
  TcpClient client = Friend();
  client.SendFrame(std::string(PacketSlot::kCapacity + 1, 'x'));
  client.SendFrame(kHello);
  EXPECT_THAT(Turn(), ElementsAre(kHello));
  EXPECT_EQ(tcp_->TakeDrops().truncated, 1u);
}

TEST_F(TcpConnectionsTest, StrangersHaveTenSeconds) {
  TcpClient silent(port_);
  TcpClient kept = Friend();
  EXPECT_EQ(tcp_->strangers(), 1u);
  EXPECT_EQ(tcp_->NextTimeout(), turn_.now + TcpConnections::kStrangerTime);
  turn_.now += TcpConnections::kStrangerTime - 1ms;
  Turn();
  EXPECT_EQ(tcp_->strangers(), 1u);
  turn_.now += 1ms;
  Turn();
  EXPECT_EQ(tcp_->strangers(), 0u);
  EXPECT_TRUE(silent.IsEnded());
  EXPECT_FALSE(kept.IsEnded());
  EXPECT_FALSE(tcp_->NextTimeout());
  EXPECT_EQ(tcp_->use().expired, 1u);
}

TEST_F(TcpConnectionsTest, StrangersMaySendChecksOnly) {
  for (const std::string& first : {kHello, Media(100), std::string("GET / HTTP/1.1")}) {
    SCOPED_TRACE(first);
    TcpClient client(port_);
    client.SendFrame(first);
    EXPECT_THAT(Turn(), IsEmpty());
    EXPECT_TRUE(client.IsEnded());
  }
  EXPECT_EQ(tcp_->use().expelled, 3u);
}

TEST_F(TcpConnectionsTest, StrangersWithFramesThatNoCheckHasAreExpelled) {
  TcpClient client(port_);
  // What a browser says on a port that it takes for a web server's: a frame of 18,245 bytes.
  client.Write(AsBytes("GET / HTTP/1.1\r\n"));
  EXPECT_THAT(Turn(), IsEmpty());
  EXPECT_TRUE(client.IsEnded());
  EXPECT_EQ(tcp_->size(), 0u);
}

TEST_F(TcpConnectionsTest, StrangersMaySendSoMuchOnly) {
  TcpClient client(port_);
  for (uint32_t i = 0; i <= TcpConnections::kStrangerDatagrams; ++i) client.SendFrame(kCheck);
  EXPECT_EQ(Turn().size(), TcpConnections::kStrangerDatagrams);
  EXPECT_TRUE(client.IsEnded());
}

TEST_F(TcpConnectionsTest, OneAddressHasItsShareOfStrangers) {
  std::vector<TcpClient> clients;
  for (size_t i = 0; i < TcpConnections::kMaxStrangersPerAddress + 5; ++i) {
    clients.emplace_back(port_);
    Turn(0);
  }
  Turn();
  EXPECT_EQ(tcp_->strangers(), TcpConnections::kMaxStrangersPerAddress);
  EXPECT_EQ(tcp_->use().refused, 5u);
  EXPECT_TRUE(clients.back().IsEnded());
  TcpClient other(port_, "127.0.0.2");
  Turn();
  EXPECT_EQ(tcp_->strangers(), TcpConnections::kMaxStrangersPerAddress + 1);
}

TEST_F(TcpConnectionsTest, WhoHasProvedHimselfTakesNobodysShare) {
  std::vector<TcpClient> friends;
  for (size_t i = 0; i < TcpConnections::kMaxStrangersPerAddress + 5; ++i) {
    friends.push_back(Friend());
  }
  EXPECT_EQ(tcp_->size(), TcpConnections::kMaxStrangersPerAddress + 5);
}

TEST_F(TcpConnectionsTest, TheOldestStrangerMakesRoom) {
  std::vector<TcpClient> clients;
  for (size_t i = 0; i < TcpConnections::kMaxStrangers + 1; ++i) {
    const std::string from = "127.0.1." + std::to_string(1 + i / 32);
    clients.emplace_back(port_, from.c_str());
    Turn(0);
  }
  Turn();
  EXPECT_EQ(tcp_->strangers(), TcpConnections::kMaxStrangers);
  EXPECT_TRUE(clients.front().IsEnded());
  EXPECT_EQ(tcp_->use().expired, 1u);
  EXPECT_EQ(tcp_->use().refused, 0u);
}

TEST_F(TcpConnectionsTest, MoreThanTheBoundAreRefused) {
  Make(2);
  TcpClient first = Friend();
  TcpClient second = Friend();
  TcpClient third(port_);
  Turn();
  EXPECT_TRUE(third.IsEnded());
  EXPECT_EQ(tcp_->use().refused, 1u);
  first.Close();
  Turn();
  Friend();
}

TEST_F(TcpConnectionsTest, WithoutDescriptorsItWaitsInsteadOfSpinning) {
  // Connected before there are none left for us.
  TcpClient client(port_);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Turn();  // Would not return if the listener woke it again and again.
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(tcp_->size(), 0u);
  EXPECT_EQ(tcp_->NextTimeout(), turn_.now + TcpConnections::kPause);
  turn_.now += TcpConnections::kPause;
  Turn();
  EXPECT_EQ(tcp_->size(), 1u);
}

TEST_F(TcpConnectionsTest, CountsWhatHasNoSlot) {
  TcpClient client = Friend();
  std::vector<PacketRef> all;
  while (PacketRef packet = pool_.Allocate()) all.push_back(std::move(packet));
  client.SendFrame(kHello);
  client.SendFrame(kReport);
  // The datagram of the last turn gives its slot back, and no more.
  EXPECT_THAT(Turn(), ElementsAre(kHello));
  EXPECT_EQ(tcp_->TakeDrops().pool_exhausted, 1u);
}

}  // namespace
}  // namespace sluice::worker

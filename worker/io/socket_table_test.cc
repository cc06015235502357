#include "worker/io/socket_table.h"

#include <poll.h>

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/tcp_client.h"

namespace sluice::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class SocketTableTest : public ::testing::Test {
 protected:
  SocketTableTest() { Make(0, 0); }

  void Make(uint16_t port_min, uint16_t port_max) {
    absl::StatusOr<std::unique_ptr<SocketTable>> table =
        SocketTable::Create({pool_, entropy_, log_, port_min, port_max});
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = *std::move(table);
  }

  BoundSocket Open(uint16_t port_min = 0, uint16_t port_max = 0) {
    ListenOptions options;
    options.address = IpAddress::V4(127, 0, 0, 1);
    options.port_min = port_min;
    options.port_max = port_max;
    const absl::StatusOr<BoundSocket> socket = table_->Open(options);
    EXPECT_TRUE(socket.ok()) << socket.status();
    return socket.value_or(BoundSocket());
  }

  bool Readable() {
    pollfd query{table_->ready_fd(), POLLIN, 0};
    return poll(&query, 1, 0) == 1;
  }

  // From a socket of the table to another.
  void Send(const BoundSocket& from, const Endpoint& to, std::string_view text, int times = 1) {
    for (int i = 0; i < times; ++i) {
      TransmitBatch batch;
      std::ranges::copy(AsBytes(text), batch.Room().begin());
      batch.Commit({from.id, to}, text.size());
      table_->Send(batch);
    }
  }

  // How many datagrams each socket gave in one turn.
  std::map<SocketId, size_t> Turn() {
    std::map<SocketId, size_t> counts;
    table_->BeginTurn(Clock().Read());
    for (auto batch = table_->NextBatch(); !batch.empty(); batch = table_->NextBatch()) {
      order_.push_back(batch.front().socket);
      counts[batch.front().socket] += batch.size();
    }
    return counts;
  }

  PacketPool pool_;
  test::SeededEntropy entropy_{3};
  Log log_{-1, LogLevel::kNone};
  std::unique_ptr<SocketTable> table_;
  std::vector<SocketId> order_;
};

TEST_F(SocketTableTest, WakesForEverySocketAndReadsItsDatagrams) {
  const BoundSocket a = Open();
  const BoundSocket b = Open();
  EXPECT_NE(a.id, b.id);
  EXPECT_FALSE(Readable());
  Send(a, b.local, "to b");
  EXPECT_TRUE(Readable());
  EXPECT_THAT(Turn(), ElementsAre(Pair(b.id, 1)));
  EXPECT_FALSE(Readable());
  Send(b, a.local, "to a", 2);
  EXPECT_TRUE(Readable());
  EXPECT_THAT(Turn(), ElementsAre(Pair(a.id, 2)));
}

TEST_F(SocketTableTest, OneBatchMayLeaveThroughSeveralSockets) {
  const BoundSocket a = Open();
  const BoundSocket b = Open();
  const BoundSocket to = Open();
  TransmitBatch batch;
  for (const BoundSocket& from : {a, a, b, a}) {
    batch.Room()[0] = 'x';
    batch.Commit({from.id, to.local}, 1);
  }
  table_->Send(batch);
  table_->BeginTurn(Clock().Read());
  std::vector<Endpoint> senders;
  for (auto received = table_->NextBatch(); !received.empty(); received = table_->NextBatch()) {
    for (const InboundDatagram& datagram : received) senders.push_back(datagram.remote);
  }
  EXPECT_THAT(senders, ElementsAre(a.local, a.local, b.local, a.local));
}

TEST_F(SocketTableTest, AClosedSocketIsGoneForBothDirections) {
  const BoundSocket a = Open();
  const BoundSocket b = Open();
  Send(a, b.local, "late");
  table_->Close(b.id);
  EXPECT_EQ(table_->size(), 1u);
  EXPECT_FALSE(Readable());
  EXPECT_TRUE(Turn().empty());

  Send(b, a.local, "from nowhere", 3);
  EXPECT_EQ(table_->TakeDrops().socket_error, 3u);
  EXPECT_EQ(table_->TakeDrops().socket_error, 0u);
  table_->Close(b.id);
  table_->Close(SocketId(4711));
  EXPECT_NE(Open().id, b.id);
}

TEST_F(SocketTableTest, ASocketClosedInMidTurnIsNotReadAnyMore) {
  const BoundSocket a = Open();
  const BoundSocket b = Open();
  Send(a, b.local, "x");
  table_->BeginTurn(Clock().Read());
  table_->Close(b.id);
  EXPECT_TRUE(table_->NextBatch().empty());
}

TEST_F(SocketTableTest, FloodedSocketsLeaveTheOthersTheirTurn) {
  const BoundSocket from = Open();
  std::vector<BoundSocket> flooded;
  // Four, because the kernel may not grant one socket a buffer for all of it.
  for (int i = 0; i < 4; ++i) flooded.push_back(Open());
  const BoundSocket quiet = Open();
  for (const BoundSocket& socket : flooded) Send(from, socket.local, "flood", 400);
  Send(from, quiet.local, "hello");

  std::map<SocketId, size_t> counts = Turn();
  EXPECT_EQ(counts[quiet.id], 1u);
  for (const BoundSocket& socket : flooded) {
    EXPECT_GE(counts[socket.id], 3 * ReceiveBatch::kSize);
    EXPECT_LT(counts[socket.id], 400u);
  }
  // One batch of each other socket at most comes first.
  EXPECT_THAT(std::span(order_).first(5), ::testing::Contains(quiet.id));
  size_t total = 0;
  for (const auto& [socket, count] : counts) total += count;
  EXPECT_LE(total, SocketTable::kDatagramsPerTurn + ReceiveBatch::kSize);

  // What was left is announced again.
  EXPECT_TRUE(Readable());
  for (const auto& [socket, count] : Turn()) total += count;
  EXPECT_EQ(total, 1601u);
  EXPECT_FALSE(Readable());
}

TEST_F(SocketTableTest, DefaultPortsServeRequestsThatNameNone) {
  Make(45'000, 45'999);
  const BoundSocket by_default = Open();
  EXPECT_GE(by_default.local.port, 45'000);
  EXPECT_LE(by_default.local.port, 45'999);
  const BoundSocket as_asked = Open(46'000, 46'999);
  EXPECT_GE(as_asked.local.port, 46'000);
  EXPECT_LE(as_asked.local.port, 46'999);
}

TEST_F(SocketTableTest, ARefusedSocketLeavesNothingBehind) {
  ListenOptions options;
  options.address = IpAddress::V4(192, 0, 2, 1);
  EXPECT_FALSE(table_->Open(options).ok());
  EXPECT_EQ(table_->size(), 0u);
}

TEST_F(SocketTableTest, CountsWhatDiedOnItsWayIn) {
  const BoundSocket to = Open();
  const BoundSocket from = Open();
  Send(from, to.local, std::string(PacketSlot::kCapacity + 1, 'x'));
  Send(from, to.local, "short");
  EXPECT_THAT(Turn(), ElementsAre(Pair(to.id, 1)));
  EXPECT_EQ(table_->TakeDrops().truncated, 1u);
}

// One port number serves both protocols, and their datagrams come out of one door.
TEST_F(SocketTableTest, TcpGoesInAndOutLikeUdp) {
  const BoundSocket udp = Open();
  ListenOptions options;
  options.protocol = TransportProtocol::kTcp;
  options.address = udp.local.address;
  options.port = udp.local.port;
  const absl::StatusOr<BoundSocket> tcp = table_->Open(options);
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  EXPECT_NE(tcp->id, udp.id);
  test::TcpClient client(tcp->local.port);
  EXPECT_TRUE(Readable());
  EXPECT_TRUE(Turn().empty());
  client.SendFrame(std::string("\0check", 6));
  Send(Open(), udp.local, "datagram");
  EXPECT_THAT(Turn(), ElementsAre(Pair(udp.id, 1), Pair(tcp->id, 1)));

  const Path path{tcp->id, client.local()};
  table_->Keep(path);
  Send(*tcp, path.remote, "answer");
  EXPECT_EQ(client.NextDatagram(), "answer");
  client.Close();
  EXPECT_TRUE(Readable());
  EXPECT_TRUE(Turn().empty());
  EXPECT_EQ(table_->NextEnded(), path);
  EXPECT_FALSE(Readable());
}

TEST_F(SocketTableTest, AFloodedConnectionLeavesTheOthersTheirTurn) {
  const BoundSocket quiet = Open();
  const BoundSocket from = Open();
  ListenOptions options;
  options.protocol = TransportProtocol::kTcp;
  options.address = quiet.local.address;
  const absl::StatusOr<BoundSocket> tcp = table_->Open(options);
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  test::TcpClient client(tcp->local.port);
  Turn();
  client.SendFrame(std::string("\0check", 6));
  Turn();
  table_->Keep({tcp->id, client.local()});
  // Small ones cost the most: 2,000 in a few reads.
  for (int i = 0; i < 2000; ++i) client.SendFrame(std::string(100, '\x80'));
  Send(from, quiet.local, "hello");
  const std::map<SocketId, size_t> counts = Turn();
  EXPECT_EQ(counts.at(quiet.id), 1u);
  EXPECT_LT(counts.at(tcp->id),
            SocketTable::kDatagramsPerTurn + TcpConnection::kReadSize / 102 + 1);
}

}  // namespace
}  // namespace sluice::worker

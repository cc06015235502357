#include "worker/io/receive_batch.h"

#include <netinet/udp.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "worker/io/udp_socket.h"

namespace sluice::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr SocketId kSocket(9);

class ReceiveBatchTest : public ::testing::Test {
 protected:
  UdpSocket Open() {
    ListenOptions options;
    options.address = IpAddress::V4(127, 0, 0, 1);
    test::SeededEntropy entropy(1);
    absl::StatusOr<UdpSocket> socket = UdpSocket::Open(options, entropy);
    EXPECT_TRUE(socket.ok()) << socket.status();
    return *std::move(socket);
  }

  void Send(const std::string& bytes) {
    SocketAddress address;
    const socklen_t size = WriteSocketAddress(here_.local(), AF_INET, address);
    ASSERT_EQ(sendto(there_.fd(), bytes.data(), bytes.size(), 0, &address.generic, size),
              static_cast<ssize_t>(bytes.size()));
  }

  size_t Receive(ReceiveBatch& batch) {
    return batch.Receive(here_.fd(), kSocket, Clock().Read()).datagrams;
  }

  // All of `bytes` in one call, in pieces of `piece`.
  void SendTrain(const std::string& bytes, uint16_t piece) {
    SocketAddress address;
    const socklen_t size = WriteSocketAddress(here_.local(), AF_INET, address);
    iovec whole{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(piece))> control{};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = size;
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(piece));
    std::memcpy(CMSG_DATA(header), &piece, sizeof(piece));
    ASSERT_EQ(sendmsg(there_.fd(), &message, 0), static_cast<ssize_t>(bytes.size()));
  }

  std::vector<std::string> Texts(ReceiveBatch& batch) {
    std::vector<std::string> texts;
    for (const InboundDatagram& datagram : batch.datagrams()) {
      texts.emplace_back(AsText(datagram.packet.bytes()));
    }
    return texts;
  }

  UdpSocket here_ = Open();
  UdpSocket there_ = Open();
};

TEST_F(ReceiveBatchTest, GivesDatagramsWithTheirSenderInOrder) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  Send("first");
  Send("");
  Send("third");
  EXPECT_EQ(Receive(batch), 3u);
  EXPECT_THAT(Texts(batch), ElementsAre("first", "", "third"));
  for (const InboundDatagram& datagram : batch.datagrams()) {
    EXPECT_EQ(datagram.socket, kSocket);
    EXPECT_EQ(datagram.remote, there_.local());
    EXPECT_EQ(datagram.packet.references(), 1u);
  }
}

TEST_F(ReceiveBatchTest, NothingThereIsNothingTaken) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  EXPECT_EQ(Receive(batch), 0u);
  EXPECT_THAT(batch.datagrams(), IsEmpty());
  EXPECT_EQ(ReceiveBatch(pool).Receive(-1, kSocket, TurnTime()).messages, 0u);
}

TEST_F(ReceiveBatchTest, TakesAtMostABatch) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  for (size_t i = 0; i < ReceiveBatch::kSize + 5; ++i) Send(std::to_string(i));
  EXPECT_EQ(Receive(batch), ReceiveBatch::kSize);
  EXPECT_THAT(batch.datagrams(), SizeIs(ReceiveBatch::kSize));
  EXPECT_EQ(Receive(batch), 5u);
  EXPECT_THAT(Texts(batch), ElementsAre("64", "65", "66", "67", "68"));
}

TEST_F(ReceiveBatchTest, PacketsOutliveTheBatchOnlyForThoseWhoTakeThem) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  Send("kept");
  Send("left");
  Receive(batch);
  const size_t waiting = pool.in_use();
  PacketRef kept = std::move(batch.datagrams()[0].packet);
  Send("next");
  Receive(batch);
  EXPECT_EQ(AsText(kept.bytes()), "kept");
  EXPECT_THAT(Texts(batch), ElementsAre("next"));
  // The batch itself needs no more slots than before: "left" has gone back to the pool.
  EXPECT_EQ(pool.in_use(), waiting + 1);
}

TEST_F(ReceiveBatchTest, ALongDatagramIsDroppedAndCountedAndTheLongestIsNot) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  Send(std::string(PacketSlot::kCapacity, 'a'));
  Send(std::string(PacketSlot::kCapacity + 1, 'b'));
  Send(std::string(60'000, 'c'));
  Send("after");
  EXPECT_EQ(Receive(batch), 4u);
  EXPECT_THAT(Texts(batch), ElementsAre(std::string(PacketSlot::kCapacity, 'a'), "after"));
  EXPECT_EQ(batch.TakeDrops().truncated, 2u);
  EXPECT_EQ(batch.TakeDrops().truncated, 0u);
}

TEST_F(ReceiveBatchTest, WithoutSlotsDatagramsLeaveTheKernelAndAreCounted) {
  PacketPool pool(3);
  ReceiveBatch batch(pool);
  for (int i = 0; i < 10; ++i) Send(std::to_string(i));
  EXPECT_EQ(Receive(batch), 10u);
  EXPECT_THAT(Texts(batch), ElementsAre("0", "1", "2"));
  EXPECT_EQ(batch.TakeDrops().pool_exhausted, 7u);

  // And the next find room again.
  Send("again");
  EXPECT_EQ(Receive(batch), 1u);
  EXPECT_THAT(Texts(batch), ElementsAre("again"));
  EXPECT_EQ(batch.TakeDrops().pool_exhausted, 0u);
}

TEST_F(ReceiveBatchTest, ASlotThatATruncatedDatagramLeftIsUsedAgain) {
  PacketPool pool(2);
  ReceiveBatch batch(pool);
  for (int round = 0; round < 5; ++round) {
    Send(std::string(5000, 'x'));
    Send("short");
    EXPECT_EQ(Receive(batch), 2u);
    EXPECT_THAT(Texts(batch), ElementsAre("short")) << round;
  }
  EXPECT_EQ(batch.TakeDrops().truncated, 5u);
  EXPECT_EQ(pool.exhausted() > 0, true);
}

// As many pieces of each size as a train has, also where they end in the middle of a slot.
TEST_F(ReceiveBatchTest, ATrainIsTakenApart) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  for (const uint16_t piece : std::array<uint16_t, 5>{1, 100, 1000, 1200, 1400}) {
    std::string train;
    std::vector<std::string> pieces;
    for (char c = 'a'; c < 'z' && train.size() < 30'000; ++c) {
      pieces.emplace_back(piece, c);
      train += pieces.back();
    }
    if (piece > 1) {
      pieces.emplace_back(piece - 1u, '!');
      train += pieces.back();
    }
    SendTrain(train, piece);
    Send("alone");
    pieces.emplace_back("alone");
    EXPECT_EQ(Receive(batch), pieces.size()) << piece;
    EXPECT_EQ(Texts(batch), pieces) << piece;
    const Timestamp arrival = batch.datagrams().front().packet.arrival();
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      EXPECT_EQ(batch.datagrams()[i].packet.arrival(), arrival);
      EXPECT_EQ(batch.datagrams()[i].remote, there_.local());
    }
  }
}

TEST_F(ReceiveBatchTest, PiecesForWhichThereIsNoSlotAreCounted) {
  PacketPool pool(ReceiveBatch::kSize + 2);
  ReceiveBatch batch(pool);
  SendTrain(std::string(500, 'a'), 100);
  EXPECT_EQ(Receive(batch), 5u);
  EXPECT_THAT(batch.datagrams(), SizeIs(3));
  EXPECT_EQ(batch.TakeDrops().pool_exhausted, 2u);
}

TEST_F(ReceiveBatchTest, PiecesLongerThanASlotAreDropped) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  SendTrain(std::string(9000, 'a'), 4000);
  Send("after");
  Receive(batch);
  EXPECT_THAT(Texts(batch), ElementsAre("after"));
  EXPECT_GE(batch.TakeDrops().truncated, 1u);
}

TEST_F(ReceiveBatchTest, ArrivalIsWhenTheKernelReceivedIt) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  const Timestamp before = Clock().Read().now;
  Send("stamped");
  const Timestamp after = Clock().Read().now;
  // Read by a turn that comes 500 ms later.
  TurnTime turn = Clock().Read();
  turn.now += std::chrono::milliseconds(500);
  ASSERT_EQ(batch.Receive(here_.fd(), kSocket, turn).messages, 1u);
  // Two clocks are compared, which are read one after the other.
  constexpr Duration kSlack = std::chrono::milliseconds(5);
  const Timestamp arrival = batch.datagrams()[0].packet.arrival();
  EXPECT_GE(arrival, before - kSlack);
  EXPECT_LE(arrival, after + kSlack);
}

TEST_F(ReceiveBatchTest, ArrivalFollowsNoWallClockThatWasSet) {
  PacketPool pool;
  ReceiveBatch batch(pool);
  TurnTime turn = Clock().Read();
  for (Duration jump : {Duration(std::chrono::hours(1)), Duration(-std::chrono::hours(1))}) {
    TurnTime jumped = turn;
    jumped.unix_offset += jump;
    Send("stamped");
    ASSERT_EQ(batch.Receive(here_.fd(), kSocket, jumped).messages, 1u);
    EXPECT_EQ(batch.datagrams()[0].packet.arrival(), turn.now);
  }
}

}  // namespace
}  // namespace sluice::worker

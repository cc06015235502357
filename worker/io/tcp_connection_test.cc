#include "worker/io/tcp_connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Media(size_t size) { return "\x80\x60" + std::string(size - 2, 'm'); }

// On a pair of sockets instead of a network: a stream is a stream.
class TcpConnectionTest : public ::testing::Test {
 protected:
  TcpConnectionTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    other_ = Descriptor(ends[1]);
    connection_ = std::make_unique<TcpConnection>(Descriptor(ends[0]));
  }

  void Write(std::string_view bytes) {
    EXPECT_EQ(send(other_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // All that has come by now.
  std::vector<std::string> Datagrams() {
    std::vector<std::string> datagrams;
    for (ByteView stream; !(stream = connection_->Read(buffer_)).empty();) {
      while (const auto datagram = connection_->NextDatagram(stream)) {
        datagrams.emplace_back(AsText(*datagram));
      }
    }
    return datagrams;
  }

  SendOutcome Send(const std::vector<std::string>& datagrams) {
    TransmitBatch batch;
    for (const std::string& datagram : datagrams) {
      std::ranges::copy(AsBytes(datagram), batch.Room().begin());
      batch.Commit({}, datagram.size());
    }
    return connection_->Send(batch, batch.entries());
  }

  // What the other side can read now.
  std::string Received() {
    std::string all;
    std::array<char, 4096> part;
    for (ssize_t size; (size = recv(other_.get(), part.data(), part.size(), 0)) > 0;) {
      all.append(part.data(), static_cast<size_t>(size));
    }
    return all;
  }

  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(TcpConnection::kReadSize);
  Descriptor other_;
  std::unique_ptr<TcpConnection> connection_;
};

TEST_F(TcpConnectionTest, ReadsDatagramsThatComeInPieces) {
  Write(std::string("\0\5he", 4));
  EXPECT_THAT(Datagrams(), IsEmpty());
  EXPECT_TRUE(connection_->mid_frame());
  Write(std::string("llo\0\3you\0", 9));
  EXPECT_THAT(Datagrams(), ElementsAre("hello", "you"));
  EXPECT_FALSE(connection_->ended());
}

TEST_F(TcpConnectionTest, ReadsWhatCameBeforeTheEnd) {
  Write(std::string("\0\3bye", 5));
  other_.Close();
  EXPECT_THAT(Datagrams(), ElementsAre("bye"));
  EXPECT_TRUE(connection_->ended());
  EXPECT_THAT(Datagrams(), IsEmpty());
}

TEST_F(TcpConnectionTest, WritesFramesOneBehindTheOther) {
  EXPECT_EQ(Send({"hello", "you"}).sent, 2u);
  EXPECT_EQ(Received(), std::string("\0\5hello\0\3you", 12));
}

TEST_F(TcpConnectionTest, WhatWasTakenBackIsNotSent) {
  TransmitBatch batch;
  for (const char* text : {"one", "two", "six"}) {
    std::ranges::copy(AsBytes(text), batch.Room().begin());
    batch.Commit({}, 3);
  }
  batch.TakeBack(1);
  EXPECT_EQ(connection_->Send(batch, batch.entries()).sent, 2u);
  EXPECT_EQ(Received(), std::string("\0\3one\0\3six", 10));
}

TEST_F(TcpConnectionTest, AFrameThatWasBegunIsFinishedBeforeAnythingElse) {
  const int small = 4096;
  setsockopt(connection_->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  uint64_t sent = 0;
  for (SendOutcome outcome; outcome.full == 0; sent += outcome.sent) outcome = Send({Media(700)});
  EXPECT_LE(connection_->backlog(), 702u);
  EXPECT_EQ(Send({"report"}).sent, 1u);
  std::string wire = Received();
  while (connection_->waits_to_write()) {
    connection_->Flush();
    wire += Received();
  }
  EXPECT_EQ(wire.size(), sent * 702 + 8);
  EXPECT_EQ(wire.substr(wire.size() - 8), std::string("\0\6report", 8));
}

TEST_F(TcpConnectionTest, SendingToWhoHasGoneFailsAndEndsIt) {
  other_.Close();
  EXPECT_EQ(Send({Media(100), "report"}).failed, 2u);
  EXPECT_TRUE(connection_->ended());
  EXPECT_FALSE(connection_->waits_to_write());
}

TEST_F(TcpConnectionTest, LongFramesAreCountedOnce) {
  Write(std::string("\xff\xff", 2) + std::string(100, 'x'));
  EXPECT_THAT(Datagrams(), IsEmpty());
  EXPECT_EQ(connection_->TakeTooLong(), 1u);
  EXPECT_EQ(connection_->TakeTooLong(), 0u);
}

}  // namespace
}  // namespace sluice::worker

#include "worker/io/send_batch.h"

#include <cerrno>
#include <deque>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "worker/io/udp_socket.h"

namespace sluice::worker {
namespace {

// A kernel that answers sendmmsg as told: a positive number is how many it takes, a negative one an
// errno.
class ScriptedKernel {
 public:
  explicit ScriptedKernel(std::deque<int> answers) : answers_(std::move(answers)) {}

  SendOutcome Send(size_t count) {
    std::vector<mmsghdr> messages(count);
    return SendAll(messages, [&](mmsghdr* first, unsigned number) {
      offered_.push_back(static_cast<size_t>(first - messages.data()));
      if (answers_.empty()) return static_cast<int>(number);
      const int answer = answers_.front();
      answers_.pop_front();
      if (answer >= 0) return answer;
      errno = -answer;
      return -1;
    });
  }

  // The message with which each call began.
  const std::vector<size_t>& offered() const { return offered_; }

 private:
  std::deque<int> answers_;
  std::vector<size_t> offered_;
};

MATCHER_P3(Outcome, sent, full, failed, "") {
  return arg.sent == uint64_t{sent} && arg.full == uint64_t{full} && arg.failed == uint64_t{failed};
}

TEST(SendAllTest, SendsEverythingInOneCallIfTheKernelTakesIt) {
  ScriptedKernel kernel({});
  EXPECT_THAT(kernel.Send(10), Outcome(10u, 0u, 0u));
  EXPECT_THAT(kernel.offered(), ::testing::ElementsAre(0));
}

TEST(SendAllTest, GoesOnWhereTheKernelStopped) {
  ScriptedKernel kernel({3, 4});
  EXPECT_THAT(kernel.Send(10), Outcome(10u, 0u, 0u));
  EXPECT_THAT(kernel.offered(), ::testing::ElementsAre(0, 3, 7));
}

TEST(SendAllTest, AFullSocketDropsTheRestAndDoesNotSpin) {
  ScriptedKernel kernel({4, -EAGAIN});
  EXPECT_THAT(kernel.Send(10), Outcome(4u, 6u, 0u));
  EXPECT_EQ(kernel.offered().size(), 2u);
}

TEST(SendAllTest, AFullDeviceDropsOneDatagram) {
  ScriptedKernel kernel({-ENOBUFS});
  EXPECT_THAT(kernel.Send(10), Outcome(9u, 1u, 0u));
  EXPECT_THAT(kernel.offered(), ::testing::ElementsAre(0, 1));
}

TEST(SendAllTest, AnErrorCostsOneDatagramOnly) {
  for (int error : {EPERM, ENETUNREACH, EHOSTUNREACH, EMSGSIZE, ECONNREFUSED, EINVAL, EACCES}) {
    ScriptedKernel kernel({2, -error, 1, -error});
    EXPECT_THAT(kernel.Send(10), Outcome(8u, 0u, 2u)) << error;
    EXPECT_THAT(kernel.offered(), ::testing::ElementsAre(0, 2, 3, 4, 5)) << error;
  }
}

TEST(SendAllTest, EveryDatagramMayFailWithoutEnd) {
  ScriptedKernel kernel(std::deque<int>(10, -EPERM));
  EXPECT_THAT(kernel.Send(10), Outcome(0u, 0u, 10u));
}

TEST(SendAllTest, AnInterruptedCallIsRepeated) {
  ScriptedKernel kernel({-EINTR, -EINTR});
  EXPECT_THAT(kernel.Send(2), Outcome(2u, 0u, 0u));
}

TEST(SendAllTest, ACallThatTakesNothingEndsAnyway) {
  ScriptedKernel kernel({0, 0});
  EXPECT_THAT(kernel.Send(2), Outcome(0u, 0u, 2u));
}

class SendBatchTest : public ::testing::Test {
 protected:
  UdpSocket Open(const char* address) {
    ListenOptions options;
    options.address = *IpAddress::Parse(address);
    test::SeededEntropy entropy(1);
    absl::StatusOr<UdpSocket> socket = UdpSocket::Open(options, entropy);
    EXPECT_TRUE(socket.ok()) << socket.status();
    return *std::move(socket);
  }

  void Append(const Endpoint& remote, size_t size, uint8_t fill) {
    const ByteSpan room = batch_.Room();
    ASSERT_GE(room.size(), size);
    std::fill_n(room.begin(), size, fill);
    batch_.Commit({SocketId(1), remote}, size);
  }

  SendOutcome Send(const UdpSocket& socket) {
    return sender_.Send(socket.fd(), socket.family(), batch_, batch_.entries());
  }

  // Sizes and first bytes of what has come, in order.
  std::vector<std::pair<ssize_t, uint8_t>> Received(const UdpSocket& socket) {
    std::vector<std::pair<ssize_t, uint8_t>> datagrams;
    std::array<uint8_t, 4096> bytes;
    for (ssize_t size; (size = recv(socket.fd(), bytes.data(), bytes.size(), 0)) >= 0;) {
      datagrams.emplace_back(size, bytes[0]);
    }
    return datagrams;
  }

  TransmitBatch batch_;
  SendBatch sender_;
};

using ::testing::ElementsAre;
using ::testing::Pair;

TEST_F(SendBatchTest, DatagramsArriveAtTheirDestinationsInOrder) {
  const UdpSocket from = Open("127.0.0.1");
  const UdpSocket one = Open("127.0.0.1");
  const UdpSocket two = Open("127.0.0.1");
  Append(one.local(), 100, 1);
  Append(one.local(), 1200, 2);
  Append(two.local(), 50, 3);
  Append(one.local(), 7, 4);
  EXPECT_THAT(Send(from), Outcome(4u, 0u, 0u));
  EXPECT_THAT(Received(one), ElementsAre(Pair(100, 1), Pair(1200, 2), Pair(7, 4)));
  EXPECT_THAT(Received(two), ElementsAre(Pair(50, 3)));
}

TEST_F(SendBatchTest, WhatCannotBeSentDoesNotKeepTheRestBack) {
  const UdpSocket from = Open("127.0.0.1");
  const UdpSocket to = Open("127.0.0.1");
  Append(to.local(), 10, 1);
  // Of another family, larger than UDP, and a broadcast that was never asked for.
  Append({*IpAddress::Parse("2001:db8::1"), 9, TransportProtocol::kUdp}, 10, 2);
  Append(to.local(), 70'000, 3);
  Append({IpAddress::V4(255, 255, 255, 255), 9, TransportProtocol::kUdp}, 10, 4);
  Append(to.local(), 10, 5);
  EXPECT_THAT(Send(from), Outcome(2u, 0u, 3u));
  EXPECT_THAT(Received(to), ElementsAre(Pair(10, 1), Pair(10, 5)));
}

TEST_F(SendBatchTest, ADualStackSocketReachesV4) {
  const UdpSocket from = Open("::");
  const UdpSocket to = Open("127.0.0.1");
  Append(to.local(), 10, 1);
  EXPECT_THAT(Send(from), Outcome(1u, 0u, 0u));
  EXPECT_THAT(Received(to), ElementsAre(Pair(10, 1)));
}

TEST_F(SendBatchTest, NobodyAtTheDestinationIsNobodysError) {
  const UdpSocket from = Open("127.0.0.1");
  Endpoint gone;
  { gone = Open("127.0.0.1").local(); }
  Append(gone, 10, 1);
  EXPECT_THAT(Send(from), Outcome(1u, 0u, 0u));
  EXPECT_THAT(Send(from), Outcome(1u, 0u, 0u));
}

}  // namespace
}  // namespace sluice::worker

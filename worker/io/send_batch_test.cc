#include "worker/io/send_batch.h"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "worker/io/udp_socket.h"

namespace sluice::worker {
namespace {

// A kernel that answers sendmmsg as told: a positive number is how many messages it takes, a
// negative one an errno. Without an answer it takes all.
class ScriptedKernel {
 public:
  explicit ScriptedKernel(std::deque<int> answers) : answers_(std::move(answers)) {}

  // What one call was given: the length of each message, and the size of its segments (zero for a
  // single datagram).
  struct Message {
    size_t bytes = 0;
    uint16_t segment = 0;
    bool operator==(const Message&) const = default;
  };
  using Call = std::vector<Message>;

  SendBatch::Kernel kernel() {
    return [this](int, mmsghdr* messages, unsigned count, int) {
      Call call;
      for (unsigned i = 0; i < count; ++i) call.push_back(Read(messages[i].msg_hdr));
      calls_.push_back(std::move(call));
      if (answers_.empty()) return static_cast<int>(count);
      const int answer = answers_.front();
      answers_.pop_front();
      if (answer >= 0) return answer;
      errno = -answer;
      return -1;
    };
  }

  const std::vector<Call>& calls() const { return calls_; }
  std::vector<size_t> lengths() const {
    std::vector<size_t> all;
    for (const Call& call : calls_) all.push_back(call.size());
    return all;
  }

 private:
  static Message Read(const msghdr& header) {
    Message message{header.msg_iov->iov_len, 0};
    if (const cmsghdr* control = CMSG_FIRSTHDR(&header)) {
      EXPECT_EQ(control->cmsg_level, SOL_UDP);
      EXPECT_EQ(control->cmsg_type, UDP_SEGMENT);
      std::memcpy(&message.segment, CMSG_DATA(control), sizeof(message.segment));
    }
    return message;
  }

  std::deque<int> answers_;
  std::vector<Call> calls_;
};

MATCHER_P3(Outcome, sent, full, failed, "") {
  return arg.sent == uint64_t{sent} && arg.full == uint64_t{full} && arg.failed == uint64_t{failed};
}

class ScriptedSendTest : public ::testing::Test {
 protected:
  // `count` datagrams to as many destinations.
  SendOutcome SendSingles(size_t count) {
    for (size_t i = 0; i < count; ++i) Append(static_cast<uint16_t>(1000 + i), 100);
    return Send();
  }
  SendOutcome SendSizes(const std::vector<size_t>& sizes) {
    for (size_t size : sizes) Append(1000, size);
    return Send();
  }
  void Append(uint16_t port, size_t size) {
    batch_.Commit({SocketId(1), {IpAddress::V4(127, 0, 0, 1), port, TransportProtocol::kUdp}},
                  size);
  }
  SendOutcome Send() {
    // Trains are only tried on a socket that knows them.
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SendOutcome outcome = sender_->Send(socket.get(), AF_INET, batch_, batch_.entries());
    batch_.Clear();
    return outcome;
  }
  void Script(std::deque<int> answers) {
    kernel_ = std::make_unique<ScriptedKernel>(std::move(answers));
    sender_ = std::make_unique<SendBatch>(kernel_->kernel());
  }

  TransmitBatch batch_;
  std::unique_ptr<ScriptedKernel> kernel_;
  std::unique_ptr<SendBatch> sender_;
};

using ::testing::ElementsAre;
using ::testing::Pair;

TEST_F(ScriptedSendTest, SendsEverythingInOneCallIfTheKernelTakesIt) {
  Script({});
  EXPECT_THAT(SendSingles(10), Outcome(10u, 0u, 0u));
  EXPECT_THAT(kernel_->lengths(), ElementsAre(10));
}

TEST_F(ScriptedSendTest, GoesOnWhereTheKernelStopped) {
  Script({3, 4});
  EXPECT_THAT(SendSingles(10), Outcome(10u, 0u, 0u));
  EXPECT_THAT(kernel_->lengths(), ElementsAre(10, 7, 3));
}

TEST_F(ScriptedSendTest, AFullSocketDropsTheRestAndDoesNotSpin) {
  Script({4, -EAGAIN});
  EXPECT_THAT(SendSingles(10), Outcome(4u, 6u, 0u));
  EXPECT_THAT(kernel_->lengths(), ElementsAre(10, 6));
}

TEST_F(ScriptedSendTest, AFullDeviceDropsOneDatagram) {
  Script({-ENOBUFS});
  EXPECT_THAT(SendSingles(10), Outcome(9u, 1u, 0u));
  EXPECT_THAT(kernel_->lengths(), ElementsAre(10, 9));
}

TEST_F(ScriptedSendTest, AnErrorCostsOneDatagramOnly) {
  for (int error : {EPERM, ENETUNREACH, EHOSTUNREACH, EMSGSIZE, ECONNREFUSED, EINVAL, EACCES}) {
    Script({2, -error, 1, -error});
    EXPECT_THAT(SendSingles(10), Outcome(8u, 0u, 2u)) << error;
    EXPECT_THAT(kernel_->lengths(), ElementsAre(10, 8, 7, 6, 5)) << error;
  }
}

TEST_F(ScriptedSendTest, EveryDatagramMayFailWithoutEnd) {
  Script(std::deque<int>(10, -EPERM));
  EXPECT_THAT(SendSingles(10), Outcome(0u, 0u, 10u));
}

TEST_F(ScriptedSendTest, AnInterruptedCallIsRepeated) {
  Script({-EINTR, -EINTR});
  EXPECT_THAT(SendSingles(2), Outcome(2u, 0u, 0u));
}

TEST_F(ScriptedSendTest, ACallThatTakesNothingEndsAnyway) {
  Script({0, 0});
  EXPECT_THAT(SendSingles(2), Outcome(0u, 0u, 2u));
}

using Call = ScriptedKernel::Call;

TEST_F(ScriptedSendTest, NeighboursOfOneSizeLeaveAsATrainOfWhichTheLastMayBeShorter) {
  Script({});
  EXPECT_THAT(SendSizes({1200, 1200, 1200, 300}), Outcome(4u, 0u, 0u));
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{3900, 1200}}));
}

TEST_F(ScriptedSendTest, ALargerOneBeginsAnotherMessage) {
  Script({});
  SendSizes({100, 1200, 1200, 80, 90});
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{100, 0}, {2480, 1200}, {90, 0}}));
}

TEST_F(ScriptedSendTest, NothingFollowsAShorterOne) {
  Script({});
  SendSizes({500, 400, 400});
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{900, 500}, {400, 0}}));
}

TEST_F(ScriptedSendTest, OnlyNeighboursWithOneDestinationShareATrain) {
  Script({});
  for (uint16_t port : std::array<uint16_t, 4>{1, 1, 2, 1}) Append(port, 100);
  Send();
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{200, 100}, {100, 0}, {100, 0}}));
}

TEST_F(ScriptedSendTest, ATrainIsBoundedInPiecesAndBytes) {
  Script({});
  SendSizes(std::vector<size_t>(SendBatch::kMaxSegments + 1, 100));
  SendSizes(std::vector<size_t>(60, 1200));
  EXPECT_THAT(kernel_->calls(),
              ElementsAre(Call{{6400, 100}, {100, 0}}, Call{{64'800, 1200}, {7'200, 1200}}));
}

TEST_F(ScriptedSendTest, WhatWasTakenBackDoesNotLeave) {
  Script({});
  for (int i = 0; i < 3; ++i) Append(1000, 100);
  batch_.TakeBack(1);
  EXPECT_THAT(Send(), Outcome(2u, 0u, 0u));
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{100, 0}, {100, 0}}));
}

TEST_F(ScriptedSendTest, ARefusedTrainIsSentPieceByPiece) {
  Script({-EMSGSIZE});
  const SendOutcome outcome = SendSizes({1200, 1200, 300});
  EXPECT_THAT(outcome, Outcome(3u, 0u, 0u));
  EXPECT_EQ(outcome.refused, 1u);
  EXPECT_EQ(outcome.messages, 3u);
  EXPECT_THAT(kernel_->calls(),
              ElementsAre(Call{{2700, 1200}}, Call{{1200, 0}}, Call{{1200, 0}}, Call{{300, 0}}));
  // It was that one's fault, the next is tried again.
  SendSizes({50, 50});
  EXPECT_EQ(kernel_->calls().back(), (Call{{100, 50}}));
}

TEST_F(ScriptedSendTest, ADeviceThatRefusesTrainsGetsNoMore) {
  for (int error : {EIO, EOPNOTSUPP, ENOPROTOOPT}) {
    Script({-error});
    EXPECT_THAT(SendSizes({50, 50}), Outcome(2u, 0u, 0u)) << error;
    SendSizes({50, 50});
    EXPECT_EQ(kernel_->calls().back(), (Call{{50, 0}, {50, 0}})) << error;
  }
}

TEST_F(ScriptedSendTest, APieceThatFailsIsCountedAndTheOthersGo) {
  Script({-EINVAL, 1, -EPERM, -ENOBUFS, 1});
  EXPECT_THAT(SendSizes({50, 50, 50, 50}), Outcome(2u, 1u, 1u));
}

TEST_F(ScriptedSendTest, AFullSocketDropsAllOfATrain) {
  Script({-EAGAIN});
  EXPECT_THAT(SendSizes({50, 50, 50}), Outcome(0u, 3u, 0u));
}

TEST_F(ScriptedSendTest, TrainsCanBeLeftOut) {
  Script({});
  sender_->set_trains(false);
  EXPECT_EQ(SendSizes({50, 50}).messages, 2u);
  EXPECT_THAT(kernel_->calls(), ElementsAre(Call{{50, 0}, {50, 0}}));
}

TEST_F(ScriptedSendTest, CountsMessagesAndCalls) {
  Script({1});
  const SendOutcome outcome = SendSizes({50, 50, 60, 60, 60});
  EXPECT_EQ(outcome.sent, 5u);
  EXPECT_EQ(outcome.messages, 2u);
  EXPECT_EQ(outcome.calls, 2u);
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

TEST_F(SendBatchTest, ATrainArrivesAsItsPieces) {
  const UdpSocket from = Open("127.0.0.1");
  const UdpSocket to = Open("127.0.0.1");
  // Otherwise the kernel would not even take it apart.
  const int off = 0;
  ASSERT_EQ(setsockopt(to.fd(), SOL_UDP, UDP_GRO, &off, sizeof(off)), 0);
  for (uint8_t i = 0; i < 5; ++i) Append(to.local(), i == 4 ? 30 : 1000, i);
  const SendOutcome outcome = Send(from);
  EXPECT_THAT(outcome, Outcome(5u, 0u, 0u));
  EXPECT_EQ(outcome.messages, 1u);
  EXPECT_THAT(Received(to),
              ElementsAre(Pair(1000, 0), Pair(1000, 1), Pair(1000, 2), Pair(1000, 3), Pair(30, 4)));
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

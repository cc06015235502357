#include "worker/io/udp_socket.h"

#include <sys/resource.h>

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ListenOptions On(std::string_view address, uint16_t port = 0) {
  ListenOptions options;
  options.address = *IpAddress::Parse(address);
  options.port = port;
  return options;
}

ListenOptions InRange(uint16_t low, uint16_t high) {
  ListenOptions options = On("127.0.0.1");
  options.port_min = low;
  options.port_max = high;
  return options;
}

class UdpSocketTest : public ::testing::Test {
 protected:
  absl::StatusOr<UdpSocket> Open(const ListenOptions& options) {
    return UdpSocket::Open(options, entropy_);
  }

  std::string Refused(const ListenOptions& options, absl::StatusCode code) {
    const absl::StatusOr<UdpSocket> socket = Open(options);
    EXPECT_EQ(socket.status().code(), code);
    return std::string(socket.status().message());
  }

  // The lowest of `count` ports in a row that are free now.
  uint16_t FreeStretch(uint16_t count) {
    for (uint16_t low = 42'000; low < 59'000; low = static_cast<uint16_t>(low + count)) {
      uint16_t free = 0;
      while (free < count && Open(On("127.0.0.1", static_cast<uint16_t>(low + free))).ok()) ++free;
      if (free == count) return low;
    }
    ADD_FAILURE() << "no " << count << " free ports in a row";
    return 0;
  }

  test::SeededEntropy entropy_{7};
};

TEST_F(UdpSocketTest, TellsThePortThatTheKernelChose) {
  const absl::StatusOr<UdpSocket> socket = Open(On("127.0.0.1"));
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(socket->local().address, IpAddress::V4(127, 0, 0, 1));
  EXPECT_NE(socket->local().port, 0);
  EXPECT_EQ(socket->family(), AF_INET);
}

TEST_F(UdpSocketTest, ATakenPortIsRefusedByAddressAndPort) {
  const absl::StatusOr<UdpSocket> first = Open(On("127.0.0.1"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(Refused(On("127.0.0.1", first->local().port), absl::StatusCode::kUnavailable),
            "cannot listen on " + first->local().ToString() + ": the port is in use");
}

TEST_F(UdpSocketTest, AForeignAddressIsRefusedByName) {
  // RFC 5737 §3: nobody's address.
  EXPECT_THAT(Refused(On("192.0.2.1", 5000), absl::StatusCode::kInvalidArgument),
              AllOf(HasSubstr("192.0.2.1:5000"), HasSubstr("none of this machine's")));
}

TEST_F(UdpSocketTest, ReusePortSharesAPortWithThoseWhoAskForItToo) {
  ListenOptions options = On("127.0.0.1");
  options.reuse_port = true;
  const absl::StatusOr<UdpSocket> first = Open(options);
  ASSERT_TRUE(first.ok());
  options.port = first->local().port;
  EXPECT_TRUE(Open(options).ok());
  options.reuse_port = false;
  EXPECT_FALSE(Open(options).ok());
}

TEST_F(UdpSocketTest, TakesEveryPortOfARangeAndThenSaysSo) {
  const uint16_t low = FreeStretch(4);
  const auto high = static_cast<uint16_t>(low + 3);
  std::vector<UdpSocket> sockets;
  std::set<uint16_t> ports;
  for (int i = 0; i < 4; ++i) {
    absl::StatusOr<UdpSocket> socket = Open(InRange(low, high));
    ASSERT_TRUE(socket.ok()) << socket.status();
    ports.insert(socket->local().port);
    sockets.push_back(*std::move(socket));
  }
  EXPECT_THAT(ports, ::testing::ElementsAre(low, low + 1, low + 2, low + 3));
  EXPECT_THAT(Refused(InRange(low, high), absl::StatusCode::kUnavailable),
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(low) + "-" + std::to_string(high)),
                    HasSubstr("every port of the range is in use")));
  sockets.pop_back();
  EXPECT_TRUE(Open(InRange(low, high)).ok());
}

TEST_F(UdpSocketTest, StartsAnywhereInARange) {
  std::set<uint16_t> ports;
  for (int i = 0; i < 16; ++i) {
    const absl::StatusOr<UdpSocket> socket = Open(InRange(20'000, 40'000));
    ASSERT_TRUE(socket.ok()) << socket.status();
    EXPECT_GE(socket->local().port, 20'000);
    EXPECT_LE(socket->local().port, 40'000);
    ports.insert(socket->local().port);
  }
  EXPECT_GT(ports.size(), 10u);
}

TEST_F(UdpSocketTest, ARangeThatIsNoneIsRefused) {
  EXPECT_THAT(Refused(InRange(5001, 5000), absl::StatusCode::kInvalidArgument),
              HasSubstr("5001-5000 is no range"));
  EXPECT_THAT(Refused(InRange(5000, 0), absl::StatusCode::kInvalidArgument), HasSubstr("5000-0"));
  EXPECT_THAT(Refused(InRange(0, 5000), absl::StatusCode::kInvalidArgument), HasSubstr("0-5000"));
}

TEST_F(UdpSocketTest, ADualStackSocketTakesTheV4PortUnlessV6Only) {
  ListenOptions options = On("::");
  const absl::StatusOr<UdpSocket> dual = Open(options);
  if (!dual.ok()) GTEST_SKIP() << "no IPv6 here: " << dual.status();
  EXPECT_FALSE(Open(On("0.0.0.0", dual->local().port)).ok());

  options.ipv6_only = true;
  const absl::StatusOr<UdpSocket> single = Open(options);
  ASSERT_TRUE(single.ok());
  EXPECT_TRUE(Open(On("0.0.0.0", single->local().port)).ok());
}

TEST_F(UdpSocketTest, ASmallBufferIsGrantedAsAsked) {
  ListenOptions options = On("127.0.0.1");
  options.send_buffer = 65'536;
  options.receive_buffer = 131'072;
  const absl::StatusOr<UdpSocket> socket = Open(options);
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->send_buffer(), 65'536u);
  EXPECT_EQ(socket->receive_buffer(), 131'072u);
}

TEST_F(UdpSocketTest, AnAbsurdBufferIsCutByTheKernel) {
  ListenOptions options = On("127.0.0.1");
  options.receive_buffer = 0xffffffff;
  EXPECT_TRUE(Open(options).ok());
}

TEST_F(UdpSocketTest, OutOfDescriptorsIsAnErrorAndPasses) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string sentence = Refused(On("127.0.0.1", 5000), absl::StatusCode::kUnavailable);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(sentence, AllOf(HasSubstr("127.0.0.1:5000"), HasSubstr("no file descriptors")));
  EXPECT_TRUE(Open(On("127.0.0.1")).ok());
}

}  // namespace
}  // namespace sluice::worker

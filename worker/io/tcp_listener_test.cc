#include "worker/io/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/tcp_client.h"

namespace sluice::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ListenOptions On(std::string_view address, uint16_t port = 0) {
  ListenOptions options;
  options.protocol = TransportProtocol::kTcp;
  options.address = *IpAddress::Parse(address);
  options.port = port;
  return options;
}

int Flag(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

class TcpListenerTest : public ::testing::Test {
 protected:
  absl::StatusOr<TcpListener> Open(const ListenOptions& options) {
    return TcpListener::Open(options, entropy_);
  }

  static std::optional<TcpListener::Accepted> Accept(const TcpListener& listener) {
    pollfd query{listener.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&query, 1, 1000), 1);
    return listener.Accept().first;
  }

  test::SeededEntropy entropy_{7};
};

TEST_F(TcpListenerTest, AcceptsWithTheEndpointOfTheOtherSide) {
  const absl::StatusOr<TcpListener> listener = Open(On("127.0.0.1"));
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->local().protocol, TransportProtocol::kTcp);
  EXPECT_EQ(listener->Accept().second, TcpListener::Refusal::kNone);
  const test::TcpClient client(listener->local().port);
  const std::optional<TcpListener::Accepted> accepted = Accept(*listener);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->remote, client.local());
}

TEST_F(TcpListenerTest, ConnectionsAreBoundedAndSendAtOnce) {
  ListenOptions options = On("127.0.0.1");
  options.send_buffer = 65'536;
  const absl::StatusOr<TcpListener> listener = Open(options);
  ASSERT_TRUE(listener.ok());
  const test::TcpClient client(listener->local().port);
  const std::optional<TcpListener::Accepted> accepted = Accept(*listener);
  ASSERT_TRUE(accepted);
  const int fd = accepted->descriptor.get();
  EXPECT_EQ(Flag(fd, SOL_SOCKET, SO_SNDBUF), 2 * 65'536);
  EXPECT_EQ(Flag(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), static_cast<int>(TcpListener::kMaxUnsent));
  EXPECT_EQ(Flag(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
}

TEST_F(TcpListenerTest, ATakenPortIsRefusedByAddressAndPort) {
  const absl::StatusOr<TcpListener> first = Open(On("127.0.0.1"));
  ASSERT_TRUE(first.ok());
  const absl::StatusOr<TcpListener> second = Open(On("127.0.0.1", first->local().port));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(second.status().message()),
            "cannot listen on " + first->local().ToString() + ": the port is in use");
}

TEST_F(TcpListenerTest, TakesTheFreePortOfARange) {
  const absl::StatusOr<TcpListener> taken = Open(On("127.0.0.1"));
  ASSERT_TRUE(taken.ok());
  ListenOptions options = On("127.0.0.1");
  options.port_min = taken->local().port;
  options.port_max = static_cast<uint16_t>(options.port_min + 9);
  std::set<uint16_t> ports;
  std::vector<TcpListener> listeners;
  for (int i = 0; i < 3; ++i) {
    absl::StatusOr<TcpListener> listener = Open(options);
    ASSERT_TRUE(listener.ok()) << listener.status();
    ports.insert(listener->local().port);
    listeners.push_back(*std::move(listener));
  }
  EXPECT_EQ(ports.size(), 3u);
  EXPECT_FALSE(ports.contains(taken->local().port));
}

TEST_F(TcpListenerTest, ASuccessorTakesThePortAtOnce) {
  absl::StatusOr<TcpListener> listener = Open(On("127.0.0.1"));
  ASSERT_TRUE(listener.ok());
  const uint16_t port = listener->local().port;
  test::TcpClient client(port);
  // Whoever closes first keeps the port busy for a minute (RFC 9293 §3.6.1).
  Accept(*listener);
  EXPECT_TRUE(client.IsEnded());
  client.Close();
  *listener = *Open(On("127.0.0.1"));
  EXPECT_TRUE(Open(On("127.0.0.1", port)).ok());
}

TEST_F(TcpListenerTest, ADualStackListenerTellsV4PeersAsV4) {
  const absl::StatusOr<TcpListener> listener = Open(On("::"));
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  const test::TcpClient client(listener->local().port);
  const std::optional<TcpListener::Accepted> accepted = Accept(*listener);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->remote, client.local());
}

TEST_F(TcpListenerTest, AV6OnlyListenerIsNotReachedByV4) {
  ListenOptions options = On("::");
  options.ipv6_only = true;
  const absl::StatusOr<TcpListener> listener = Open(options);
  if (!listener.ok()) GTEST_SKIP() << "no IPv6 here: " << listener.status();
  EXPECT_FALSE(test::TcpClient(listener->local().port).connected());
}

TEST_F(TcpListenerTest, AForeignAddressIsRefusedByName) {
  const absl::StatusOr<TcpListener> listener = Open(On("192.0.2.1", 5000));
  EXPECT_THAT(std::string(listener.status().message()),
              AllOf(HasSubstr("192.0.2.1:5000"), HasSubstr("none of this machine's")));
}

}  // namespace
}  // namespace sluice::worker

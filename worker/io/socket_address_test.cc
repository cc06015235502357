#include "worker/io/socket_address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::Optional;

Endpoint At(std::string_view address, uint16_t port) {
  return {*IpAddress::Parse(address), port, TransportProtocol::kUdp};
}

TEST(SocketAddressTest, V4SurvivesTheTripThereAndBack) {
  SocketAddress address;
  const socklen_t size = WriteSocketAddress(At("192.0.2.7", 5004), AF_INET, address);
  EXPECT_EQ(size, sizeof(sockaddr_in));
  EXPECT_EQ(address.v4.sin_port, htons(5004));
  EXPECT_EQ(address.v4.sin_addr.s_addr, htonl(0xc0000207));
  EXPECT_THAT(ReadSocketAddress(address, size), Optional(At("192.0.2.7", 5004)));
}

TEST(SocketAddressTest, V6SurvivesTheTripThereAndBack) {
  SocketAddress address;
  const socklen_t size = WriteSocketAddress(At("2001:db8::7", 5004), AF_INET6, address);
  EXPECT_EQ(size, sizeof(sockaddr_in6));
  EXPECT_THAT(ReadSocketAddress(address, size), Optional(At("2001:db8::7", 5004)));
}

TEST(SocketAddressTest, AV6SocketNamesV4PeersByMappedAddresses) {
  SocketAddress address;
  const socklen_t size = WriteSocketAddress(At("192.0.2.7", 9), AF_INET6, address);
  EXPECT_EQ(size, sizeof(sockaddr_in6));
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr));
  // And the peer has the same name again when it answers.
  EXPECT_THAT(ReadSocketAddress(address, size), Optional(At("192.0.2.7", 9)));
}

TEST(SocketAddressTest, AV4SocketCannotReachV6) {
  SocketAddress address;
  EXPECT_EQ(WriteSocketAddress(At("2001:db8::7", 9), AF_INET, address), 0u);
}

TEST(SocketAddressTest, OtherFamiliesAndLengthsAreNotRead) {
  SocketAddress address;
  WriteSocketAddress(At("192.0.2.7", 9), AF_INET, address);
  EXPECT_EQ(ReadSocketAddress(address, 0), std::nullopt);
  EXPECT_EQ(ReadSocketAddress(address, sizeof(sockaddr_in6)), std::nullopt);
  address.generic.sa_family = AF_UNIX;
  EXPECT_EQ(ReadSocketAddress(address, sizeof(sockaddr_in)), std::nullopt);
}

}  // namespace
}  // namespace sluice::worker

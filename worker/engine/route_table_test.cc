#include "worker/engine/route_table.h"

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

constexpr Handle<Transport> kAlice{1, 1};
constexpr Handle<Transport> kBob{2, 1};

Path PathFrom(uint16_t port) {
  return {SocketId(1), {IpAddress::V4(192, 0, 2, 1), port, TransportProtocol::kUdp}};
}

Timestamp At(int second) { return Timestamp(std::chrono::seconds(second)); }

TEST(RouteTableTest, UnknownNamesAndPathsLeadNowhere) {
  RouteTable routes;
  EXPECT_FALSE(routes.FindByUfrag("nobody"));
  EXPECT_FALSE(routes.FindByRemote(PathFrom(1)));
}

TEST(RouteTableTest, NamesAreNotTakenOver) {
  RouteTable routes;
  EXPECT_TRUE(routes.AddUfrag("abcd", kAlice));
  EXPECT_FALSE(routes.AddUfrag("abcd", kBob));
  EXPECT_EQ(routes.FindByUfrag("abcd"), kAlice);
}

// One authentic check from a forged address must not redirect somebody else's packets.
TEST(RouteTableTest, APathThatIsProvedAgainAndAgainIsNotTakenOver) {
  RouteTable routes;
  for (int second = 0; second < 60; second += 2) {
    routes.Prove(At(second), PathFrom(1), kAlice);
    routes.Prove(At(second + 1), PathFrom(1), kBob);
    EXPECT_EQ(routes.FindByRemote(PathFrom(1)), kAlice) << second;
  }
}

TEST(RouteTableTest, APathWhoseOwnerHasFallenSilentGoesToWhoProvesIt) {
  RouteTable routes;
  routes.Prove(At(0), PathFrom(1), kAlice);
  routes.Prove(At(20), PathFrom(1), kBob);
  EXPECT_EQ(routes.FindByRemote(PathFrom(1)), kBob);
  routes.RemovePath(PathFrom(1), kAlice);
  EXPECT_EQ(routes.FindByRemote(PathFrom(1)), kBob);
  routes.RemovePath(PathFrom(1), kBob);
  EXPECT_FALSE(routes.FindByRemote(PathFrom(1)));
}

TEST(RouteTableTest, SamePortOfAnotherSocketOrFamilyIsAnotherPath) {
  RouteTable routes;
  routes.Prove(At(0), PathFrom(1), kAlice);
  Path other_socket = PathFrom(1);
  other_socket.socket = SocketId(2);
  EXPECT_FALSE(routes.FindByRemote(other_socket));
  Path tcp = PathFrom(1);
  tcp.remote.protocol = TransportProtocol::kTcp;
  EXPECT_FALSE(routes.FindByRemote(tcp));
}

TEST(RouteTableTest, ASocketOfItsOwnLeadsToItsTransportUntilItIsGivenUp) {
  RouteTable routes;
  routes.AddSocket(SocketId(7), kAlice);
  EXPECT_EQ(routes.FindBySocket(SocketId(7)), kAlice);
  EXPECT_FALSE(routes.FindBySocket(SocketId(8)));
  // Whoever comes over it is another matter.
  EXPECT_FALSE(routes.FindByRemote(PathFrom(1)));
  routes.RemoveSocket(SocketId(7));
  EXPECT_FALSE(routes.FindBySocket(SocketId(7)));
}

}  // namespace
}  // namespace sluice::worker

#include "tests/support/sim_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1s};
const Endpoint kServer{IpAddress::V4(10, 0, 0, 1), 40'000};
const Endpoint kAlice{IpAddress::V4(192, 0, 2, 1), 5000};
const Endpoint kBob{IpAddress::V4(192, 0, 2, 2), 5000};
const Endpoint kOuter{IpAddress::V4(203, 0, 113, 1), 61'000};
const std::vector<uint8_t> kBytes = {1, 2, 3};

TEST(SimNetworkTest, PassesUplinkAndDownlink) {
  SimNetwork network(1);
  network.SetAccess(kAlice.address, {.one_way = 10ms}, {.one_way = 5ms});
  network.SetAccess(kBob.address, {.one_way = 1ms}, {.one_way = 20ms});
  network.Send(kStart, kAlice, kBob, kBytes);
  EXPECT_EQ(network.NextTimeout(), kStart + 30ms);
  EXPECT_FALSE(network.Poll(kStart + 29ms));
  const auto delivery = network.Poll(kStart + 30ms);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->from, kAlice);
  EXPECT_EQ(delivery->to, kBob);
  EXPECT_EQ(delivery->bytes, kBytes);
}

TEST(SimNetworkTest, EqualTimesKeepTheOrderOfSending) {
  SimNetwork network(1);
  for (uint8_t i = 0; i < 10; ++i) network.Send(kStart, kAlice, kServer, std::vector{i});
  for (uint8_t i = 0; i < 10; ++i) {
    EXPECT_THAT(network.Poll(kStart)->bytes, testing::ElementsAre(i));
  }
}

TEST(SimNetworkTest, NatShowsTheOuterEndpointAndForgetsTheOldOne) {
  SimNetwork network(1);
  network.Rebind(kAlice, kOuter);
  network.Send(kStart, kAlice, kServer, kBytes);
  EXPECT_EQ(network.Poll(kStart)->from, kOuter);
  network.Send(kStart, kServer, kOuter, kBytes);
  EXPECT_EQ(network.Poll(kStart)->to, kAlice);

  // On its way while the mapping changes: lost for Alice.
  network.Send(kStart, kServer, kOuter, kBytes);
  const Endpoint moved{kOuter.address, 61'001};
  network.Rebind(kAlice, moved);
  EXPECT_EQ(network.Poll(kStart)->to, kOuter);
  network.Send(kStart, kServer, moved, kBytes);
  EXPECT_EQ(network.Poll(kStart)->to, kAlice);
  network.Send(kStart, kServer, kAlice, kBytes);
  EXPECT_FALSE(network.Poll(kStart)) << "an inner address was reached from outside";
}

TEST(SimNetworkTest, SeparatedHostsDoNotReachEachOther) {
  SimNetwork network(1);
  network.Separate(kAlice.address, kServer.address);
  network.Send(kStart, kAlice, kServer, kBytes);
  network.Send(kStart, kServer, kAlice, kBytes);
  EXPECT_FALSE(network.Poll(kStart + 1h));
  network.Reunite(kServer.address, kAlice.address);
  network.Send(kStart, kAlice, kServer, kBytes);
  EXPECT_TRUE(network.Poll(kStart));
}

TEST(SimNetworkTest, TraceTellsHistoriesApart) {
  SimNetwork one(1), two(1), three(1);
  one.Send(kStart, kAlice, kServer, kBytes);
  two.Send(kStart, kAlice, kServer, kBytes);
  three.Send(kStart + 1us, kAlice, kServer, kBytes);
  EXPECT_EQ(one.trace().value(), two.trace().value());
  EXPECT_NE(one.trace().value(), three.trace().value());
}

}  // namespace
}  // namespace sluice::test

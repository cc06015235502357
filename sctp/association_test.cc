#include "sctp/association.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <vector>

#include "tests/support/sctp_pair.h"

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using test::SctpPair;
using testing::ElementsAre;
using testing::Optional;

constexpr StreamId kStream{3};

TEST(AssociationTest, BothSidesConnectAtOnce) {
  SctpPair pair({.one_way = 20ms});
  pair.Connect();
  ASSERT_TRUE(pair.a().connected && pair.b().connected);
  EXPECT_EQ(pair.a().connected->outgoing_streams, 1024);
  EXPECT_EQ(pair.b().connected->incoming_streams, 1024);
}

TEST(AssociationTest, ConnectsLongAfterOneSideBegan) {
  SctpPair pair({.one_way = 20ms});
  pair.a().association.Connect(pair.now());
  pair.RunFor(10min);
  ASSERT_FALSE(pair.a().closed);
  pair.b().association.Connect(pair.now());
  EXPECT_TRUE(pair.RunUntil([&] { return pair.a().connected && pair.b().connected; }, 1s));
}

TEST(AssociationTest, MessageArrivesWhole) {
  SctpPair pair({.one_way = 20ms});
  pair.Connect();
  const auto sent = SctpPair::Bytes(200'000, 7);
  ASSERT_TRUE(pair.a().association.Send(pair.now(), kStream, Ppid::kBinary, sent, {}).ok());
  ASSERT_TRUE(pair.RunUntil([&] { return !pair.b().messages.empty(); }, 10s));
  EXPECT_EQ(pair.b().messages[0].stream, kStream);
  EXPECT_EQ(pair.b().messages[0].ppid, Ppid::kBinary);
  EXPECT_EQ(pair.b().messages[0].payload, sent);
}

}  // namespace
}  // namespace sluice::sctp

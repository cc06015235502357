// A peer's address changes in the middle of a call. Media follows an authenticated nomination and
// nothing else.

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class RebindingTest : public testing::Test {
 protected:
  RebindingTest() { sim_.RunFor(3s); }

  // Of the picture at bob's, right now.
  uint64_t Pictures() { return view_.track().decoder().pictures(); }

  // From the first check of `member` under a new mapping, when it reaches the worker, to the next
  // packet of the picture at bob's. Nothing if either does not come.
  std::optional<Duration> RebindAndWatch(Member& member) {
    std::optional<Timestamp> checked;
    member.Rebind();
    sim_.network().set_tap([&](Timestamp now, const SimNetwork::Delivery& delivery) {
      const bool is_stun = delivery.bytes[0] < 4;
      if (delivery.from == member.shown() && is_stun && !checked) checked = now + kOneWay;
    });
    sim_.RunUntil(7s, [&] { return checked && sim_.now() >= *checked; });
    sim_.network().set_tap({});
    const uint64_t before = view_.track().packets();
    const bool flows = sim_.RunUntil(1s, [&] { return view_.track().packets() > before; });
    if (!checked || !flows) return std::nullopt;
    return sim_.now() - *checked;
  }

  static constexpr Duration kOneWay = 20ms;

  Simulation sim_{{.link = {.one_way = kOneWay}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Publication& camera_ = alice_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
};

// The NAT of a receiver forgets its mapping. The next check, at most six seconds later, comes from
// the new endpoint and nominates it.
TEST_F(RebindingTest, ReceiverBehindNewNatMappingIsFoundAgain) {
  bob_.Rebind();
  sim_.RunFor(7s);
  EXPECT_EQ(bob_.Stats().selected_tuple->remote_port, bob_.shown().port);
  const uint64_t before = Pictures();
  sim_.RunFor(2s);
  EXPECT_GT(Pictures(), before + 50);
  EXPECT_LT(view_.track().decoder().longest_freeze(), 7s);
}

TEST_F(RebindingTest, SenderBehindNewNatMappingIsHeardAfterItsCheck) {
  alice_.Rebind();
  sim_.RunFor(7s);
  EXPECT_EQ(alice_.Stats().selected_tuple->remote_port, alice_.shown().port);
  // What came before the check was nobody's.
  EXPECT_GT(sim_.Drops(DropReason::kUnknownRemote), 0u);
  const uint64_t before = Pictures();
  sim_.RunFor(2s);
  EXPECT_GT(Pictures(), before + 50);
}

// Until the peer checks, nobody can know that the new endpoint is his. A picture is due every 33 ms
// and 20 ms on its way; the receiver, who was paused because nothing arrived, needs a key frame,
// and asking for it takes a round trip.
TEST_F(RebindingTest, MediaFlowsToTheNewMappingAsSoonAsItIsChecked) {
  EXPECT_LT(RebindAndWatch(bob_).value_or(1h), 33ms + 3 * kOneWay + 20ms);
}

TEST_F(RebindingTest, MediaOfTheNewMappingFlowsAsSoonAsItIsChecked) {
  EXPECT_LT(RebindAndWatch(alice_).value_or(1h), 33ms + kOneWay + 20ms);
}

TEST_F(RebindingTest, MoveToAnotherInterfaceCostsLittle) {
  bob_.MoveToOtherInterface();
  sim_.RunFor(3s);
  EXPECT_EQ(bob_.Stats().selected_tuple->remote_ip, bob_.shown().address.ToString());
  EXPECT_LT(view_.track().decoder().longest_freeze(), 200ms);
  EXPECT_EQ(view_.track().residual_loss(), 0u);
}

TEST_F(RebindingTest, BackAndForthManyTimes) {
  for (int i = 0; i < 20; ++i) {
    bob_.MoveToOtherInterface();
    sim_.RunFor(500ms);
  }
  EXPECT_EQ(view_.track().residual_loss(), 0u);
  // Two interfaces are two paths, however often they are used.
  sim_.RunFor(1s);
  EXPECT_EQ(bob_.Stats().ice_state, "completed");
}

// Media and RTCP that are genuine to the last bit, but come from elsewhere, move nothing.
TEST_F(RebindingTest, MediaFromAnotherAddressMovesNothing) {
  Stranger& stranger = sim_.AddStranger(IpAddress::V4(198, 51, 100, 7));
  std::vector<std::vector<uint8_t>> captured;
  sim_.network().set_tap([&](Timestamp, const SimNetwork::Delivery& delivery) {
    if (delivery.from == alice_.shown() && delivery.bytes[0] >= 128) {
      captured.push_back(delivery.bytes);
    }
  });
  // Held back from their way, so that they are fresh: no replay protection helps here.
  sim_.network().Separate(alice_.shown().address, sim_.server().address);
  sim_.RunFor(500ms);
  sim_.network().set_tap({});
  sim_.network().Reunite(alice_.shown().address, sim_.server().address);
  const uint64_t unknown = sim_.Drops(DropReason::kUnknownRemote);
  ASSERT_GT(captured.size(), 40u);
  for (const auto& packet : captured) sim_.SendAs(stranger, sim_.server(), packet);
  sim_.RunFor(5s);
  EXPECT_EQ(sim_.Drops(DropReason::kUnknownRemote), unknown + captured.size());
  EXPECT_EQ(stranger.datagrams_received, 0u);
  EXPECT_EQ(alice_.Stats().selected_tuple->remote_ip, alice_.shown().address.ToString());
}

// A ninth path replaces the one that has been silent longest; the call goes on.
TEST_F(RebindingTest, ManyMappingsInARow) {
  for (int i = 0; i < 12; ++i) {
    bob_.Rebind();
    sim_.RunFor(7s);
  }
  EXPECT_EQ(bob_.Stats().selected_tuple->remote_port, bob_.shown().port);
  const uint64_t before = Pictures();
  sim_.RunFor(2s);
  EXPECT_GT(Pictures(), before + 50);
}

}  // namespace
}  // namespace sluice::test

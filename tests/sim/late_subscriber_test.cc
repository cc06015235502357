// Someone who joins late must not wait for the producer's next scheduled key frame, which may never
// come: the SFU asks for one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::Le;
using testing::Optional;

constexpr Duration kRoundTrip = 80ms;
constexpr int kSeeds = 40;

struct Joining {
  double loss = 0;
  // Has a transport that is connected; otherwise the clock starts with its creation.
  bool connected = true;
};

// From the subscription to the first complete picture; at most ten seconds.
Duration FirstPicture(const Joining& joining, uint64_t seed) {
  Simulation sim({.seed = seed, .link = {.one_way = kRoundTrip / 2, .loss = joining.loss}});
  Publication& camera = sim.Join("alice").PublishVideo();
  // Where in the interval between two frames somebody joins is left to chance.
  sim.RunFor(10s + Duration(seed * 7'919 % 33'333));
  EXPECT_GT(camera.track().packets(), 500u);
  Member& bob = sim.Join("bob");
  if (joining.connected) {
    EXPECT_TRUE(sim.RunUntil(30s, [&] { return bob.Stats().dtls_state == "connected"; }));
  }
  Subscription& view = bob.Subscribe(camera);
  sim.RunUntil(10s, [&] { return view.track().first_picture().has_value(); });
  return view.track().first_picture().value_or(10s);
}

// Of as many joins, how many had a picture within `limit`; the others are printed.
double Share(const Joining& joining, Duration limit) {
  std::vector<int64_t> times;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    times.push_back(FirstPicture(joining, seed).count() / 1000);
  }
  std::ranges::sort(times);
  const auto within = std::ranges::upper_bound(times, limit.count() / 1000) - times.begin();
  std::printf("first picture at %.0f %% loss: median %d ms, worst %d ms, %d of %d within %d ms\n",
              joining.loss * 100, static_cast<int>(times[times.size() / 2]),
              static_cast<int>(times.back()), static_cast<int>(within), kSeeds,
              static_cast<int>(limit.count() / 1000));
  return static_cast<double>(within) / kSeeds;
}

// Half a round trip to the worker is spared: it knows of the subscription. One to ask the sender
// and to hear from it, a half to the subscriber, and up to a frame until the encoder is at it.
TEST(LateSubscriberTest, SeesPictureWithinThreeRoundTrips) {
  EXPECT_EQ(Share({}, 3 * kRoundTrip), 1.0);
}

// Five in a hundred lost in each direction of each link. A key frame of fifteen packets passes both
// links whole once in five times, so most pictures need a retransmission, and some need two.
TEST(LateSubscriberTest, SeesPictureWithinThreeRoundTripsInSpiteOfLoss) {
  EXPECT_GE(Share({.loss = 0.05}, 3 * kRoundTrip), 0.6);
  EXPECT_GE(Share({.loss = 0.05}, 10 * kRoundTrip), 0.95);
}

// Somebody who has to connect first needs two and a half round trips for that, with the request
// for the key frame leaving in the moment when the keys are there.
TEST(LateSubscriberTest, NewcomerSeesPictureWithinFiveRoundTrips) {
  EXPECT_EQ(Share({.connected = false}, 5 * kRoundTrip), 1.0);
}

// Nobody else is disturbed: the one key frame is all that changes for those who watch already.
TEST(LateSubscriberTest, OthersSeeOneKeyFrameMore) {
  Simulation sim({.link = {.one_way = kRoundTrip / 2}});
  Publication& camera = sim.Join("alice").PublishVideo();
  Subscription& first = sim.Join("bob").Subscribe(camera);
  Member& carol = sim.Join("carol");
  sim.RunFor(10s);
  const uint64_t before = camera.track().key_frames();
  Subscription& second = carol.Subscribe(camera);
  sim.RunFor(2s);
  EXPECT_THAT(second.track().first_picture(), Optional(Le(3 * kRoundTrip)));
  EXPECT_EQ(camera.track().key_frames(), before + 1);
  EXPECT_EQ(first.track().residual_loss(), 0u);
  EXPECT_LT(first.track().decoder().longest_freeze(), 100ms);
}

// The subscriber comes first: there is nothing to see, and then there is.
TEST(LateSubscriberTest, EarlySubscriberSeesTheFirstPicture) {
  Simulation sim({.link = {.one_way = kRoundTrip / 2}});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  sim.RunFor(1s);
  Publication& camera = alice.PublishVideo();
  camera.track().Stop();
  Subscription& view = bob.Subscribe(camera);
  sim.RunFor(5s);
  EXPECT_FALSE(view.track().first_picture());
  camera.track().Start(sim.now());
  sim.RunFor(kRoundTrip);
  EXPECT_THAT(view.track().first_picture(), Optional(Le(5s + kRoundTrip)));
  EXPECT_EQ(camera.track().key_frames(), 1u) << "a key frame was asked for that was not needed";
}

}  // namespace
}  // namespace sluice::test

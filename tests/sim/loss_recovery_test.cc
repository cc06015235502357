// What the network loses, retransmissions bring back.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRoundTrip = 80ms;
// 5 % in each direction of each access link: what reaches a receiver has passed two of them.
constexpr LinkOptions kLossy{.one_way = kRoundTrip / 2, .loss = 0.05};

// What a minute of a call came to, once the last retransmission had its chance.
struct Outcome {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t repeats = 0;
  double residual = 1;
  uint64_t pictures = 0;
  Duration longest_freeze{0};
};

struct Case {
  std::string name;
  rtp::MediaKind kind = rtp::MediaKind::kVideo;
  PublishOptions publish = {};
  SubscribeOptions subscribe = {};
  LinkOptions link = kLossy;
};

Outcome Call(const Case& scenario, uint64_t seed) {
  Simulation sim({.seed = seed, .link = scenario.link});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  EXPECT_TRUE(sim.RunUntil(30s, [&] { return alice.connected() && bob.connected(); }));
  Publication& publication = scenario.kind == rtp::MediaKind::kVideo
                                 ? alice.PublishVideo(scenario.publish)
                                 : alice.PublishAudio(scenario.publish);
  Subscription& subscription = bob.Subscribe(publication, scenario.subscribe);
  sim.RunFor(60s);
  publication.track().Stop();
  sim.RunFor(2s);

  const SimReceiveTrack& track = subscription.track();
  EXPECT_EQ(track.foreign(), 0u);
  EXPECT_EQ(track.misnumbered(), 0u);
  EXPECT_EQ(alice.peer().unexpected() + bob.peer().unexpected(), 0u);
  return {.sent = publication.track().packets(),
          .received = track.packets(),
          .repeats = track.repeats(),
          .residual = track.residual_loss_share(),
          .pictures = track.decoder().pictures(),
          .longest_freeze = track.decoder().longest_freeze()};
}

class LossRecoveryTest : public testing::TestWithParam<Case> {};

TEST_P(LossRecoveryTest, LessThanOneInAThousandStaysLost) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Outcome outcome = Call(GetParam(), seed);
    EXPECT_LT(outcome.residual, 0.001) << "seed " << seed;
    // Otherwise there was nothing to recover, or next to nothing was judged.
    EXPECT_GT(outcome.repeats, outcome.sent / 50) << "seed " << seed;
    EXPECT_GT(outcome.received, outcome.sent * 99 / 100 - 30) << "seed " << seed;
    if (GetParam().kind == rtp::MediaKind::kVideo) {
      EXPECT_GT(outcome.pictures, 60u * 30 * 99 / 100);
      // Three rounds of asking, on either side of the worker.
      EXPECT_LT(outcome.longest_freeze, 8 * kRoundTrip);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Media, LossRecoveryTest,
    testing::Values(
        Case{.name = "VideoWithRtx"},
        Case{.name = "VideoWithoutRtx", .publish = {.rtx = false}, .subscribe = {.rtx = false}},
        Case{.name = "VideoWithRtxOnTheWayInOnly", .subscribe = {.rtx = false}},
        Case{.name = "VideoWithRtxOnTheWayOutOnly", .publish = {.rtx = false}},
        Case{.name = "AudioWithNack", .kind = rtp::MediaKind::kAudio},
        Case{.name = "VideoOverReorderingLinks",
             .link = {.one_way = kRoundTrip / 2,
                      .jitter = 10ms,
                      .loss = 0.03,
                      .reorder = 0.02,
                      .duplicate = 0.02}}),
    [](const auto& tested) { return tested.param.name; });

// Losses come in crowds; five of a hundred on average, eight in a row. Now and then a crowd is so
// large that it cannot be told from congestion, and the picture pauses until a probe has shown that
// it was none.
TEST(LossBurstsTest, BurstsAreRepairedAsWell) {
  const Case scenario{.name = "Bursts",
                      .link = {.one_way = kRoundTrip / 2, .bursts = {.good = 1700ms, .bad = 90ms}}};
  constexpr int kSeeds = 8;
  int repaired = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome outcome = Call(scenario, seed);
    repaired += outcome.residual < 0.001 ? 1 : 0;
    EXPECT_GT(outcome.repeats, outcome.sent / 50) << "seed " << seed;
    EXPECT_LT(outcome.longest_freeze, 3500ms) << "seed " << seed;
  }
  EXPECT_GE(repaired, kSeeds * 3 / 4);
}

// Feedback tells of all packets of a transport which have not come. A receiver that says nothing
// else, because its NACKs get lost or the next picture is late, is sent them again.
TEST(LossByFeedbackTest, WhatFeedbackReportsMissingIsRepeatedUnasked) {
  Simulation sim({.seed = 4, .link = {.one_way = kRoundTrip / 2}});
  Publication& camera = sim.Join("alice").PublishVideo();
  Member& bob = sim.Join("bob", {.link = LinkOptions{.one_way = kRoundTrip / 2, .loss = 0.05}});
  ASSERT_TRUE(sim.RunUntil(30s, [&] { return bob.connected(); }));
  Subscription& view = bob.Subscribe(camera);
  bob.peer().StopNacks();
  sim.RunFor(30s);
  camera.track().Stop();
  sim.RunFor(2s);
  // One in twenty is lost, and one in twenty packets of feedback with it.
  EXPECT_LT(view.track().residual_loss_share(), 0.01);
  EXPECT_GT(view.track().repeats(), camera.track().packets() / 30);
  EXPECT_LT(view.track().repeats(), camera.track().packets() / 12);
}

// Sound that nobody may ask for again is lost where it is lost, and nothing else suffers.
TEST(LossWithoutNackTest, LosesWhatTheNetworkLosesAndNothingMore) {
  const Case scenario{.name = "Plain",
                      .kind = rtp::MediaKind::kAudio,
                      .publish = {.nack = false},
                      .subscribe = {.nack = false}};
  const Outcome outcome = Call(scenario, 1);
  EXPECT_EQ(outcome.repeats, 0u);
  EXPECT_NEAR(outcome.residual, 1 - 0.95 * 0.95, 0.02);
}

// One receiver's bad link is not the others' business.
class LossIsolationTest : public testing::TestWithParam<double> {};

TEST_P(LossIsolationTest, BadReceiverCostsTheOthersNothing) {
  Simulation sim({.link = {.one_way = kRoundTrip / 2}});
  Publication& camera = sim.Join("alice").PublishVideo();
  Member& good = sim.Join("good");
  Member& bad =
      sim.Join("bad", {.link = LinkOptions{.one_way = kRoundTrip / 2, .loss = GetParam()}});
  sim.RunUntil(30s, [&] { return good.connected() && bad.connected(); });
  Subscription& undisturbed = good.Subscribe(camera);
  Subscription& disturbed = bad.Subscribe(camera);
  sim.RunFor(20s);
  EXPECT_EQ(undisturbed.track().residual_loss(), 0u);
  EXPECT_EQ(undisturbed.track().repeats(), 0u);
  EXPECT_LT(undisturbed.track().decoder().longest_freeze(), 100ms);
  EXPECT_GT(disturbed.track().repeats(), 20u);
  // Nor the sender's: what is lost behind the worker is repeated by the worker.
  EXPECT_EQ(camera.track().resent(), 0u);
}

// At 30 % the picture is paused for most of the time.
INSTANTIATE_TEST_SUITE_P(Losses, LossIsolationTest, testing::Values(0.1, 0.3));

}  // namespace
}  // namespace sluice::test

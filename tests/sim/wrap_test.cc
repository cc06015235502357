// Numbers that run over: 16 bits of sequence, 32 bits of time, the roll-over counter of SRTP.

#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// 600 packets a second.
constexpr int kPacketsPerFrame = 20;
// The timestamp runs over ten seconds after the start.
constexpr uint32_t kFirstTimestamp = 0u - 10 * 90'000;

void ExpectWhole(Publication& camera, Subscription& view, uint32_t least) {
  EXPECT_GT(camera.track().packets(), least);
  EXPECT_EQ(view.track().misnumbered(), 0u);
  EXPECT_EQ(view.track().foreign(), 0u);
  EXPECT_EQ(view.track().decoder().skips(), 0u);
  EXPECT_GT(view.track().packets(), camera.track().packets() * 99u / 100);
}

TEST(WrapTest, SeventyThousandPacketsWithLossWrapCleanly) {
  Simulation sim({.seed = 2, .link = {.one_way = 30ms, .loss = 0.01}});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  ASSERT_TRUE(sim.RunUntil(30s, [&] { return alice.connected() && bob.connected(); }));
  Publication& camera = alice.PublishVideo({.encoder = {.first_seq = 30'000,
                                                        .first_timestamp = kFirstTimestamp,
                                                        .packets_per_frame = kPacketsPerFrame,
                                                        .payload_size = 200}});
  Subscription& view = bob.Subscribe(camera);
  sim.RunFor(118s);
  camera.track().Stop();
  sim.RunFor(2s);
  // The sender's numbers have wrapped twice, the receiver's, which begin elsewhere, at least once.
  ExpectWhole(camera, view, 70'000);
  EXPECT_LT(view.track().residual_loss_share(), 0.001);
  EXPECT_LT(view.track().decoder().longest_freeze(), 500ms);
  EXPECT_EQ(alice.Drops(DropReason::kSrtpAuthentication), 0u);
  EXPECT_EQ(bob.peer().unsealed(), 0u);
}

// The first packet is the last of its lap: whoever guesses the roll-over counter from what comes
// first has one packet to do it.
TEST(WrapTest, StreamThatBeginsAtTheWrap) {
  for (const uint16_t first : std::initializer_list<uint16_t>{65'535, 65'530, 32'767, 32'768, 0}) {
    Simulation sim({.link = {.one_way = 30ms}});
    Publication& camera = sim.Join("alice").PublishVideo({.encoder = {.first_seq = first}});
    Subscription& view = sim.Join("bob").Subscribe(camera);
    sim.RunFor(5s);
    camera.track().Stop();
    sim.RunFor(1s);
    EXPECT_EQ(view.track().residual_loss(), 0u) << first;
    EXPECT_GT(view.track().decoder().pictures(), 130u) << first;
    EXPECT_EQ(view.track().misnumbered(), 0u) << first;
  }
}

// Sound at 50 packets a second takes 22 minutes for a lap.
TEST(WrapTest, HalfAnHourOfSound) {
  Simulation sim({.link = {.one_way = 30ms, .loss = 0.01}});
  Member& alice = sim.Join("alice");
  Member& bob = sim.Join("bob");
  ASSERT_TRUE(sim.RunUntil(30s, [&] { return alice.connected() && bob.connected(); }));
  Publication& microphone =
      alice.PublishAudio({.encoder = {.first_seq = 20'000, .first_timestamp = 0u - 48'000}});
  Subscription& sound = bob.Subscribe(microphone);
  sim.RunFor(30min);
  microphone.track().Stop();
  sim.RunFor(1s);
  ExpectWhole(microphone, sound, 89'000);
  EXPECT_LT(sound.track().residual_loss_share(), 0.001);
}

}  // namespace
}  // namespace sluice::test

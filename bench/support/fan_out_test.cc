#include "bench/support/fan_out.h"

#include <gtest/gtest.h>

#include "tests/support/sim_engine.h"

namespace sluice::bench {
namespace {

using namespace std::chrono_literals;

// As the engine's statistics have it, whoever counts otherwise.
uint64_t DropsOf(FanOut& fan) {
  const test::SimControl::Answer answer =
      fan.control().Ask(fan.now(), "", schema::GetWorkerStatsT());
  uint64_t drops = 0;
  for (const auto& drop : answer.body.AsWorkerStats()->drops) drops += drop->packets;
  return drops;
}

TEST(FanOutTest, EveryReceiverGetsEveryPacketInTheTurnItCame) {
  FanOut fan({.receivers = 7, .packets_per_turn = 3});
  fan.Prepare(20);
  for (uint64_t i = 0; i < 20; ++i) {
    fan.Feed();
    fan.Drain();
    ASSERT_EQ(fan.TakeForwarded(), 3u * 7u);
  }
  EXPECT_EQ(DropsOf(fan), 0u);
}

TEST(FanOutTest, SoundLeavesInTheTurnItCame) {
  FanOut fan({.receivers = 5, .kind = rtp::MediaKind::kAudio});
  fan.Prepare(100);
  for (uint64_t i = 0; i < 100; ++i) {
    fan.Feed();
    fan.Drain();
    EXPECT_EQ(fan.TakeForwarded(), 5u) << i;
  }
}

TEST(FanOutTest, AnyProfileConnects) {
  for (const dtls::SrtpProfile profile :
       {dtls::SrtpProfile::kAeadAes128Gcm, dtls::SrtpProfile::kAeadAes256Gcm,
        dtls::SrtpProfile::kAesCm128HmacSha1_80}) {
    FanOut fan({.receivers = 2, .profile = profile});
    fan.WarmUp(1s);
    EXPECT_GT(fan.TakeForwarded(), 100u) << dtls::SrtpProfileName(profile);
  }
}

// Without feedback that is true, the pacer would hold everything back after two seconds.
TEST(FanOutTest, AnsweredStreamKeepsItsRate) {
  FanOut fan({.receivers = 3, .packets_per_turn = 6, .feedback = Feedback::kAnswered});
  fan.WarmUp(10s);
  fan.TakeForwarded();
  fan.WarmUp(10s);
  // 30 pictures a second. What probes add is not counted as lost, and little.
  EXPECT_NEAR(static_cast<double>(fan.TakeForwarded()), 3 * 1800, 3 * 60);
}

TEST(FanOutTest, InAMeetingOneTakesTheLargePictureAndTheOthersTheSmallOne) {
  FanOut fan(
      {.receivers = 4, .simulcast = true, .packets_per_turn = 9, .feedback = Feedback::kAnswered});
  fan.WarmUp(5s);
  fan.TakeForwarded();
  fan.WarmUp(10s);
  // Six packets of the one, and one for each of the three others, 30 times a second.
  EXPECT_NEAR(static_cast<double>(fan.TakeForwarded()), 9 * 300, 30);
}

TEST(FanOutTest, ReceiverComesBackAfterItWasClosed) {
  FanOut fan({.receivers = 2});
  fan.WarmUp(1s);
  fan.CloseReceiver(1);
  fan.WarmUp(1s);
  fan.AddReceiver(1);
  fan.TakeForwarded();
  fan.WarmUp(1s);
  // A key frame is what it waits for, and there is none: only the other one is served.
  EXPECT_NEAR(static_cast<double>(fan.TakeForwarded()), 180, 2);
}

}  // namespace
}  // namespace sluice::bench

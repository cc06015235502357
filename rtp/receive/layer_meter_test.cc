#include "rtp/receive/layer_meter.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LayerMeterTest : public testing::Test {
 protected:
  // Pictures of `bytes` every `gap` for `span`.
  void Send(Duration span, Duration gap, size_t bytes) {
    for (const Timestamp end = now_ + span; now_ < end; now_ += gap) {
      meter_.Record(now_, {timestamp_ += 3000, bytes, false});
    }
  }
  void SendKeyFrame(size_t bytes) { meter_.Record(now_, {timestamp_ += 3000, bytes, true}); }
  double Kbps() const { return static_cast<double>(meter_.Rate(now_).bps()) / 1000; }

  Timestamp now_{seconds(100)};
  uint32_t timestamp_ = 0xffff0000;  // wraps soon
  LayerMeter meter_;
};

TEST_F(LayerMeterTest, NothingIsZero) { EXPECT_EQ(meter_.Rate(now_), BitRate()); }

TEST_F(LayerMeterTest, SteadyStreamReadsAsItIs) {
  Send(seconds(5), milliseconds(20), 2500);
  EXPECT_NEAR(Kbps(), 1000, 60);
}

TEST_F(LayerMeterTest, YoungStreamDoesNotReadLow) {
  Send(milliseconds(400), milliseconds(20), 2500);
  EXPECT_GT(Kbps(), 950);
}

TEST_F(LayerMeterTest, RiseShowsWithinASecond) {
  Send(seconds(5), milliseconds(20), 2500);
  Send(seconds(1), milliseconds(20), 7500);
  EXPECT_GT(Kbps(), 2800);
}

TEST_F(LayerMeterTest, FallShowsWithinFourSeconds) {
  Send(seconds(5), milliseconds(20), 7500);
  Send(seconds(1), milliseconds(20), 2500);
  EXPECT_GT(Kbps(), 1500);
  Send(seconds(3), milliseconds(20), 2500);
  EXPECT_LT(Kbps(), 1200);
}

TEST_F(LayerMeterTest, NoiseIsSeenFromAbove) {
  std::srand(7);
  double least = 1e9;
  for (int i = 0; i < 500; ++i) {
    Send(milliseconds(20), milliseconds(20), 1250 + static_cast<size_t>(std::rand() % 2500));
    if (i > 200) least = std::min(least, Kbps());
  }
  EXPECT_GT(least, 930);
}

TEST_F(LayerMeterTest, KeyFrameDoesNotReadAsARise) {
  Send(seconds(5), milliseconds(20), 2500);
  const double before = Kbps();
  SendKeyFrame(60'000);  // half a second's worth
  double most = 0;
  for (int i = 0; i < 100; ++i) {
    Send(milliseconds(20), milliseconds(20), 2500);
    most = std::max(most, Kbps());
  }
  EXPECT_LT(most, before * 1.2);
}

TEST_F(LayerMeterTest, KeyFramesAloneReadAsTheirAverage) {
  for (int i = 0; i < 60; ++i) {
    SendKeyFrame(20'000);
    now_ += milliseconds(200);
  }
  EXPECT_NEAR(Kbps(), 840, 80);
  EXPECT_NEAR(static_cast<double>(meter_.KeyRate(now_).bps()) / 1000, 800, 120);
}

TEST_F(LayerMeterTest, KeyRateFadesBetweenKeyFrames) {
  SendKeyFrame(60'000);
  Send(seconds(6), milliseconds(20), 2500);
  EXPECT_LT(meter_.KeyRate(now_), BitRate::Kbps(20));
}

TEST_F(LayerMeterTest, PictureEveryFiveSecondsReadsAsItsAverage) {
  Send(seconds(40), seconds(5), 50'000);
  now_ -= seconds(5);  // right after the last one
  for (int i = 0; i < 50; ++i) {
    EXPECT_NEAR(Kbps(), 80, 10) << i;
    now_ += milliseconds(99);
  }
}

TEST_F(LayerMeterTest, FirstPictureDoesNotReadAsZero) {
  SendKeyFrame(25'000);
  for (int i = 0; i < 10; ++i, now_ += milliseconds(300)) EXPECT_GT(Kbps(), 50) << i;
}

TEST_F(LayerMeterTest, SilenceSinksToNothing) {
  Send(seconds(5), milliseconds(20), 7500);
  now_ += seconds(15);
  EXPECT_EQ(Kbps(), 0);
}

TEST_F(LayerMeterTest, OnePauseIsNotTheUsualGap) {
  Send(seconds(2), milliseconds(40), 2500);
  now_ += seconds(20);
  Send(milliseconds(40), milliseconds(40), 2500);
  EXPECT_EQ(meter_.usual_gap(), milliseconds(40));
}

TEST_F(LayerMeterTest, PacketsOfOnePictureAreNoGaps) {
  for (int picture = 0; picture < 5; ++picture) {
    timestamp_ += 90'000;
    for (int i = 0; i < 10; ++i) {
      meter_.Record(now_ + milliseconds(5 * i), {timestamp_, 1000, false});
    }
    now_ += seconds(1);
  }
  EXPECT_EQ(meter_.usual_gap(), seconds(1));
}

TEST_F(LayerMeterTest, LatePacketIsNoPicture) {
  Send(seconds(1), milliseconds(100), 1000);
  meter_.Record(now_, {timestamp_ - 3000, 1000, false});
  now_ += milliseconds(50);
  meter_.Record(now_, {timestamp_, 1000, false});
  EXPECT_EQ(meter_.usual_gap(), milliseconds(100));
}

TEST_F(LayerMeterTest, ClockThatJumpsBackGoesOn) {
  Send(seconds(1), milliseconds(100), 1000);
  timestamp_ -= 100'000'000;
  Send(seconds(1), milliseconds(200), 1000);
  EXPECT_EQ(meter_.usual_gap(), milliseconds(200));
}

TEST_F(LayerMeterTest, AbsurdSizesDoNotOverflow) {
  for (int i = 0; i < 100; ++i) {
    meter_.Record(now_, {timestamp_ += 1, size_t{1} << 40, i % 2 == 0});
    now_ += milliseconds(7);
  }
  EXPECT_GT(meter_.Rate(now_), BitRate::Kbps(1'000'000));
}

}  // namespace
}  // namespace sluice::rtp

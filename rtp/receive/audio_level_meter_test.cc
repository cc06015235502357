#include "rtp/receive/audio_level_meter.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using namespace std::chrono_literals;

AudioLevel Level(int dbov) { return {.level = static_cast<uint8_t>(-dbov)}; }

TEST(AudioLevelMeterTest, IsSilentBeforeAnythingWasHeard) {
  EXPECT_EQ(AudioLevelMeter().Loudness(Timestamp(0s)), -127);
  EXPECT_EQ(AudioLevelMeter().Loudness(Timestamp(3600s)), -127);
}

TEST(AudioLevelMeterTest, RisesAtOnce) {
  AudioLevelMeter meter;
  meter.Record(Timestamp(1s), Level(-50));
  meter.Record(Timestamp(1s), Level(-20));
  EXPECT_EQ(meter.Loudness(Timestamp(1s)), -20);
}

TEST(AudioLevelMeterTest, PeakStandsForFourToSixHundredMilliseconds) {
  for (const Duration at : {1000ms, 1100ms, 1199ms}) {
    AudioLevelMeter meter;
    meter.Record(Timestamp(at), Level(-20));
    EXPECT_EQ(meter.Loudness(Timestamp(at + 400ms)), -20);
    EXPECT_EQ(meter.Loudness(Timestamp(at + 600ms)), -127);
  }
}

TEST(AudioLevelMeterTest, IsTheLoudestOfTheLastWhile) {
  AudioLevelMeter meter;
  meter.Record(Timestamp(1000ms), Level(-20));
  meter.Record(Timestamp(1200ms), Level(-40));
  meter.Record(Timestamp(1500ms), Level(-90));
  EXPECT_EQ(meter.Loudness(Timestamp(1599ms)), -20);
  EXPECT_EQ(meter.Loudness(Timestamp(1600ms)), -40);
  EXPECT_EQ(meter.Loudness(Timestamp(1800ms)), -90);
}

TEST(AudioLevelMeterTest, SteadyNoiseIsAsLoudAsItIs) {
  AudioLevelMeter meter;
  meter.Record(Timestamp(1s), Level(-20));
  for (int i = 1; i < 100; ++i) meter.Record(Timestamp(1s + i * 20ms), Level(-60));
  EXPECT_EQ(meter.Loudness(Timestamp(3s)), -60);
}

TEST(AudioLevelMeterTest, NothingIsQuieterThanSilence) {
  AudioLevelMeter meter;
  meter.Record(Timestamp(1s), {.level = 255});
  EXPECT_EQ(meter.Loudness(Timestamp(1s)), -127);
}

}  // namespace
}  // namespace sluice::rtp

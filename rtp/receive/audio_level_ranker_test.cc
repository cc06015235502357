#include "rtp/receive/audio_level_ranker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/allocation_count.h"
#include "tests/support/scripted_levels.h"

namespace sluice::rtp {
namespace {

using namespace std::chrono_literals;
using test::ScriptedLevels;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Volume = AudioLevelRanker::Volume;
using Reports = std::vector<std::vector<Volume>>;

Reports Play(AudioLevelRanker& ranker, ScriptedLevels& script, Duration length) {
  Reports reports;
  script.Run(
      length,
      [&](Timestamp now, uint32_t key, AudioLevel level) { ranker.RecordLevel(now, key, level); },
      [&](Timestamp now) {
        if (!ranker.NextTimeout() || *ranker.NextTimeout() > now) return;
        if (const auto report = ranker.Poll(now)) {
          reports.emplace_back(report->begin(), report->end());
        }
      });
  return reports;
}

std::vector<uint32_t> StreamsOf(const std::vector<Volume>& report) {
  std::vector<uint32_t> streams;
  for (const Volume& volume : report) streams.push_back(volume.stream);
  return streams;
}

class AudioLevelRankerTest : public ::testing::Test {
 protected:
  // Streams 1 to `count`, silent unless the script says otherwise.
  AudioLevelRanker RankerOf(uint32_t count, const AudioLevelRanker::Options& options) {
    AudioLevelRanker ranker(options);
    for (uint32_t key = 1; key <= count; ++key) {
      EXPECT_TRUE(ranker.Add(key));
      script_.AddStream(key);
    }
    return ranker;
  }

  ScriptedLevels script_;
};

TEST_F(AudioLevelRankerTest, TheLoudestComesFirst) {
  AudioLevelRanker ranker = RankerOf(4, {.max_entries = 3});
  script_.AddSound(2, 0s, 5s, -40);
  script_.AddSound(4, 0s, 5s, -20);
  script_.AddSound(1, 0s, 5s, -30);
  script_.AddSound(3, 0s, 5s, -50);
  const Reports reports = Play(ranker, script_, 1100ms);
  EXPECT_THAT(reports, ElementsAre(ElementsAre(Volume{4, -20}, Volume{1, -30}, Volume{2, -40})));
}

TEST_F(AudioLevelRankerTest, VolumeIsTheMeanOfTheInterval) {
  AudioLevelRanker ranker = RankerOf(1, {});
  for (int i = 0; i < 50; ++i) script_.AddSound(1, i * 40ms, 20ms, -20);
  for (int i = 0; i < 50; ++i) script_.AddSound(1, i * 40ms + 20ms, 20ms, -40);
  const Reports reports = Play(ranker, script_, 1100ms);
  ASSERT_THAT(reports, ElementsAre(SizeIs(1)));
  EXPECT_NEAR(reports[0][0].volume, -30, 1);
}

TEST_F(AudioLevelRankerTest, ReportsComeOncePerInterval) {
  for (const Duration interval : {Duration(250ms), Duration(1s), Duration(5s)}) {
    AudioLevelRanker ranker = RankerOf(1, {.interval = interval});
    script_.AddSound(1, 0s, 60s, -30);
    EXPECT_THAT(Play(ranker, script_, 20s), SizeIs(20s / interval - 1)) << interval.count();
  }
}

TEST_F(AudioLevelRankerTest, IntervalIsBroughtIntoRange) {
  AudioLevelRanker fast({.interval = 1ms});
  AudioLevelRanker slow({.interval = 3600s});
  ASSERT_TRUE(fast.Add(1) && slow.Add(1));
  fast.RecordLevel(Timestamp(1s), 1, {.level = 30});
  slow.RecordLevel(Timestamp(1s), 1, {.level = 30});
  EXPECT_EQ(fast.NextTimeout(), Timestamp(1250ms));
  EXPECT_EQ(slow.NextTimeout(), Timestamp(6s));
}

TEST_F(AudioLevelRankerTest, SilenceIsSaidOnceAndNeedsNoTimer) {
  AudioLevelRanker ranker = RankerOf(2, {});
  script_.AddSound(1, 0s, 2s, -30);
  script_.AddPause(1, 4s, 20s);
  script_.AddPause(2, 4s, 20s);
  const Reports reports = Play(ranker, script_, 20s);
  ASSERT_GE(reports.size(), 2u);
  EXPECT_THAT(reports.back(), IsEmpty());
  EXPECT_THAT(reports[reports.size() - 2], SizeIs(1));
  EXPECT_EQ(ranker.NextTimeout(), std::nullopt);
}

TEST_F(AudioLevelRankerTest, RoomThatNeverSpokeReportsNothing) {
  AudioLevelRanker ranker = RankerOf(3, {});
  EXPECT_THAT(Play(ranker, script_, 5s), IsEmpty());
}

TEST_F(AudioLevelRankerTest, BelowTheThresholdIsSilence) {
  AudioLevelRanker ranker = RankerOf(2, {.max_entries = 5, .threshold = -50});
  script_.AddSound(1, 0s, 5s, -51);
  script_.AddSound(2, 0s, 5s, -50);
  const Reports reports = Play(ranker, script_, 1100ms);
  EXPECT_THAT(reports, ElementsAre(ElementsAre(Volume{2, -50})));
}

TEST_F(AudioLevelRankerTest, ClickWithoutMorePacketsIsNoVolume) {
  AudioLevelRanker ranker = RankerOf(1, {});
  script_.AddPause(1, 0s, 60s);
  script_.AddSound(1, 1s, 100ms, -10);
  EXPECT_THAT(Play(ranker, script_, 5s), IsEmpty());
}

TEST_F(AudioLevelRankerTest, SpeechThatSendsNothingInSilenceIsAsLoudAsItIs) {
  AudioLevelRanker ranker = RankerOf(1, {});
  script_.AddPause(1, 0s, 60s);
  script_.AddSound(1, 0s, 300ms, -25);
  script_.AddSound(1, 800ms, 100ms, -25);
  EXPECT_THAT(Play(ranker, script_, 1100ms), ElementsAre(ElementsAre(Volume{1, -25})));
}

TEST_F(AudioLevelRankerTest, NearlyEqualVoicesDoNotChangePlaces) {
  AudioLevelRanker ranker = RankerOf(4, {.max_entries = 4});
  for (int second = 0; second < 60; ++second) {
    for (uint32_t key = 1; key <= 4; ++key) {
      const int moved = static_cast<int>((key * 7 + static_cast<uint32_t>(second) * 5) % 3);
      script_.AddSound(key, second * 1s, 1s, -31 + moved, 2);
    }
  }
  const Reports reports = Play(ranker, script_, 60s);
  ASSERT_GT(reports.size(), 50u);
  for (const auto& report : reports) EXPECT_EQ(StreamsOf(report), StreamsOf(reports[0]));
}

TEST_F(AudioLevelRankerTest, ClearlyLouderVoiceOvertakes) {
  AudioLevelRanker ranker = RankerOf(2, {.max_entries = 2});
  script_.AddSound(1, 0s, 10s, -30);
  script_.AddSound(2, 0s, 4s, -35);
  script_.AddSound(2, 4s, 6s, -24);
  const Reports reports = Play(ranker, script_, 8s);
  EXPECT_THAT(StreamsOf(reports.front()), ElementsAre(1, 2));
  EXPECT_THAT(StreamsOf(reports.back()), ElementsAre(2, 1));
}

TEST_F(AudioLevelRankerTest, NobodyFallsOffTheListByAHair) {
  AudioLevelRanker ranker = RankerOf(2, {.max_entries = 1});
  script_.AddSound(1, 0s, 10s, -30);
  script_.AddSound(2, 0s, 10s, -29);
  script_.AddSound(1, 0s, 1010ms, -28);
  const Reports reports = Play(ranker, script_, 8s);
  for (const auto& report : reports) EXPECT_THAT(StreamsOf(report), ElementsAre(1));
}

TEST_F(AudioLevelRankerTest, RemovedStreamIsNotReported) {
  AudioLevelRanker ranker = RankerOf(2, {.max_entries = 2});
  script_.AddSound(1, 0s, 10s, -30);
  script_.AddSound(2, 0s, 10s, -29);
  Play(ranker, script_, 900ms);
  ranker.Remove(2);
  EXPECT_THAT(StreamsOf(Play(ranker, script_, 2s).front()), ElementsAre(1));
}

TEST_F(AudioLevelRankerTest, AmongTwoHundredTheLoudestAreFoundWithoutAllocation) {
  AudioLevelRanker ranker = RankerOf(200, {.max_entries = 3, .threshold = -127});
  for (uint32_t key = 1; key <= 200; ++key) {
    script_.AddSound(key, 0s, 60s, -40 - static_cast<int>((key * 37) % 80));
  }
  script_.AddSound(150, 0s, 60s, -20);
  script_.AddSound(3, 0s, 60s, -25);
  script_.AddSound(77, 0s, 60s, -30);
  std::vector<uint32_t> last;
  last.reserve(3);
  const uint64_t before = test::AllocationWatch::count();
  {
    const test::AllocationWatch watch;
    script_.Run(
        3s,
        [&](Timestamp now, uint32_t key, AudioLevel level) { ranker.RecordLevel(now, key, level); },
        [&](Timestamp now) {
          const auto report = ranker.Poll(now);
          if (!report) return;
          last.clear();
          for (const Volume& volume : *report) last.push_back(volume.stream);
        });
  }
  EXPECT_EQ(test::AllocationWatch::count(), before);
  EXPECT_THAT(last, ElementsAre(150, 3, 77));
}

TEST_F(AudioLevelRankerTest, LateCallBeginsANewGrid) {
  AudioLevelRanker ranker = RankerOf(1, {});
  for (int i = 0; i < 20; ++i) ranker.RecordLevel(Timestamp(1s + i * 20ms), 1, {.level = 30});
  EXPECT_TRUE(ranker.Poll(Timestamp(20s)));
  EXPECT_EQ(ranker.NextTimeout(), Timestamp(21s));
}

}  // namespace
}  // namespace sluice::rtp

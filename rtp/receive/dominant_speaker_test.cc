#include "rtp/receive/dominant_speaker.h"

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
using ::testing::Le;
using ::testing::SizeIs;

constexpr uint32_t kAnn = 7;
constexpr uint32_t kBob = 3;
constexpr uint32_t kCleo = 5;

struct Change {
  Duration at;
  uint32_t speaker;
};

class DominantSpeakerTest : public ::testing::Test {
 protected:
  void AddStream(uint32_t key, int background = -127, int waver = 0) {
    ASSERT_TRUE(speaker_.Add(key));
    script_.AddStream(key, background, waver);
  }

  std::vector<Change> Run(Duration length) {
    std::vector<Change> changes;
    script_.Run(
        length,
        [this](Timestamp now, uint32_t key, AudioLevel level) {
          speaker_.RecordLevel(now, key, level);
        },
        [&](Timestamp now) {
          const auto due = speaker_.NextTimeout();
          if (!due || *due > now) return;
          if (const auto changed = speaker_.Poll(now)) {
            changes.push_back({now - ScriptedLevels::kStart, *changed});
          }
        });
    return changes;
  }

  static std::vector<uint32_t> SpeakersOf(const std::vector<Change>& changes) {
    std::vector<uint32_t> speakers;
    for (const Change& change : changes) speakers.push_back(change.speaker);
    return speakers;
  }

  DominantSpeaker speaker_;
  ScriptedLevels script_;
};

TEST_F(DominantSpeakerTest, OneSpeakerIsFoundWithinHalfASecond) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -62, 3);
  script_.AddSound(kAnn, 2s, 10s, -25, 6);
  const auto changes = Run(15s);
  ASSERT_THAT(SpeakersOf(changes), ElementsAre(kAnn));
  EXPECT_THAT(changes[0].at, Le(2500ms));
}

TEST_F(DominantSpeakerTest, SpeakerWhoNeverPausesIsFoundAsWell) {
  AddStream(kAnn, -30);
  const auto changes = Run(60s);
  ASSERT_THAT(SpeakersOf(changes), ElementsAre(kAnn));
  EXPECT_THAT(changes[0].at, Le(500ms));
}

TEST_F(DominantSpeakerTest, TwoWhoTakeTurnsAreFollowedWithinHalfASecond) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -55, 3);
  for (int turn = 0; turn < 20; ++turn) {
    script_.AddSound(turn % 2 == 0 ? kAnn : kBob, turn * 3s, 3s, -27, 5);
  }
  const auto changes = Run(60s);
  ASSERT_THAT(changes, SizeIs(20));
  for (size_t turn = 0; turn < changes.size(); ++turn) {
    EXPECT_EQ(changes[turn].speaker, turn % 2 == 0 ? kAnn : kBob);
    EXPECT_THAT(changes[turn].at - turn * 3s, Le(500ms)) << turn;
  }
}

TEST_F(DominantSpeakerTest, TurnsAreFollowedWhereSilenceSendsNothing) {
  AddStream(kAnn);
  AddStream(kBob);
  for (int turn = 0; turn < 20; ++turn) {
    script_.AddSound(turn % 2 == 0 ? kAnn : kBob, turn * 3s, 3s, -27, 5);
    script_.AddPause(turn % 2 == 0 ? kBob : kAnn, turn * 3s, 3s);
  }
  const auto changes = Run(60s);
  ASSERT_THAT(changes, SizeIs(20));
  for (size_t turn = 0; turn < changes.size(); ++turn) {
    EXPECT_THAT(changes[turn].at - turn * 3s, Le(500ms)) << turn;
  }
}

TEST_F(DominantSpeakerTest, WhoeverSpeaksKeepsTheFloorAgainstCrossTalk) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -60, 3);
  script_.AddSound(kAnn, 1s, 20s, -30, 6);
  script_.AddSound(kBob, 5s, 10s, -22, 6);
  EXPECT_THAT(SpeakersOf(Run(21s)), ElementsAre(kAnn));
}

TEST_F(DominantSpeakerTest, TheOtherOneOfCrossTalkFollowsWhenTheFirstStops) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -60, 3);
  script_.AddSound(kAnn, 1s, 9s, -30, 6);
  script_.AddSound(kBob, 5s, 10s, -22, 6);
  const auto changes = Run(21s);
  ASSERT_THAT(SpeakersOf(changes), ElementsAre(kAnn, kBob));
  EXPECT_THAT(changes[1].at, Le(10500ms));
}

// Syllables: pauses of up to 160 ms all the time, and one to draw breath every two seconds.
TEST_F(DominantSpeakerTest, PausesBetweenWordsDoNotLoseTheFloor) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -50, 4);
  for (int i = 0; i < 60; ++i) {
    script_.AddSound(kAnn, i * 600ms, 440ms, -26, 6);
  }
  for (int i = 0; i < 15; ++i) script_.AddSound(kBob, i * 2s + 700ms, 100ms, -20, 3);
  EXPECT_THAT(SpeakersOf(Run(36s)), ElementsAre(kAnn));
}

TEST_F(DominantSpeakerTest, CoughDoesNotTakeTheFloor) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob, -60, 3);
  AddStream(kCleo, -60, 3);
  script_.AddSound(kAnn, 1s, 5s, -28, 6);
  for (int i = 0; i < 14; ++i) script_.AddSound(kBob, i * 700ms, 100ms, -10);
  script_.AddSound(kCleo, 7300ms, 100ms, -5);
  EXPECT_THAT(SpeakersOf(Run(10s)), ElementsAre(kAnn));
}

TEST_F(DominantSpeakerTest, CoughInASilentRoomIsNoSpeech) {
  AddStream(kAnn, -60, 3);
  AddStream(kBob);
  for (int i = 0; i < 20; ++i) script_.AddSound(kAnn, i * 1500ms, 100ms, -10);
  for (int i = 0; i < 20; ++i) script_.AddSound(kBob, i * 1510ms, 100ms, -10);
  EXPECT_THAT(Run(30s), IsEmpty());
}

TEST_F(DominantSpeakerTest, NoiseIsNoSpeech) {
  AddStream(kAnn, -50, 4);
  AddStream(kBob, -45, 2);
  AddStream(kCleo, -40, 1);
  EXPECT_THAT(Run(120s), IsEmpty());
}

TEST_F(DominantSpeakerTest, SpeakerIsFoundAmongNoise) {
  AddStream(kAnn, -50, 4);
  AddStream(kBob, -50, 4);
  script_.AddSound(kBob, 20s, 20s, -25, 6);
  const auto changes = Run(60s);
  ASSERT_THAT(SpeakersOf(changes), ElementsAre(kBob));
  EXPECT_THAT(changes[0].at, Le(20500ms));
}

TEST_F(DominantSpeakerTest, SilenceNeedsNoTimer) {
  AddStream(kAnn);
  AddStream(kBob, -70, 5);
  Run(5s);
  EXPECT_EQ(speaker_.NextTimeout(), std::nullopt);
}

TEST_F(DominantSpeakerTest, WhoeverHoldsTheFloorAloneNeedsNoTimer) {
  AddStream(kAnn, -60, 3);
  script_.AddSound(kAnn, 1s, 10s, -25, 6);
  Run(8s);
  EXPECT_EQ(speaker_.dominant(), kAnn);
  EXPECT_EQ(speaker_.NextTimeout(), std::nullopt);
}

TEST_F(DominantSpeakerTest, TheFloorIsKeptInSilence) {
  AddStream(kAnn, -60, 3);
  script_.AddSound(kAnn, 1s, 5s, -25, 6);
  Run(60s);
  EXPECT_EQ(speaker_.dominant(), kAnn);
}

TEST_F(DominantSpeakerTest, PacketsWithoutALevelAreSilence) {
  ASSERT_TRUE(speaker_.Add(kAnn));
  for (int i = 0; i < 200; ++i) speaker_.RecordLevel(Timestamp(i * 20ms), kAnn, AudioLevel());
  EXPECT_EQ(speaker_.NextTimeout(), std::nullopt);
}

TEST_F(DominantSpeakerTest, StrangersAreIgnored) {
  for (int i = 0; i < 200; ++i) speaker_.RecordLevel(Timestamp(i * 20ms), kAnn, {.level = 20});
  EXPECT_EQ(speaker_.NextTimeout(), std::nullopt);
}

TEST_F(DominantSpeakerTest, TheOneWhoLeftHoldsNoFloor) {
  AddStream(kAnn, -60, 3);
  script_.AddSound(kAnn, 0s, 2s, -25, 6);
  Run(2s);
  speaker_.Remove(kAnn);
  EXPECT_EQ(speaker_.dominant(), std::nullopt);
}

TEST_F(DominantSpeakerTest, PacketsOf60MillisecondsCountAsSpeechToo) {
  ASSERT_TRUE(speaker_.Add(kAnn));
  std::optional<Duration> found;
  for (Duration at{0}; at < 3s; at += 20ms) {
    const Timestamp now = ScriptedLevels::kStart + at;
    if (at % 60ms == 0ms)
      speaker_.RecordLevel(now, kAnn, {.level = at < 1s ? uint8_t{70} : uint8_t{25}});
    if (speaker_.NextTimeout() && speaker_.Poll(now) && !found) found = at;
  }
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, Le(1500ms));
}

TEST_F(DominantSpeakerTest, ChangesAreAnIntervalApart) {
  DominantSpeaker slow({.interval = 2s});
  ASSERT_TRUE(slow.Add(kAnn) && slow.Add(kBob));
  std::vector<Timestamp> changes;
  for (int turn = 0; turn < 20; ++turn) {
    script_.AddSound(turn % 2 == 0 ? kAnn : kBob, turn * 700ms, 700ms, -25);
  }
  script_.AddStream(kAnn, -70), script_.AddStream(kBob, -70);
  for (int turn = 0; turn < 20; ++turn) {
    script_.AddSound(turn % 2 == 0 ? kAnn : kBob, turn * 700ms, 700ms, -25);
  }
  script_.Run(
      14s,
      [&](Timestamp now, uint32_t key, AudioLevel level) { slow.RecordLevel(now, key, level); },
      [&](Timestamp now) {
        if (slow.Poll(now)) changes.push_back(now);
      });
  ASSERT_GT(changes.size(), 2u);
  for (size_t i = 1; i < changes.size(); ++i) EXPECT_GE(changes[i] - changes[i - 1], 2s);
}

TEST_F(DominantSpeakerTest, AnHourOfNothingMakesASpeakerNew) {
  // What was heard before, a room with noise just below speech, no longer counts.
  AddStream(kAnn, -46, 0);
  Run(60s);
  const Timestamp later = ScriptedLevels::kStart + 60s + DominantSpeaker::kSpeakerIdle + 1s;
  bool found = false;
  for (Duration at{0}; at < 500ms; at += 20ms) {
    speaker_.RecordLevel(later + at, kAnn, {.level = 36});
    found |= speaker_.Poll(later + at).has_value();
  }
  EXPECT_TRUE(found);
}

TEST_F(DominantSpeakerTest, TwoHundredOpenMicrophonesAndOneSpeakerAtATime) {
  for (uint32_t key = 0; key < 200; ++key) AddStream(key, -52 - static_cast<int>(key % 20), 4);
  for (int turn = 0; turn < 10; ++turn) {
    script_.AddSound(static_cast<uint32_t>(turn * 17), turn * 4s, 4s, -27, 5);
  }
  // Somebody clears a throat in every second.
  for (int i = 0; i < 40; ++i) {
    script_.AddSound(static_cast<uint32_t>(i * 5 + 1), i * 1s + 300ms, 80ms, -15);
  }
  const auto changes = Run(40s);
  ASSERT_THAT(changes, SizeIs(10));
  for (size_t turn = 0; turn < changes.size(); ++turn) {
    EXPECT_EQ(changes[turn].speaker, turn * 17);
    EXPECT_THAT(changes[turn].at - turn * 4s, Le(500ms)) << turn;
  }
}

TEST_F(DominantSpeakerTest, ThereIsABoundOnSpeakers) {
  for (uint32_t key = 0; key < AudioLevelTable<int>::kMaxStreams; ++key) {
    ASSERT_TRUE(speaker_.Add(key));
  }
  EXPECT_FALSE(speaker_.Add(99'999));
  speaker_.Remove(5);
  EXPECT_TRUE(speaker_.Add(99'999));
}

TEST_F(DominantSpeakerTest, PacketsCostNoAllocation) {
  for (uint32_t key = 0; key < 50; ++key) AddStream(key, -55, 5);
  script_.AddSound(9, 0s, 2s, -25, 6);
  const uint64_t before = test::AllocationWatch::count();
  {
    const test::AllocationWatch watch;
    script_.Run(
        2s,
        [this](Timestamp now, uint32_t key, AudioLevel level) {
          speaker_.RecordLevel(now, key, level);
        },
        [this](Timestamp now) { speaker_.Poll(now); });
  }
  EXPECT_EQ(test::AllocationWatch::count(), before);
  EXPECT_EQ(speaker_.dominant(), 9u);
}

}  // namespace
}  // namespace sluice::rtp

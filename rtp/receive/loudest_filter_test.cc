#include "rtp/receive/loudest_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/allocation_count.h"
#include "tests/support/scripted_levels.h"

namespace sluice::rtp {
namespace {

using namespace std::chrono_literals;
using test::ScriptedLevels;
using ::testing::Ge;
using ::testing::Le;

class LoudestFilterTest : public ::testing::Test {
 protected:
  void AddStreams(uint32_t count, int background = -127, int waver = 0) {
    for (uint32_t key = 1; key <= count; ++key) {
      ASSERT_TRUE(filter_.Add(key));
      script_.AddStream(key, background, waver);
    }
  }

  // Counts what is forwarded and notes the first and the last of each stream since the last run.
  void Run(Duration length) {
    forwarded_.clear();
    script_.Run(
        length,
        [this](Timestamp now, uint32_t key, AudioLevel level) {
          const bool passed = filter_.RecordLevel(now, key, level);
          EXPECT_EQ(passed, filter_.IsForwarded(key));
          if (!passed) return;
          auto& stream = forwarded_[key];
          const Duration at = now - ScriptedLevels::kStart;
          if (stream.packets++ == 0) stream.first = at;
          stream.last = at;
        },
        [this](Timestamp) { EXPECT_LE(filter_.forwarded(), 3u); });
  }

  struct Passed {
    int packets = 0;
    Duration first{0}, last{0};
  };

  LoudestFilter filter_;
  ScriptedLevels script_;
  std::map<uint32_t, Passed> forwarded_;
};

TEST_F(LoudestFilterTest, FewStreamsAreAllForwarded) {
  AddStreams(3);
  Run(1s);
  for (uint32_t key = 1; key <= 3; ++key) EXPECT_EQ(forwarded_[key].packets, 50);
}

TEST_F(LoudestFilterTest, LoudStreamEntersWithItsFirstPacket) {
  AddStreams(10, -70, 3);
  script_.AddSound(9, 2s, 1s, -30);
  Run(3s);
  EXPECT_EQ(forwarded_[9].first, 2s);
}

TEST_F(LoudestFilterTest, NoMoreThanThePlacesAreForwarded) {
  AddStreams(30, -60, 4);
  for (uint32_t key = 1; key <= 30; ++key) script_.AddSound(key, key * 200ms, 3s, -30, 5);
  Run(10s);
  EXPECT_EQ(filter_.forwarded(), 3u);
}

TEST_F(LoudestFilterTest, PlaceIsKeptForAWhileInSilence) {
  AddStreams(4, -80);
  for (uint32_t key = 1; key <= 3; ++key) script_.AddSound(key, 0s, 2s, -30);
  script_.AddSound(4, 2s, 3s, -32);
  Run(5s);
  EXPECT_THAT(forwarded_[4].first, Ge(2400ms));
  EXPECT_THAT(forwarded_[4].first, Le(2800ms));
}

TEST_F(LoudestFilterTest, PlaceIsKeptForTheRestOfSilenceWhileNobodyWantsIt) {
  AddStreams(4, -80);
  for (uint32_t key = 2; key <= 4; ++key) script_.AddSound(key, 0s, 2s, -30);
  Run(60s);
  for (uint32_t key = 2; key <= 4; ++key) EXPECT_EQ(forwarded_[key].last, 59'980ms);
}

TEST_F(LoudestFilterTest, LouderVoiceTakesThePlaceOfTheQuietestSpeaker) {
  AddStreams(4, -80);
  script_.AddSound(1, 0s, 10s, -25);
  script_.AddSound(2, 0s, 10s, -45);
  script_.AddSound(3, 0s, 10s, -30);
  script_.AddSound(4, 5s, 5s, -35);
  Run(10s);
  EXPECT_EQ(forwarded_[4].first, 5s);
  EXPECT_EQ(forwarded_[2].last, 5s);  // Its packet came before that of stream 4.
  EXPECT_EQ(forwarded_[3].packets, 500);
}

TEST_F(LoudestFilterTest, EqualVoicesDoNotTakePlacesFromOneAnother) {
  AddStreams(8, -70, 3);
  for (uint32_t key = 1; key <= 8; ++key) script_.AddSound(key, 1s, 60s, -28, 5);
  Run(2s);  // Until it is settled who is loudest.
  const uint64_t before = filter_.changes();
  Run(59s);
  EXPECT_EQ(filter_.changes(), before);
}

TEST_F(LoudestFilterTest, OpenMicrophonesInSilenceDoNotChangePlaces) {
  AddStreams(200, -75, 4);
  Run(20s);
  EXPECT_EQ(filter_.changes(), 0u);
}

TEST_F(LoudestFilterTest, OfTwoHundredTheSpeakerIsAlwaysHeard) {
  AddStreams(200, -58, 6);
  for (int turn = 0; turn < 20; ++turn) {
    script_.AddSound(static_cast<uint32_t>(turn * 9 + 1), turn * 2s, 2s, -27, 5);
  }
  Run(40s);
  for (int turn = 0; turn < 20; ++turn) {
    const Passed& speaker = forwarded_[static_cast<uint32_t>(turn * 9 + 1)];
    EXPECT_LE(speaker.first, turn * 2s + 20ms) << turn;
    EXPECT_GE(speaker.packets, 99) << turn;
  }
  EXPECT_LE(filter_.changes(), 60u);
}

TEST_F(LoudestFilterTest, StreamWithoutLevelsTakesNoPlaceFromASpeaker) {
  AddStreams(4, -80);
  for (uint32_t key = 1; key <= 3; ++key) script_.AddSound(key, 0s, 2s, -30);
  Run(10s);
  EXPECT_FALSE(filter_.IsForwarded(4));
}

TEST_F(LoudestFilterTest, PlaceOfARemovedStreamIsFreeAtOnce) {
  AddStreams(4, -80);
  Run(1s);
  EXPECT_FALSE(filter_.IsForwarded(4));
  filter_.Remove(2);
  EXPECT_TRUE(filter_.RecordLevel(ScriptedLevels::kStart + 1s, 4, AudioLevel()));
  EXPECT_FALSE(filter_.RecordLevel(ScriptedLevels::kStart + 1s, 2, {.level = 10}));
}

TEST_F(LoudestFilterTest, StrangersAreNotForwarded) {
  EXPECT_FALSE(filter_.RecordLevel(Timestamp(1s), 1, {.level = 0}));
}

TEST_F(LoudestFilterTest, PlacesAreBroughtIntoRange) {
  LoudestFilter none({.places = 0});
  LoudestFilter many({.places = 1000});
  for (uint32_t key = 0; key < 100; ++key) {
    ASSERT_TRUE(none.Add(key) && many.Add(key));
    none.RecordLevel(Timestamp(1s), key, {.level = 30});
    many.RecordLevel(Timestamp(1s), key, {.level = 30});
  }
  EXPECT_EQ(none.forwarded(), 1u);
  EXPECT_EQ(many.forwarded(), LoudestFilter::kMaxPlaces);
}

TEST_F(LoudestFilterTest, PacketsCostNoAllocation) {
  AddStreams(200, -60, 20);
  const uint64_t before = test::AllocationWatch::count();
  {
    const test::AllocationWatch watch;
    script_.Run(
        5s,
        [this](Timestamp now, uint32_t key, AudioLevel level) {
          filter_.RecordLevel(now, key, level);
        },
        [](Timestamp) {});
  }
  EXPECT_EQ(test::AllocationWatch::count(), before);
  EXPECT_GT(filter_.changes(), 0u);
}

}  // namespace
}  // namespace sluice::rtp

#include "worker/engine/decision_log.h"

#include <gtest/gtest.h>

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;
using schema::DecisionKind;

Timestamp At(int milliseconds) { return Timestamp(std::chrono::milliseconds(milliseconds)); }

TEST(DecisionLogTest, TellsWhatWasDecidedTheOldestFirst) {
  DecisionLog log(8);
  log.Record(At(10), {.kind = DecisionKind::Layers,
                      .layers = rtp::LayerId{2, 1},
                      .reason = "bandwidthUp",
                      .available = BitRate::Kbps(900)});
  log.Record(At(20), {.kind = DecisionKind::Priority, .priority = 7});
  const schema::DecisionLogT told = log.Describe();
  ASSERT_EQ(told.decisions.size(), 2u);
  EXPECT_EQ(told.overwritten, 0u);
  EXPECT_EQ(told.decisions[0]->timestamp_ms, 10u);
  EXPECT_EQ(told.decisions[0]->layers->spatial_layer, 2);
  EXPECT_EQ(told.decisions[0]->layers->temporal_layer, 1);
  EXPECT_EQ(told.decisions[0]->reason, "bandwidthUp");
  EXPECT_EQ(told.decisions[0]->available_bitrate, 900'000u);
  EXPECT_EQ(told.decisions[1]->kind, DecisionKind::Priority);
  EXPECT_EQ(told.decisions[1]->priority, 7);
  EXPECT_FALSE(told.decisions[1]->available_bitrate.has_value());
  EXPECT_EQ(told.decisions[1]->layers, nullptr);
}

TEST(DecisionLogTest, KeepsTheLastAndCountsTheOthers) {
  DecisionLog log(3);
  for (uint8_t i = 1; i <= 10; ++i) {
    log.Record(At(i), {.kind = DecisionKind::Priority, .priority = i});
  }
  const schema::DecisionLogT told = log.Describe();
  ASSERT_EQ(told.decisions.size(), 3u);
  EXPECT_EQ(told.overwritten, 7u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(told.decisions[i]->priority, 8 + i);
}

// Receivers repeat their wish for a key frame until they have one.
TEST(DecisionLogTest, TheSameInARowTakesOnePlace) {
  DecisionLog log(4);
  for (int i = 0; i < 100; ++i) log.Record(At(i), {.kind = DecisionKind::KeyFrameWanted});
  log.Record(At(200), {.kind = DecisionKind::Paused});
  log.Record(At(300), {.kind = DecisionKind::KeyFrameWanted});
  const schema::DecisionLogT told = log.Describe();
  ASSERT_EQ(told.decisions.size(), 3u);
  EXPECT_EQ(told.decisions[0]->times, 100u);
  EXPECT_EQ(told.decisions[0]->timestamp_ms, 0u);
  EXPECT_EQ(told.decisions[2]->times, 1u);
  EXPECT_EQ(told.overwritten, 0u);
}

TEST(DecisionLogTest, WorksWithASinglePlace) {
  DecisionLog log(1);
  log.Record(At(1), {.kind = DecisionKind::Paused});
  log.Record(At(2), {.kind = DecisionKind::Resumed});
  log.Record(At(3), {.kind = DecisionKind::Resumed});
  const schema::DecisionLogT told = log.Describe();
  ASSERT_EQ(told.decisions.size(), 1u);
  EXPECT_EQ(told.decisions[0]->kind, DecisionKind::Resumed);
  EXPECT_EQ(told.decisions[0]->times, 2u);
  EXPECT_EQ(told.overwritten, 1u);
}

}  // namespace
}  // namespace sluice::worker

#include "rtp/send/report_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::rtp {
namespace {

using std::chrono::seconds;
using ::testing::Optional;

constexpr Timestamp kStart{seconds(10)};

// The spaces between reports, each taken exactly when it is due.
std::vector<Duration> Spaces(MediaKind kind, uint64_t seed, int count) {
  ReportScheduler scheduler(kind, seed);
  scheduler.Start(kStart);
  std::vector<Duration> spaces;
  Timestamp now = kStart;
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(scheduler.TakeDue(now));
    spaces.push_back(*scheduler.NextTimeout() - now);
    now = *scheduler.NextTimeout();
  }
  return spaces;
}

TEST(ReportSchedulerTest, NothingIsDueBeforeTheStart) {
  ReportScheduler scheduler(MediaKind::kVideo, 1);
  EXPECT_EQ(scheduler.NextTimeout(), std::nullopt);
  EXPECT_FALSE(scheduler.TakeDue(kStart));
}

TEST(ReportSchedulerTest, FirstReportIsDueAtOnceAndOnce) {
  ReportScheduler scheduler(MediaKind::kVideo, 1);
  scheduler.Start(kStart);
  EXPECT_THAT(scheduler.NextTimeout(), Optional(kStart));
  EXPECT_TRUE(scheduler.TakeDue(kStart));
  EXPECT_FALSE(scheduler.TakeDue(kStart));
  const auto next = scheduler.NextTimeout();
  scheduler.Start(kStart + Duration(1));
  EXPECT_EQ(scheduler.NextTimeout(), next);
}

TEST(ReportSchedulerTest, DueAtTheTimeoutAndNotBefore) {
  ReportScheduler scheduler(MediaKind::kAudio, 1);
  scheduler.Start(kStart);
  scheduler.TakeDue(kStart);
  const Timestamp next = *scheduler.NextTimeout();
  EXPECT_FALSE(scheduler.TakeDue(next - Duration(1)));
  EXPECT_TRUE(scheduler.TakeDue(next));
}

TEST(ReportSchedulerTest, SpacesLieAroundTheInterval) {
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    const Duration interval =
        kind == MediaKind::kVideo ? Duration(seconds(1)) : Duration(seconds(5));
    const std::vector<Duration> spaces = Spaces(kind, 7, 1000);
    Duration sum{0};
    for (const Duration space : spaces) {
      EXPECT_GE(space, interval / 2);
      EXPECT_LE(space, interval * 3 / 2);
      sum += space;
    }
    EXPECT_NEAR(static_cast<double>(sum.count()) / 1000, static_cast<double>(interval.count()),
                0.05 * static_cast<double>(interval.count()));
    EXPECT_LT(*std::min_element(spaces.begin(), spaces.end()), interval * 6 / 10);
    EXPECT_GT(*std::max_element(spaces.begin(), spaces.end()), interval * 14 / 10);
  }
}

TEST(ReportSchedulerTest, OneSeedGivesOneHistory) {
  EXPECT_EQ(Spaces(MediaKind::kVideo, 3, 50), Spaces(MediaKind::kVideo, 3, 50));
  EXPECT_NE(Spaces(MediaKind::kVideo, 3, 50), Spaces(MediaKind::kVideo, 4, 50));
}

TEST(ReportSchedulerTest, LateWorkerSendsOneReportAndNoBurst) {
  ReportScheduler scheduler(MediaKind::kVideo, 1);
  scheduler.Start(kStart);
  EXPECT_TRUE(scheduler.TakeDue(kStart + seconds(60)));
  EXPECT_FALSE(scheduler.TakeDue(kStart + seconds(60)));
}

TEST(ReportSchedulerTest, StoppedAsksForNothing) {
  ReportScheduler scheduler(MediaKind::kVideo, 1);
  scheduler.Start(kStart);
  scheduler.Stop();
  EXPECT_EQ(scheduler.NextTimeout(), std::nullopt);
  EXPECT_FALSE(scheduler.TakeDue(kStart + seconds(60)));
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/receive/feedback_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <vector>

#include "rtp/rtcp/transport_feedback.h"

namespace sluice::rtp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Timestamp kStart = Timestamp() + seconds(300);

class FeedbackRecorderTest : public testing::Test {
 protected:
  struct Report {
    SeqNo base;
    uint16_t count = 0;
    uint8_t number = 0;
    std::vector<uint16_t> received;
    std::vector<Duration> times;
  };

  // All feedback packets that are pending at `now`.
  std::vector<Report> Reports(Timestamp now, size_t room = 1200) {
    std::vector<Report> reports;
    std::vector<uint8_t> bytes(room);
    for (;;) {
      ByteWriter out(bytes);
      if (!recorder_.WriteFeedback(now, Ssrc(1), Ssrc(2), out)) return reports;
      EXPECT_TRUE(out.ok());
      const auto feedback = TransportFeedback::Parse(out.written());
      EXPECT_TRUE(feedback);
      if (!feedback) return reports;
      Report report{feedback->base(), feedback->status_count(), feedback->feedback_count(), {}, {}};
      feedback->ForEachReceived([&](const TransportFeedback::Arrival& arrival) {
        report.received.push_back(arrival.sequence.value());
        report.times.push_back(arrival.time);
      });
      reports.push_back(report);
    }
  }

  std::vector<uint16_t> ReceivedIn(Timestamp now) {
    const auto reports = Reports(now);
    EXPECT_EQ(reports.size(), 1u);
    return reports.empty() ? std::vector<uint16_t>() : reports[0].received;
  }

  FeedbackRecorder recorder_;
};

TEST_F(FeedbackRecorderTest, HasNothingToSayAtFirst) {
  EXPECT_FALSE(recorder_.NextTimeout());
  EXPECT_THAT(Reports(kStart), IsEmpty());
}

TEST_F(FeedbackRecorderTest, ReportsEveryHundredMilliseconds) {
  recorder_.Record(5, kStart);
  recorder_.Record(6, kStart + milliseconds(20));
  EXPECT_EQ(recorder_.NextTimeout(), kStart + FeedbackRecorder::kInterval);
  EXPECT_THAT(ReceivedIn(kStart + milliseconds(100)), ElementsAre(5, 6));
  EXPECT_FALSE(recorder_.NextTimeout());
  recorder_.Record(7, kStart + milliseconds(110));
  EXPECT_EQ(recorder_.NextTimeout(), kStart + milliseconds(210));
}

TEST_F(FeedbackRecorderTest, ReportsAtOnceWhenThereIsEnoughToSay) {
  for (uint16_t i = 0; i < FeedbackRecorder::kBatch; ++i) {
    recorder_.Record(i, kStart + i * microseconds(100));
  }
  ASSERT_TRUE(recorder_.NextTimeout());
  EXPECT_LE(*recorder_.NextTimeout(), kStart + milliseconds(5));
}

TEST_F(FeedbackRecorderTest, SpeaksOfLossAndWrap) {
  recorder_.Record(65'533, kStart);
  recorder_.Record(65'535, kStart + milliseconds(1));
  recorder_.Record(2, kStart + milliseconds(2));
  const auto reports = Reports(kStart + milliseconds(100));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].base, SeqNo(65'533));
  EXPECT_EQ(reports[0].count, 6);
  EXPECT_THAT(reports[0].received, ElementsAre(65'533, 65'535, 2));
}

// What is missing between two reports belongs to the second: nobody else would speak of it.
TEST_F(FeedbackRecorderTest, NextReportBeginsWhereTheLastEnded) {
  recorder_.Record(10, kStart);
  Reports(kStart + milliseconds(100));
  recorder_.Record(14, kStart + milliseconds(120));
  const auto reports = Reports(kStart + milliseconds(220));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].base, SeqNo(11));
  EXPECT_EQ(reports[0].count, 4);
  EXPECT_EQ(reports[0].number, 1);
}

TEST_F(FeedbackRecorderTest, APacketThatCameLateOpensTheReportAgain) {
  recorder_.Record(10, kStart);
  recorder_.Record(12, kStart + milliseconds(1));
  Reports(kStart + milliseconds(100));
  recorder_.Record(11, kStart + milliseconds(150));
  recorder_.Record(13, kStart + milliseconds(151));
  // 12 arrived and is told so again: silence would mean that it was lost.
  EXPECT_THAT(ReceivedIn(kStart + milliseconds(250)), ElementsAre(11, 12, 13));
}

TEST_F(FeedbackRecorderTest, ReorderedPacketsKeepTheirTimes) {
  recorder_.Record(1, kStart);
  recorder_.Record(3, kStart + milliseconds(5));
  recorder_.Record(2, kStart + milliseconds(9));
  const auto reports = Reports(kStart + milliseconds(100));
  ASSERT_EQ(reports.size(), 1u);
  ASSERT_THAT(reports[0].received, ElementsAre(1, 2, 3));
  EXPECT_EQ(reports[0].times[1] - reports[0].times[0], milliseconds(9));
  EXPECT_EQ(reports[0].times[2] - reports[0].times[0], milliseconds(5));
}

TEST_F(FeedbackRecorderTest, TheFirstOfTwoArrivalsCounts) {
  recorder_.Record(1, kStart);
  recorder_.Record(2, kStart + milliseconds(1));
  recorder_.Record(1, kStart + milliseconds(50));
  const auto reports = Reports(kStart + milliseconds(100));
  EXPECT_EQ(reports[0].times[1] - reports[0].times[0], milliseconds(1));
  EXPECT_EQ(recorder_.duplicates(), 1u);
}

TEST_F(FeedbackRecorderTest, WhatIsOlderThanTheWindowIsNotReportedAgain) {
  recorder_.Record(1, kStart);
  recorder_.Record(3, kStart + milliseconds(1));
  Reports(kStart + milliseconds(100));
  recorder_.Record(4, kStart + milliseconds(700));
  EXPECT_THAT(ReceivedIn(kStart + milliseconds(800)), ElementsAre(4));
  recorder_.Record(2, kStart + milliseconds(801));
  EXPECT_THAT(Reports(kStart + milliseconds(901)), IsEmpty());
  EXPECT_EQ(recorder_.unreported(), 1u);
}

TEST_F(FeedbackRecorderTest, SplitsWhereATimeDoesNotFit) {
  recorder_.Record(1, kStart);
  recorder_.Record(2, kStart + seconds(9));
  const auto reports = Reports(kStart + seconds(10));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_THAT(reports[0].received, ElementsAre(1));
  EXPECT_THAT(reports[1].received, ElementsAre(2));
  EXPECT_EQ(reports[1].base, SeqNo(2));
  EXPECT_EQ(reports[1].number, 1);
  EXPECT_EQ(reports[1].times[0] - reports[0].times[0], seconds(9));
}

TEST_F(FeedbackRecorderTest, SplitsWhereTheRoomEnds) {
  for (uint16_t i = 0; i < 200; ++i) recorder_.Record(static_cast<uint16_t>(2 * i), kStart);
  const auto reports = Reports(kStart, 300);
  EXPECT_GT(reports.size(), 3u);
  size_t received = 0;
  for (size_t i = 0; i < reports.size(); ++i) {
    received += reports[i].received.size();
    if (i == 0) continue;
    EXPECT_EQ(reports[i].base, reports[i - 1].base + reports[i - 1].count);
  }
  EXPECT_EQ(received, 200u);
  EXPECT_FALSE(recorder_.NextTimeout());
}

TEST_F(FeedbackRecorderTest, WritesNothingWhereThereIsNoRoom) {
  recorder_.Record(1, kStart);
  EXPECT_THAT(Reports(kStart, 20), IsEmpty());
  EXPECT_THAT(ReceivedIn(kStart + milliseconds(100)), ElementsAre(1));
}

TEST_F(FeedbackRecorderTest, BridgesLargeGaps) {
  recorder_.Record(1, kStart);
  recorder_.Record(30'000, kStart + milliseconds(10));
  const auto reports = Reports(kStart + milliseconds(100));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].count, 30'000);
  EXPECT_THAT(reports[0].received, ElementsAre(1, 30'000));
}

TEST_F(FeedbackRecorderTest, FollowsASenderThatStartsOver) {
  for (uint16_t i = 0; i < 20; ++i) {
    recorder_.Record(static_cast<uint16_t>(20'000 + i), kStart + i * milliseconds(100));
    Reports(kStart + i * milliseconds(100));
  }
  const Timestamp later = kStart + seconds(3);
  recorder_.Record(1, later);
  EXPECT_THAT(Reports(later), IsEmpty());
  recorder_.Record(2, later);
  EXPECT_THAT(ReceivedIn(later), ElementsAre(2));
}

TEST_F(FeedbackRecorderTest, HoldsItsBoundWhenNobodyReports) {
  const int kCount = static_cast<int>(FeedbackRecorder::kMaxArrivals) * 3;
  for (int i = 0; i < kCount; ++i) recorder_.Record(static_cast<uint16_t>(i), kStart);
  size_t received = 0;
  for (const Report& report : Reports(kStart)) received += report.received.size();
  EXPECT_LE(received, FeedbackRecorder::kMaxArrivals);
  EXPECT_EQ(received + recorder_.unreported(), static_cast<size_t>(kCount));
}

// Three laps of numbers with loss, reordering and duplicates: everything that arrived is reported
// with its time, and nothing else is.
TEST_F(FeedbackRecorderTest, ReportsEveryArrivalOfARandomHistory) {
  std::mt19937 random(15);
  std::map<uint16_t, Timestamp> arrived;
  std::map<uint16_t, Duration> reported;
  Timestamp now = kStart;
  for (int lap = 0; lap < 3; ++lap) {
    arrived.clear();
    reported.clear();
    for (int i = 0; i < 0x10000; i += 2) {
      std::array<uint16_t, 2> pair = {static_cast<uint16_t>(i), static_cast<uint16_t>(i + 1)};
      if (random() % 8 == 0) std::swap(pair[0], pair[1]);
      for (uint16_t sequence : pair) {
        now += microseconds(random() % 3000);
        if (random() % 10 == 0) continue;
        recorder_.Record(sequence, now);
        arrived.emplace(sequence, now);
        if (random() % 50 == 0) recorder_.Record(sequence, now + milliseconds(1));
      }
      if (!recorder_.NextTimeout() || now < *recorder_.NextTimeout()) continue;
      for (const Report& report : Reports(now)) {
        for (size_t k = 0; k < report.received.size(); ++k) {
          reported.emplace(report.received[k], report.times[k]);
        }
      }
    }
    for (const Report& report : Reports(now)) {
      for (size_t k = 0; k < report.received.size(); ++k) {
        reported.emplace(report.received[k], report.times[k]);
      }
    }
    ASSERT_EQ(reported.size(), arrived.size());
    for (const auto& [sequence, time] : arrived) {
      ASSERT_TRUE(reported.contains(sequence));
      const Duration error = reported[sequence] - time.time_since_epoch();
      EXPECT_LE(std::abs(error.count()), 125);
    }
  }
  EXPECT_EQ(recorder_.unreported(), 0u);
}

}  // namespace
}  // namespace sluice::rtp

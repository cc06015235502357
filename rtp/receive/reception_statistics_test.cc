#include "rtp/receive/reception_statistics.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kLap = 0x10000;
constexpr Timestamp kStart = Timestamp() + seconds(50);

// Receives these numbers, a packet per frame of 20 ms at 48 kHz.
void ReceiveAll(ReceptionStatistics& reception, std::initializer_list<int64_t> numbers) {
  for (int64_t number : numbers) {
    reception.RecordReceived({kLap + number}, static_cast<uint32_t>(number * 960),
                             kStart + number * milliseconds(20));
  }
}

ReceptionStatistics Begun(int64_t first) {
  ReceptionStatistics reception(48'000);
  reception.Begin({kLap + first});
  return reception;
}

TEST(ReceptionStatisticsTest, CountsWhatIsMissingBetweenFirstAndHighest) {
  ReceptionStatistics reception = Begun(10);
  ReceiveAll(reception, {10, 11, 15, 13});
  EXPECT_EQ(reception.expected(), 6);
  EXPECT_EQ(reception.lost(), 2);
  EXPECT_EQ(reception.extended_highest(), 15u);
}

TEST(ReceptionStatisticsTest, HighestNumberCountsWraps) {
  ReceptionStatistics reception = Begun(65'535);
  ReceiveAll(reception, {65'535, 65'536});
  EXPECT_EQ(reception.extended_highest(), 0x10000u);
}

TEST(ReceptionStatisticsTest, IntervalsAreToldOnce) {
  ReceptionStatistics reception = Begun(0);
  ReceiveAll(reception, {0, 1, 2, 4});
  const auto first = reception.TakeInterval();
  EXPECT_EQ(first.lost(), 1);
  EXPECT_EQ(first.fraction_lost(), 256 / 5);
  ReceiveAll(reception, {5, 6});
  EXPECT_EQ(reception.TakeInterval().fraction_lost(), 0);
  EXPECT_EQ(reception.TakeInterval().expected, 0);
}

TEST(ReceptionStatisticsTest, ALatePacketCannotMakeAnIntervalNegative) {
  ReceptionStatistics reception = Begun(0);
  ReceiveAll(reception, {0, 2});
  reception.TakeInterval();
  ReceiveAll(reception, {1});
  const auto interval = reception.TakeInterval();
  EXPECT_EQ(interval.lost(), 0);
  EXPECT_EQ(interval.fraction_lost(), 0);
  EXPECT_EQ(reception.lost(), 0);
}

TEST(ReceptionStatisticsTest, FractionHoldsTotalLoss) {
  EXPECT_EQ((ReceptionStatistics::Interval{100, 0}).fraction_lost(), 255);
}

TEST(ReceptionStatisticsTest, RepairedPacketsStayLostByTheNetwork) {
  ReceptionStatistics reception = Begun(0);
  ReceiveAll(reception, {0});
  reception.RecordExpected({kLap + 1});
  EXPECT_EQ(reception.expected(), 2);
  EXPECT_EQ(reception.lost(), 1);
}

TEST(ReceptionStatisticsTest, WhatLiesBetweenTwoRowsIsNotLost) {
  ReceptionStatistics reception = Begun(0);
  ReceiveAll(reception, {0, 2});
  reception.Begin({kLap + 20'000});
  ReceiveAll(reception, {20'000, 20'001});
  EXPECT_EQ(reception.expected(), 5);
  EXPECT_EQ(reception.lost(), 1);
}

// RFC 3550 §A.8 worked by hand: transit times change by 0, then by 16 ms (768 ticks), then by -16.
TEST(ReceptionStatisticsTest, JitterFollowsTheRfc) {
  ReceptionStatistics reception = Begun(0);
  reception.RecordReceived({kLap}, 0, kStart);
  reception.RecordReceived({kLap + 1}, 960, kStart + milliseconds(20));
  EXPECT_EQ(reception.jitter(), 0u);
  reception.RecordReceived({kLap + 2}, 1920, kStart + milliseconds(56));
  EXPECT_EQ(reception.jitter(), 768u / 16);
  reception.RecordReceived({kLap + 3}, 2880, kStart + milliseconds(60));
  EXPECT_EQ(reception.jitter(), 48u + (768u - 48u) / 16);
}

TEST(ReceptionStatisticsTest, PacketsOfOneFrameAreNoJitter) {
  ReceptionStatistics reception(90'000);
  reception.Begin({kLap});
  for (int frame = 0; frame < 50; ++frame) {
    for (int i = 0; i < 10; ++i) {
      reception.RecordReceived(
          {kLap + frame * 10 + i}, static_cast<uint32_t>(frame * 3000),
          kStart + frame * std::chrono::microseconds(33'333) + i * milliseconds(2));
    }
  }
  EXPECT_LE(reception.jitter(), 1u);
}

TEST(ReceptionStatisticsTest, AClockThatJumpsIsNoJitter) {
  ReceptionStatistics reception = Begun(0);
  reception.RecordReceived({kLap}, 0, kStart);
  reception.RecordReceived({kLap + 1}, 0x80000000, kStart + milliseconds(20));
  reception.RecordReceived({kLap + 2}, 0x80000000 + 960, kStart + milliseconds(40));
  EXPECT_EQ(reception.jitter(), 0u);
}

}  // namespace
}  // namespace sluice::rtp

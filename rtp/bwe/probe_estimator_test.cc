#include "rtp/bwe/probe_estimator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(50);
constexpr Duration kThere = seconds(9);
constexpr uint32_t kId = 5;

double Mbps(BitRate rate) { return static_cast<double>(rate.bps()) / 1e6; }

// A probe over a path of some capacity.
class ProbeEstimatorTest : public testing::Test {
 protected:
  // Packets of 1,000 bytes, or of `sizes` in turn, leave at `rate`; they arrive at `capacity`.
  std::optional<ProbeEstimator::Result> Probe(BitRate rate, BitRate capacity, size_t count = 10) {
    estimator_.Begin(kStart, kId, rate, milliseconds(20));
    Timestamp sent = kStart;
    Duration free = kThere;
    std::vector<AckedPacket> packets;
    for (size_t i = 0; i < count; ++i) {
      const size_t bytes = sizes_[i % sizes_.size()];
      estimator_.RecordSent(sent, kId);
      const Duration there = kThere + (sent - kStart);
      free = std::max(free, there) + DataSize::Bytes(static_cast<int64_t>(bytes)) / capacity;
      packets.push_back({sent, free + Jitter(), bytes, kId});
      sent += DataSize::Bytes(static_cast<int64_t>(bytes)) / rate;
    }
    for (size_t i = lost_; i < packets.size(); ++i) estimator_.RecordArrival(packets[i]);
    estimator_.RecordArrival({sent + milliseconds(30), free + milliseconds(80), 1000, 0});
    return estimator_.Poll(sent + milliseconds(100));
  }

  Duration Jitter() {
    return jitter_.count() == 0
               ? Duration(0)
               : Duration(static_cast<int64_t>(random_() % static_cast<uint64_t>(jitter_.count())));
  }

  ProbeEstimator estimator_;
  std::vector<size_t> sizes_ = {1000};
  size_t lost_ = 0;
  Duration jitter_{0};
  std::mt19937 random_{3};
};

TEST_F(ProbeEstimatorTest, ProbeThatFitsPassesAtItsRate) {
  const auto result = Probe(BitRate::Kbps(2000), BitRate::Kbps(10'000));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->passed);
  EXPECT_NEAR(Mbps(result->arrived), 2, 0.05);
}

TEST_F(ProbeEstimatorTest, ProbeThatDoesNotFitTellsTheCapacity) {
  const auto result = Probe(BitRate::Kbps(4000), BitRate::Kbps(2500));
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->passed);
  EXPECT_NEAR(Mbps(result->arrived), 2.5, 0.1);
}

TEST_F(ProbeEstimatorTest, SoundBetweenThePacketsDoesNotMislead) {
  for (const std::vector<size_t>& sizes :
       {std::vector<size_t>{1000, 1000, 1000, 600, 100}, {100, 600, 1000, 1000, 1000}}) {
    sizes_ = sizes;
    const auto fits = Probe(BitRate::Kbps(800), BitRate::Kbps(10'000), 5);
    ASSERT_TRUE(fits);
    EXPECT_TRUE(fits->passed);
    const auto too_fast = Probe(BitRate::Kbps(800), BitRate::Kbps(600), 5);
    ASSERT_TRUE(too_fast);
    EXPECT_FALSE(too_fast->passed);
    EXPECT_NEAR(Mbps(too_fast->arrived), 0.6, 0.03);
  }
}

TEST_F(ProbeEstimatorTest, LongProbeSeesThroughJitter) {
  jitter_ = milliseconds(40);
  // 100 packets at 4 Mbit/s: 200 ms.
  const auto result = Probe(BitRate::Kbps(4000), BitRate::Kbps(10'000), 100);
  ASSERT_TRUE(result);
  EXPECT_GT(Mbps(result->arrived), 3.4);
}

TEST_F(ProbeEstimatorTest, ArrivalsAllAtOnceClaimNoMoreThanWasSent) {
  estimator_.Begin(kStart, kId, BitRate::Kbps(1000), milliseconds(20));
  for (int i = 0; i < 10; ++i) estimator_.RecordSent(kStart + milliseconds(8 * i), kId);
  for (int i = 0; i < 10; ++i) {
    estimator_.RecordArrival({kStart + milliseconds(8 * i), kThere, 1000, kId});
  }
  estimator_.RecordArrival({kStart + seconds(1), kThere, 1000, 0});
  const auto result = estimator_.Poll(kStart + seconds(1));
  ASSERT_TRUE(result);
  EXPECT_LE(Mbps(result->arrived), 1.2);
}

TEST_F(ProbeEstimatorTest, NothingIsSaidOfAProbeThatGotLost) {
  lost_ = 4;
  const auto result = Probe(BitRate::Kbps(2000), BitRate::Kbps(10'000));
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->passed);
  EXPECT_EQ(result->arrived, BitRate());
}

TEST_F(ProbeEstimatorTest, ProbeThatIsNeverSentEnds) {
  estimator_.Begin(kStart, kId, BitRate::Kbps(1000), milliseconds(20));
  EXPECT_FALSE(estimator_.Poll(kStart + seconds(1)));
  const auto end = estimator_.NextTimeout();
  ASSERT_TRUE(end);
  ASSERT_TRUE(estimator_.Poll(*end));
  EXPECT_FALSE(estimator_.busy());
  EXPECT_FALSE(estimator_.NextTimeout());
}

TEST_F(ProbeEstimatorTest, WhatHasArrivedIsOverThoughNothingFollows) {
  estimator_.Begin(kStart, kId, BitRate::Kbps(1000), milliseconds(20));
  constexpr Duration kStep = milliseconds(8);
  for (int i = 0; i < 5; ++i) {
    estimator_.RecordSent(kStart + i * kStep, kId);
    estimator_.RecordArrival({kStart + i * kStep, kThere + i * kStep, 1000, kId});
    EXPECT_FALSE(estimator_.Poll(kStart + i * kStep));
  }
  const Timestamp end = kStart + 4 * kStep + ProbeEstimator::kComplete;
  EXPECT_EQ(estimator_.NextTimeout(), end);
  EXPECT_FALSE(estimator_.Poll(end - Duration(1)));
  const auto result = estimator_.Poll(end);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->passed);
}

TEST_F(ProbeEstimatorTest, AcknowledgementsOfMoreThanWasSentAreLeftOut) {
  estimator_.Begin(kStart, kId, BitRate::Kbps(1000), milliseconds(20));
  for (int i = 0; i < 5; ++i) estimator_.RecordSent(kStart + milliseconds(i), kId);
  for (int i = 0; i < 10'000; ++i) {
    estimator_.RecordArrival({kStart + milliseconds(1), kThere, 1000, kId});
  }
  EXPECT_FALSE(estimator_.Poll(kStart + milliseconds(2)));
}

TEST_F(ProbeEstimatorTest, EndlessProbeIsMeasuredByItsBeginning) {
  const auto result = Probe(BitRate::Kbps(50'000), BitRate::Kbps(20'000), 5000);
  ASSERT_TRUE(result);
  EXPECT_NEAR(Mbps(result->arrived), 20, 1);
}

TEST_F(ProbeEstimatorTest, ItsQueueDisturbsWhatIsSentRightAfterIt) {
  Probe(BitRate::Kbps(2000), BitRate::Kbps(10'000));
  EXPECT_FALSE(estimator_.Disturbs(kStart - milliseconds(1)));
  EXPECT_TRUE(estimator_.Disturbs(kStart + milliseconds(60)));
  EXPECT_FALSE(estimator_.Disturbs(kStart + milliseconds(200)));
}

}  // namespace
}  // namespace sluice::rtp::bwe

#include "rtp/bwe/overuse_detector.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

class OveruseDetectorTest : public testing::Test {
 protected:
  void Record(double trend, int times, Duration apart = milliseconds(10)) {
    for (int i = 0; i < times; ++i) detector_.Record(trend, now_ += apart);
  }

  OveruseDetector detector_;
  Duration now_{0};
};

TEST_F(OveruseDetectorTest, NoTrendIsNormal) {
  Record(0, 100);
  EXPECT_EQ(detector_.usage(), Usage::kNormal);
}

TEST_F(OveruseDetectorTest, TrendThatLastsIsOveruse) {
  Record(0, 3);
  Record(20, 3);
  EXPECT_EQ(detector_.usage(), Usage::kOver);
}

TEST_F(OveruseDetectorTest, OneSpikeIsNot) {
  Record(0, 3);
  Record(20, 1);
  EXPECT_NE(detector_.usage(), Usage::kOver);
}

TEST_F(OveruseDetectorTest, TrendThatIsAlreadyFallingIsNot) {
  Record(0, 3);
  detector_.Record(22, now_ += milliseconds(10));
  detector_.Record(21, now_ += milliseconds(10));
  detector_.Record(20, now_ += milliseconds(10));
  EXPECT_NE(detector_.usage(), Usage::kOver);
}

TEST_F(OveruseDetectorTest, FallingDelayIsUnderuse) {
  Record(-20, 2);
  EXPECT_EQ(detector_.usage(), Usage::kUnder);
}

TEST_F(OveruseDetectorTest, ThresholdFallsOnAQuietPath) {
  const double before = detector_.threshold();
  Record(0, 100);
  EXPECT_LT(detector_.threshold(), before);
  EXPECT_GE(detector_.threshold(), 6);
}

TEST_F(OveruseDetectorTest, ThresholdRisesWhereTheQueueAlwaysMoves) {
  for (int i = 0; i < 200; ++i) Record(i % 2 == 0 ? 24 : -24, 1);
  EXPECT_GT(detector_.threshold(), 20);
}

TEST_F(OveruseDetectorTest, SpikeDoesNotMoveTheThreshold) {
  Record(0, 10);
  const double before = detector_.threshold();
  Record(1e9, 5);
  EXPECT_EQ(detector_.threshold(), before);
}

TEST_F(OveruseDetectorTest, TimeThatRunsBackwardsMovesNothing) {
  Record(0, 10);
  const double before = detector_.threshold();
  detector_.Record(0, Duration(-1'000'000'000));
  EXPECT_EQ(detector_.threshold(), before);
}

}  // namespace
}  // namespace sluice::rtp::bwe

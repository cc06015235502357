#include "rtp/receive/remb_source.h"

#include <gtest/gtest.h>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(5);
constexpr BitRate kBegin = BitRate::Kbps(1000);
using Mode = RembSource::Mode;

// Receives `rate` for a second, in packets of 10 ms.
void ReceiveForASecond(RembSource& source, Timestamp from, BitRate rate) {
  for (int i = 0; i < 100; ++i) {
    source.RecordReceived(from + i * milliseconds(10), static_cast<size_t>(rate.bps() / 800));
  }
}

TEST(RembSourceTest, SaysNothingBeforeAnythingCame) {
  RembSource source(Mode::kEstimate, kBegin);
  EXPECT_FALSE(source.NextTimeout());
  EXPECT_FALSE(source.Poll(kStart));
}

TEST(RembSourceTest, TellsTheEstimateEverySecond) {
  RembSource source(Mode::kEstimate, kBegin);
  source.RecordReceived(kStart, 1000);
  EXPECT_EQ(source.Poll(kStart), kBegin);
  EXPECT_FALSE(source.Poll(kStart + milliseconds(999)));
  EXPECT_EQ(source.NextTimeout(), kStart + seconds(1));
  EXPECT_EQ(source.Poll(kStart + seconds(1)), kBegin);
}

TEST(RembSourceTest, GrowsByEightPercentASecondWhileItIsUsed) {
  RembSource source(Mode::kEstimate, kBegin);
  ReceiveForASecond(source, kStart, kBegin);
  source.RecordLoss(kStart + seconds(1), 1, 100);
  EXPECT_EQ(source.estimate(), BitRate::Kbps(1080));
}

TEST(RembSourceTest, DoesNotGrowBeyondWhatIsUsed) {
  RembSource source(Mode::kEstimate, kBegin);
  ReceiveForASecond(source, kStart, BitRate::Kbps(300));
  source.RecordLoss(kStart + seconds(1), 0, 100);
  EXPECT_EQ(source.estimate(), kBegin);
}

TEST(RembSourceTest, StaysWhileLossIsModerate) {
  RembSource source(Mode::kEstimate, kBegin);
  ReceiveForASecond(source, kStart, kBegin);
  source.RecordLoss(kStart + seconds(1), 2, 100);
  source.RecordLoss(kStart + seconds(2), 10, 100);
  EXPECT_EQ(source.estimate(), kBegin);
}

TEST(RembSourceTest, ShrinksByHalfOfHighLossAndTellsSoon) {
  RembSource source(Mode::kEstimate, kBegin);
  ReceiveForASecond(source, kStart, kBegin);
  const Timestamp now = kStart + seconds(1);
  source.Poll(now);
  source.RecordLoss(now, 20, 100);
  EXPECT_EQ(source.estimate(), BitRate::Kbps(900));
  EXPECT_EQ(source.NextTimeout(), now + RembSource::kMinInterval);
}

TEST(RembSourceTest, NeverShrinksBelowTheMinimumNorTrustsImpossibleLoss) {
  RembSource source(Mode::kEstimate, kBegin);
  ReceiveForASecond(source, kStart, kBegin);
  for (int i = 1; i < 100; ++i) source.RecordLoss(kStart + i * seconds(1), 500, 100);
  EXPECT_EQ(source.estimate(), RembSource::kMin);
  source.RecordLoss(kStart + seconds(200), -5, 0);
  EXPECT_EQ(source.estimate(), RembSource::kMin);
}

TEST(RembSourceTest, TheBoundHolds) {
  RembSource source(Mode::kEstimate, kBegin);
  source.set_max(BitRate::Kbps(400));
  source.RecordReceived(kStart, 1000);
  EXPECT_EQ(source.Poll(kStart), BitRate::Kbps(400));
}

TEST(RembSourceTest, OnlyTheBoundIsToldToThoseWhoEstimate) {
  RembSource source(Mode::kBoundOnly);
  source.RecordReceived(kStart, 1000);
  EXPECT_FALSE(source.NextTimeout());
  source.set_max(BitRate::Kbps(700));
  EXPECT_EQ(source.Poll(kStart), BitRate::Kbps(700));
}

}  // namespace
}  // namespace sluice::rtp

#include "rtp/bwe/busy_rate.h"

#include <gtest/gtest.h>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

class BusyRateTest : public testing::Test {
 protected:
  // A packet every 10 ms: 800 kbit/s.
  void Arrive(int packets, Duration queued) {
    for (int i = 0; i < packets; ++i) {
      at_ += milliseconds(10);
      busy_.Record(at_, queued, 1000);
    }
  }
  std::optional<int64_t> Kbps() const {
    const auto rate = busy_.rate();
    if (!rate) return std::nullopt;
    return rate->bps() / 1000;
  }

  BusyRate busy_;
  Duration at_ = std::chrono::seconds(9);
};

TEST_F(BusyRateTest, CountsFromTheLastPacketThatFoundNoQueue) {
  Arrive(3, Duration(0));
  at_ += milliseconds(200);  // little was sent
  Arrive(1, milliseconds(1));
  EXPECT_EQ(Kbps(), std::nullopt);
  Arrive(20, milliseconds(15));
  EXPECT_EQ(Kbps(), 800);
}

TEST_F(BusyRateTest, FewPacketsProveNothing) {
  Arrive(1, Duration(0));
  Arrive(BusyRate::kMinPackets - 1, milliseconds(15));
  EXPECT_EQ(Kbps(), std::nullopt);
  Arrive(1, milliseconds(15));
  EXPECT_EQ(Kbps(), 800);
}

TEST_F(BusyRateTest, APathThatIsBusyForLongIsNotMeasuredHere) {
  Arrive(1, Duration(0));
  Arrive(50, milliseconds(15));
  EXPECT_EQ(Kbps(), 800);
  Arrive(1, milliseconds(15));
  EXPECT_EQ(Kbps(), std::nullopt);
}

TEST_F(BusyRateTest, AnEmptyPathIsNotBusy) {
  Arrive(40, BusyRate::kEmpty - Duration(1));
  EXPECT_EQ(Kbps(), std::nullopt);
  Arrive(20, milliseconds(15));
  Arrive(1, Duration(0));
  EXPECT_EQ(Kbps(), std::nullopt) << "it has become empty";
}

TEST_F(BusyRateTest, TimesThatGoBackBeginAnew) {
  Arrive(1, Duration(0));
  Arrive(20, milliseconds(15));
  at_ = Duration(0);
  Arrive(9, milliseconds(15));
  EXPECT_EQ(Kbps(), 800);
}

}  // namespace
}  // namespace sluice::rtp::bwe

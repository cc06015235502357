#include "tests/support/bwe_bottleneck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/bwe_flow.h"
#include "tests/support/bwe_tcp.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// 1,250 bytes take 10 ms at 1 Mbit/s.
class BweBottleneckTest : public testing::Test {
 protected:
  void Make(const BweBottleneck::Options& options) { link_.emplace(events_, options, 1); }
  void Send(size_t size = 1250) {
    link_->Send(size, [this](Duration waited) {
      times_.push_back(events_.now() - start_);
      waits_.push_back(waited);
    });
  }
  // In whole milliseconds.
  std::vector<int64_t> Times() const { return Rounded(times_); }
  std::vector<int64_t> Waits() const { return Rounded(waits_); }
  static std::vector<int64_t> Rounded(const std::vector<Duration>& spans) {
    std::vector<int64_t> rounded;
    for (const Duration span : spans) rounded.push_back(span.count() / 1000);
    return rounded;
  }

  BweEvents events_;
  Timestamp start_ = events_.now();
  std::optional<BweBottleneck> link_;
  std::vector<Duration> times_;
  std::vector<Duration> waits_;
};

TEST_F(BweBottleneckTest, PacketsFollowOneAnotherAtTheRate) {
  Make({.rate = BitRate::Kbps(1000)});
  for (int i = 0; i < 3; ++i) Send();
  events_.RunFor(seconds(1));
  EXPECT_THAT(Times(), ElementsAre(10, 20, 30));
  EXPECT_THAT(Waits(), ElementsAre(0, 10, 20));
}

TEST_F(BweBottleneckTest, ChangeOfRateHoldsForThePacketOnTheLine) {
  Make({.rate = BitRate::Kbps(1000)});
  Send();
  events_.RunFor(milliseconds(5));
  link_->SetRate(BitRate::Kbps(500));
  events_.RunFor(seconds(1));
  EXPECT_THAT(Times(), ElementsAre(15));
}

TEST_F(BweBottleneckTest, WhoWouldWaitForTooLongIsDropped) {
  Make({.rate = BitRate::Kbps(1000), .queue = milliseconds(25)});
  for (int i = 0; i < 10; ++i) Send();
  events_.RunFor(seconds(1));
  EXPECT_THAT(Waits(), ElementsAre(0, 10, 20));
  EXPECT_EQ(link_->dropped(), 7u);
}

TEST_F(BweBottleneckTest, StalledPacketsWaitAndCutOnesAreGone) {
  Make({.rate = BitRate::Kbps(1000)});
  link_->SetStalled(true);
  Send();
  events_.RunFor(seconds(1));
  link_->SetStalled(false);
  events_.RunFor(seconds(1));
  EXPECT_THAT(Times(), ElementsAre(1010));
  link_->SetCut(true);
  Send();
  events_.RunFor(seconds(1));
  EXPECT_EQ(times_.size(), 1u);
}

// What a competitor must be able to do to be one.
TEST_F(BweBottleneckTest, TcpFlowFillsTheLinkAndItsQueue) {
  Make({.rate = BitRate::Kbps(2000)});
  BweBottleneck back(events_, {}, 2);
  const BwePath::Options path{milliseconds(50), false};
  BweTcp tcp(events_, {.path = path}, std::make_unique<BwePath>(events_, *link_, path, 3),
             std::make_unique<BwePath>(events_, back, path, 4), 5);
  tcp.Start();
  events_.RunFor(seconds(30));
  EXPECT_GT(tcp.arrived_bytes(), 0.9 * 30 * 2e6 / 8);
  EXPECT_GT(link_->Backlog(), milliseconds(50));
  EXPECT_GT(link_->dropped(), 0u);
}

}  // namespace
}  // namespace sluice::test

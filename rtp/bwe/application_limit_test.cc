#include "rtp/bwe/application_limit.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;

class ApplicationLimitTest : public testing::Test {
 protected:
  void Run(Duration span, int64_t sent_kbps) {
    for (Duration i{0}; i <= span; i += milliseconds(100)) {
      limit_.Record(now_ += milliseconds(100), BitRate::Kbps(sent_kbps), BitRate::Kbps(1000));
    }
  }

  ApplicationLimit limit_;
  Timestamp now_ = Timestamp() + std::chrono::seconds(50);
};

TEST_F(ApplicationLimitTest, NobodyIsLimitedAtFirst) { EXPECT_FALSE(limit_.limited()); }

TEST_F(ApplicationLimitTest, WhoUsesTheEstimateIsNotLimited) {
  Run(milliseconds(5000), 900);
  EXPECT_FALSE(limit_.limited());
}

TEST_F(ApplicationLimitTest, WhoDoesNotIsLimitedAfterAWhile) {
  Run(milliseconds(800), 500);
  EXPECT_FALSE(limit_.limited());
  Run(milliseconds(300), 500);
  EXPECT_TRUE(limit_.limited());
}

TEST_F(ApplicationLimitTest, OneGoodMomentEndsIt) {
  Run(milliseconds(2000), 500);
  Run(milliseconds(0), 800);
  EXPECT_FALSE(limit_.limited());
}

}  // namespace
}  // namespace sluice::rtp::bwe

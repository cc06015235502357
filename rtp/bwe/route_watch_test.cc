#include "rtp/bwe/route_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>

namespace sluice::rtp::bwe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RouteWatchTest : public testing::Test {
 protected:
  RouteWatchTest() {
    facts_.now = Timestamp(seconds(100));
    facts_.packet_time = milliseconds(3);
    facts_.estimate = facts_.sent_then = BitRate::Kbps(2000);
    facts_.all_arrives = true;
  }

  // Feedback every 50 ms; `queue` is asked with the time since this began.
  std::optional<BitRate> Run(Duration span, const std::function<Duration(Duration)>& queue) {
    for (Duration at{0}; at < span; at += milliseconds(50)) {
      facts_.now += milliseconds(50);
      facts_.queue = queue(at);
      if (const auto found = watch_.Record(facts_)) return found;
    }
    return std::nullopt;
  }
  std::optional<BitRate> Run(Duration span, Duration queue) {
    return Run(span, [queue](Duration) { return queue; });
  }
  void CutTo(BitRate rate) {
    facts_.carried = facts_.sent_then;
    facts_.last_cut = facts_.now;
    facts_.sent_then = facts_.estimate = rate;
  }

  RouteWatch watch_;
  RouteWatch::Facts facts_;
};

TEST_F(RouteWatchTest, DelayThatJumpsAndStaysWhateverIsSentIsTheWay) {
  Run(seconds(3), milliseconds(4));
  Run(milliseconds(100), milliseconds(100));
  CutTo(BitRate::Kbps(800));
  const auto found = Run(seconds(1), milliseconds(101));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, BitRate::Kbps(2000)) << "the estimate from before";
}

TEST_F(RouteWatchTest, AQueueThatGoesAwayIsAQueue) {
  Run(seconds(3), milliseconds(4));
  Run(milliseconds(100), milliseconds(100));
  CutTo(BitRate::Kbps(800));
  EXPECT_FALSE(Run(seconds(2), [](Duration at) { return milliseconds(100) - at / 20; }));
}

TEST_F(RouteWatchTest, AQueueThatGrewIsAQueueEvenIfItStays) {
  Run(seconds(3), milliseconds(4));
  Run(seconds(1), [](Duration at) { return milliseconds(10) + at / 10; });
  CutTo(BitRate::Kbps(800));
  EXPECT_FALSE(Run(seconds(5), milliseconds(110)));
}

TEST_F(RouteWatchTest, NothingIsKnownWhileAsMuchIsSentAsArrived) {
  Run(seconds(3), milliseconds(4));
  EXPECT_FALSE(Run(seconds(5), milliseconds(100)));
  CutTo(BitRate::Kbps(2000));
  EXPECT_FALSE(Run(seconds(5), milliseconds(100)));
}

TEST_F(RouteWatchTest, AQueueOfOthersMoves) {
  Run(seconds(3), milliseconds(4));
  Run(milliseconds(100), milliseconds(100));
  CutTo(BitRate::Kbps(800));
  EXPECT_FALSE(
      Run(seconds(5), [](Duration at) { return milliseconds(80) + at % milliseconds(400) / 10; }));
}

TEST_F(RouteWatchTest, PacketsThatGetLostAreNoSignOfALongerWay) {
  Run(seconds(3), milliseconds(4));
  Run(milliseconds(100), milliseconds(100));
  CutTo(BitRate::Kbps(800));
  facts_.all_arrives = false;
  EXPECT_FALSE(Run(seconds(3), milliseconds(100)));
}

}  // namespace
}  // namespace sluice::rtp::bwe

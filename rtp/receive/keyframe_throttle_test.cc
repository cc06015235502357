#include "rtp/receive/keyframe_throttle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp() + seconds(5);
constexpr Duration kQuiet = KeyframeThrottle::kQuiet;

TEST(KeyframeThrottleTest, TheFirstWishIsGrantedAtOnce) {
  KeyframeThrottle throttle;
  EXPECT_FALSE(throttle.NextTimeout());
  EXPECT_TRUE(throttle.Ask(kStart));
}

TEST(KeyframeThrottleTest, FiveHundredWishesAreOneRequest) {
  KeyframeThrottle throttle;
  int requests = 0;
  for (int i = 0; i < 500; ++i)
    requests += throttle.Ask(kStart + i * std::chrono::microseconds(100));
  EXPECT_EQ(requests, 1);
}

TEST(KeyframeThrottleTest, AFloodGetsOneRequestPerQuietTime) {
  KeyframeThrottle throttle;
  throttle.RecordRtt(milliseconds(1));
  int requests = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    const Timestamp now = kStart + milliseconds(ms);
    requests += throttle.Ask(now);
    requests += throttle.HandleTimeout(now);
    throttle.RecordKeyFrame();
  }
  EXPECT_EQ(requests, seconds(10) / kQuiet);
}

TEST(KeyframeThrottleTest, AWishSoonAfterAnAnswerIsNotSwallowed) {
  KeyframeThrottle throttle;
  throttle.Ask(kStart);
  throttle.RecordKeyFrame();
  EXPECT_FALSE(throttle.Ask(kStart + milliseconds(30)));
  EXPECT_EQ(throttle.NextTimeout(), kStart + kQuiet);
  EXPECT_FALSE(throttle.HandleTimeout(kStart + kQuiet - Duration(1)));
  EXPECT_TRUE(throttle.HandleTimeout(kStart + kQuiet));
}

TEST(KeyframeThrottleTest, AKeyFrameEndsTheWaiting) {
  KeyframeThrottle throttle;
  throttle.Ask(kStart);
  EXPECT_TRUE(throttle.waiting());
  throttle.RecordKeyFrame();
  EXPECT_FALSE(throttle.waiting());
  EXPECT_FALSE(throttle.NextTimeout());
  EXPECT_FALSE(throttle.HandleTimeout(kStart + seconds(10)));
}

// With 80 ms of round trip and no longer quiet time, a lost request may delay the picture to three
// round trips at most: the repetition must leave within one and a half.
TEST(KeyframeThrottleTest, RepeatsALostRequestWithinOneAndAHalfRoundTrips) {
  KeyframeThrottle throttle(milliseconds(50));
  throttle.RecordRtt(milliseconds(80));
  throttle.Ask(kStart);
  ASSERT_TRUE(throttle.NextTimeout());
  EXPECT_LE(*throttle.NextTimeout(), kStart + milliseconds(120));
  EXPECT_GT(*throttle.NextTimeout(), kStart + milliseconds(80));
}

TEST(KeyframeThrottleTest, RepetitionsSlowDownButDoNotEnd) {
  KeyframeThrottle throttle;
  throttle.Ask(kStart);
  Timestamp last = kStart;
  Duration before{0};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(throttle.NextTimeout());
    const Duration pause = *throttle.NextTimeout() - last;
    EXPECT_GE(pause, before);
    EXPECT_LE(pause, KeyframeThrottle::kMaxAnswer);
    before = pause;
    last = *throttle.NextTimeout();
    EXPECT_TRUE(throttle.HandleTimeout(last));
  }
  EXPECT_EQ(before, KeyframeThrottle::kMaxAnswer);
}

TEST(KeyframeThrottleTest, CancellingStopsTheRepetitions) {
  KeyframeThrottle throttle;
  throttle.Ask(kStart);
  throttle.Cancel();
  EXPECT_FALSE(throttle.NextTimeout());
  EXPECT_TRUE(throttle.Ask(kStart + seconds(1)));
}

TEST(KeyframeThrottleTest, KeepsTheQuietTimeTheApplicationWants) {
  KeyframeThrottle throttle(seconds(3));
  throttle.Ask(kStart);
  EXPECT_EQ(throttle.NextTimeout(), kStart + seconds(3));
}

TEST(KeyframeThrottleTest, ShortRoundTripDoesNotShortenTheQuietTime) {
  KeyframeThrottle throttle;
  throttle.RecordRtt(milliseconds(1));
  throttle.Ask(kStart);
  EXPECT_EQ(throttle.NextTimeout(), kStart + milliseconds(200));
}

// 500 receivers that ask at random, a source that answers each request with a key frame half a
// round trip later and loses a third of all requests: nobody waits for ever, and none is asked for
// within the quiet time.
TEST(KeyframeThrottleTest, NoWishIsLostWhereRequestsAre) {
  KeyframeThrottle throttle;
  throttle.RecordRtt(milliseconds(60));
  std::mt19937 random(4);
  constexpr Timestamp kNever = Timestamp::max();
  Timestamp last = kStart - seconds(10), answer = kNever, oldest_wish = kNever;
  Duration longest{0};
  for (Timestamp now = kStart; now < kStart + seconds(120); now += milliseconds(1)) {
    if (answer == now) {
      throttle.RecordKeyFrame();
      longest = std::max(longest, now - std::min(oldest_wish, now));
      oldest_wish = answer = kNever;
    }
    bool request = throttle.HandleTimeout(now);
    if (random() % 150 == 0) {
      request |= throttle.Ask(now);
      oldest_wish = std::min(oldest_wish, now);
    }
    if (!request) continue;
    ASSERT_GE(now - last, KeyframeThrottle::kQuiet);
    last = now;
    if (random() % 3 != 0) answer = std::min(answer, now + milliseconds(60));
  }
  // Eight losses in a row, each repetition a second later at the most.
  EXPECT_LE(longest, seconds(8));
  EXPECT_GT(longest, Duration(0));
}

}  // namespace
}  // namespace sluice::rtp

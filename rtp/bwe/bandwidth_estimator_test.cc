#include "rtp/bwe/bandwidth_estimator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "tests/support/allocation_count.h"
#include "tests/support/bwe_feedback.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BweFeedback;

constexpr Timestamp kStart = Timestamp() + seconds(700);
constexpr Duration kThere = seconds(50);  // what the receiver's clock is ahead
constexpr Duration kOneWay = milliseconds(20);

double Kbps(BitRate rate) { return static_cast<double>(rate.bps()) / 1000; }

// A sender of packets of 1,000 bytes over a path without a limit, unless a test plays one.
class BandwidthEstimatorTest : public testing::Test {
 protected:
  // Sends at `rate` and answers every 100 ms, if `answers`. Probes are sent as asked for.
  void Run(Duration span, BitRate rate, bool answers = true) {
    const Timestamp end = now_ + span;
    const Duration step = DataSize::Bytes(1000) / rate;
    while (now_ < end) {
      if (answers_at_ <= now_) Answer(answers);
      HandleTimeout();
      if (const auto probe = estimator_.TakeProbe(now_)) {
        SendProbe(*probe);
        continue;
      }
      Send(0);
      now_ += step;
    }
  }

  void SendProbe(const BandwidthEstimator::Probe& probe) {
    ++probes_;
    fastest_probe_ = std::max(fastest_probe_, probe.rate);
    const Timestamp end = now_ + probe.span;
    for (int i = 0; i < probe.min_packets || now_ < end; ++i) {
      Send(probe.id);
      now_ += DataSize::Bytes(1000) / probe.rate;
    }
  }

  void Send(uint32_t probe) {
    {
      const test::AllocationWatch watch;
      estimator_.RecordSent(
          now_, {static_cast<uint16_t>(next_), 1000, BandwidthEstimator::Use::kVideo, probe});
    }
    unanswered_.emplace_back(next_++, now_ + kOneWay + kThere);
  }

  void Answer(bool answers) {
    answers_at_ = now_ + milliseconds(100);
    if (answers && !unanswered_.empty()) {
      std::vector<std::pair<int64_t, Timestamp>> arrivals;
      for (size_t i = 0; i < unanswered_.size(); ++i) {
        // Every `lose_`-th gets lost on the way.
        if (lose_ == 0 || unanswered_[i].first % lose_ != 0) arrivals.push_back(unanswered_[i]);
        if (arrivals.size() < 200 && i + 1 < unanswered_.size()) continue;
        if (arrivals.empty()) break;
        const BweFeedback feedback(arrivals.front().first, arrivals);
        {
          const test::AllocationWatch watch;
          estimator_.RecordFeedback(now_, feedback.get());
        }
        arrivals.clear();
      }
    }
    unanswered_.clear();
    largest_ = std::max(largest_, estimator_.estimate());
  }

  void HandleTimeout() {
    const test::AllocationWatch watch;
    const auto due = estimator_.NextTimeout();
    if (due && *due <= now_) estimator_.HandleTimeout(now_);
  }

  // Whether a decision was taken for this reason since the last call.
  bool Decided(BandwidthEstimator::Reason reason) {
    bool found = false;
    while (const auto decision = estimator_.PollDecision()) found |= decision->reason == reason;
    return found;
  }

  using Reason = BandwidthEstimator::Reason;

  BandwidthEstimator estimator_{BandwidthEstimator::Options{}};
  Timestamp now_ = kStart;
  Timestamp answers_at_ = kStart + milliseconds(100);
  int64_t next_ = 65'000 + 65'536;
  int64_t lose_ = 0;
  std::vector<std::pair<int64_t, Timestamp>> unanswered_;
  BitRate largest_;
  BitRate fastest_probe_;
  int probes_ = 0;
};

TEST_F(BandwidthEstimatorTest, BeginsWithTheInitialRateAndKnowsThatItIsAGuess) {
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(600));
  EXPECT_FALSE(estimator_.active());
  EXPECT_FALSE(estimator_.NextTimeout());
  EXPECT_FALSE(estimator_.TakeProbe(now_));
}

TEST_F(BandwidthEstimatorTest, GrowsWhileAllArrivesInTime) {
  Run(seconds(5), BitRate::Kbps(600));
  EXPECT_TRUE(estimator_.active());
  EXPECT_GT(Kbps(estimator_.estimate()), 800);
  EXPECT_LE(Kbps(estimator_.estimate()), 1.5 * 600 + 40);
}

TEST_F(BandwidthEstimatorTest, ProbesFindWhatIsDesiredWithinASecond) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(1), BitRate::Kbps(600));
  EXPECT_GT(Kbps(estimator_.estimate()), 1.1 * 4000);
  EXPECT_TRUE(Decided(Reason::kProbe));
}

TEST_F(BandwidthEstimatorTest, ProbesGoAQuarterBeyondWhatIsDesired) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(30), BitRate::Kbps(600));
  EXPECT_EQ(fastest_probe_, BitRate::Kbps(5000));
}

TEST_F(BandwidthEstimatorTest, ProbeThatWaitsIsPlannedAnewWithinNewBounds) {
  Run(seconds(1), BitRate::Kbps(600));
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  estimator_.HandleTimeout(now_);
  estimator_.SetBounds(now_, BitRate::Kbps(30), BitRate::Kbps(900));
  const auto probe = estimator_.TakeProbe(now_);
  ASSERT_TRUE(probe);
  EXPECT_LE(probe->rate, BitRate::Kbps(900));
}

TEST_F(BandwidthEstimatorTest, NothingDesiredNothingProbed) {
  Run(seconds(20), BitRate::Kbps(300));
  EXPECT_EQ(probes_, 0);
}

TEST_F(BandwidthEstimatorTest, ProbesThatNobodySendsDoNotKeepTheTimerBusy) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  int timeouts = 0;
  for (int i = 0; i < 10'000; ++i, now_ += milliseconds(1)) {
    if (i % 20 == 0) Send(0);
    if (i % 100 == 0) Answer(true);
    for (auto due = estimator_.NextTimeout(); due && *due <= now_ && timeouts < 1000;
         due = estimator_.NextTimeout()) {
      estimator_.HandleTimeout(now_);
      ++timeouts;
    }
  }
  EXPECT_LT(timeouts, 60);
}

TEST_F(BandwidthEstimatorTest, SendingLittleDoesNotMakeTheEstimateForget) {
  estimator_.SetDesired(now_, BitRate::Kbps(2000));
  Run(seconds(2), BitRate::Kbps(600));
  const BitRate known = estimator_.estimate();
  Run(seconds(60), BitRate::Kbps(150));
  EXPECT_GE(estimator_.estimate(), known);
}

// Negotiated and never sent.
TEST_F(BandwidthEstimatorTest, WithoutAnyFeedbackTheEstimateHoldsAndThenFalls) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(milliseconds(1900), BitRate::Kbps(300), false);
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(600));
  Run(seconds(8), BitRate::Kbps(300), false);
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
  EXPECT_TRUE(Decided(Reason::kSilence));
  EXPECT_LE(largest_, BitRate::Kbps(600));
  EXPECT_EQ(probes_, 0);
}

TEST_F(BandwidthEstimatorTest, FeedbackThatStopsBringsTheEstimateDownToTheMinimum) {
  Run(seconds(5), BitRate::Kbps(600));
  const BitRate before = estimator_.estimate();
  largest_ = BitRate();
  Run(milliseconds(700), BitRate::Kbps(600), false);
  EXPECT_EQ(estimator_.estimate(), before);
  Run(seconds(6), BitRate::Kbps(600), false);
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
  EXPECT_LE(largest_, before);
}

TEST_F(BandwidthEstimatorTest, OnceTheMinimumIsReachedTheTimerRests) {
  Run(seconds(20), BitRate::Kbps(300), false);
  EXPECT_FALSE(estimator_.NextTimeout());
}

TEST_F(BandwidthEstimatorTest, ReportsDoNotReplaceFeedbackThatWasPromised) {
  for (int i = 0; i < 20; ++i) {
    Run(seconds(1), BitRate::Kbps(300), false);
    estimator_.RecordLoss(now_, 0, 100);
    EXPECT_LE(estimator_.estimate(), BitRate::Kbps(600));
  }
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
}

TEST_F(BandwidthEstimatorTest, AfterSilenceAProbeBringsTheEstimateBack) {
  estimator_.SetDesired(now_, BitRate::Kbps(2000));
  Run(seconds(5), BitRate::Kbps(600));
  const BitRate before = estimator_.estimate();
  Run(seconds(5), BitRate::Kbps(300), false);
  EXPECT_LT(estimator_.estimate(), BitRate::Kbps(100));
  Run(seconds(2), BitRate::Kbps(100));
  EXPECT_GT(Kbps(estimator_.estimate()), 0.8 * Kbps(before));
  EXPECT_TRUE(Decided(Reason::kFeedbackBack));
}

TEST_F(BandwidthEstimatorTest, NothingSentNothingMissed) {
  Run(seconds(5), BitRate::Kbps(600));
  Answer(true);
  const BitRate before = estimator_.estimate();
  for (int i = 0; i < 100; ++i) {
    now_ += seconds(1);
    estimator_.HandleTimeout(now_);
  }
  EXPECT_EQ(estimator_.estimate(), before);
}

TEST_F(BandwidthEstimatorTest, FeedbackAboutNothingNewIsNoSignOfLife) {
  Run(seconds(2), BitRate::Kbps(600));
  Answer(true);
  const BweFeedback old(next_ - 1, {{next_ - 1, now_ + kThere}});
  for (int i = 0; i < 100; ++i, now_ += milliseconds(100)) {
    Send(0);
    HandleTimeout();
    estimator_.RecordFeedback(now_, old.get());
  }
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
}

TEST_F(BandwidthEstimatorTest, RembBoundsAtOnce) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(2), BitRate::Kbps(600));
  estimator_.RecordRemb(now_, BitRate::Kbps(250));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(250));
  Run(seconds(5), BitRate::Kbps(250));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(250));
  EXPECT_TRUE(Decided(Reason::kRemb));
}

TEST_F(BandwidthEstimatorTest, LiftedRembIsFollowedByAProbe) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(2), BitRate::Kbps(600));
  estimator_.RecordRemb(now_, BitRate::Kbps(250));
  Run(seconds(5), BitRate::Kbps(250));
  estimator_.RecordRemb(now_, BitRate::Kbps(10'000));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(250));
  Run(seconds(2), BitRate::Kbps(250));
  EXPECT_GT(Kbps(estimator_.estimate()), 2000);
}

TEST_F(BandwidthEstimatorTest, WithoutFeedbackRembIsBelieved) {
  estimator_.RecordRemb(now_, BitRate::Kbps(1800));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(1800));
  estimator_.RecordRemb(now_ + seconds(1), BitRate::Kbps(900));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(900));
  estimator_.RecordRemb(now_ + seconds(2), BitRate::Kbps(2500));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(2500));
  EXPECT_TRUE(estimator_.active());
}

TEST_F(BandwidthEstimatorTest, AbsurdRembStaysWithinTheBoundsAndIsCounted) {
  estimator_.RecordRemb(now_, BitRate());
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
  estimator_.RecordRemb(now_, BitRate::Bps(INT64_MAX));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(100'000));
  estimator_.RecordRemb(now_, BitRate::Bps(INT64_MIN));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(30));
  EXPECT_EQ(estimator_.stats().absurd_bounds, 3u);
}

TEST_F(BandwidthEstimatorTest, ReportsWithoutLossLetAClientWithoutFeedbackGrow) {
  for (int i = 0; i < 10; ++i) estimator_.RecordLoss(now_ += seconds(1), 0, 100);
  EXPECT_GT(Kbps(estimator_.estimate()), 1100);
  EXPECT_LT(Kbps(estimator_.estimate()), 1400);
}

// libwebrtc: with 15 % loss and nothing else known, 300 kbit/s at most.
TEST_F(BandwidthEstimatorTest, ReportsWithLossBringItDown) {
  for (int i = 0; i < 20; ++i) estimator_.RecordLoss(now_ += seconds(1), 38, 100);
  EXPECT_LT(Kbps(estimator_.estimate()), 300);
}

TEST_F(BandwidthEstimatorTest, ReportsWithSomeLossChangeNothing) {
  for (int i = 0; i < 20; ++i) estimator_.RecordLoss(now_ += seconds(1), 13, 100);
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(600));
}

TEST_F(BandwidthEstimatorTest, ReportsAreIgnoredOnceThereIsFeedback) {
  Run(seconds(2), BitRate::Kbps(600));
  const BitRate before = estimator_.estimate();
  estimator_.RecordLoss(now_, 255, 100);
  EXPECT_EQ(estimator_.estimate(), before);
}

TEST_F(BandwidthEstimatorTest, BoundsOfTheApplicationHoldWhateverHappens) {
  estimator_.SetBounds(now_, BitRate::Kbps(200), BitRate::Kbps(700));
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(10), BitRate::Kbps(600));
  EXPECT_LE(largest_, BitRate::Kbps(700));
  Run(seconds(10), BitRate::Kbps(600), false);
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(200));
  estimator_.RecordRemb(now_, BitRate());
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(200));
}

TEST_F(BandwidthEstimatorTest, MinimumAboveTheMaximumCountsAsTheMaximum) {
  estimator_.SetBounds(now_, BitRate::Kbps(900), BitRate::Kbps(500));
  EXPECT_EQ(estimator_.estimate(), BitRate::Kbps(500));
  estimator_.SetBounds(now_, BitRate::Bps(-5), BitRate::Bps(-7));
  EXPECT_EQ(estimator_.estimate(), BitRate());
}

TEST_F(BandwidthEstimatorTest, InitialRateIsWithinTheBounds) {
  const BandwidthEstimator low({BitRate::Kbps(10), BitRate::Kbps(30), BitRate::Kbps(1000)});
  EXPECT_EQ(low.estimate(), BitRate::Kbps(30));
}

TEST_F(BandwidthEstimatorTest, ModerateRandomLossDoesNotBringItDown) {
  lose_ = 20;
  Run(seconds(30), BitRate::Kbps(600));
  EXPECT_GT(Kbps(estimator_.estimate()), 600);
  EXPECT_GT(estimator_.stats().packets_lost, 50u);
}

TEST_F(BandwidthEstimatorTest, PaceIsAboveTheEstimate) {
  EXPECT_GT(estimator_.pacing_rate(), estimator_.estimate());
}

TEST_F(BandwidthEstimatorTest, TellsWhatItMeasured) {
  Run(seconds(3), BitRate::Kbps(400));
  const auto stats = estimator_.stats();
  EXPECT_NEAR(Kbps(stats.sent), 400, 30);
  EXPECT_NEAR(Kbps(stats.acked), 400, 30);
  EXPECT_EQ(stats.queue, Duration(0));
  EXPECT_GT(stats.packets_acked, 100u);
  EXPECT_EQ(stats.unknown_acks, 0u);
}

TEST_F(BandwidthEstimatorTest, ForgedFeedbackStaysWithinTheBoundsAndIsCounted) {
  Run(seconds(2), BitRate::Kbps(600));
  // Never sent; long before everything; long after it; forward and back again.
  for (int i = 0; i < 200; ++i, now_ += milliseconds(50)) {
    Send(0);
    const Timestamp there = now_ + kThere + seconds(i % 2 == 0 ? 100'000 : -40'000 * (i % 3));
    const BweFeedback feedback(next_ - 1, {{next_ - 1, there}, {next_ + 500, there + seconds(8)}});
    estimator_.RecordFeedback(now_, feedback.get());
    HandleTimeout();
    EXPECT_GE(estimator_.estimate(), BitRate::Kbps(30));
    EXPECT_LE(estimator_.estimate(), BitRate::Kbps(3000));
  }
  EXPECT_GE(estimator_.stats().unknown_acks, 200u);
  EXPECT_GE(estimator_.stats().absurd_feedback, 50u);
}

TEST_F(BandwidthEstimatorTest, AnswersAboutTheDistantPastAreNothing) {
  Run(seconds(2), BitRate::Kbps(600), false);
  const int64_t first = next_ - 150;
  const BitRate before = estimator_.estimate();
  now_ += seconds(300);
  Send(0);
  const BweFeedback feedback(first, {{first, now_ + kThere}});
  estimator_.RecordFeedback(now_, feedback.get());
  EXPECT_LE(estimator_.estimate(), before);
}

// Where packets overtake one another missing is not lost, for a while.
TEST_F(BandwidthEstimatorTest, NamesWhatIsMissingUnlessPacketsOvertakeOneAnother) {
  const auto send = [&](uint16_t number) {
    estimator_.RecordSent(
        now_, {.transport_sequence = number, .bytes = 100, .name = uint32_t{number} + 1000});
  };
  const auto tell = [&](uint16_t first, uint16_t second) {
    const Timestamp there = now_ + kThere;
    estimator_.RecordFeedback(now_, BweFeedback(first, {{first, there}, {second, there}}).get());
  };
  for (uint16_t i = 0; i < 30; ++i) send(i);
  tell(0, 2);
  EXPECT_THAT(estimator_.missing(), testing::ElementsAre(1001));
  tell(3, 6);
  EXPECT_THAT(estimator_.missing(), testing::ElementsAre(1004, 1005));
  tell(4, 7);
  EXPECT_THAT(estimator_.missing(), testing::IsEmpty()) << "the fourth has come after all";
  tell(8, 10);
  EXPECT_THAT(estimator_.missing(), testing::IsEmpty());
  now_ += seconds(11);
  send(30);
  send(31);
  send(32);
  tell(30, 32);
  EXPECT_THAT(estimator_.missing(), testing::ElementsAre(1031));
}

TEST_F(BandwidthEstimatorTest, NothingIsAllocatedOnceItRuns) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  Run(seconds(10), BitRate::Kbps(2000));
  // What is not told of is remembered for longer: the store of sent packets grows.
  Run(seconds(5), BitRate::Kbps(500), false);
  Run(seconds(30), BitRate::Kbps(2000));
  const uint64_t before = test::AllocationWatch::count();
  EXPECT_GT(before, 0u);
  Run(seconds(30), BitRate::Kbps(2000));
  Run(seconds(5), BitRate::Kbps(500), false);
  Run(seconds(30), BitRate::Kbps(2000));
  EXPECT_EQ(test::AllocationWatch::count(), before);
}

TEST_F(BandwidthEstimatorTest, EveryDecisionSaysWhatItChanged) {
  estimator_.SetDesired(now_, BitRate::Kbps(4000));
  BitRate last = estimator_.estimate();
  for (int i = 0; i < 10; ++i) {
    Run(seconds(1), BitRate::Kbps(600), i < 4 || i > 6);
    while (const auto decision = estimator_.PollDecision()) {
      // Growth between two decisions is not told.
      EXPECT_GE(decision->before, last);
      last = decision->after;
    }
  }
}

TEST_F(BandwidthEstimatorTest, DecisionsThatNobodyPollsGiveWay) {
  for (int i = 0; i < 200; ++i) {
    estimator_.RecordRemb(now_ += seconds(1), BitRate::Kbps(300 + i % 2));
  }
  int kept = 0;
  while (estimator_.PollDecision()) ++kept;
  EXPECT_EQ(kept, static_cast<int>(bwe::DecisionLog::kCapacity));
  EXPECT_EQ(estimator_.stats().decisions_lost, 200 - bwe::DecisionLog::kCapacity);
}

}  // namespace
}  // namespace sluice::rtp

#include "worker/io/gathering.h"

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kMax = milliseconds(2);

class GatheringTest : public ::testing::Test {
 protected:
  // The worker works for this part of the time, until that is known.
  void Load(double part, Gathering& gathering) {
    for (int i = 0; i < 30; ++i) {
      now_ += milliseconds(10);
      gathering.RecordBusy(now_, Duration(static_cast<int64_t>(10'000 * part)));
    }
  }
  void Load(double part) { Load(part, gathering_); }

  // One turn that finds `first` at once and, each time it looks again, what comes next. Returns how
  // long it waited.
  Duration Turn(std::vector<Engine::Waiting> found, const Engine::Departed& sent = {10, 10}) {
    const Timestamp began = now_;
    gathering_.Begin(now_);
    size_t next = 0;
    for (;;) {
      const Engine::Waiting& waiting = found[std::min(next++, found.size() - 1)];
      const Duration wait = gathering_.Wait(now_, waiting);
      if (wait == Duration(0)) break;
      now_ += wait;
    }
    departed_.datagrams += sent.datagrams;
    departed_.visits += sent.visits;
    gathering_.End(now_, departed_);
    return now_ - began;
  }

  Timestamp now_{std::chrono::hours(1)};
  Gathering gathering_{kMax};
  Engine::Departed departed_;
};

TEST_F(GatheringTest, NothingWaitsWhileThereIsLittleToDo) {
  Load(Gathering::kIdle);
  EXPECT_EQ(Turn({{11, false}}), Duration(0));
  EXPECT_EQ(Turn({{200, true}}), Duration(0));
  EXPECT_EQ(gathering_.holds(), 0u);
}

TEST_F(GatheringTest, NothingWaitsWhereNothingIsToLeave) {
  Load(0.5);
  EXPECT_EQ(Turn({{0, false}}), Duration(0));
}

TEST_F(GatheringTest, UnderLoadOthersAreWaitedForAsLongAsAllowedAndNoLonger) {
  Load(0.5);
  EXPECT_EQ(Turn({{11, false}}), kMax);
  EXPECT_EQ(gathering_.holds(), 1u);
  EXPECT_EQ(gathering_.held(), kMax);
}

TEST_F(GatheringTest, HowLongGrowsWithLoad) {
  Load((Gathering::kIdle + Gathering::kLoaded) / 2);
  const Duration half = Turn({{11, false}});
  EXPECT_GT(half, kMax * 4 / 10);
  EXPECT_LT(half, kMax * 6 / 10);
}

TEST_F(GatheringTest, TheOperatorsBoundHolds) {
  Gathering never{Duration(0)};
  Load(0.9, never);
  never.Begin(now_);
  EXPECT_EQ(never.Wait(now_, {11, true}), Duration(0));
}

TEST_F(GatheringTest, PlentyLeavesAtOnce) {
  Load(0.5);
  EXPECT_EQ(Turn({{Gathering::kPlenty, false}}), Duration(0));
}

TEST_F(GatheringTest, APictureIsWaitedForAsLongAsItsPacketsCome) {
  Load(0.5);
  const size_t many = Gathering::kPlenty;
  EXPECT_EQ(Turn({{many, true}, {2 * many, true}, {3 * many, false}}), 2 * Gathering::kNext);
  // Its sender has spread it out.
  EXPECT_EQ(Turn({{many, true}, {many, true}}), Gathering::kNext);
}

TEST_F(GatheringTest, WaitingForOthersEndsWhereItBringsNothingAndIsTriedAgain) {
  Load(0.5);
  for (int i = 0; i < 20; ++i) Turn({{11, false}}, {11, 11});
  EXPECT_EQ(Turn({{11, false}}, {11, 11}), Duration(0));
  int tried = 0;
  for (int i = 0; i < 2 * Gathering::kTrial; ++i)
    tried += Turn({{11, false}}, {11, 11}) > Duration(0);
  EXPECT_EQ(tried, 2);
  // And once it brings something it goes on.
  for (int i = 0; i < 3 * Gathering::kTrial; ++i) Turn({{11, false}}, {44, 11});
  EXPECT_EQ(Turn({{11, false}}, {44, 11}), kMax);
}

TEST(LoadMeterTest, TellsWhichPartOfTheTimeWasWork) {
  LoadMeter meter;
  Timestamp now{std::chrono::hours(5)};
  meter.Record(now, milliseconds(1));
  EXPECT_EQ(meter.load(), 0.0);
  for (int i = 0; i < 10; ++i) meter.Record(now += milliseconds(10), milliseconds(4));
  EXPECT_NEAR(meter.load(), 0.4, 0.05);
  // More than all of it there is not, however the clock is read.
  for (int i = 0; i < 10; ++i) meter.Record(now += milliseconds(10), milliseconds(40));
  EXPECT_EQ(meter.load(), 1.0);
}

// An idle worker wakes now and then; what it did before does not count for ever.
TEST(LoadMeterTest, ForgetsAfterAPause) {
  LoadMeter meter;
  Timestamp now{std::chrono::hours(5)};
  for (int i = 0; i < 30; ++i) meter.Record(now += milliseconds(10), milliseconds(10));
  EXPECT_EQ(meter.load(), 1.0);
  meter.Record(now += std::chrono::seconds(5), microseconds(50));
  EXPECT_LT(meter.load(), 0.05);
}

}  // namespace
}  // namespace sluice::worker

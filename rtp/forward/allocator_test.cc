#include "rtp/forward/allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "tests/support/allocation_count.h"

namespace sluice::rtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using Offer = LayerCatalog::Offer;
using Reason = Allocator::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLong = std::chrono::hours(1);

// One transport, whose consumers watch producers of its own.
class AllocatorTest : public testing::Test {
 protected:
  // Layers of one producer by their rates in kbit/s: a size for each, of which two are one
  // encoding.
  std::vector<Offer> Ladder(std::vector<int> kbps) {
    std::vector<Offer> offers;
    for (size_t i = 0; i < kbps.size(); ++i) {
      const auto step = static_cast<uint8_t>(i);
      Offer offer;
      offer.layer = {step, 0};
      // Encodings are numbered the other way round.
      offer.where = {static_cast<uint8_t>(2 - step / 2), {static_cast<uint8_t>(step % 2), 0}};
      offer.rate = BitRate::Kbps(kbps[i]);
      offer.alive = true;
      offer.alive_for = kLong;
      offers.push_back(offer);
    }
    return offers;
  }
  // Its consumer has the same number.
  void Add(uint32_t number, std::vector<int> kbps = {100, 150, 300, 500, 900, 1500},
           uint8_t priority = 1) {
    producers_[number] = Ladder(std::move(kbps));
    Allocator::Request request;
    request.consumer = number;
    request.priority = priority;
    request.preferred = kEverything;
    requests_[number] = request;
  }
  // Both sizes of an encoding: 0, the smallest, to 2.
  void SetAlive(uint32_t number, uint8_t encoding, bool alive) {
    for (Offer& offer : producers_[number]) {
      if (offer.layer.spatial / 2 != encoding) continue;
      offer.alive = alive;
      offer.alive_for = Duration(0);
    }
  }

  std::vector<Allocator::Decision> Allocate(std::optional<int> kbps, bool pressure = false) {
    std::vector<Allocator::Request> requests;
    for (auto& [number, request] : requests_) {
      request.offers = producers_[number];
      requests.push_back(request);
    }
    if (reversed_) std::reverse(requests.begin(), requests.end());
    std::optional<BitRate> available;
    if (kbps) available = BitRate::Kbps(*kbps);
    const auto decisions = allocator_.Allocate(now_, available, requests, pressure);
    for (const auto& decision : decisions) {
      has_[decision.consumer] = decision.layer;
      reasons_[decision.consumer] = decision.reason;
    }
    return {decisions.begin(), decisions.end()};
  }
  // Calls at each step of `span`.
  void Run(Duration span, std::optional<int> kbps, Duration step = milliseconds(100)) {
    for (const Timestamp end = now_ + span; now_ < end;) {
      Pass(step);
      Allocate(kbps);
    }
  }
  void Pass(Duration span) {
    now_ += span;
    for (auto& [number, offers] : producers_) {
      for (Offer& offer : offers) {
        if (offer.alive) offer.alive_for += span;
      }
    }
  }

  // The position among its layers of what a consumer has; -1 if it has none.
  int Has(uint32_t number) {
    if (!has_[number]) return -1;
    return has_[number]->spatial;
  }
  int Total() {
    int64_t sum = 0;
    for (const auto& [number, layer] : has_) {
      if (layer) sum += producers_[number][static_cast<size_t>(Has(number))].rate.bps();
    }
    return static_cast<int>(sum / 1000);
  }

  static constexpr LayerId kEverything{100, 100};
  Timestamp now_{seconds(1000)};
  std::map<uint32_t, std::vector<Offer>> producers_;
  std::map<uint32_t, Allocator::Request> requests_;
  std::map<uint32_t, std::optional<LayerId>> has_;
  std::map<uint32_t, Reason> reasons_;
  bool reversed_ = false;
  Allocator allocator_;
};

TEST_F(AllocatorTest, NobodyAsksForNothing) {
  EXPECT_THAT(Allocate(100), IsEmpty());
  EXPECT_EQ(allocator_.desired(), BitRate());
  EXPECT_EQ(allocator_.NextTimeout(), std::nullopt);
}

TEST_F(AllocatorTest, WithoutABoundEverybodyGetsThePreferred) {
  Add(1);
  Add(2);
  requests_[2].preferred = {2, 0};
  Allocate(std::nullopt);
  EXPECT_EQ(Has(1), 5);
  EXPECT_EQ(Has(2), 2);
  EXPECT_EQ(reasons_[1], Reason::kStart);
}

TEST_F(AllocatorTest, TargetIsWhereTheLayerIs) {
  Add(1);
  const auto decisions = Allocate(std::nullopt);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_THAT(decisions[0].target, Optional(LayerTarget{0, {1, 0}}));
  EXPECT_THAT(decisions[0].layer, Optional(LayerId{5, 0}));
}

TEST_F(AllocatorTest, OnlyChangesAreReturned) {
  Add(1);
  Allocate(2000);
  EXPECT_THAT(Allocate(2000), IsEmpty());
}

TEST_F(AllocatorTest, EverybodyGetsTheLowestBeforeAnybodyGetsMore) {
  Add(1, {100, 150, 300, 500}, 255);
  Add(2, {100, 150, 300, 500}, 1);
  Allocate(220);
  EXPECT_EQ(Has(1), 0);
  EXPECT_EQ(Has(2), 0);
}

TEST_F(AllocatorTest, EqualsRiseTogether) {
  for (uint32_t i = 1; i <= 3; ++i) Add(i);
  Allocate(1000);  // three times 300, and the headroom
  EXPECT_EQ(Has(1), 2);
  EXPECT_EQ(Has(2), 2);
  EXPECT_EQ(Has(3), 2);
}

TEST_F(AllocatorTest, PriorityIsTheNumberOfStepsInARound) {
  Add(1, {100, 200, 300, 400, 500, 600}, 1);
  Add(2, {100, 200, 300, 400, 500, 600}, 3);
  Allocate(660);  // the lowest of both, and four steps more
  EXPECT_EQ(Has(2), 3);
  EXPECT_EQ(Has(1), 1);
}

TEST_F(AllocatorTest, OrderOfRequestsDoesNotMatter) {
  for (uint32_t i = 1; i <= 5; ++i) Add(i);
  Allocate(1200);
  const auto first = has_;
  allocator_ = Allocator();
  reversed_ = true;
  Allocate(1200);
  EXPECT_EQ(has_, first);
}

TEST_F(AllocatorTest, FirstLayerNeedsNoHeadroom) {
  Add(1);
  Allocate(101);
  EXPECT_EQ(Has(1), 0);
  EXPECT_EQ(reasons_[1], Reason::kStart);
}

TEST_F(AllocatorTest, WhatDoesNotFitIsPausedAndResumedWithHeadroom) {
  Add(1);
  Allocate(200);
  Run(seconds(70), 90);
  EXPECT_EQ(Has(1), -1);
  EXPECT_EQ(reasons_[1], Reason::kPausedNoBandwidth);
  Run(seconds(70), 105);
  EXPECT_EQ(Has(1), -1);
  Run(seconds(1), 111);
  EXPECT_EQ(Has(1), 0);
  EXPECT_EQ(reasons_[1], Reason::kResumed);
}

TEST_F(AllocatorTest, PauseAtTheStartIsSaidOnce) {
  Add(1);
  EXPECT_THAT(Allocate(50), SizeIs(1));
  EXPECT_EQ(reasons_[1], Reason::kPausedNoBandwidth);
  EXPECT_THAT(Allocate(50), IsEmpty());
}

TEST_F(AllocatorTest, LowestPriorityIsPausedFirst) {
  Add(1, {100, 150}, 1);
  Add(2, {100, 150}, 2);
  Allocate(160);
  EXPECT_EQ(Has(1), -1);
  EXPECT_EQ(Has(2), 0);
}

TEST_F(AllocatorTest, UpNeedsHeadroomDownIsAtOnce) {
  Add(1);
  Allocate(400);
  EXPECT_EQ(Has(1), 2);
  Run(seconds(10), 545);
  EXPECT_EQ(Has(1), 2);
  Run(milliseconds(100), 551);
  EXPECT_EQ(Has(1), 3);
  EXPECT_EQ(reasons_[1], Reason::kBandwidthUp);
  Run(seconds(1), 500);
  EXPECT_EQ(Has(1), 3);
  Run(milliseconds(100), 499);
  EXPECT_EQ(Has(1), 2);
  EXPECT_EQ(reasons_[1], Reason::kBandwidthDown);
}

TEST_F(AllocatorTest, AfterGoingDownItStaysDownForAWhile) {
  Add(1);
  Allocate(2000);
  Run(kLong / 10, 2000);
  Run(milliseconds(100), 600);
  EXPECT_EQ(Has(1), 3);
  Run(Allocator::kFirstHold - milliseconds(100), 2000);
  EXPECT_EQ(Has(1), 3);
  Run(milliseconds(100), 2000);
  EXPECT_EQ(Has(1), 5);
}

TEST_F(AllocatorTest, YoungLayerIsTakenOnlyAtTheStart) {
  Add(1);
  SetAlive(1, 2, false);
  Allocate(2000);
  EXPECT_EQ(Has(1), 3);
  Run(milliseconds(500), 2000);
  SetAlive(1, 2, true);
  Allocate(2000);
  EXPECT_EQ(Has(1), 5) << "within the first second";
}

TEST_F(AllocatorTest, LaterALayerMustHaveLivedForAWhile) {
  Add(1);
  SetAlive(1, 2, false);
  Allocate(2000);
  Run(seconds(2), 2000);
  SetAlive(1, 2, true);
  Run(Allocator::kLayerAge - milliseconds(100), 2000);
  EXPECT_EQ(Has(1), 3);
  EXPECT_THAT(allocator_.NextTimeout(), Optional(now_ + milliseconds(100)));
  Run(milliseconds(100), 2000);
  EXPECT_EQ(Has(1), 5);
  EXPECT_EQ(reasons_[1], Reason::kLayerNew);
}

TEST_F(AllocatorTest, VanishedLayerIsLeftAtOnceAndFoundAgain) {
  Add(1);
  Allocate(2000);
  Run(seconds(10), 2000);
  SetAlive(1, 2, false);
  Allocate(2000);
  EXPECT_EQ(Has(1), 3);
  EXPECT_EQ(reasons_[1], Reason::kLayerVanished);
  Run(seconds(10), 2000);
  SetAlive(1, 2, true);
  Run(seconds(1), 2000);
  EXPECT_EQ(Has(1), 3);
  Run(seconds(1), 2000);
  EXPECT_EQ(Has(1), 5);
  EXPECT_EQ(reasons_[1], Reason::kLayerBack);
}

TEST_F(AllocatorTest, WhenTheLowestVanishesItFallsUpwards) {
  Add(1);
  requests_[1].preferred = {1, 0};
  Allocate(2000);
  Run(seconds(10), 2000);
  SetAlive(1, 0, false);
  Allocate(2000);
  EXPECT_EQ(Has(1), 2);
  EXPECT_EQ(reasons_[1], Reason::kLayerVanished);
  SetAlive(1, 0, true);
  Run(milliseconds(100), 2000);
  EXPECT_EQ(Has(1), 1) << "what is preferred is there again, and costs less";
}

TEST_F(AllocatorTest, FallingUpwardsMustFit) {
  Add(1);
  Allocate(250);
  EXPECT_EQ(Has(1), 1);
  SetAlive(1, 0, false);
  Allocate(310);
  EXPECT_EQ(Has(1), 2);
  Run(milliseconds(100), 290);
  EXPECT_EQ(Has(1), -1);
}

TEST_F(AllocatorTest, WhenNothingLivesEverythingStays) {
  Add(1);
  Allocate(2000);
  for (uint8_t spatial = 0; spatial < 3; ++spatial) SetAlive(1, spatial, false);
  EXPECT_THAT(Allocate(2000), IsEmpty());
  EXPECT_EQ(Has(1), 5);
}

TEST_F(AllocatorTest, WhoHasNothingWaitsForALayerWithoutADecision) {
  Add(1);
  for (uint8_t spatial = 0; spatial < 3; ++spatial) SetAlive(1, spatial, false);
  EXPECT_THAT(Allocate(2000), IsEmpty());
  Run(seconds(5), 2000);
  SetAlive(1, 1, true);
  Allocate(2000);
  EXPECT_EQ(Has(1), 3);
  EXPECT_EQ(reasons_[1], Reason::kStart);
}

TEST_F(AllocatorTest, WishForLessIsMetAtOnceAndSoIsOneForMore) {
  Add(1);
  Allocate(2000);
  Run(seconds(10), 2000);
  requests_[1].preferred = {0, 0};
  Allocate(2000);
  EXPECT_EQ(Has(1), 0);
  EXPECT_EQ(reasons_[1], Reason::kPreferred);
  // Nobody wanted the upper ones, so they had been stopped and have just come back.
  Run(seconds(10), 2000);
  SetAlive(1, 2, true);
  requests_[1].preferred = {5, 0};
  Allocate(2000);
  EXPECT_EQ(Has(1), 5);
  EXPECT_EQ(reasons_[1], Reason::kPreferred);
}

TEST_F(AllocatorTest, PressureTakesOneStepAtOnceAndThenWaits) {
  Add(1, {100, 150, 300, 450, 900, 1500});
  Allocate(2000);
  Run(kLong / 10, 2000);
  Allocate(2000, true);
  EXPECT_EQ(Has(1), 4);
  EXPECT_EQ(reasons_[1], Reason::kPressure);
  Pass(milliseconds(500));
  Allocate(2000, true);
  EXPECT_EQ(Has(1), 4);
  Pass(milliseconds(500));
  Allocate(2000, true);
  EXPECT_EQ(Has(1), 3);
  Run(seconds(4), 2000);
  EXPECT_EQ(Has(1), 3) << "it stays down";
}

TEST_F(AllocatorTest, PressurePausesNobody) {
  Add(1);
  Add(2);
  Allocate(250);
  for (int i = 0; i < 10; ++i) {
    Allocate(250, true);
    Pass(seconds(1));
  }
  EXPECT_EQ(Has(1), 0);
  EXPECT_EQ(Has(2), 0);
}

TEST_F(AllocatorTest, PressureWorksWithoutABound) {
  Add(1);
  Allocate(std::nullopt);
  Pass(kLong);
  Allocate(std::nullopt, true);
  EXPECT_EQ(Has(1), 4);
  Run(seconds(3), std::nullopt);
  EXPECT_EQ(Has(1), 4);
}

TEST_F(AllocatorTest, SwingOfALayersRateIsBorneAndALastingRiseIsNot) {
  Add(1);
  Allocate(1700);
  Run(seconds(100), 1700);
  producers_[1][5].rate = BitRate::Kbps(1900);
  Run(seconds(1), 1700);
  producers_[1][5].rate = BitRate::Kbps(1500);
  Run(seconds(1), 1700);
  producers_[1][5].rate = BitRate::Kbps(1900);
  Run(Allocator::kSwing, 1700);
  EXPECT_EQ(Has(1), 5);
  Run(milliseconds(100), 1700);
  EXPECT_EQ(Has(1), 4);
}

TEST_F(AllocatorTest, NewcomerGetsItsShareOfItsEquals) {
  Add(1);
  Allocate(1700);
  Run(seconds(100), 1700);
  EXPECT_EQ(Has(1), 5);
  Add(2);
  Allocate(1700);
  EXPECT_EQ(Has(1), 4);
  EXPECT_EQ(Has(2), 3);
  EXPECT_EQ(reasons_[1], Reason::kShared);
}

TEST_F(AllocatorTest, LowerPriorityTakesNothingFromHigher) {
  Add(1, {100, 150, 300, 500, 900, 1500}, 200);
  Allocate(1700);
  EXPECT_EQ(Has(1), 5);
  Run(seconds(100), 1700);
  Add(2);
  Run(seconds(100), 1700);
  EXPECT_EQ(Has(1), 5) << "in the band in which nobody new would get so much";
  EXPECT_EQ(Has(2), 0) << "its first layer fits, more would need headroom";
}

TEST_F(AllocatorTest, HigherPriorityTakesFromLower) {
  Add(1);
  Allocate(1700);
  Run(seconds(100), 1700);
  Add(2, {100, 150, 300, 500, 900, 1300}, 200);
  Allocate(1700);
  EXPECT_EQ(Has(2), 5);
  EXPECT_EQ(Has(1), 1);
}

TEST_F(AllocatorTest, SameLayerAtAnotherPlaceIsNoSwitch) {
  Add(1);
  producers_[1].resize(2);
  Allocate(2000);
  // A smaller encoding has come late.
  std::vector<Offer> offers = Ladder({30, 60, 100, 150});
  offers[2].where = producers_[1][0].where;
  offers[3].where = producers_[1][1].where;
  offers[0].where.encoding = offers[1].where.encoding = 3;
  producers_[1] = offers;
  const auto decisions = Allocate(2000);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].reason, Reason::kRenamed);
  EXPECT_THAT(decisions[0].layer, Optional(LayerId{3, 0}));
  EXPECT_THAT(Allocate(2000), IsEmpty());
}

TEST_F(AllocatorTest, PausedConsumerTakesNothingAndStartsAnew) {
  Add(1);
  Add(2);
  Allocate(1000);
  requests_[1].paused = true;
  EXPECT_THAT(Allocate(1000), testing::Each(testing::Field(&Allocator::Decision::consumer, 2u)));
  EXPECT_EQ(Has(2), 4);
  requests_[1].paused = false;
  Allocate(1000);
  EXPECT_EQ(reasons_[1], Reason::kStart);
}

TEST_F(AllocatorTest, RemovedConsumerIsForgotten) {
  Add(1);
  Allocate(1000);
  allocator_.Remove(1);
  EXPECT_THAT(Allocate(1000), SizeIs(1));
  EXPECT_EQ(reasons_[1], Reason::kStart);
}

TEST_F(AllocatorTest, DesiredIsWhatIsPreferredAndTheHeadroom) {
  Add(1);
  Add(2);
  requests_[2].preferred = {1, 0};
  Allocate(100);
  EXPECT_EQ(allocator_.desired(), BitRate::Kbps(1815));
  SetAlive(1, 2, false);
  Allocate(100);
  EXPECT_EQ(allocator_.desired(), BitRate::Kbps(715));
}

// Three sizes of three frame rates each.
class AllocatorRatesTest : public AllocatorTest {
 protected:
  AllocatorRatesTest() {
    Add(1, {15, 25, 75, 50, 75, 200, 170, 250, 700});
    for (size_t i = 0; i < 9; ++i) {
      Offer& offer = producers_[1][i];
      offer.layer = {static_cast<uint8_t>(i / 3), static_cast<uint8_t>(i % 3)};
      offer.where = {offer.layer.spatial, {0, offer.layer.temporal}};
    }
  }
  LayerId Layer() { return has_[1].value_or(LayerId{99, 99}); }
};

TEST_F(AllocatorRatesTest, FullFrameRateComesBeforeALargerPicture) {
  Allocate(100);
  EXPECT_EQ(Layer(), (LayerId{0, 2}));
  Run(seconds(10), 200);
  EXPECT_EQ(Layer(), (LayerId{0, 2})) << "not twice the size at half of the rate";
  Run(seconds(10), 230);
  EXPECT_EQ(Layer(), (LayerId{1, 2}));
  Run(seconds(10), 600);
  EXPECT_EQ(Layer(), (LayerId{1, 2}));
  Run(seconds(10), 800);
  EXPECT_EQ(Layer(), (LayerId{2, 2}));
}

TEST_F(AllocatorRatesTest, FrameRateGoesLast) {
  Allocate(800);
  Run(milliseconds(100), 300);
  EXPECT_EQ(Layer(), (LayerId{1, 2}));
  Run(milliseconds(100), 190);
  EXPECT_EQ(Layer(), (LayerId{0, 2}));
  Run(milliseconds(100), 60);
  EXPECT_EQ(Layer(), (LayerId{0, 1}));
}

TEST_F(AllocatorRatesTest, FullIsWhatIsPreferred) {
  requests_[1].preferred = {2, 1};
  Allocate(280);
  EXPECT_EQ(Layer(), (LayerId{2, 1}));
}

TEST_F(AllocatorRatesTest, OfOneSizeEveryRateIsTaken) {
  for (size_t i = 0; i < 6; ++i) producers_[1][i].alive = false;
  Allocate(280);
  EXPECT_EQ(Layer(), (LayerId{2, 1}));
  Run(milliseconds(100), 180);
  EXPECT_EQ(Layer(), (LayerId{2, 0}));
}

// An encoder that begins sends its lowest frame rate first.
TEST_F(AllocatorRatesTest, SizeThatBecomesFasterIsKept) {
  for (size_t i = 7; i < 9; ++i) producers_[1][i].alive = false;
  Allocate(1000);
  EXPECT_EQ(Layer(), (LayerId{2, 0}));
  for (size_t i = 7; i < 9; ++i) {
    producers_[1][i].alive = true;
    producers_[1][i].alive_for = Duration(0);
    Run(milliseconds(100), 1000);
    EXPECT_EQ(Layer(), (LayerId{2, static_cast<uint8_t>(i - 6)}));
  }
}

TEST_F(AllocatorRatesTest, HoldsEndWhereWhatWentWrongWasNotOurs) {
  Allocate(800);
  Run(milliseconds(100), 300);
  Run(seconds(1), 800);
  EXPECT_EQ(Layer(), (LayerId{1, 2})) << "held down";
  allocator_.LiftHolds();
  Run(milliseconds(100), 800);
  EXPECT_EQ(Layer(), (LayerId{2, 2}));
}

TEST_F(AllocatorTest, PriorityOfZeroIsTheLowest) {
  Add(1, {100, 150}, 0);
  Allocate(1000);
  EXPECT_EQ(Has(1), 1);
}

TEST_F(AllocatorTest, ConsumersBeyondTheBoundAreLeftOut) {
  const std::vector<Offer> offers = Ladder({1, 2});
  std::vector<Allocator::Request> requests(Allocator::kMaxConsumers + 1);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i].consumer = static_cast<uint32_t>(i);
    requests[i].offers = offers;
  }
  EXPECT_THAT(allocator_.Allocate(now_, BitRate::Kbps(9000), requests),
              SizeIs(Allocator::kMaxConsumers));
}

TEST_F(AllocatorTest, AbsurdRatesStayInTheirBounds) {
  Add(1);
  for (Offer& offer : producers_[1]) offer.rate = BitRate::Bps(INT64_MAX);
  Add(2);
  for (Offer& offer : producers_[2]) offer.rate = BitRate::Bps(-5);
  Allocate(0);
  EXPECT_EQ(Has(1), -1);
  Allocate(INT32_MAX);
  EXPECT_EQ(Has(2), 5);
  allocator_.Allocate(now_, BitRate::Bps(INT64_MAX), {});
}

// A path of 600 kbit/s whose estimate swings; the layer of 500 needs 550 to be taken.
TEST_F(AllocatorTest, NoisyEstimateMakesALayerFlapAtMostOnceAMinute) {
  Add(1);
  uint64_t random = 12345;
  int downs = 0;
  Timestamp last_down{};
  Allocate(600);
  for (int i = 0; i < 36'000; ++i) {  // an hour
    random = random * 6364136223846793005u + 1442695040888963407u;
    const int before = Has(1);
    Pass(milliseconds(100));
    Allocate(560 + static_cast<int>(random >> 33) % 160 - 80);
    if (Has(1) >= before) continue;
    ++downs;
    ASSERT_GE(now_ - last_down, seconds(60)) << downs;
    last_down = now_;
  }
  EXPECT_GT(downs, 0);
  EXPECT_LE(downs, 20) << "it is tried ever more rarely";
}

// As an estimator does it: slowly up, then down by the overuse that the layer itself has caused.
TEST_F(AllocatorTest, OveruseMakesALayerFlapAtMostOnceAMinute) {
  Add(1);
  double estimate = 400;
  int downs = 0;
  Timestamp last_down{};
  Allocate(400);
  for (int i = 0; i < 36'000; ++i) {
    const int before = Has(1);
    Pass(milliseconds(100));
    estimate = std::min(estimate * 1.005, 600.0);
    if (Total() > 480) estimate = 450;  // 500 do not pass
    Allocate(static_cast<int>(estimate));
    if (Has(1) >= before) continue;
    ++downs;
    ASSERT_GE(now_ - last_down, seconds(60)) << downs;
    last_down = now_;
  }
  EXPECT_GT(downs, 0);
}

// The overuse that a layer causes brings the estimate down to half, from where it
// recovers: that is no better path.
TEST_F(AllocatorTest, RecoveryFromADeepCutDoesNotLiftTheCeiling) {
  Add(1);
  double estimate = 400;
  Timestamp last_down{};
  int downs = 0;
  Allocate(400);
  for (int i = 0; i < 6'000; ++i) {
    const int before = Has(1);
    Pass(milliseconds(100));
    estimate = std::min(estimate * 1.01, 600.0);
    if (Total() > 480) estimate = 300;  // 500 do not pass
    Allocate(static_cast<int>(estimate));
    if (Has(1) >= before) continue;
    ++downs;
    ASSERT_GE(now_ - last_down, seconds(60)) << downs;
    last_down = now_;
  }
  EXPECT_GT(downs, 0);
}

TEST_F(AllocatorTest, AfterALinkHasRecoveredTheTopLayerIsSoonBack) {
  Add(1);
  for (int round = 0; round < 5; ++round) {
    Run(seconds(20), 2500);
    EXPECT_EQ(Has(1), 5) << round;
    Run(seconds(20), 400);
    EXPECT_EQ(Has(1), 2) << round;
    Run(seconds(6), 2500);
    EXPECT_EQ(Has(1), 5) << round;
  }
}

// As estimates move: in steps, with the first layer given up long before the bottom is reached.
TEST_F(AllocatorTest, GradualDropSoonAfterGoingUpIsNoFlapEither) {
  Add(1);
  Run(seconds(20), 2500);
  ASSERT_EQ(Has(1), 5);
  for (double kbps = 2500; kbps > 400; kbps *= 0.95) Run(milliseconds(100), static_cast<int>(kbps));
  Run(seconds(20), 400);
  ASSERT_EQ(Has(1), 2);
  for (double kbps = 400; kbps < 2400; kbps *= 1.03) Run(milliseconds(100), static_cast<int>(kbps));
  EXPECT_EQ(Has(1), 5);
}

TEST_F(AllocatorTest, CallsAtTimeoutsAreEnough) {
  Add(1);
  Allocate(2000);
  Run(seconds(100), 2000);
  Run(milliseconds(100), 400);
  Allocate(2000);
  ASSERT_THAT(allocator_.NextTimeout(), Optional(testing::Gt(now_)));
  Pass(*allocator_.NextTimeout() - now_);
  Allocate(2000);
  EXPECT_EQ(Has(1), 5);
  EXPECT_EQ(allocator_.NextTimeout(), std::nullopt);
}

TEST_F(AllocatorTest, SteadyUseCostsNoMemory) {
  for (uint32_t i = 0; i < 50; ++i) Add(i);
  Allocate(9000);
  Allocate(20'000);
  std::vector<Allocator::Request> requests;
  for (auto& [number, request] : requests_) requests.push_back(request);
  const test::AllocationWatch watch;
  const uint64_t before = test::AllocationWatch::count();
  for (int i = 0; i < 100; ++i) {
    now_ += seconds(7);
    allocator_.Allocate(now_, BitRate::Kbps(5000 + 300 * (i % 40)), requests);
  }
  EXPECT_EQ(test::AllocationWatch::count(), before);
}

}  // namespace
}  // namespace sluice::rtp

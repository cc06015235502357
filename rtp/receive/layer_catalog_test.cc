#include "rtp/receive/layer_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

#include "tests/support/allocation_count.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Rates are seen from above.
auto Near(int kbps) {
  return testing::AllOf(testing::Ge(kbps * 96 / 100), testing::Le(kbps * 115 / 100));
}

// A publisher whose layers send a packet per picture, each at its own rate.
class LayerCatalogTest : public testing::Test {
 protected:
  explicit LayerCatalogTest(SvcMode svc = SvcMode::kNone) : catalog_(svc) {}

  struct Sender {
    uint8_t encoding = 0;
    LayerId layer{};
    Duration gap = milliseconds(40);
    size_t bytes = 1000;
    uint16_t width = 0;
    uint16_t height = 0;
    Timestamp next{};
    bool sends = true;
  };

  Sender& Add(Sender sender) {
    sender.next = now_;
    senders_.push_back(sender);
    return senders_.back();
  }
  // Three encodings of a camera, the third the largest.
  void AddCamera() {
    Add({.encoding = 0, .bytes = 500});
    Add({.encoding = 1, .bytes = 1500});
    Add({.encoding = 2, .bytes = 5000});
  }
  Sender& Of(uint8_t encoding) {
    return *std::find_if(senders_.begin(), senders_.end(),
                         [&](const Sender& sender) { return sender.encoding == encoding; });
  }
  void Stop(uint8_t encoding) { Of(encoding).sends = false; }
  void Resume(uint8_t encoding) {
    Of(encoding).sends = true;
    Of(encoding).next = now_;
  }

  void Run(Duration span) {
    for (const Timestamp end = now_ + span; now_ < end; now_ += milliseconds(1)) {
      for (Sender& sender : senders_) {
        if (!sender.sends || sender.next > now_) continue;
        sender.next = now_ + sender.gap;
        Send(sender);
      }
    }
  }
  bool Send(const Sender& sender, bool key_frame = false) {
    const auto clock = static_cast<uint32_t>(now_.time_since_epoch().count() * 9 / 100);
    return catalog_.Record(now_, {.encoding = sender.encoding,
                                  .layer = sender.layer,
                                  .timestamp = clock,
                                  .bytes = sender.bytes,
                                  .key_frame = key_frame,
                                  .width = sender.width,
                                  .height = sender.height});
  }

  std::vector<LayerCatalog::Offer> Offers() {
    const auto offers = catalog_.Offers(now_);
    return {offers.begin(), offers.end()};
  }
  // Encodings by place.
  std::vector<int> Order() {
    std::vector<int> order;
    for (const auto& offer : Offers()) order.push_back(offer.where.encoding);
    return order;
  }
  std::vector<bool> Alive() {
    std::vector<bool> alive;
    for (const auto& offer : Offers()) alive.push_back(offer.alive);
    return alive;
  }
  std::vector<int> Kbps() {
    std::vector<int> rates;
    for (const auto& offer : Offers()) rates.push_back(static_cast<int>(offer.rate.bps() / 1000));
    return rates;
  }

  Timestamp now_{seconds(1000)};
  std::vector<Sender> senders_;
  LayerCatalog catalog_;
};

TEST_F(LayerCatalogTest, NothingSeenOffersNothing) { EXPECT_THAT(Offers(), IsEmpty()); }

TEST_F(LayerCatalogTest, LoneEncodingIsOfferedAtOnce) {
  Add({.encoding = 2});
  Run(milliseconds(1));
  EXPECT_THAT(Order(), ElementsAre(2));
  EXPECT_EQ(Offers()[0].layer, LayerId{});
}

TEST_F(LayerCatalogTest, WhatHasNoPlaceYetIsNotOffered) {
  AddCamera();
  Run(milliseconds(1));
  EXPECT_THAT(Offers(), IsEmpty());
  Run(LayerCatalog::kSettle);
  EXPECT_THAT(Order(), ElementsAre(0, 1, 2));
}

TEST_F(LayerCatalogTest, BitRatesRankInAnyOrderOfIndices) {
  Add({.encoding = 0, .bytes = 1500});
  Add({.encoding = 1, .bytes = 5000});
  Add({.encoding = 2, .bytes = 500});
  Run(LayerCatalog::kSettle + milliseconds(150));
  EXPECT_THAT(Order(), ElementsAre(2, 0, 1));
}

TEST_F(LayerCatalogTest, ObservedSizesGoBeforeBitRates) {
  // A large still picture may take less than a small one that moves; sizes as OBS sends them.
  Add({.encoding = 0, .bytes = 500, .width = 1920, .height = 1080});
  Add({.encoding = 1, .bytes = 5000, .width = 640, .height = 360});
  Add({.encoding = 2, .bytes = 1500, .width = 1280, .height = 720});
  Run(seconds(5));
  EXPECT_THAT(Order(), ElementsAre(1, 2, 0));
  EXPECT_EQ(Offers()[2].width, 1920);
  EXPECT_EQ(Offers()[2].layer.spatial, 2);
}

TEST_F(LayerCatalogTest, DeclaredScalesGoBeforeObservedSizes) {
  catalog_.Declare(0, {.scale_down_by = 1.0, .max_rate = {}});
  catalog_.Declare(1, {.scale_down_by = 3.0, .max_rate = {}});
  catalog_.Declare(2, {.scale_down_by = 1.5, .max_rate = {}});
  Add({.encoding = 0, .width = 320, .height = 180});
  Add({.encoding = 1, .width = 1920, .height = 1080});
  Add({.encoding = 2, .width = 640, .height = 360});
  Run(seconds(1));
  EXPECT_THAT(Order(), ElementsAre(1, 2, 0));
}

TEST_F(LayerCatalogTest, DeclaredBoundsRankWhereScalesAreEqual) {
  for (uint8_t i = 0; i < 3; ++i) {
    catalog_.Declare(i, {.scale_down_by = 1.0, .max_rate = BitRate::Kbps(900 - 300 * i)});
  }
  AddCamera();
  Run(seconds(1));
  EXPECT_THAT(Order(), ElementsAre(2, 1, 0));
}

TEST_F(LayerCatalogTest, ScaleDeclaredForOneEncodingOnlyTellsNothing) {
  catalog_.Declare(0, {.scale_down_by = 1.0, .max_rate = {}});
  AddCamera();
  Run(seconds(1));
  EXPECT_THAT(Order(), ElementsAre(0, 1, 2));
}

TEST_F(LayerCatalogTest, SenselessDeclarationsCountAsNone) {
  catalog_.Declare(0, {.scale_down_by = std::numeric_limits<double>::quiet_NaN(), .max_rate = {}});
  catalog_.Declare(1, {.scale_down_by = 0.5, .max_rate = BitRate::Bps(-1)});
  catalog_.Declare(9, {.scale_down_by = 2.0, .max_rate = {}});
  AddCamera();
  Run(seconds(1));
  EXPECT_THAT(Order(), ElementsAre(0, 1, 2));
}

TEST_F(LayerCatalogTest, DeclaredEncodingKeepsItsPlaceBeforeItComes) {
  for (uint8_t i = 0; i < 3; ++i) {
    catalog_.Declare(i, {.scale_down_by = 4.0 / (1 << i), .max_rate = {}});
  }
  Add({.encoding = 2});
  Run(milliseconds(1));
  EXPECT_EQ(Offers()[0].layer.spatial, 2);
}

TEST_F(LayerCatalogTest, DeclaredPlaceIsKnownBeforeAnythingComes) {
  EXPECT_EQ(catalog_.DeclaredPlace(0), std::nullopt);
  for (uint8_t i = 0; i < 3; ++i) catalog_.Declare(i, {.scale_down_by = 1.0 + i, .max_rate = {}});
  EXPECT_EQ(catalog_.DeclaredPlace(0), 2);
  EXPECT_EQ(catalog_.DeclaredPlace(2), 0);
  EXPECT_EQ(catalog_.DeclaredPlace(3), std::nullopt);
}

TEST_F(LayerCatalogTest, PlacesDoNotFlapByNoise) {
  Add({.encoding = 0, .bytes = 2000});
  Add({.encoding = 1, .bytes = 2100});
  Run(seconds(3));
  const std::vector<int> order = Order();
  std::srand(5);
  for (int i = 0; i < 600; ++i) {
    for (Sender& sender : senders_) sender.bytes = 1200 + static_cast<size_t>(std::rand() % 1800);
    Run(milliseconds(100));
    ASSERT_EQ(Order(), order) << i;
  }
}

TEST_F(LayerCatalogTest, EncodingThatLastinglySendsMoreMovesUp) {
  AddCamera();
  Run(seconds(5));
  Of(0).bytes = 4000;
  Run(seconds(1));
  EXPECT_THAT(Order(), ElementsAre(0, 1, 2));
  Run(seconds(3));
  EXPECT_THAT(Order(), ElementsAre(1, 0, 2));
}

TEST_F(LayerCatalogTest, EncodingThatStopsKeepsItsPlace) {
  AddCamera();
  Run(seconds(5));
  Stop(2);
  Run(seconds(20));
  EXPECT_THAT(Order(), ElementsAre(0, 1, 2));
}

TEST_F(LayerCatalogTest, CamerasLayerThatStopsIsDeadWithinASecond) {
  AddCamera();
  Run(seconds(5));
  EXPECT_THAT(Alive(), ElementsAre(true, true, true));
  Stop(0);
  Run(milliseconds(500));
  EXPECT_THAT(Alive(), ElementsAre(true, true, true));
  Run(milliseconds(500));
  EXPECT_THAT(Alive(), ElementsAre(false, true, true));
}

TEST_F(LayerCatalogTest, LoneCameraThatStopsIsDeadWithinASecond) {
  Add({.encoding = 0});
  Run(seconds(5));
  Stop(0);
  Run(seconds(1));
  EXPECT_THAT(Alive(), ElementsAre(false));
}

TEST_F(LayerCatalogTest, LayerThatIsBackIsNewAndSaysSo) {
  AddCamera();
  Run(seconds(5));
  EXPECT_GE(Offers()[2].alive_for, seconds(4));
  Stop(2);
  Run(seconds(5));
  EXPECT_EQ(Offers()[2].alive_for, Duration(0));
  EXPECT_TRUE(Send(Of(2)));
  Resume(2);
  Run(seconds(1));
  EXPECT_THAT(Alive(), ElementsAre(true, true, true));
  EXPECT_LE(Offers()[2].alive_for, seconds(1));
}

TEST_F(LayerCatalogTest, RestOfTheWholeSourceIsNoStop) {
  AddCamera();
  Run(seconds(5));
  for (uint8_t i = 0; i < 3; ++i) Stop(i);
  Run(seconds(8));
  EXPECT_THAT(Alive(), Each(false));
  // The smallest comes first, and the others are given the time to follow.
  Resume(0);
  Run(milliseconds(10));
  EXPECT_THAT(Alive(), Each(true));
  EXPECT_GE(Offers()[2].alive_for, seconds(12));
  Resume(1);
  Run(milliseconds(200));
  EXPECT_THAT(Alive(), ElementsAre(true, true, false));
}

struct Rhythm {
  int gap_ms;
};
class SlowScreenTest : public LayerCatalogTest, public testing::WithParamInterface<Rhythm> {};

TEST_P(SlowScreenTest, IsAliveAllTheTime) {
  const Duration gap = milliseconds(GetParam().gap_ms);
  Add({.encoding = 0, .gap = gap, .bytes = 8000});
  Add({.encoding = 1, .gap = gap, .bytes = 30'000});
  Run(milliseconds(1000));
  for (int i = 0; i < 600; ++i) {
    Run(milliseconds(100));
    ASSERT_THAT(Alive(), ElementsAre(true, true)) << i;
    ASSERT_THAT(Kbps(), Each(testing::Gt(0))) << i;
  }
  EXPECT_GT(Offers()[1].alive_for, seconds(60));
}

TEST_P(SlowScreenTest, EncodingThatStopsIsNoticed) {
  const Duration gap = milliseconds(GetParam().gap_ms);
  Add({.encoding = 0, .gap = gap, .bytes = 8000});
  Add({.encoding = 1, .gap = gap, .bytes = 30'000});
  Run(gap * 6);
  Stop(1);
  Run(std::max<Duration>(gap * 5, seconds(1)));
  EXPECT_THAT(Alive(), ElementsAre(true, false));
}

INSTANTIATE_TEST_SUITE_P(Rhythms, SlowScreenTest,
                         testing::Values(Rhythm{200}, Rhythm{1000}, Rhythm{2000}, Rhythm{5000}),
                         [](const auto& each) { return std::to_string(each.param.gap_ms); });

TEST_F(LayerCatalogTest, PatternOfThreeFrameRatesIsAliveAtFiveFramesASecond) {
  // T0 T2 T1 T2, a picture each 200 ms.
  for (int i = 0; i < 200; ++i, now_ += milliseconds(200)) {
    static constexpr uint8_t kPattern[] = {0, 2, 1, 2};
    Send({.encoding = 0, .layer = {0, kPattern[i % 4]}});
    if (i < 4) continue;
    ASSERT_THAT(Alive(), ElementsAre(true, true, true)) << i;
  }
}

TEST_F(LayerCatalogTest, TemporalLayersCostWhatIsBelowThem) {
  Add({.encoding = 0, .layer = {0, 0}, .gap = milliseconds(80), .bytes = 2000});
  Add({.encoding = 0, .layer = {0, 1}, .gap = milliseconds(80), .bytes = 1000});
  Add({.encoding = 0, .layer = {0, 2}, .gap = milliseconds(40), .bytes = 1500});
  Run(seconds(4));
  EXPECT_THAT(Kbps(), ElementsAre(Near(200), Near(300), Near(600)));
  EXPECT_NEAR(static_cast<double>(catalog_.LayerRate(now_, {0, {0, 1}}).bps()), 100'000, 12'000);
  EXPECT_NEAR(static_cast<double>(catalog_.EncodingRate(now_, 0).bps()), 600'000, 60'000);
}

TEST_F(LayerCatalogTest, SimulcastCostsNothingOfOtherEncodings) {
  AddCamera();
  Run(seconds(4));
  EXPECT_THAT(Kbps(), ElementsAre(Near(100), Near(300), Near(1000)));
}

class ScalableCatalogTest : public LayerCatalogTest {
 protected:
  explicit ScalableCatalogTest(SvcMode svc) : LayerCatalogTest(svc) {}

  // Two sizes of two frame rates; a key picture of both sizes every two seconds. What that adds
  // fades until the next; spans end where it adds its average.
  void RunScalable(Duration span) {
    const Timestamp end = now_ + span;
    for (int i = 0; now_ < end; ++i, now_ += milliseconds(40)) {
      const bool key = i % 50 == 0;
      const auto temporal = static_cast<uint8_t>(key ? 0 : i % 2);
      Send({.encoding = 0, .layer = {0, temporal}, .bytes = key ? 10'000u : 500u}, key);
      Send({.encoding = 0, .layer = {1, temporal}, .bytes = key ? 20'000u : 2000u});
    }
  }
};
class FullSvcCatalogTest : public ScalableCatalogTest {
 protected:
  FullSvcCatalogTest() : ScalableCatalogTest(SvcMode::kFull) {}
};
class KeySvcCatalogTest : public ScalableCatalogTest {
 protected:
  KeySvcCatalogTest() : ScalableCatalogTest(SvcMode::kKey) {}
};

TEST_F(FullSvcCatalogTest, UpperSizeCostsTheLowerOneOfTheSameFrameRate) {
  RunScalable(milliseconds(12'440));
  // The lower size takes 90 + 50, the upper one 280 + 200 kbit/s.
  EXPECT_THAT(Kbps(), ElementsAre(Near(90), Near(140), Near(370), Near(620)));
  EXPECT_EQ(Offers()[3].layer, (LayerId{1, 1}));
  EXPECT_EQ(Offers()[3].where, (LayerTarget{0, {1, 1}}));
}

TEST_F(KeySvcCatalogTest, UpperSizeCostsOnlyKeyPicturesOfTheLowerOne) {
  RunScalable(milliseconds(12'440));
  // Of the lower size 40 kbit/s are key pictures.
  EXPECT_THAT(Kbps(), ElementsAre(Near(90), Near(140), Near(320), Near(520)));
}

TEST_F(LayerCatalogTest, FactsBeyondTheBoundsAreIgnored) {
  EXPECT_FALSE(Send({.encoding = kMaxEncodings}));
  EXPECT_FALSE(Send({.layer = {kMaxSpatialLayers, 0}}));
  EXPECT_FALSE(Send({.layer = {0, kMaxTemporalLayers}}));
  EXPECT_THAT(Offers(), IsEmpty());
  EXPECT_EQ(catalog_.LayerRate(now_, {200, {9, 9}}), BitRate());
  EXPECT_EQ(catalog_.EncodingRate(now_, 200), BitRate());
}

TEST_F(LayerCatalogTest, NoMoreIsOfferedThanThereIsRoomFor) {
  for (uint8_t i = 0; i < 64; ++i) {
    Send({.encoding = static_cast<uint8_t>(i % 4),
          .layer = {static_cast<uint8_t>(i / 4 % 4), static_cast<uint8_t>(i / 16)}});
  }
  now_ += LayerCatalog::kSettle;
  EXPECT_LE(Offers().size(), LayerCatalog::kMaxOffers);
  for (const auto& offer : Offers()) EXPECT_LT(offer.layer.spatial, kMaxSpatialLayers);
}

TEST_F(LayerCatalogTest, OffersAscendWhateverIsSent) {
  std::srand(11);
  const auto pick = [](int bound) { return std::rand() % bound; };
  for (int i = 0; i < 20'000; ++i) {
    now_ += milliseconds(pick(100) == 0 ? pick(3000) : pick(30));
    const bool sized = pick(50) == 0;
    Send({.encoding = static_cast<uint8_t>(pick(5)),
          .layer = {static_cast<uint8_t>(pick(2)), static_cast<uint8_t>(pick(4))},
          .bytes = static_cast<size_t>(pick(3000)),
          .width = static_cast<uint16_t>(sized ? pick(65536) : 0),
          .height = static_cast<uint16_t>(sized ? pick(65536) : 0)},
         pick(100) == 0);
    if (i % 10 != 0) continue;
    const auto offers = Offers();
    for (size_t k = 1; k < offers.size(); ++k) {
      ASSERT_LT(offers[k - 1].layer, offers[k].layer);
      ASSERT_GE(offers[k].alive_for, Duration(0));
    }
  }
}

TEST_F(LayerCatalogTest, PacketsCostNoMemory) {
  AddCamera();
  Run(seconds(1));
  const test::AllocationWatch watch;
  const uint64_t before = test::AllocationWatch::count();
  Run(seconds(2));
  catalog_.Offers(now_);
  EXPECT_EQ(test::AllocationWatch::count(), before);
}

}  // namespace
}  // namespace sluice::rtp

// Which layers people get: as their application prefers, and as there are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// Alice sends three sizes at about 130, 490 and 1,700 kbit/s.
class LayerSharingTest : public testing::Test {
 protected:
  LayerSharingTest() : camera_(sim_.Join("alice").PublishVideo({.encodings = ThreeEncodings()})) {
    sim_.RunFor(1s);
  }

  Simulation sim_{{.seed = 3, .link = {.one_way = 20ms}}};
  Publication& camera_;
};

TEST_F(LayerSharingTest, WithoutABoundTheLargestPictureComesWithinTwoSeconds) {
  Subscription& view = sim_.Join("bob").Subscribe(camera_);
  EXPECT_TRUE(sim_.RunUntil(2s, [&] { return view.track().encoding() == 2; }));
  sim_.RunFor(10s);
  EXPECT_EQ(view.track().encoding(), 2u);
  EXPECT_EQ(view.track().misnumbered() + view.track().foreign(), 0u);
  EXPECT_LT(view.track().decoder().longest_freeze(), 200ms);
}

TEST_F(LayerSharingTest, PreferredLayersAreAnUpperBound) {
  Subscription& view = sim_.Join("bob").Subscribe(camera_, {.preferred = rtp::LayerId{1, 3}});
  sim_.RunFor(5s);
  EXPECT_EQ(view.track().encoding(), 1u);
  ASSERT_TRUE(view.Prefer({2, 3}).ok());
  EXPECT_TRUE(sim_.RunUntil(1500ms, [&] { return view.track().encoding() == 2; }));
  ASSERT_TRUE(view.Prefer({0, 3}).ok());
  EXPECT_TRUE(sim_.RunUntil(500ms, [&] { return view.track().encoding() == 0; }));
}

TEST_F(LayerSharingTest, AnEncodingThatStopsIsReplacedAndTakenUpAgain) {
  Subscription& view = sim_.Join("bob").Subscribe(camera_);
  ASSERT_TRUE(sim_.RunUntil(5s, [&] { return view.track().encoding() == 2; }));
  sim_.RunFor(3s);
  camera_.track(2).Stop();
  EXPECT_TRUE(sim_.RunUntil(2s, [&] { return view.track().encoding() == 1; }));
  sim_.RunFor(3s);
  camera_.track(2).Start(sim_.now());
  EXPECT_TRUE(sim_.RunUntil(5s, [&] { return view.track().encoding() == 2; }));
}

TEST_F(LayerSharingTest, WhenTheLowestStopsTheNextLivingOneServes) {
  Subscription& view = sim_.Join("bob").Subscribe(camera_, {.preferred = rtp::LayerId{0, 3}});
  sim_.RunFor(3s);
  ASSERT_EQ(view.track().encoding(), 0u);
  camera_.track(0).Stop();
  EXPECT_TRUE(sim_.RunUntil(2s, [&] { return view.track().encoding() == 1; }));
}

TEST_F(LayerSharingTest, PublishersLearnWhatNobodyWatches) {
  Member& bob = sim_.Join("bob");
  Subscription& view = bob.Subscribe(camera_, {.preferred = rtp::LayerId{0, 3}});
  sim_.RunFor(1s);
  const auto* wanted = sim_.control().Last<schema::WantedLayersT>(camera_.id());
  ASSERT_NE(wanted, nullptr);
  EXPECT_THAT(wanted->encodings, testing::ElementsAre(true, false, false));
  ASSERT_TRUE(view.Prefer({2, 3}).ok());
  wanted = sim_.control().Last<schema::WantedLayersT>(camera_.id());
  EXPECT_THAT(wanted->encodings, testing::ElementsAre(true, true, true));
  ASSERT_TRUE(view.Close().ok());
  wanted = sim_.control().Last<schema::WantedLayersT>(camera_.id());
  EXPECT_EQ(wanted->layers, nullptr);
}

}  // namespace
}  // namespace sluice::test

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

LinkOptions Narrow(int64_t kbps) {
  const BitRate rate = BitRate::Kbps(kbps);
  return {.one_way = 20ms,
          .rate = rate,
          .queue = static_cast<size_t>((rate * Duration(300ms)).bytes())};
}

// Changes of encoding in `seconds` seconds.
int SwitchesWithin(Simulation& sim, Subscription& view, int seconds) {
  int switches = 0;
  size_t before = view.track().encoding();
  for (int i = 0; i < 10 * seconds; ++i) {
    sim.RunFor(100ms);
    const size_t encoding = view.track().encoding();
    switches += encoding != before;
    before = encoding;
  }
  return switches;
}

TEST_F(LayerSharingTest, ANarrowPathGetsWhatItCarries) {
  Subscription& view = sim_.Join("bob", {.link = Narrow(800)}).Subscribe(camera_);
  sim_.RunFor(5s);
  EXPECT_EQ(view.track().encoding(), 1u);
  EXPECT_LT(view.track().decoder().longest_freeze(), 300ms);
  EXPECT_LE(SwitchesWithin(sim_, view, 120), 2);
  EXPECT_EQ(view.track().encoding(), 1u);
}

TEST_F(LayerSharingTest, APathThatGetsNarrowStillCarriesAPictureAndBringsTheLargeOneBack) {
  Member& bob = sim_.Join("bob", {.link = Narrow(2500)});
  Subscription& view = bob.Subscribe(camera_);
  Subscription& sound = bob.Subscribe(sim_.Join("carol").PublishAudio());
  sim_.RunFor(15s);
  EXPECT_EQ(view.track().encoding(), 2u);
  bob.SetLink(Narrow(400));
  EXPECT_TRUE(sim_.RunUntil(4s, [&] { return view.track().encoding() == 0; }));
  sim_.RunFor(2s);
  const uint64_t pictures = view.track().decoder().pictures();
  const uint64_t heard = sound.track().packets();
  sim_.RunFor(10s);
  EXPECT_GT(view.track().decoder().pictures(), pictures + 70);
  // 50 packets a second.
  EXPECT_GT(sound.track().packets(), heard + 490);
  bob.SetLink(Narrow(2500));
  EXPECT_TRUE(sim_.RunUntil(12s, [&] { return view.track().encoding() == 2; }));
}

TEST_F(LayerSharingTest, OneReceiversPathIsNotTheOthersBusiness) {
  Subscription& poor = sim_.Join("bob", {.link = Narrow(300)}).Subscribe(camera_);
  Subscription& rich = sim_.Join("carol").Subscribe(camera_);
  sim_.RunFor(10s);
  EXPECT_EQ(poor.track().encoding(), 0u);
  EXPECT_EQ(rich.track().encoding(), 2u);
  EXPECT_LT(rich.track().decoder().longest_freeze(), 200ms);
  EXPECT_LE(SwitchesWithin(sim_, poor, 60), 1);
}

}  // namespace
}  // namespace sluice::test

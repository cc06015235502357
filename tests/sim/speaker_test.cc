// Who is heard to speak: dominant speaker, levels, and only the loudest of many.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// In -dBov.
constexpr uint8_t kSpeech = 25;
constexpr uint8_t kNoise = 60;

class SpeakerTest : public testing::Test {
 protected:
  SpeakerTest() {
    for (const char* name : {"alice", "bob", "carol"}) {
      microphones_.push_back(&sim_.Join(name).PublishAudio());
      microphones_.back()->track().set_level(kNoise);
    }
    sim_.RunFor(1s);
  }

  void Observe() {
    for (const Publication* microphone : microphones_) {
      schema::AddProducerT add;
      add.producer_id = microphone->id();
      ASSERT_TRUE(sim_.Ask("observer", std::move(add)).ok());
    }
  }
  std::string Dominant() {
    const auto* news = sim_.control().Last<schema::DominantSpeakerT>("observer");
    return news == nullptr ? "" : news->producer_id;
  }
  size_t Changes() {
    return sim_.control().Count("observer", schema::NotificationBody::DominantSpeaker);
  }

  Simulation sim_{{.seed = 5, .link = {.one_way = 20ms, .jitter = 5ms, .loss = 0.01}}};
  std::vector<Publication*> microphones_;
};

TEST_F(SpeakerTest, WhoeverBeginsToSpeakHasTheFloorWithinHalfASecond) {
  schema::CreateActiveSpeakerObserverT create;
  create.observer_id = "observer";
  ASSERT_TRUE(sim_.Ask("room", std::move(create)).ok());
  Observe();
  sim_.RunFor(2s);
  for (int turn = 0; turn < 9; ++turn) {
    Publication& speaker = *microphones_[static_cast<size_t>(turn) % 3];
    speaker.track().set_level(kSpeech);
    EXPECT_TRUE(sim_.RunUntil(500ms, [&] { return Dominant() == speaker.id(); })) << turn;
    sim_.RunFor(3s);
    EXPECT_EQ(Dominant(), speaker.id());
    speaker.track().set_level(kNoise);
  }
  // Nobody else was ever taken for the speaker.
  EXPECT_EQ(Changes(), 9u);
}

TEST_F(SpeakerTest, TheLoudestComeFirst) {
  schema::CreateAudioLevelObserverT create;
  create.observer_id = "observer";
  create.max_entries = 2;
  create.threshold = -70;
  create.interval_ms = 500;
  ASSERT_TRUE(sim_.Ask("room", std::move(create)).ok());
  Observe();
  microphones_[1]->track().set_level(20);
  microphones_[2]->track().set_level(40);
  sim_.RunFor(2s);
  const auto* news = sim_.control().Last<schema::AudioLevelsT>("observer");
  ASSERT_NE(news, nullptr);
  ASSERT_EQ(news->volumes.size(), 2u);
  EXPECT_EQ(news->volumes[0]->producer_id, microphones_[1]->id());
  EXPECT_NEAR(news->volumes[0]->volume, -20, 2);
  EXPECT_EQ(news->volumes[1]->producer_id, microphones_[2]->id());
}

TEST_F(SpeakerTest, ObserversEndWithTheirRouter) {
  schema::CreateActiveSpeakerObserverT create;
  create.observer_id = "observer";
  ASSERT_TRUE(sim_.Ask("room", std::move(create)).ok());
  Observe();
  ASSERT_TRUE(microphones_[0]->Close().ok());
  sim_.RunFor(1s);
  ASSERT_TRUE(sim_.Ask("room", schema::CloseT()).ok());
  EXPECT_FALSE(sim_.Ask("observer", schema::PauseT()).ok());
}

TEST_F(SpeakerTest, NonsenseIsRefusedWithItsField) {
  schema::CreateAudioLevelObserverT create;
  create.observer_id = "observer";
  create.interval_ms = 100;
  const SimControl::Answer answer = sim_.Ask("room", std::move(create));
  EXPECT_FALSE(answer.ok());
  EXPECT_THAT(answer.message, testing::HasSubstr("interval"));
}

// Three talk, two are heard: the others' numbers have no gap where they were not.
TEST(LoudestTest, OnlyTheLoudestAreHeard) {
  Simulation sim({.seed = 6, .link = {.one_way = 20ms}});
  schema::CreateRouterT create;
  create.router_id = "hall";
  create.loudest_speakers = 2;
  ASSERT_TRUE(sim.Ask("", std::move(create)).ok());
  std::vector<Publication*> microphones;
  for (const char* name : {"alice", "bob", "carol"}) {
    microphones.push_back(&sim.Join(name, {.router = "hall"}).PublishAudio());
  }
  Member& listener = sim.Join("dave", {.router = "hall"});
  std::vector<Subscription*> ears;
  for (Publication* microphone : microphones) ears.push_back(&listener.Subscribe(*microphone));
  microphones[0]->track().set_level(20);
  microphones[1]->track().set_level(25);
  microphones[2]->track().set_level(60);
  sim.RunFor(3s);
  const uint64_t third = ears[2]->track().packets();
  sim.RunFor(2s);
  EXPECT_EQ(ears[2]->track().packets(), third);
  EXPECT_GT(CountOf(ears[2]->Stats().drops, DropReason::kNotLoudest), 90u);
  microphones[2]->track().set_level(15);
  sim.RunFor(2s);
  EXPECT_GT(ears[2]->track().packets(), third + 80);
  for (Subscription* ear : ears) EXPECT_EQ(ear->track().nacked(), 0u);
}

}  // namespace
}  // namespace sluice::test

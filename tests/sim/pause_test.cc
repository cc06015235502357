// Pausing and resuming on either end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::NotificationBody;

class PauseTest : public testing::Test {
 protected:
  PauseTest() { sim_.RunFor(3s); }

  // Packets that came within the next `span`.
  uint64_t Arriving(Subscription& subscription, Duration span) {
    const uint64_t before = subscription.track().packets();
    sim_.RunFor(span);
    return subscription.track().packets() - before;
  }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Member& carol_ = sim_.Join("carol");
  Publication& camera_ = alice_.PublishVideo();
  Publication& microphone_ = alice_.PublishAudio();
  Subscription& view_ = bob_.Subscribe(camera_);
  Subscription& sound_ = bob_.Subscribe(microphone_);
  Subscription& other_view_ = carol_.Subscribe(camera_);
};

TEST_F(PauseTest, PausedConsumerHearsNothingAndOthersDo) {
  ASSERT_TRUE(view_.Pause().ok());
  ASSERT_TRUE(sound_.Pause().ok());
  sim_.RunFor(40ms);  // What was under way.
  EXPECT_EQ(Arriving(view_, 2s), 0u);
  EXPECT_EQ(Arriving(sound_, 2s), 0u);
  EXPECT_GT(Arriving(other_view_, 1s), 80u);
  const schema::RtpStreamStatsT stats = view_.Stats();
  EXPECT_GT(CountOf(stats.drops, DropReason::kConsumerPaused), 300u);
}

TEST_F(PauseTest, ResumedPictureBeginsWithAKeyFrame) {
  ASSERT_TRUE(view_.Pause().ok());
  sim_.RunFor(5s);
  const uint64_t key_frames = camera_.track().key_frames();
  const uint64_t key_pictures = view_.track().decoder().key_pictures();
  ASSERT_TRUE(view_.Resume().ok());
  // Half a round trip each for the request, the frame and its second leg, a frame to wait, and 20
  // ms for the last of 15 packets, which leave at two and a half times the estimate.
  sim_.RunFor(3 * 20ms + 34ms + 20ms);
  EXPECT_EQ(view_.track().decoder().key_pictures(), key_pictures + 1);
  EXPECT_EQ(camera_.track().key_frames(), key_frames + 1);
  // The receiver's numbers have no gap where the pause was: nothing looks like loss.
  EXPECT_EQ(view_.track().nacked(), 0u);
  EXPECT_EQ(view_.track().misnumbered(), 0u);
  EXPECT_EQ(view_.track().decoder().skips(), 0u);
}

TEST_F(PauseTest, ResumedSoundGoesOnAtOnce) {
  ASSERT_TRUE(sound_.Pause().ok());
  sim_.RunFor(5s);
  ASSERT_TRUE(sound_.Resume().ok());
  EXPECT_GE(Arriving(sound_, 1s), 48u);
  EXPECT_EQ(sound_.track().nacked(), 0u);
  EXPECT_EQ(sound_.track().misnumbered(), 0u);
}

TEST_F(PauseTest, PausedProducerStopsEverybodyAndTellsThem) {
  ASSERT_TRUE(camera_.Pause().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerPaused), 1u);
  EXPECT_EQ(sim_.control().Count(other_view_.id(), NotificationBody::ProducerPaused), 1u);
  sim_.RunFor(40ms);
  // The peer does not stop by itself: an application that pauses cannot rely on it.
  EXPECT_EQ(Arriving(view_, 2s), 0u);
  EXPECT_EQ(Arriving(other_view_, 2s), 0u);
  // The producer's other track is not meant.
  EXPECT_GT(Arriving(sound_, 1s), 45u);

  const uint64_t key_frames = camera_.track().key_frames();
  ASSERT_TRUE(camera_.Resume().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerResumed), 1u);
  EXPECT_GT(Arriving(view_, 1s), 80u);
  EXPECT_GT(Arriving(other_view_, 1s), 80u);
  EXPECT_EQ(camera_.track().key_frames(), key_frames + 1) << "one for both";
}

TEST_F(PauseTest, BothMustBeResumed) {
  ASSERT_TRUE(camera_.Pause().ok());
  ASSERT_TRUE(view_.Pause().ok());
  sim_.RunFor(1s);
  ASSERT_TRUE(camera_.Resume().ok());
  EXPECT_EQ(Arriving(view_, 1s), 0u);
  ASSERT_TRUE(view_.Resume().ok());
  EXPECT_GT(Arriving(view_, 1s), 80u);
}

TEST_F(PauseTest, PausingTwiceIsPausingOnce) {
  ASSERT_TRUE(camera_.Pause().ok());
  ASSERT_TRUE(camera_.Pause().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerPaused), 1u);
  ASSERT_TRUE(camera_.Resume().ok());
  ASSERT_TRUE(camera_.Resume().ok());
  EXPECT_EQ(sim_.control().Count(view_.id(), NotificationBody::ProducerResumed), 1u);
  EXPECT_GT(Arriving(view_, 1s), 70u);
}

// As the field's clients do it: consumers are born paused and resumed once the page is ready.
TEST_F(PauseTest, ConsumerBornPausedStartsWithAPicture) {
  Member& dave = sim_.Join("dave");
  sim_.RunFor(1s);
  Subscription& view = dave.Subscribe(camera_, {.paused = true});
  EXPECT_EQ(Arriving(view, 2s), 0u);
  const Timestamp resumed = sim_.now();
  ASSERT_TRUE(view.Resume().ok());
  sim_.RunFor(1s);
  ASSERT_TRUE(view.track().decoder().first_picture());
  EXPECT_LE(*view.track().decoder().first_picture() - resumed, 3 * 40ms);
}

TEST_F(PauseTest, ProducerBornPausedAsksForNothing) {
  Publication& screen = alice_.PublishVideo({.paused = true});
  Subscription& view = bob_.Subscribe(screen);
  EXPECT_EQ(Arriving(view, 2s), 0u);
  EXPECT_EQ(screen.track().key_frame_requests(), 0u);
  ASSERT_TRUE(screen.Resume().ok());
  EXPECT_GT(Arriving(view, 1s), 80u);
}

// A hundred times, with whatever phase: the numbers stay in step with the source.
TEST_F(PauseTest, FlappingLeavesNoTrace) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE((i % 2 == 0 ? view_.Pause() : view_.Resume()).ok());
    sim_.RunFor(Duration(i * 7'919 % 150'000));
  }
  sim_.RunFor(1s);
  EXPECT_EQ(view_.track().misnumbered(), 0u);
  EXPECT_EQ(view_.track().nacked(), 0u);
  EXPECT_GT(Arriving(view_, 1s), 80u);
}

}  // namespace
}  // namespace sluice::test

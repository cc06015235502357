#include "bench/load/scene.h"

#include <algorithm>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::SizeIs;

size_t Sampled(const Scene& scene) {
  return static_cast<size_t>(std::ranges::count_if(
      scene.receivers, [](const Stage::Receiver& one) { return one.options.sampled; }));
}

Options Of(Profile profile) {
  Options options;
  options.profile = profile;
  return options;
}

TEST(SceneTest, BroadcastHasOneSenderInRealTime) {
  const Scene scene = MakeScene(Of(Profile::kBroadcast), MediaLibrary());
  EXPECT_THAT(scene.senders, SizeIs(1));
  EXPECT_THAT(scene.receivers, SizeIs(200));
  EXPECT_EQ(scene.speed, 1);
}

TEST(SceneTest, MoreMediaComesFromMoreSenders) {
  Options options = Of(Profile::kBroadcast);
  options.rate = 2.5;
  const Scene scene = MakeScene(options, MediaLibrary());
  EXPECT_THAT(scene.senders, SizeIs(3));
  EXPECT_DOUBLE_EQ(scene.speed * 3, 2.5);
  EXPECT_THAT(scene.receivers.front().from, SizeIs(3));
}

TEST(SceneTest, SampleIsAsLargeAsWantedAndSpread) {
  Options options = Of(Profile::kBroadcast);
  options.sampled = 8;
  const Scene scene = MakeScene(options, MediaLibrary());
  EXPECT_EQ(Sampled(scene), 8u);
  for (size_t i = 0; i < 200; i += 25) {
    EXPECT_TRUE(std::ranges::any_of(std::span(scene.receivers).subspan(i, 25),
                                    [](const auto& one) { return one.options.sampled; }));
  }
}

TEST(SceneTest, FewReceiversAreAllSampled) {
  Options options = Of(Profile::kBroadcast);
  options.receivers = 5;
  EXPECT_EQ(Sampled(MakeScene(options, MediaLibrary())), 5u);
}

TEST(SceneTest, MembersOfAMeetingReceiveAllOthersOneOfThemLarge) {
  Options options = Of(Profile::kMeeting);
  options.rooms = 2;
  options.members = 4;
  const Scene scene = MakeScene(options, MediaLibrary());
  EXPECT_THAT(scene.senders, SizeIs(8));
  EXPECT_THAT(scene.receivers, SizeIs(8));
  for (size_t i = 0; i < scene.receivers.size(); ++i) {
    const auto& from = scene.receivers[i].from;
    EXPECT_THAT(from, SizeIs(3));
    EXPECT_EQ(std::ranges::count_if(from, [](const auto& one) { return one.largest; }), 1);
    for (const auto& one : from) EXPECT_NE(one.sender, scene.senders[i].name);
  }
}

TEST(SceneTest, SpeakersHaveNoPictures) {
  const Scene scene = MakeScene(Of(Profile::kAudio), MediaLibrary());
  EXPECT_THAT(scene.senders, SizeIs(10));
  for (const Stage::Sender& sender : scene.senders) {
    ASSERT_THAT(sender.tracks, SizeIs(1));
    EXPECT_FALSE(sender.tracks.front().video());
  }
}

TEST(SceneTest, OnlyMixedLosesAndAsksAgain) {
  EXPECT_EQ(MakeScene(Of(Profile::kMixed), MediaLibrary()).receivers.front().options.loss, 0.01);
  EXPECT_TRUE(MakeScene(Of(Profile::kMixed), MediaLibrary()).receivers.front().options.nack);
  EXPECT_EQ(MakeScene(Of(Profile::kBroadcast), MediaLibrary()).receivers.front().options.loss, 0);
}

TEST(SceneTest, IdleTransportsReceiveNothing) {
  const Scene scene = MakeScene(Of(Profile::kIdle), MediaLibrary());
  EXPECT_THAT(scene.senders, SizeIs(0));
  EXPECT_THAT(scene.receivers.front().from, SizeIs(0));
}

TEST(SceneTest, NoTwoStreamsShareANumber) {
  Options options = Of(Profile::kMeeting);
  options.rooms = 3;
  std::multiset<uint32_t> ssrcs;
  const Scene scene = MakeScene(options, MediaLibrary());
  for (const Stage::Sender& sender : scene.senders) {
    for (const TrackDescription& track : sender.tracks) {
      ssrcs.insert(track.ssrcs.begin(), track.ssrcs.end());
      ssrcs.insert(track.rtx_ssrcs.begin(), track.rtx_ssrcs.end());
    }
  }
  EXPECT_EQ(std::set<uint32_t>(ssrcs.begin(), ssrcs.end()).size(), ssrcs.size());
}

TEST(SceneTest, JoinersReceiveEverybodyWhoSends) {
  Options options = Of(Profile::kJoin);
  options.rate = 2;
  const Scene scene = MakeScene(options, MediaLibrary());
  EXPECT_THAT(MakeJoiner(scene, 7).from, SizeIs(2));
}

}  // namespace
}  // namespace sluice::load

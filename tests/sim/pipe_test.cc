// Pipes: one room on several engines. What is published at one end is watched at the other, as far
// as somebody wants it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/sim_pipe.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::NotificationBody;
using schema::ResultCode;
using testing::Le;
using testing::Optional;

constexpr Duration kOneWay = 20ms;
// From the publisher over two pipes to the last viewer: four links.
constexpr Duration kRoundTrip = 8 * kOneWay;

// Declared, so that routers know which size is which before they have seen it.
std::vector<SimEncodingOptions> Declared() {
  std::vector<SimEncodingOptions> encodings = ThreeEncodings();
  encodings[0].max_bitrate = 200'000;
  encodings[1].max_bitrate = 700'000;
  encodings[2].max_bitrate = 2'500'000;
  return encodings;
}

// 0 -> 1 -> 2
class PipeChainTest : public testing::Test {
 protected:
  explicit PipeChainTest(const SimPipe::Options& options = {})
      : first_(sim_, With(options, 0, 1)), second_(sim_, With(options, 1, 2)) {}

  static SimPipe::Options With(SimPipe::Options options, size_t near, size_t far) {
    options.near = near;
    options.far = far;
    if (options.link.one_way == Duration(0)) options.link.one_way = kOneWay;
    return options;
  }
  void Carry(const Publication& publication) {
    first_.Carry(publication);
    second_.Carry(publication);
    sim_.Flush();
  }
  Member& JoinAt(size_t engine, const char* name) {
    Member& member = sim_.Join(name, {.engine = engine});
    EXPECT_TRUE(sim_.RunUntil(10s, [&] { return member.connected(); }));
    return member;
  }
  // Bytes that come over a pipe within two seconds.
  uint64_t Carrying(SimPipe& pipe) {
    const uint64_t before = pipe.bytes_received();
    sim_.RunFor(2s);
    return pipe.bytes_received() - before;
  }

  Simulation sim_{{.seed = 3, .link = {.one_way = kOneWay}, .engines = 3}};
  SimPipe first_;
  SimPipe second_;
};

TEST_F(PipeChainTest, PictureAndSoundReachTheFarEnd) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Publication& microphone = camera.owner().PublishAudio();
  Carry(camera);
  Carry(microphone);
  Member& bob = JoinAt(2, "bob");
  Subscription& view = bob.Subscribe(camera);
  Subscription& sound = bob.Subscribe(microphone);
  sim_.RunFor(5s);
  EXPECT_GT(view.track().decoder().pictures(), 130u);
  EXPECT_GT(sound.track().packets(), 230u);
  EXPECT_EQ(view.track().foreign() + view.track().misnumbered(), 0u);
  EXPECT_EQ(view.track().residual_loss(), 0u);
}

TEST_F(PipeChainTest, LateViewerAtTheFarEndSeesPictureWithinThreeRoundTrips) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Carry(camera);
  Member& bob = JoinAt(2, "bob");
  sim_.RunFor(10s);
  Subscription& view = bob.Subscribe(camera);
  sim_.RunFor(2s);
  EXPECT_THAT(view.track().first_picture(), Optional(Le(3 * kRoundTrip)));
}

TEST_F(PipeChainTest, NothingFlowsThatNobodyWatches) {
  Publication& camera = JoinAt(0, "alice").PublishVideo({.encodings = Declared()});
  Publication& microphone = camera.owner().PublishAudio();
  Carry(camera);
  Carry(microphone);
  sim_.RunFor(2s);
  // Reports, and what little is said about demand.
  EXPECT_LT(Carrying(first_), 3'000u);
  EXPECT_LT(Carrying(second_), 3'000u);
}

TEST_F(PipeChainTest, LayersFollowDemand) {
  Publication& camera = JoinAt(0, "alice").PublishVideo({.encodings = Declared()});
  Carry(camera);
  Member& bob = JoinAt(2, "bob");
  Subscription& view = bob.Subscribe(camera, {.preferred = rtp::LayerId{0, 2}});
  sim_.RunFor(4s);
  const uint64_t small = Carrying(first_);
  EXPECT_GT(view.track().decoder().pictures(), 100u);

  ASSERT_TRUE(view.Prefer({2, 2}).ok());
  sim_.RunFor(8s);
  EXPECT_EQ(view.track().encoding(), 2u);
  const uint64_t large = Carrying(first_);
  // All three sizes against the smallest: 2.3 Mbit/s against 0.13.
  EXPECT_GT(large, 10 * small);

  ASSERT_TRUE(view.Prefer({0, 2}).ok());
  sim_.RunFor(2s);
  EXPECT_LT(Carrying(first_), 2 * small);
  EXPECT_EQ(view.track().encoding(), 0u);

  ASSERT_TRUE(view.Close().ok());
  sim_.RunFor(1s);
  EXPECT_LT(Carrying(second_), 3'000u);
}

// The publisher itself hears of it, as if its viewers were near.
TEST_F(PipeChainTest, PublisherIsToldWhatTheFarEndWants) {
  Publication& camera = JoinAt(0, "alice").PublishVideo({.encodings = Declared()});
  Carry(camera);
  Member& bob = JoinAt(2, "bob");
  Subscription& view = bob.Subscribe(camera, {.preferred = rtp::LayerId{1, 2}});
  sim_.RunFor(3s);
  const auto* wanted = sim_.control(0).Last<schema::WantedLayersT>(camera.id());
  ASSERT_NE(wanted, nullptr);
  EXPECT_THAT(wanted->encodings, testing::ElementsAre(true, true, false));
  ASSERT_TRUE(view.Close().ok());
  sim_.RunFor(1s);
  wanted = sim_.control(0).Last<schema::WantedLayersT>(camera.id());
  EXPECT_THAT(wanted->encodings, testing::ElementsAre(false, false, false));
}

// Key frames are asked for once, however many viewers lack one, and by each hop of the one before.
TEST_F(PipeChainTest, ManyLateViewersCostOneKeyFrame) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Carry(camera);
  std::vector<Member*> members;
  for (const char* name : {"b", "c", "d", "e"}) members.push_back(&JoinAt(2, name));
  Subscription& first = members[0]->Subscribe(camera);
  sim_.RunFor(5s);
  const uint64_t before = camera.track().key_frames();
  for (size_t i = 1; i < members.size(); ++i) members[i]->Subscribe(camera);
  sim_.RunFor(2s);
  EXPECT_EQ(camera.track().key_frames(), before + 1);
  EXPECT_LT(first.track().decoder().longest_freeze(), 100ms);
}

TEST_F(PipeChainTest, PauseCloseAndResumeGoAlong) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Carry(camera);
  Subscription& view = JoinAt(2, "bob").Subscribe(camera);
  sim_.RunFor(2s);
  const auto follow = [&] {
    first_.Follow();
    second_.Follow();
  };
  ASSERT_TRUE(camera.Pause().ok());
  follow();
  EXPECT_EQ(sim_.control(2).Count(view.id(), NotificationBody::ProducerPaused), 1u);
  sim_.RunFor(1s);
  const uint64_t paused = view.track().packets();
  sim_.RunFor(2s);
  EXPECT_EQ(view.track().packets(), paused);

  ASSERT_TRUE(camera.Resume().ok());
  follow();
  EXPECT_EQ(sim_.control(2).Count(view.id(), NotificationBody::ProducerResumed), 1u);
  sim_.RunFor(2s);
  EXPECT_GT(view.track().packets(), paused + 100);

  ASSERT_TRUE(camera.Close().ok());
  follow();
  EXPECT_EQ(sim_.control(2).Count(view.id(), NotificationBody::ProducerClosed), 1u);
  EXPECT_EQ(sim_.WorkerStats(1).producers + sim_.WorkerStats(2).producers, 0u);
  EXPECT_EQ(sim_.WorkerStats(0).consumers + sim_.WorkerStats(1).consumers, 0u);
}

// What is paused at the far end is not sent there any more; nobody has to tell the near end.
TEST_F(PipeChainTest, PauseAtTheFarEndStopsThePipe) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Carry(camera);
  Subscription& view = JoinAt(2, "bob").Subscribe(camera);
  sim_.RunFor(2s);
  ASSERT_TRUE(sim_.Ask(camera.id(), schema::PauseT(), 2).ok());
  sim_.RunFor(500ms);
  EXPECT_LT(Carrying(first_), 3'000u);
  ASSERT_TRUE(sim_.Ask(camera.id(), schema::ResumeT(), 2).ok());
  const uint64_t before = view.track().packets();
  sim_.RunFor(2s);
  EXPECT_GT(view.track().packets(), before + 100);
}

// Losses are asked for where they happen, and nowhere else.
class LossyPipeTest : public PipeChainTest, public testing::WithParamInterface<bool> {
 protected:
  LossyPipeTest()
      : PipeChainTest(
            {.rtx = GetParam(), .srtp = true, .link = {.one_way = kOneWay, .loss = 0.05}}) {}
};

TEST_P(LossyPipeTest, LossOfThePipeIsRepairedOnThePipe) {
  Publication& camera = JoinAt(0, "alice").PublishVideo();
  Carry(camera);
  Subscription& view = JoinAt(2, "bob").Subscribe(camera);
  sim_.RunFor(20s);
  camera.track().Stop();
  sim_.RunFor(2s);
  EXPECT_LT(view.track().residual_loss_share(), 0.002);
  EXPECT_GT(first_.NearStats().rtx_bytes_sent, 20'000u);
  // The publisher's own link is without loss.
  EXPECT_EQ(camera.track().resent(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Rtx, LossyPipeTest, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "On" : "Off"; });

// An end that is told nothing about demand sends everything.
TEST(PipeTest, WithoutDemandAllEncodingsFlow) {
  Simulation sim({.link = {.one_way = kOneWay}, .engines = 2});
  SimPipe pipe(sim, {.on_demand = false});
  Publication& camera = sim.Join("alice").PublishVideo({.encodings = Declared()});
  pipe.Carry(camera);
  sim.RunFor(5s);
  const uint64_t before = pipe.bytes_received();
  sim.RunFor(2s);
  // 2.3 Mbit/s
  EXPECT_GT(pipe.bytes_received() - before, 500'000u);
}

// One publisher, two rooms beside hers.
TEST(PipeTest, StarServesBothArms) {
  Simulation sim({.link = {.one_way = kOneWay}, .engines = 3});
  SimPipe left(sim, {.near = 0, .far = 1});
  SimPipe right(sim, {.near = 0, .far = 2, .srtp = true});
  Publication& camera = sim.Join("alice").PublishVideo();
  left.Carry(camera);
  right.Carry(camera);
  Subscription& at_left = sim.Join("bob", {.engine = 1}).Subscribe(camera);
  Subscription& at_right = sim.Join("carol", {.engine = 2}).Subscribe(camera);
  sim.RunFor(5s);
  EXPECT_GT(at_left.track().decoder().pictures(), 100u);
  EXPECT_GT(at_right.track().decoder().pictures(), 100u);
  EXPECT_EQ(right.NearStats().srtp_profile, "AEAD_AES_256_GCM");
}

// What came over a pipe cannot go back over it, so that no loop can be made of two.
TEST(PipeTest, WhatComesOverAPipeDoesNotGoBack) {
  Simulation sim({.engines = 2});
  SimPipe pipe(sim, {});
  Publication& sound = sim.Join("alice").PublishAudio();
  pipe.Carry(sound);
  schema::ConsumeT consume;
  consume.consumer_id = "back";
  consume.producer_id = sound.id();
  consume.kind = schema::MediaKind::Audio;
  consume.rtp_parameters = DescribeTrack(
      {.kind = rtp::MediaKind::kAudio, .ssrc = Ssrc(5), .payload_type = kRouterAudio}, "back");
  EXPECT_EQ(sim.Ask(pipe.far_transport(), std::move(consume), 1).code,
            ResultCode::FailedPrecondition);
}

TEST(PipeTest, ConsumerNeedsAnSsrcForEachEncoding) {
  Simulation sim({.engines = 2});
  SimPipe pipe(sim, {});
  Publication& camera = sim.Join("alice").PublishVideo({.encodings = Declared()});
  schema::ConsumeT consume;
  consume.consumer_id = "short";
  consume.producer_id = camera.id();
  consume.kind = schema::MediaKind::Video;
  consume.rtp_parameters = DescribeTrack({.ssrc = Ssrc(5), .payload_type = kRouterVideo}, "x");
  EXPECT_THAT(sim.Ask(pipe.near_transport(), std::move(consume)).message,
              testing::HasSubstr("rtpParameters.encodings"));
}

// A pipe that ends takes its consumers with it, all parts of them.
TEST(PipeTest, ClosingTheNearEndLeavesNothing) {
  Simulation sim({.engines = 2});
  SimPipe pipe(sim, {});
  Publication& camera = sim.Join("alice").PublishVideo({.encodings = Declared()});
  pipe.Carry(camera);
  EXPECT_EQ(sim.WorkerStats(0).consumers, 3u);
  ASSERT_TRUE(pipe.CloseNear().ok());
  EXPECT_EQ(sim.WorkerStats(0).consumers, 0u);
  sim.RunFor(1s);
  EXPECT_EQ(sim.engine(0).misdirected(), 0u);
}

// Nobody but the other end is heard.
TEST(PipeTest, StrangersOnThePortAreCounted) {
  Simulation sim({.engines = 2});
  SimPipe pipe(sim, {.srtp = true});
  Stranger& stranger = sim.AddStranger(IpAddress::V4(192, 0, 2, 66));
  const schema::TransportStatsT stats = pipe.NearStats();
  const Endpoint near{*IpAddress::Parse(stats.selected_tuple->local_address),
                      stats.selected_tuple->local_port};
  sim.SendAs(stranger, near, RtpPacketBuilder().WithPayload({1}).ToBytes());
  sim.RunFor(100ms);
  EXPECT_EQ(CountOf(pipe.NearStats().drops, DropReason::kUnknownRemote), 1u);
}

}  // namespace
}  // namespace sluice::test

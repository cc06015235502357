// Many wishes for a key frame, few requests to the source.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/pli.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// A PLI of `subscription`'s receiver, as its decoder would send it.
void SendPli(Member& member, Subscription& subscription) {
  std::vector<uint8_t> bytes(64);
  ByteWriter out(bytes);
  rtp::PictureLossIndication{{Ssrc(1), subscription.track().track().ssrc}}.WriteTo(out);
  member.peer().SendRtcp(out.written());
}

void SendFir(Member& member, Subscription& subscription, uint8_t number) {
  std::vector<uint8_t> bytes(64);
  ByteWriter out(bytes);
  rtp::FullIntraRequest request;
  request.sources.sender = Ssrc(1);
  request.entries.push_back({subscription.track().track().ssrc, number});
  request.WriteTo(out);
  member.peer().SendRtcp(out.written());
}

struct Room {
  explicit Room(int size) {
    for (int i = 0; i < size; ++i) members.push_back(&sim.Join("m" + std::to_string(i)));
    sim.RunFor(1s);
    for (Member* member : members) views.push_back(&member->Subscribe(camera));
    sim.RunFor(2s);
  }

  Simulation sim{{.link = {.one_way = 20ms}}};
  Publication& camera = sim.Join("alice").PublishVideo();
  std::vector<Member*> members;
  std::vector<Subscription*> views;
};

TEST(KeyframeCoalescingTest, RoomOfFiftySeesItsFirstPictureByOneKeyFrame) {
  Simulation sim({.link = {.one_way = 20ms}});
  Publication& camera = sim.Join("alice").PublishVideo();
  std::vector<Member*> members;
  for (int i = 0; i < 50; ++i) members.push_back(&sim.Join("m" + std::to_string(i)));
  sim.RunFor(3s);
  const uint64_t before = camera.track().key_frame_requests();
  std::vector<Subscription*> views;
  for (Member* member : members) views.push_back(&member->Subscribe(camera));
  sim.RunFor(500ms);
  EXPECT_EQ(camera.track().key_frame_requests(), before + 1);
  for (Subscription* view : views) EXPECT_TRUE(view->track().first_picture());
}

// One receiver that asks as fast as it can: at most one request in 200 ms reaches the source.
TEST(KeyframeCoalescingTest, PliFloodFromOneReceiver) {
  Room room(2);
  const uint64_t before = room.camera.track().key_frame_requests();
  for (int i = 0; i < 2000; ++i) {
    SendPli(*room.members[0], *room.views[0]);
    room.sim.RunFor(1ms);
  }
  room.sim.RunFor(40ms);  // What is under way.
  EXPECT_LE(room.camera.track().key_frame_requests(), before + 2000 / 200 + 1);
  EXPECT_GE(room.camera.track().key_frame_requests(), before + 5);
  EXPECT_EQ(room.views[0]->Stats().pli_count, 2000u);
  EXPECT_EQ(room.views[1]->track().residual_loss(), 0u);
}

TEST(KeyframeCoalescingTest, PliFloodFromFiveHundredReceivers) {
  Room room(500);
  const uint64_t before = room.camera.track().key_frame_requests();
  for (int round = 0; round < 20; ++round) {
    for (size_t i = 0; i < room.members.size(); ++i) SendPli(*room.members[i], *room.views[i]);
    room.sim.RunFor(50ms);
  }
  // 10,000 wishes in a second.
  EXPECT_LE(room.camera.track().key_frame_requests(), before + 1000 / 200 + 1);
  for (Subscription* view : room.views) {
    EXPECT_EQ(view->track().residual_loss(), 0u);
    EXPECT_EQ(view->track().nacked(), 0u);
  }
}

TEST(KeyframeCoalescingTest, FirCountsLikePli) {
  Room room(2);
  const uint64_t before = room.camera.track().key_frame_requests();
  for (int i = 0; i < 200; ++i) {
    SendFir(*room.members[0], *room.views[0], static_cast<uint8_t>(i));
    room.sim.RunFor(5ms);
  }
  room.sim.RunFor(40ms);
  EXPECT_LE(room.camera.track().key_frame_requests(), before + 1000 / 200 + 1);
  EXPECT_EQ(room.views[0]->Stats().fir_count, 200u);
}

// A request or its answer may be lost; nobody asks the second time but the worker.
TEST(KeyframeCoalescingTest, LostRequestIsRepeated) {
  int late = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation sim({.seed = seed, .link = {.one_way = 20ms}});
    Member& alice = sim.Join("alice");
    Publication& camera = alice.PublishVideo();
    Member& bob = sim.Join("bob");
    sim.RunFor(3s);
    // The way back to the sender loses seven in ten from now on.
    sim.network().SetAccess(alice.shown().address, {.one_way = 20ms},
                            {.one_way = 20ms, .loss = 0.7});
    Subscription& view = bob.Subscribe(camera);
    sim.RunFor(10s);
    ASSERT_TRUE(view.track().first_picture()) << "seed " << seed;
    if (*view.track().first_picture() > 3s) ++late;
  }
  EXPECT_LE(late, 4);
}

TEST(KeyframeCoalescingTest, AudioIsNeverAskedForKeyFrames) {
  Simulation sim({.link = {.one_way = 20ms}});
  Publication& microphone = sim.Join("alice").PublishAudio();
  Member& bob = sim.Join("bob");
  Subscription& sound = bob.Subscribe(microphone);
  sim.RunFor(2s);
  SendPli(bob, sound);
  ASSERT_TRUE(sim.Ask(sound.id(), schema::RequestKeyFrameT()).ok());
  sim.RunFor(1s);
  EXPECT_EQ(microphone.track().key_frame_requests(), 0u);
}

}  // namespace
}  // namespace sluice::test

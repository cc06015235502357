// Whoever watches sees what is there, is bounded, and disturbs nobody: statistics by subscription,
// packet traces, decision logs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::DecisionKind;
using schema::ResultCode;
using schema::StatsKind;
using testing::HasSubstr;

schema::SubscribeStatsT Every(uint32_t milliseconds, std::vector<StatsKind> kinds = {}) {
  schema::SubscribeStatsT subscribe;
  subscribe.interval_ms = milliseconds;
  subscribe.kinds = std::move(kinds);
  return subscribe;
}

class ObservingTest : public testing::Test {
 protected:
  ObservingTest() {
    sim_.RunUntil(30s, [&] { return alice_.connected() && bob_.connected(); });
  }

  template <typename News>
  std::vector<const News*> Told(std::string_view target) {
    std::vector<const News*> told;
    for (const schema::NotificationT& news : sim_.control().news()) {
      const bool fits = news.body.type == schema::NotificationBodyUnionTraits<News>::enum_value;
      if (fits && news.target == target) told.push_back(static_cast<const News*>(news.body.value));
    }
    return told;
  }
  std::vector<const schema::StatsSnapshotT*> Chunks(std::string_view target) {
    return Told<schema::StatsSnapshotT>(target);
  }
  void CreateDirect(const std::string& id) {
    schema::CreateDirectTransportT create;
    create.transport_id = id;
    ASSERT_TRUE(sim_.Ask("room", std::move(create)).ok());
  }
  template <typename Body>
  void ExpectRefused(std::string_view target, Body body, ResultCode code, const char* text) {
    const SimControl::Answer answer = sim_.Ask(target, std::move(body));
    EXPECT_EQ(answer.code, code) << answer.message;
    EXPECT_THAT(answer.message, HasSubstr(text));
  }

  Simulation sim_{{.link = {.one_way = 20ms, .rate = BitRate::Kbps(3000)}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
};

class StatsFeedTest : public ObservingTest {};

TEST_F(StatsFeedTest, WorkerTellsOfEverythingOnceInEachInterval) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  ASSERT_TRUE(sim_.Ask("", Every(500)).ok());
  sim_.RunFor(3100ms);
  const auto chunks = Chunks("");
  ASSERT_EQ(chunks.size(), 6u);
  for (size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i]->sequence, i + 1);
    EXPECT_TRUE(chunks[i]->is_last);
    EXPECT_EQ(chunks[i]->skipped, 0u);
  }
  std::set<std::string> ids;
  for (const auto& object : chunks.back()->objects) {
    ids.insert(object->id);
    if (object->id == view.id()) {
      EXPECT_EQ(object->kind, StatsKind::Consumer);
      const auto& streams = object->body.AsStreamStatsOfOne()->streams;
      ASSERT_EQ(streams.size(), 1u);
      EXPECT_GT(streams[0]->packet_count, 0u);
      EXPECT_LE(streams[0]->packet_count, view.Stats().packet_count);
    }
  }
  EXPECT_EQ(ids, (std::set<std::string>{"", alice_.transport(), bob_.transport(), camera.id(),
                                        view.id()}));
}

TEST_F(StatsFeedTest, OnlyWhatBelongsToTheTargetAndIsOfTheChosenKindsIsTold) {
  Publication& camera = alice_.PublishVideo();
  bob_.Subscribe(camera);
  ASSERT_TRUE(
      sim_.Ask(alice_.transport(), Every(100, {StatsKind::Producer, StatsKind::Consumer})).ok());
  sim_.RunFor(150ms);
  const auto chunks = Chunks(alice_.transport());
  ASSERT_EQ(chunks.size(), 1u);
  ASSERT_EQ(chunks[0]->objects.size(), 1u);
  EXPECT_EQ(chunks[0]->objects[0]->id, camera.id());
}

TEST_F(StatsFeedTest, LargeSnapshotsComeInChunks) {
  for (int i = 0; i < 150; ++i) CreateDirect("direct" + std::to_string(i));
  ASSERT_TRUE(sim_.Ask("room", Every(1000, {StatsKind::Transport})).ok());
  sim_.RunFor(1100ms);
  const auto chunks = Chunks("room");
  ASSERT_EQ(chunks.size(), 3u);
  std::set<std::string> ids;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(chunks[i]->chunk, i);
    EXPECT_EQ(chunks[i]->sequence, 1u);
    EXPECT_EQ(chunks[i]->is_last, i == 2);
    EXPECT_LE(chunks[i]->objects.size(), 64u);
    for (const auto& object : chunks[i]->objects) ids.insert(object->id);
  }
  EXPECT_EQ(ids.size(), 152u);
}

TEST_F(StatsFeedTest, WhoDoesNotReadMissesSnapshotsAndLearnsHowMany) {
  for (int i = 0; i < 300; ++i) CreateDirect("direct" + std::to_string(i));
  ASSERT_TRUE(sim_.Ask("room", Every(100, {StatsKind::Transport})).ok());
  worker::Engine& engine = sim_.engine().engine();
  Timestamp now = sim_.now();
  const auto pass = [&](int steps) {
    for (int i = 0; i < steps; ++i) engine.HandleTimeout(now += 10ms);
  };
  pass(5000);
  sim_.control().Drain();
  const size_t unread = Chunks("room").size();
  // A mebibyte, not 500 snapshots of five chunks.
  EXPECT_GT(unread, 5u);
  EXPECT_LT(unread, 300u);
  EXPECT_EQ(Chunks("room").back()->skipped, 0u);
  pass(30);
  sim_.control().Drain();
  EXPECT_GT(Chunks("room").size(), unread);
  EXPECT_GT(Chunks("room").back()->skipped, 400u);
}

TEST_F(StatsFeedTest, EndsWhenItIsToldToAndWithItsObject) {
  ASSERT_TRUE(sim_.Ask("", Every(100)).ok());
  ASSERT_TRUE(sim_.Ask(alice_.transport(), Every(100)).ok());
  sim_.RunFor(250ms);
  const size_t before = Chunks("").size();
  EXPECT_EQ(Chunks(alice_.transport()).size(), before);
  ASSERT_TRUE(sim_.Ask("", schema::UnsubscribeStatsT()).ok());
  ASSERT_TRUE(sim_.Ask("", schema::UnsubscribeStatsT()).ok());
  alice_.Close();
  sim_.RunFor(1s);
  EXPECT_EQ(Chunks("").size(), before);
  EXPECT_EQ(Chunks(alice_.transport()).size(), before);
}

TEST_F(StatsFeedTest, ANewSubscriptionTakesThePlaceOfTheOneBefore) {
  ASSERT_TRUE(sim_.Ask("", Every(100)).ok());
  ASSERT_TRUE(sim_.Ask("", Every(1000)).ok());
  sim_.RunFor(2100ms);
  EXPECT_EQ(Chunks("").size(), 2u);
}

TEST_F(StatsFeedTest, RefusesWhatCannotBe) {
  const std::string consumer = bob_.Subscribe(alice_.PublishVideo()).id();
  ExpectRefused("", Every(99), ResultCode::InvalidArgument, "interval");
  ExpectRefused("", Every(3'600'001), ResultCode::InvalidArgument, "interval");
  ExpectRefused("room", Every(100, {StatsKind::Worker}), ResultCode::InvalidArgument, "kinds");
  ExpectRefused("", Every(100, {static_cast<StatsKind>(200)}), ResultCode::InvalidArgument,
                "kinds");
  ExpectRefused("nobody", Every(100), ResultCode::NotFound, "target");
  ExpectRefused(consumer, Every(100), ResultCode::NotFound, "target");
  for (int i = 0; i < 256; ++i) {
    CreateDirect("direct" + std::to_string(i));
    ASSERT_TRUE(sim_.Ask("direct" + std::to_string(i), Every(60'000)).ok());
  }
  ExpectRefused("", Every(100), ResultCode::ResourceExhausted, "256");
}

class PacketTraceTest : public ObservingTest {
 protected:
  static schema::StartPacketTraceT Trace(uint64_t max_bytes = 64 << 20) {
    schema::StartPacketTraceT start;
    start.max_bytes = max_bytes;
    return start;
  }
  Bytes File(const Member& member) {
    Bytes file;
    for (const auto* chunk : Told<schema::PacketTraceChunkT>(member.transport())) {
      file.insert(file.end(), chunk->bytes.begin(), chunk->bytes.end());
    }
    return file;
  }
  struct Packet {
    bool out = false;
    uint32_t ssrc = 0;
    uint32_t captured = 0;
    uint32_t original = 0;
  };
  // Those of RTP.
  static std::vector<Packet> PacketsIn(const Bytes& file) {
    std::vector<Packet> packets;
    ByteReader in(file);
    while (!in.empty()) {
      const uint32_t type = in.U32();
      const uint32_t length = in.U32();
      ByteReader block(in.Bytes(length - 12));
      EXPECT_EQ(in.U32(), length);
      EXPECT_TRUE(in.ok());
      if (!in.ok()) return packets;
      if (type != 6) continue;
      Packet packet;
      packet.out = block.U32() == 1;
      block.Skip(8);
      packet.captured = block.U32();
      packet.original = block.U32();
      const bool v4 = block.U8() >> 4 == 4;
      block.Skip(v4 ? 27 : 47);
      block.Skip(1);
      const uint8_t kind = block.U8();
      block.Skip(6);
      packet.ssrc = block.U32();
      if (kind < 192 || kind > 223) packets.push_back(packet);
    }
    return packets;
  }
  static bool Contains(const Bytes& file, std::string_view text) {
    return std::string_view(reinterpret_cast<const char*>(file.data()), file.size()).find(text) !=
           std::string_view::npos;
  }
};

TEST_F(PacketTraceTest, HoldsTheHeadersOfAllThatIsSentToAReceiver) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(2s);
  const uint64_t before = view.Stats().packet_count;
  ASSERT_TRUE(sim_.Ask(bob_.transport(), Trace()).ok());
  sim_.RunFor(3s);
  ASSERT_TRUE(sim_.Ask(bob_.transport(), schema::StopPacketTraceT()).ok());
  const uint64_t sent = view.Stats().packet_count - before;
  ASSERT_GT(sent, 100u);
  uint64_t seen = 0;
  for (const Packet& packet : PacketsIn(File(bob_))) {
    if (packet.ssrc != view.track().track().ssrc.value()) continue;
    EXPECT_TRUE(packet.out);
    EXPECT_LT(packet.captured, 120u);
    EXPECT_GE(packet.original, packet.captured);
    ++seen;
  }
  // What left in the moment between the count and the trace.
  EXPECT_NEAR(static_cast<double>(seen), static_cast<double>(sent), 3);
  EXPECT_TRUE(Contains(File(bob_), "from ssrc "));
  const auto told = Told<schema::PacketTraceChunkT>(bob_.transport());
  EXPECT_TRUE(told.back()->is_last);
  EXPECT_EQ(told.back()->left_out, 0u);
  EXPECT_GE(told.back()->packets, seen);
  sim_.RunFor(1s);
  EXPECT_EQ(Told<schema::PacketTraceChunkT>(bob_.transport()).size(), told.size());
}

TEST_F(PacketTraceTest, SaysOfWhatComesWhoseItIs) {
  Publication& camera = alice_.PublishVideo();
  bob_.Subscribe(camera);
  ASSERT_TRUE(sim_.Ask(alice_.transport(), Trace()).ok());
  sim_.RunFor(2s);
  const Bytes file = File(alice_);
  EXPECT_TRUE(Contains(file, "producer " + camera.id() + " encoding 0 layer 0/0 key frame"));
  size_t in = 0;
  for (const Packet& packet : PacketsIn(file)) in += packet.out ? 0 : 1;
  EXPECT_GT(in, 50u);
}

TEST_F(PacketTraceTest, EndsWithItsTransportAndWhenItIsLongEnough) {
  bob_.Subscribe(alice_.PublishVideo());
  ASSERT_TRUE(sim_.Ask(alice_.transport(), Trace(8192)).ok());
  ASSERT_TRUE(sim_.Ask(bob_.transport(), Trace()).ok());
  sim_.RunFor(3s);
  EXPECT_TRUE(Told<schema::PacketTraceChunkT>(alice_.transport()).back()->is_last);
  // A comment may be behind the last packet.
  EXPECT_LE(File(alice_).size(), 8192u + 512);
  EXPECT_FALSE(Told<schema::PacketTraceChunkT>(bob_.transport()).back()->is_last);
  bob_.Close();
  sim_.RunFor(100ms);
  EXPECT_TRUE(Told<schema::PacketTraceChunkT>(bob_.transport()).back()->is_last);
}

TEST_F(PacketTraceTest, RefusesWhatCannotBe) {
  schema::StartPacketTraceT start = Trace();
  start.sampling = 0;
  ExpectRefused(bob_.transport(), start, ResultCode::InvalidArgument, "sampling");
  start = Trace();
  start.payload_bytes = 65;
  ExpectRefused(bob_.transport(), start, ResultCode::InvalidArgument, "payloadBytes");
  ExpectRefused(bob_.transport(), Trace(4095), ResultCode::InvalidArgument, "maxBytes");
  ExpectRefused("room", Trace(), ResultCode::NotFound, "target");
  for (int i = 0; i < 16; ++i) {
    CreateDirect("direct" + std::to_string(i));
    ASSERT_TRUE(sim_.Ask("direct" + std::to_string(i), Trace()).ok());
    ASSERT_TRUE(sim_.Ask("direct" + std::to_string(i), Trace()).ok());
  }
  ExpectRefused(bob_.transport(), Trace(), ResultCode::ResourceExhausted, "16");
}

class DecisionLogOfConsumerTest : public ObservingTest {
 protected:
  std::vector<DecisionKind> Kinds(const Subscription& view) {
    const SimControl::Answer answer = sim_.Ask(view.id(), schema::GetDecisionLogT());
    EXPECT_TRUE(answer.ok()) << answer.message;
    std::vector<DecisionKind> kinds;
    if (!answer.ok()) return kinds;
    uint64_t before = 0;
    for (const auto& decision : answer.body.AsDecisionLog()->decisions) {
      EXPECT_GE(decision->timestamp_ms, before);
      before = decision->timestamp_ms;
      const bool explains =
          decision->kind == DecisionKind::Layers || decision->kind == DecisionKind::Switched;
      EXPECT_EQ(decision->reason.empty(), !explains);
      kinds.push_back(decision->kind);
    }
    return kinds;
  }
  void Enable(const Subscription& view, uint16_t entries) {
    schema::EnableDecisionLogT enable;
    enable.entries = entries;
    ASSERT_TRUE(sim_.Ask(view.id(), std::move(enable)).ok());
  }
};

TEST_F(DecisionLogOfConsumerTest, TellsWhatBecameOfAWishInOrder) {
  Publication& camera = alice_.PublishVideo({.encodings = ThreeEncodings()});
  Subscription& view = bob_.Subscribe(camera, {.preferred = rtp::LayerId{0, 2}});
  sim_.RunFor(5s);
  Enable(view, 128);
  ASSERT_TRUE(view.Prefer({1, 2}).ok());
  sim_.RunFor(10s);
  ASSERT_TRUE(view.SetPriority(9).ok());
  ASSERT_TRUE(sim_.Ask(view.id(), schema::RequestKeyFrameT()).ok());
  ASSERT_TRUE(view.Pause().ok());
  sim_.RunFor(1s);
  const std::vector<DecisionKind> kinds = Kinds(view);
  ASSERT_GE(kinds.size(), 6u);
  EXPECT_EQ(kinds[0], DecisionKind::PreferredLayers);
  EXPECT_THAT(kinds, testing::Contains(DecisionKind::Switched));
  const auto place = [&](DecisionKind kind) { return std::ranges::find(kinds, kind); };
  EXPECT_LT(place(DecisionKind::Layers), place(DecisionKind::Switched));
  EXPECT_LT(place(DecisionKind::Switched), place(DecisionKind::Priority));
  EXPECT_LT(place(DecisionKind::Priority), place(DecisionKind::KeyFrameRequested));
  EXPECT_LT(place(DecisionKind::KeyFrameRequested), place(DecisionKind::Paused));
}

TEST_F(DecisionLogOfConsumerTest, IsNoneUnlessItIsWanted) {
  Subscription& view = bob_.Subscribe(alice_.PublishVideo());
  ExpectRefused(view.id(), schema::GetDecisionLogT(), ResultCode::FailedPrecondition, "target");
  Enable(view, 16);
  sim_.RunFor(2s);
  EXPECT_FALSE(Kinds(view).empty());
  Enable(view, 0);
  ExpectRefused(view.id(), schema::GetDecisionLogT(), ResultCode::FailedPrecondition, "target");
  schema::EnableDecisionLogT enable;
  enable.entries = 1025;
  ExpectRefused(view.id(), enable, ResultCode::InvalidArgument, "entries");
  ExpectRefused(bob_.transport(), schema::GetDecisionLogT(), ResultCode::NotFound, "target");
}

}  // namespace
}  // namespace sluice::test

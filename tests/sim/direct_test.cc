// The application as a peer: RTP and RTCP through the control channel.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/sender_report.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::NotificationBody;
using schema::ResultCode;

class DirectTest : public testing::Test {
 protected:
  DirectTest() {
    schema::CreateDirectTransportT create;
    create.transport_id = "direct";
    EXPECT_TRUE(sim_.Ask("room", std::move(create)).ok());
  }

  void Produce(const SimTrackOptions& track) {
    schema::ProduceT produce;
    produce.producer_id = "injected";
    produce.kind = SchemaKind(track.kind);
    produce.rtp_parameters = DescribeTrack(track, "application");
    produce.mapping = DescribeMapping(track.kind);
    ASSERT_TRUE(sim_.Ask("direct", std::move(produce)).ok());
  }
  void Consume(const Publication& publication, Ssrc ssrc) {
    const bool video = publication.kind() == rtp::MediaKind::kVideo;
    schema::ConsumeT consume;
    consume.consumer_id = "tapped";
    consume.producer_id = publication.id();
    consume.kind = SchemaKind(publication.kind());
    consume.rtp_parameters = DescribeTrack({.kind = publication.kind(),
                                            .ssrc = ssrc,
                                            .payload_type = video ? kRouterVideo : kRouterAudio},
                                           "router");
    ASSERT_TRUE(sim_.Ask("direct", std::move(consume)).ok());
  }
  static std::unique_ptr<schema::PacketT> Packed(const Bytes& bytes) {
    auto packet = std::make_unique<schema::PacketT>();
    packet->bytes = bytes;
    return packet;
  }
  SimControl::Answer Send(const Bytes& bytes) {
    schema::SendRtpT send;
    send.packets.push_back(Packed(bytes));
    return sim_.Ask("injected", std::move(send));
  }
  // Every packet that `target` told of, of this kind.
  template <typename News>
  std::vector<Bytes> Told(std::string_view target) {
    std::vector<Bytes> packets;
    for (const schema::NotificationT& news : sim_.control().news()) {
      const bool fits = news.body.type == schema::NotificationBodyUnionTraits<News>::enum_value;
      if (fits && news.target == target) {
        packets.push_back(static_cast<const News*>(news.body.value)->packet->bytes);
      }
    }
    return packets;
  }

  Simulation sim_{{.link = {.one_way = 20ms}}};
};

TEST_F(DirectTest, WhatIsInjectedReachesReceivers) {
  SimTrackOptions track{
      .kind = rtp::MediaKind::kAudio, .ssrc = Ssrc(77), .payload_type = kProducerAudio};
  Produce(track);
  Member& bob = sim_.Join("bob");
  ASSERT_TRUE(sim_.RunUntil(5s, [&] { return bob.connected(); }));
  sim_.RunFor(100ms);  // The worker has to hear of it.
  SimSendTrack source(track, {});
  Publication injected(bob, "injected", {&source});
  Subscription& sound = bob.Subscribe(injected);
  source.Start(sim_.now());
  for (int i = 0; i < 100; ++i) {
    source.HandleTimeout(sim_.now());
    while (auto packet = source.Poll()) ASSERT_TRUE(Send(packet->ToBytes()).ok());
    sim_.RunFor(20ms);
  }
  sim_.RunFor(100ms);
  EXPECT_EQ(sound.track().packets(), source.packets());
  EXPECT_EQ(sound.track().foreign(), 0u);
}

TEST_F(DirectTest, ApplicationGetsWhatOthersSend) {
  Publication& sound = sim_.Join("alice").PublishAudio();
  Consume(sound, Ssrc(88));
  sim_.RunFor(3s);
  const std::vector<Bytes> packets = Told<schema::RtpReceivedT>("tapped");
  ASSERT_GT(packets.size(), 100u);
  EXPECT_EQ(packets.size(), sound.Stats().packet_count);
  for (const Bytes& bytes : packets) {
    const auto packet = SimRtp::Parse(bytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->ssrc, Ssrc(88));
    EXPECT_EQ(packet->payload_type, kRouterAudio);
    EXPECT_TRUE(MediaMark::Read(packet->payload));
  }
}

TEST_F(DirectTest, ReportsReachTheApplication) {
  Publication& sound = sim_.Join("alice").PublishAudio();
  Consume(sound, Ssrc(88));
  sim_.RunFor(12s);
  bool reported = false;
  for (const Bytes& bytes : Told<schema::RtcpReceivedT>("direct")) {
    rtp::CompoundReader compound(bytes);
    while (const auto member = compound.Next()) {
      reported |= member->kind() == rtp::RtcpKind::kSenderReport;
    }
    EXPECT_FALSE(compound.malformed());
  }
  EXPECT_TRUE(reported);
}

// The publisher told its clock before anybody listened, and does not tell it again: what is sent
// was captured 200 ms earlier.
TEST_F(DirectTest, FirstReportTellsWhenTheSourceCaptured) {
  constexpr uint32_t kDelay = 9'600;
  const SimTrackOptions track{
      .kind = rtp::MediaKind::kAudio, .ssrc = Ssrc(77), .payload_type = kProducerAudio};
  Produce(track);
  SimSendTrack source(track, {});
  Publication injected(sim_.Join("nobody"), "injected", {&source});
  const auto send_one = [&] {
    source.HandleTimeout(sim_.now());
    while (auto packet = source.Poll()) ASSERT_TRUE(Send(packet->ToBytes()).ok());
    sim_.RunFor(20ms);
  };
  source.Start(sim_.now());
  for (int i = 0; i < 3; ++i) send_one();
  std::array<uint8_t, 64> room;
  ByteWriter out(room);
  rtp::SenderReport report = source.MakeReport(sim_.now());
  report.rtp_timestamp += kDelay;
  report.WriteTo(out);
  schema::SendRtcpT send;
  send.packet = Packed(Bytes(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(out.size())));
  ASSERT_TRUE(sim_.Ask("direct", std::move(send)).ok());
  Consume(injected, Ssrc(88));
  for (int i = 0; i < 3; ++i) send_one();

  const std::vector<Bytes> packets = Told<schema::RtpReceivedT>("tapped");
  ASSERT_FALSE(packets.empty());
  std::optional<rtp::SenderReport> first;
  for (const Bytes& bytes : Told<schema::RtcpReceivedT>("direct")) {
    rtp::CompoundReader compound(bytes);
    for (auto member = compound.Next(); member && !first; member = compound.Next()) {
      first = rtp::SenderReport::Parse(member->bytes());
    }
  }
  ASSERT_TRUE(first);
  const uint32_t ahead = first->rtp_timestamp - SimRtp::Parse(packets.front())->timestamp;
  constexpr uint32_t kMillisecond = 48;
  EXPECT_NEAR(ahead, kDelay, 5 * kMillisecond);
}

TEST_F(DirectTest, ApplicationAsksForKeyFramesByRtcp) {
  Publication& camera = sim_.Join("alice").PublishVideo();
  Consume(camera, Ssrc(88));
  sim_.RunFor(3s);
  const uint64_t before = camera.track().key_frames();
  std::array<uint8_t, 64> room;
  ByteWriter out(room);
  rtp::PictureLossIndication{{Ssrc(1), Ssrc(88)}}.WriteTo(out);
  schema::SendRtcpT send;
  send.packet = Packed(Bytes(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(out.size())));
  ASSERT_TRUE(sim_.Ask("direct", std::move(send)).ok());
  sim_.RunFor(1s);
  EXPECT_EQ(camera.track().key_frames(), before + 1);
}

// Media for an application that does not read is dropped, long before anything else is.
TEST_F(DirectTest, ApplicationThatDoesNotReadLosesMedia) {
  const SimTrackOptions track{
      .kind = rtp::MediaKind::kAudio, .ssrc = Ssrc(77), .payload_type = kProducerAudio};
  Produce(track);
  SimSendTrack source(track, {});
  Publication injected(sim_.Join("nobody"), "injected", {&source});
  Consume(injected, Ssrc(88));
  constexpr int kRequests = 20;
  constexpr int kPerRequest = 64;
  worker::Engine& engine = sim_.engine().engine();
  flatbuffers::FlatBufferBuilder builder;
  for (int i = 0; i < kRequests; ++i) {
    schema::SendRtpT send;
    for (int j = 0; j < kPerRequest; ++j) {
      send.packets.push_back(Packed(RtpPacketBuilder()
                                        .WithSsrc(77)
                                        .WithPayloadType(kProducerAudio.value())
                                        .WithSeq(static_cast<uint16_t>(i * kPerRequest + j))
                                        .WithPayload({1, 2, 3})
                                        .ToBytes()));
    }
    schema::RequestT request;
    request.id = 10'000 + static_cast<uint32_t>(i);
    request.target = "injected";
    request.body.Set(std::move(send));
    engine.HandleFrame(sim_.now(), control::EncodeRequest(builder, request));
  }
  worker::TransmitBatch batch;
  engine.PollTransmit(sim_.now(), batch);
  int messages = 0;
  while (!engine.PollMessage().empty()) ++messages;
  EXPECT_EQ(messages, 1000);
  SimControl::Answer stats = sim_.Ask("direct", schema::GetStatsT());
  // Answers were among those that found room, and perhaps a report.
  EXPECT_GE(CountOf(stats.body.AsTransportStats()->drops, DropReason::kQueueFull),
            static_cast<uint64_t>(kRequests * kPerRequest - (1000 - kRequests)));
}

TEST_F(DirectTest, RefusesWhatIsNoRtp) {
  Produce({.kind = rtp::MediaKind::kAudio, .ssrc = Ssrc(77), .payload_type = kProducerAudio});
  EXPECT_EQ(Send({1, 2, 3, 4}).code, ResultCode::InvalidArgument);
  EXPECT_EQ(Send({0x80, 201, 0, 0}).code, ResultCode::InvalidArgument);
  // RTP of nobody is taken and counted, as from any peer.
  ASSERT_TRUE(Send(RtpPacketBuilder().WithSsrc(5).WithPayload({1}).ToBytes()).ok());
  SimControl::Answer stats = sim_.Ask("direct", schema::GetStatsT());
  EXPECT_EQ(CountOf(stats.body.AsTransportStats()->drops, DropReason::kRtpUnknownStream), 1u);
  EXPECT_EQ(stats.body.AsTransportStats()->kind, "direct");
}

TEST_F(DirectTest, OnlyDirectTransportsTakePackets) {
  Publication& sound = sim_.Join("alice").PublishAudio();
  schema::SendRtpT send;
  send.packets.push_back(Packed(RtpPacketBuilder().ToBytes()));
  EXPECT_EQ(sim_.Ask(sound.id(), std::move(send)).code, ResultCode::FailedPrecondition);
}

TEST_F(DirectTest, ClosesLikeAnyOther) {
  Publication& sound = sim_.Join("alice").PublishAudio();
  Consume(sound, Ssrc(88));
  sim_.RunFor(1s);
  ASSERT_TRUE(sim_.Ask("direct", schema::CloseT()).ok());
  sim_.RunFor(1s);
  EXPECT_EQ(sim_.WorkerStats().transports, 1u);
  EXPECT_EQ(sim_.WorkerStats().consumers, 0u);
}

}  // namespace
}  // namespace sluice::test

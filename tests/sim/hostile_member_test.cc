// People who were invited and misbehave: authenticated, sealed, and up to no good. What they cost
// is bounded, and others do not notice.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/remb.h"
#include "rtp/rtcp/transport_feedback_builder.h"
#include "tests/support/simulation.h"
#include "tests/support/stun_bytes.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

class HostileMemberTest : public testing::Test {
 protected:
  HostileMemberTest() { sim_.RunFor(3s); }

  void TearDown() override {
    sim_.RunFor(1s);
    EXPECT_EQ(view_.track().residual_loss(), 0u);
    EXPECT_LT(view_.track().decoder().longest_freeze(), 150ms);
    EXPECT_EQ(view_.track().foreign() + view_.track().misnumbered(), 0u);
    EXPECT_EQ(alice_.Stats().dtls_state, "connected");
  }

  template <typename Feedback>
  void SendFeedback(const Feedback& feedback) {
    std::array<uint8_t, 1100> bytes;
    ByteWriter out(bytes);
    feedback.WriteTo(out);
    mallory_.peer().SendRtcp(out.written());
  }

  Simulation sim_{{.link = {.one_way = 20ms}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Member& mallory_ = sim_.Join("mallory");
  Publication& camera_ = alice_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
  Subscription& mallorys_view_ = mallory_.Subscribe(camera_);
};

// Asks for everything, all the time: each packet at most three times, never twice within a round
// trip, and all together no more than a share of the rate.
TEST_F(HostileMemberTest, NackFlood) {
  std::optional<uint16_t> newest;
  const Ssrc ssrc = mallorys_view_.track().track().ssrc;
  for (int i = 0; i < 1000; ++i) {
    const auto report = mallorys_view_.track().MakeReportBlock(sim_.now());
    ASSERT_TRUE(report);
    newest = static_cast<uint16_t>(report->highest_sequence);
    rtp::GenericNack nack;
    nack.sources = {Ssrc(1), ssrc};
    for (int back = 0; back < 200; ++back) nack.Add(SeqNo(*newest) + (back - 200));
    SendFeedback(nack);
    sim_.RunFor(5ms);
  }
  const schema::RtpStreamStatsT stats = mallorys_view_.Stats();
  EXPECT_GT(stats.nack_packet_count, 150'000u);
  EXPECT_GT(stats.packets_retransmitted, 100u);
  // Half of what the path is thought to carry, or was sent, for five seconds.
  const uint32_t rate = std::max(mallory_.Stats().available_outgoing_bitrate, stats.bitrate);
  EXPECT_LE(mallory_.Stats().rtx_bytes_sent, uint64_t{rate} / 8 / 2 * 5 * 5 / 4);
  EXPECT_GT(CountOf(stats.drops, DropReason::kRtxOverBudget), 100u);
  EXPECT_GT(CountOf(stats.drops, DropReason::kRtxRepeated), 100'000u);
  EXPECT_EQ(camera_.track().resend_requests(), 0u) << "the flood reached the sender";
}

TEST_F(HostileMemberTest, NackForWhatIsNotHis) {
  for (const Ssrc ssrc : {view_.track().track().ssrc, camera_.track().track().ssrc, Ssrc(5)}) {
    rtp::GenericNack nack;
    nack.sources = {Ssrc(1), ssrc};
    nack.Add(SeqNo(1));
    SendFeedback(nack);
    SendFeedback(rtp::PictureLossIndication{{Ssrc(1), ssrc}});
  }
  const uint64_t requests = camera_.track().key_frame_requests();
  sim_.RunFor(1s);
  EXPECT_EQ(mallory_.Drops(DropReason::kRtcpUnknownStream), 6u);
  EXPECT_EQ(camera_.track().key_frame_requests(), requests);
  EXPECT_EQ(view_.Stats().nack_count, 0u);
}

// Sealed with his own keys, under somebody else's SSRC.
TEST_F(HostileMemberTest, MediaUnderSomebodyElsesName) {
  const uint64_t before = camera_.Stats().packet_count;
  for (uint16_t i = 0; i < 500; ++i) {
    mallory_.peer().SendRtp(
        RtpPacketBuilder()
            .WithSsrc(camera_.track().track().ssrc.value())
            .WithPayloadType(kProducerVideo.value())
            .WithSeq(static_cast<uint16_t>(camera_.track().next_seq().value() + i))
            .WithTextExtension(kMidExtensionId, camera_.track().track().mid)
            .WithPayload(Vp8Payload({.key_frame = true})));
    if (i % 50 == 0) sim_.RunFor(10ms);
  }
  sim_.RunFor(100ms);
  EXPECT_EQ(mallory_.Drops(DropReason::kRtpUnknownStream), 500u);
  EXPECT_LT(camera_.Stats().packet_count - before, 40u);
}

// More streams than anybody has: those that are known go on.
TEST_F(HostileMemberTest, StormOfSealedStreams) {
  Publication& screen = mallory_.PublishVideo();
  Subscription& watched = bob_.Subscribe(screen);
  sim_.RunFor(1s);
  for (uint32_t i = 0; i < 5000; ++i) {
    mallory_.peer().SendRtp(RtpPacketBuilder()
                                .WithSsrc(1'000'000 + i)
                                .WithPayloadType(kProducerVideo.value())
                                .WithPayload(Vp8Payload({})));
    if (i % 100 == 0) sim_.RunFor(1ms);
  }
  sim_.RunFor(1s);
  EXPECT_EQ(
      mallory_.Drops(DropReason::kRtpUnknownStream) + mallory_.Drops(DropReason::kTooManyStreams),
      5000u);
  EXPECT_GT(mallory_.Drops(DropReason::kTooManyStreams), 4000u);
  EXPECT_EQ(watched.track().residual_loss(), 0u);
}

TEST_F(HostileMemberTest, PayloadTypesThatWereNeverAgreedOn) {
  Publication& screen = mallory_.PublishVideo();
  bob_.Subscribe(screen);
  sim_.RunFor(500ms);
  screen.track().Stop();
  for (uint16_t i = 0; i < 100; ++i) {
    mallory_.peer().SendRtp(
        RtpPacketBuilder()
            .WithSsrc(screen.track().track().ssrc.value())
            .WithPayloadType(static_cast<uint8_t>(i % 60))
            .WithSeq(static_cast<uint16_t>(screen.track().next_seq().value() + i))
            .WithPayload(Bytes(50, 1)));
  }
  sim_.RunFor(100ms);
  EXPECT_EQ(mallory_.Drops(DropReason::kRtpUnknownPayload), 100u);
}

// RTCP that is sealed and makes no sense.
TEST_F(HostileMemberTest, NonsenseInRtcp) {
  Bytes bytes(200);
  for (int i = 0; i < 1000; ++i) {
    sim_.entropy().Fill(bytes);
    // Version and kind as they must be to get this far.
    bytes[0] = static_cast<uint8_t>(0x80 | (bytes[0] & 0x3f));
    bytes[1] = static_cast<uint8_t>(200 + bytes[1] % 8);
    std::fill_n(bytes.begin() + 4, 4, uint8_t{1});  // Always the same sender.
    mallory_.peer().SendRtcp(ByteView(bytes).first(8 + bytes[9] % 190));
    if (i % 10 == 0) sim_.RunFor(1ms);
  }
  sim_.RunFor(100ms);
  EXPECT_GT(mallory_.Drops(DropReason::kRtcpMalformed), 900u);
}

// Estimates from zero to the moon concern the liar alone.
TEST_F(HostileMemberTest, LiesAboutTheRate) {
  for (const int64_t bps : {int64_t{0}, int64_t{1}, int64_t{100'000}, rtp::Remb::kMaxBps}) {
    rtp::Remb remb;
    remb.sender = Ssrc(1);
    remb.rate = BitRate::Bps(bps);
    remb.sources.push_back(mallorys_view_.track().track().ssrc);
    SendFeedback(remb);
    sim_.RunFor(500ms);
  }
  // Whose packets are acknowledged is not believed to carry more than has been seen to arrive.
  EXPECT_LT(mallory_.Stats().available_outgoing_bitrate, 10'000'000u);
  EXPECT_GE(mallory_.Stats().available_outgoing_bitrate, 30'000u);
}

// Numbers were agreed on, and nobody ever hears of them: nothing is known of the path, so next to
// nothing is sent on it.
TEST_F(HostileMemberTest, AgreesOnFeedbackAndNeverSendsAny) {
  mallory_.peer().StopFeedback();
  const uint64_t requests = camera_.track().key_frame_requests();
  sim_.RunFor(30s);
  EXPECT_LE(mallory_.Stats().available_outgoing_bitrate, 50'000u);
  EXPECT_LE(camera_.track().key_frame_requests() - requests, 3u);
  const uint64_t sent = mallory_.Stats().bytes_sent;
  sim_.RunFor(10s);
  EXPECT_LT(mallory_.Stats().bytes_sent - sent, 10u * 100'000 / 8);
  EXPECT_LT(sim_.engine().pool().in_use(), 2000u);
}

// Packets that never left, at times that cannot be.
TEST_F(HostileMemberTest, LiesAboutArrivals) {
  const uint64_t requests = camera_.track().key_frame_requests();
  for (int i = 0; i < 2000; ++i) {
    const TransportSeq base{sim_.entropy().U32() % 60'000};
    const Timestamp first(std::chrono::milliseconds(sim_.entropy().U32() % 1'000'000'000));
    rtp::TransportFeedbackBuilder lie(base, first, 1000);
    for (int k = 0; k < 100; ++k) {
      lie.Add({base.value + k}, first + std::chrono::milliseconds(sim_.entropy().U32() % 8000));
    }
    std::array<uint8_t, 1100> bytes;
    ByteWriter out(bytes);
    lie.WriteTo(out, {Ssrc(1), mallorys_view_.track().track().ssrc}, static_cast<uint8_t>(i));
    mallory_.peer().SendRtcp(out.written());
    sim_.RunFor(5ms);
  }
  EXPECT_GE(mallory_.Stats().available_outgoing_bitrate, 30'000u);
  EXPECT_LT(mallory_.Stats().available_outgoing_bitrate, 20'000'000u);
  EXPECT_LE(camera_.track().key_frame_requests() - requests, 20u);
  EXPECT_LT(sim_.engine().pool().in_use(), 4000u);
}

// A hundred times the rate of a camera: it costs the pool what it may cost, and no more.
TEST_F(HostileMemberTest, SendsFarMoreThanItShould) {
  Publication& screen = mallory_.PublishVideo({.encoder = {.packets_per_frame = 300}});
  Subscription& watched = bob_.Subscribe(screen);
  sim_.RunFor(5s);
  // 9,000 packets a second go through once the path has shown that it carries them. Before that
  // they wait for each other, and not the others' pictures for them.
  EXPECT_GT(watched.track().packets(), 30'000u);
  EXPECT_LE(sim_.engine().pool().in_use(), PacketPool::kDefaultMaxSlots);
  const uint64_t pictures = view_.track().decoder().pictures();
  sim_.RunFor(2s);
  EXPECT_GE(view_.track().decoder().pictures(), pictures + 58);
}

// An authentic check of his own transport, sent from Alice's address: what comes from there stays
// hers, or one forged datagram would silence her.
TEST_F(HostileMemberTest, ChecksInTheNameOfAnotherMembersAddress) {
  for (int i = 0; i < 200; ++i) {
    ice::StunMessage request;
    sim_.entropy().Fill(request.transaction);
    const std::string username = mallory_.local_ufrag() + ":" + mallory_.peer().ice().local().ufrag;
    request.username = username;
    request.priority = 1;
    request.use_candidate = i % 2 == 0;
    request.controlling = 1;
    const Bytes check = Sealed(StunBytes(request), mallory_.worker_credentials().password);
    sim_.network().Inject(sim_.now(), alice_.shown(), sim_.server(), check);
    sim_.RunFor(100ms);
  }
  // The fixture finds Alice's picture whole at Bob's.
}

// Many producers, all that the transport takes, and one more.
TEST_F(HostileMemberTest, AsManyProducersAsThereMayBe) {
  for (int i = 0; i < 64; ++i) mallory_.PublishAudio();
  schema::ProduceT produce;
  produce.producer_id = "one-more";
  produce.kind = schema::MediaKind::Audio;
  produce.rtp_parameters = DescribeTrack({.kind = rtp::MediaKind::kAudio,
                                          .mid = "x",
                                          .ssrc = Ssrc(77),
                                          .payload_type = kProducerAudio},
                                         "mallory");
  produce.mapping = DescribeMapping(rtp::MediaKind::kAudio);
  EXPECT_EQ(sim_.Ask(mallory_.transport(), std::move(produce)).code,
            schema::ResultCode::ResourceExhausted);
  sim_.RunFor(1s);
}

}  // namespace
}  // namespace sluice::test

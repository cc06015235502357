// The numbers add up: whatever came in went out or died for a reason.

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// Everything that can be counted about consumers, of their own drops.
uint64_t DropsOf(const schema::RtpStreamStatsT& stats) {
  uint64_t sum = 0;
  for (const auto& drop : stats.drops) {
    // About requests for repetition, which are no packets of the source.
    if (drop->reason == DropReasonName(DropReason::kRtxUnavailable)) continue;
    if (drop->reason == DropReasonName(DropReason::kRtxRepeated)) continue;
    sum += drop->packets;
  }
  return sum;
}

class StatsTest : public testing::Test {
 protected:
  StatsTest() {
    sim_.RunUntil(30s, [&] { return alice_.connected() && bob_.connected(); });
  }

  Simulation sim_{{.seed = 9, .link = {.one_way = 30ms, .loss = 0.03}}};
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
};

TEST_F(StatsTest, ConsumersForwardOrDropAllThatTheirProducerTakes) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(10s);
  ASSERT_TRUE(view.Pause().ok());
  sim_.RunFor(3s);
  ASSERT_TRUE(view.Resume().ok());
  sim_.RunFor(10s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const schema::RtpStreamStatsT in = camera.Stats();
  const schema::RtpStreamStatsT out = view.Stats();
  EXPECT_EQ(out.packet_count + DropsOf(out), in.packet_count);
  EXPECT_GT(CountOf(out.drops, DropReason::kConsumerPaused), 200u);
}

// Also those that it was never asked about, because it takes another encoding.
TEST_F(StatsTest, ConsumersForwardOrDropAllEncodingsOfTheirProducer) {
  Publication& camera = alice_.PublishVideo({.encodings = ThreeEncodings()});
  Subscription& view = bob_.Subscribe(camera, {.preferred = rtp::LayerId{0, 2}});
  sim_.RunFor(10s);
  ASSERT_TRUE(view.Prefer({2, 2}).ok());
  sim_.RunFor(10s);
  ASSERT_TRUE(view.Pause().ok());
  sim_.RunFor(3s);
  ASSERT_TRUE(view.Resume().ok());
  sim_.RunFor(5s);
  for (size_t i = 0; i < camera.encodings(); ++i) camera.track(i).Stop();
  sim_.RunFor(2s);
  const SimControl::Answer answer =
      sim_.Ask(camera.id(), schema::GetStatsT(), camera.owner().engine());
  uint64_t in = 0;
  for (const auto& stream : answer.body.AsStreamStatsList()->streams) in += stream->packet_count;
  const schema::RtpStreamStatsT out = view.Stats();
  EXPECT_EQ(out.packet_count + DropsOf(out), in);
  EXPECT_GT(CountOf(out.drops, DropReason::kOtherLayer), out.packet_count / 2);
  EXPECT_GT(CountOf(out.drops, DropReason::kConsumerPaused), 500u);
}

TEST_F(StatsTest, ProducersCountWhatTheirPeerSent) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(20s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const schema::RtpStreamStatsT in = camera.Stats();
  EXPECT_EQ(in.ssrc, camera.track().track().ssrc.value());
  EXPECT_EQ(in.mime_type, "video/VP8");
  // All but what stayed lost, which is next to nothing.
  EXPECT_NEAR(static_cast<double>(in.packet_count), camera.track().packets(), 3);
  EXPECT_NEAR(static_cast<double>(in.packets_lost), camera.track().packets() * 0.03, 25);
  EXPECT_EQ(in.key_frames, camera.track().key_frames());
  EXPECT_GT(in.packets_repaired, 20u);
  EXPECT_EQ(in.nack_packet_count >= in.packets_repaired, true);
  EXPECT_NEAR(in.round_trip_time_ms, 60, 5);
  const schema::RtpStreamStatsT out = view.Stats();
  EXPECT_EQ(out.ssrc, view.track().track().ssrc.value());
  EXPECT_NEAR(out.round_trip_time_ms, 60, 5);
  EXPECT_GT(out.packets_retransmitted, 20u);
}

TEST_F(StatsTest, TransportsCountEveryDatagram) {
  alice_.PublishVideo();
  Publication& sound = bob_.PublishAudio();
  alice_.Subscribe(sound);
  uint64_t received = 0, sent = 0, received_bytes = 0, sent_bytes = 0;
  Simulation sim({.link = {.one_way = 30ms}});
  sim.network().set_tap([&](Timestamp, const SimNetwork::Delivery& delivery) {
    const bool up = delivery.to == sim.server();
    (up ? received : sent) += 1;
    (up ? received_bytes : sent_bytes) += delivery.bytes.size();
  });
  Member& carol = sim.Join("carol");
  carol.Subscribe(carol.PublishVideo());
  sim.RunFor(5s);
  // What is under way has been sent and not yet received.
  sim.network().Separate(carol.shown().address, sim.server().address);
  const uint64_t on_the_way = received;
  sim.RunFor(100ms);
  const schema::TransportStatsT stats = carol.Stats();
  EXPECT_EQ(stats.packets_received, on_the_way);
  EXPECT_EQ(stats.packets_sent, sent);
  EXPECT_EQ(stats.bytes_sent, sent_bytes);
  EXPECT_EQ(sim.WorkerStats().datagrams_sent, sent);
  EXPECT_EQ(sim.WorkerStats().datagrams_received, on_the_way);
}

// Two pictures whose packets differ by less than a train may be padded.
TEST_F(StatsTest, PaddingOfTrainsIsCountedAndIsNoPayload) {
  Simulation sim({.link = {.one_way = 30ms}});
  Member& carol = sim.Join("carol");
  Member& dave = sim.Join("dave");
  EXPECT_TRUE(sim.RunUntil(30s, [&] { return carol.connected() && dave.connected(); }));
  Publication& large = carol.PublishVideo({.encoder = {.payload_size = 1000}});
  Publication& small = carol.PublishVideo({.encoder = {.payload_size = 988}});
  Subscription* views[] = {&dave.Subscribe(large), &dave.Subscribe(small)};
  sim.RunFor(5s);
  large.track().Stop();
  small.track().Stop();
  sim.RunFor(1s);
  uint64_t padding = 0;
  for (Subscription* view : views) {
    SimReceiveTrack& track = view->track();
    EXPECT_EQ(track.foreign() + track.misnumbered(), 0u);
    padding += track.padding_bytes();
  }
  EXPECT_GT(padding, 12u * 100);
  EXPECT_EQ(sim.WorkerStats().padding_bytes_sent, padding);
}

// Every datagram ends as something that somebody counts.
TEST_F(StatsTest, DatagramsAreConserved) {
  Publication& camera = alice_.PublishVideo();
  bob_.Subscribe(camera);
  sim_.RunFor(20s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const schema::TransportStatsT in = alice_.Stats();
  const schema::RtpStreamStatsT stream = camera.Stats();
  uint64_t drops = 0;
  for (const auto& drop : in.drops) drops += drop->packets;
  // Media that was taken, media that died, and what is not media: RTCP, checks, the handshake.
  const uint64_t rest = in.packets_received - stream.packet_count - drops;
  EXPECT_GE(rest, alice_.peer().rtcp_sent() * 9 / 10);
  EXPECT_LE(rest, alice_.peer().rtcp_sent() + alice_.peer().ice().requests_sent() + 20);
}

// What peers learn from us about themselves.
TEST_F(StatsTest, PublishersLearnOfLossRoundTripAndArrivals) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(20s);
  const auto report = alice_.peer().report_of(camera.track().track().ssrc);
  ASSERT_TRUE(report);
  EXPECT_NEAR(report->cumulative_lost, camera.track().packets() * 0.03, 25);
  ASSERT_TRUE(alice_.peer().media_round_trip());
  EXPECT_NEAR(static_cast<double>(alice_.peer().media_round_trip()->count()), 60'000, 2'000);
  // Transport-wide feedback tells of nearly every packet, though feedback is lost as well.
  EXPECT_GT(alice_.peer().arrivals_reported(), camera.track().packets() * 9u / 10);
  // And receivers learn when pictures were taken.
  EXPECT_GE(view.track().sender_reports(), 10u);
  ASSERT_TRUE(view.track().sender_report());
  EXPECT_NEAR(static_cast<double>(view.track().sender_report()->packet_count),
              static_cast<double>(view.Stats().packet_count), 120);
}

uint64_t CountOfState(const std::vector<std::unique_ptr<schema::StateCountT>>& states,
                      std::string_view name) {
  for (const auto& entry : states) {
    if (entry->state == name) return entry->count;
  }
  return 0;
}

uint64_t CountOfAll(const schema::DurationHistogramT& histogram) {
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), uint64_t{0});
}

TEST_F(StatsTest, TheWorkerAddsUpWhatItsTransportsDid) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(10s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const schema::TransportStatsT transports[] = {alice_.Stats(), bob_.Stats()};
  const schema::RtpStreamStatsT in = camera.Stats();
  const schema::RtpStreamStatsT out = view.Stats();
  const schema::WorkerStatsT worker = sim_.WorkerStats();
  const schema::TrafficT& traffic = *worker.traffic;
  EXPECT_EQ(traffic.packets_received,
            transports[0].packets_received + transports[1].packets_received);
  EXPECT_EQ(traffic.bytes_sent, transports[0].bytes_sent + transports[1].bytes_sent);
  EXPECT_EQ(traffic.received->packets, in.packet_count);
  EXPECT_EQ(traffic.received->packets_lost, in.packets_lost);
  EXPECT_EQ(traffic.received->nack_packet_count, in.nack_packet_count);
  EXPECT_EQ(traffic.received->pli_count, in.pli_count);
  EXPECT_EQ(traffic.received->key_frames, in.key_frames);
  EXPECT_EQ(traffic.sent->packets, out.packet_count);
  EXPECT_EQ(traffic.sent->packets_retransmitted, out.packets_retransmitted);
  EXPECT_EQ(traffic.sent->nack_count, out.nack_count);
  EXPECT_GT(traffic.sent->nack_count, 10u);
  EXPECT_EQ(traffic.transports, 2u);
  EXPECT_EQ(traffic.producers, 1u);
  EXPECT_EQ(traffic.consumers, 1u);
  EXPECT_EQ(CountOfState(traffic.dtls_states, "connected"), 2u);
  EXPECT_EQ(traffic.available_outgoing_bitrate, uint64_t{transports[0].available_outgoing_bitrate} +
                                                    transports[1].available_outgoing_bitrate);
  EXPECT_GT(traffic.estimated_transports, 0u);
}

TEST_F(StatsTest, SumsOfARouterAndOfTheWorkerSurviveWhatTheyCounted) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(5s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const uint64_t received = camera.Stats().packet_count;
  const uint64_t sent = view.Stats().packet_count;
  const auto router = [&] {
    SimControl::Answer answer = sim_.Ask("room", schema::GetStatsT());
    return std::move(*answer.body.AsRouterStats());
  };
  const schema::RouterStatsT before = router();
  EXPECT_EQ(before.router_id, "room");
  ASSERT_TRUE(view.Close().ok());
  ASSERT_TRUE(camera.Close().ok());
  EXPECT_EQ(router().traffic->received->packets, received);
  EXPECT_EQ(router().traffic->sent->packets, sent);
  ASSERT_TRUE(alice_.Close().ok());
  ASSERT_TRUE(bob_.Close().ok());
  sim_.RunFor(1s);
  const schema::RouterStatsT after = router();
  EXPECT_EQ(after.traffic->received->packets, received);
  EXPECT_EQ(after.traffic->sent->packets, sent);
  EXPECT_GE(after.traffic->packets_received, before.traffic->packets_received);
  EXPECT_GE(after.traffic->bytes_sent, before.traffic->bytes_sent);
  EXPECT_EQ(after.traffic->transports, 0u);
  ASSERT_TRUE(sim_.Ask("room", schema::CloseT()).ok());
  const schema::WorkerStatsT worker = sim_.WorkerStats();
  EXPECT_EQ(worker.traffic->received->packets, received);
  EXPECT_EQ(worker.traffic->sent->packets, sent);
  EXPECT_EQ(worker.traffic->packets_sent, worker.datagrams_sent);
}

TEST_F(StatsTest, EveryFirstSendingHasADelayAndNoRepetitionHas) {
  Publication& camera = alice_.PublishVideo();
  Subscription& view = bob_.Subscribe(camera);
  sim_.RunFor(10s);
  camera.track().Stop();
  sim_.RunFor(2s);
  const schema::RtpStreamStatsT out = view.Stats();
  ASSERT_GT(out.packets_retransmitted, 5u);
  const schema::WorkerStatsT worker = sim_.WorkerStats();
  const schema::DurationHistogramT& delay = *worker.forwarding_delay;
  EXPECT_EQ(CountOfAll(delay), out.packet_count);
  EXPECT_EQ(delay.counts.size(), delay.bounds_us.size() + 1);
  // The pacer lets pass what the path carries.
  EXPECT_LT(delay.sum_us / CountOfAll(delay), 5'000u);
  // Told once.
  EXPECT_EQ(sim_.WorkerStats().forwarding_delay->max_us, 0u);
}

}  // namespace
}  // namespace sluice::test

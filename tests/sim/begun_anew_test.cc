// An application closes a producer and makes another one of the same section, while the peer goes
// on sending under the SSRCs it has.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::Gt;

class BegunAnewTest : public testing::Test {
 protected:
  // Of each encoding of a producer.
  template <typename Field>
  std::vector<uint64_t> Counts(const Publication& publication, Field field) {
    std::vector<uint64_t> counts;
    const SimControl::Answer answer = sim_.Ask(publication.id(), schema::GetStatsT());
    for (const auto& stream : answer.body.AsStreamStatsList()->streams) {
      counts.push_back((*stream).*field);
    }
    return counts;
  }

  // A packet under the SSRC of a track, as the peer seals it, on its way to the worker.
  void SendAs(Member& member, const SimSendTrack& track, uint16_t seq) {
    member.peer().SendRtp(RtpPacketBuilder()
                              .WithSsrc(track.track().ssrc.value())
                              .WithPayloadType(track.track().payload_type.value())
                              .WithSeq(seq)
                              .WithTextExtension(kMidExtensionId, track.track().mid)
                              .WithPayload(Vp8Payload({.key_frame = true})));
    sim_.RunFor(50ms);
  }

  Simulation sim_{{.link = {.one_way = 20ms, .loss = 0.03}}};
};

TEST_F(BegunAnewTest, StreamsWithoutNamesInTheirPacketsFlowToTheNextProducer) {
  Member& alice = sim_.Join("alice");
  Member& bob = sim_.Join("bob");
  Publication* camera =
      &alice.PublishVideo({.encodings = ThreeEncodings(), .signals_ssrcs = false});
  bob.Subscribe(*camera);
  // Until retransmissions of each size have come as well.
  ASSERT_TRUE(sim_.RunUntil(60s, [&] {
    const auto repeats = Counts(*camera, &schema::RtpStreamStatsT::packets_retransmitted);
    return std::ranges::all_of(repeats, [](uint64_t count) { return count > 0; });
  }));
  for (size_t i = 0; i < camera->encodings(); ++i) camera->track(i).StopNaming();
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(camera->Close().ok());
    sim_.RunFor(1s);
    camera = &alice.PublishAgain(*camera);
    Subscription& view = bob.Subscribe(*camera);
    sim_.RunFor(10s);
    EXPECT_THAT(Counts(*camera, &schema::RtpStreamStatsT::packet_count), Each(Gt(200u)));
    EXPECT_THAT(Counts(*camera, &schema::RtpStreamStatsT::packets_repaired), Each(Gt(0u)));
    EXPECT_GT(view.track().decoder().pictures(), 200u);
  }
}

// How often its numbers have wrapped is on no wire, and the peer goes on counting (RFC 3711
// §3.3.1).
TEST_F(BegunAnewTest, ASourceWhoseNumbersHaveWrappedIsStillUnderstood) {
  Member& alice = sim_.Join("alice", {.link = LinkOptions{}});
  Publication& camera = alice.PublishVideo();
  ASSERT_TRUE(sim_.RunUntil(10s, [&] { return alice.connected(); }));
  camera.track().Stop();
  sim_.RunFor(100ms);
  uint16_t seq = camera.track().next_seq().value();
  for (int i = 0; i < 10; ++i) SendAs(alice, camera.track(), seq += 20'000);
  ASSERT_TRUE(camera.Close().ok());
  Publication& again = alice.PublishAgain(camera);
  SendAs(alice, camera.track(), ++seq);
  EXPECT_EQ(alice.Drops(DropReason::kSrtpAuthentication), 0u);
  EXPECT_EQ(again.Stats().packet_count, 1u);
}

// Forty pictures with their retransmissions are eighty SSRCs.
TEST_F(BegunAnewTest, WhatIsRememberedIsBoundedAndDumpTellsIt) {
  Member& alice = sim_.Join("alice");
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(alice.PublishVideo().Close().ok());
  const SimControl::Answer answer = sim_.Ask(alice.transport(), schema::DumpT());
  const std::string& text = answer.body.AsDumpText()->json;
  EXPECT_THAT(text, testing::HasSubstr("\"endedSsrcs\":64,"));
  EXPECT_THAT(text, testing::HasSubstr("\"endedSsrcsDisplaced\":16}"));
}

// The keys of a plain transport were signalled, and outlive the tool that they were given to.
TEST_F(BegunAnewTest, AToolThatIsStartedAnewCountsFromTheBeginning) {
  constexpr auto kProfile = dtls::SrtpProfile::kAesCm128HmacSha1_80;
  Member& tool =
      sim_.Join("tool", {.link = LinkOptions{}, .plain = PlainOptions{.srtp = kProfile}});
  Publication& camera = tool.PublishVideo();
  camera.track().Stop();
  sim_.RunFor(100ms);
  uint16_t seq = camera.track().next_seq().value();
  for (int i = 0; i < 10; ++i) SendAs(tool, camera.track(), seq += 20'000);
  ASSERT_TRUE(camera.Close().ok());
  tool.peer().srtp().RemoveOutgoing(camera.track().track().ssrc);
  Publication& again = tool.PublishAgain(camera);
  SendAs(tool, camera.track(), 100);
  EXPECT_EQ(tool.Drops(DropReason::kSrtpAuthentication), 0u);
  EXPECT_EQ(again.Stats().packet_count, 1u);
}

}  // namespace
}  // namespace sluice::test

// Requests that cannot be granted: an error that says why, and nothing has changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using schema::ResultCode;
using testing::HasSubstr;

class ControlRequestsTest : public testing::Test {
 protected:
  ControlRequestsTest() { sim_.RunFor(2s); }

  // Everything the worker says about itself, apart from the packets that come and go meanwhile.
  std::string State() {
    std::string state;
    for (const char* target : {"room", "server", "alice-transport"}) {
      state += Dump(target);
    }
    for (const std::string& target : {camera_.id(), view_.id()}) state += Dump(target);
    const schema::WorkerStatsT stats = sim_.WorkerStats();
    state += std::to_string(stats.routers) + "/" + std::to_string(stats.transports) + "/" +
             std::to_string(stats.producers) + "/" + std::to_string(stats.consumers);
    return state + "/" + std::to_string(sim_.engine().sockets().open());
  }

  // Refused with `code` and a sentence that holds `text`, and no trace of it is left.
  template <typename Body>
  void ExpectRefused(std::string_view target, Body body, ResultCode code, const std::string& text) {
    const std::string before = State();
    const SimControl::Answer answer = sim_.Ask(target, std::move(body));
    EXPECT_EQ(answer.code, code) << answer.message;
    EXPECT_THAT(answer.message, HasSubstr(text));
    EXPECT_EQ(State(), before) << answer.message;
  }

  // A request to produce that would be granted, changed by `spoil`.
  schema::ProduceT Produce(const std::function<void(schema::ProduceT&)>& spoil) {
    SimTrackOptions track{.mid = "9",
                          .ssrc = Ssrc(99),
                          .rtx_ssrc = Ssrc(98),
                          .payload_type = kProducerVideo,
                          .rtx_payload_type = kProducerRtx};
    schema::ProduceT produce;
    produce.producer_id = "fresh";
    produce.kind = schema::MediaKind::Video;
    produce.rtp_parameters = DescribeTrack(track, "alice");
    produce.mapping = DescribeMapping(track.kind);
    spoil(produce);
    return produce;
  }

  schema::ConsumeT Consume(const std::function<void(schema::ConsumeT&)>& spoil) {
    SimTrackOptions track{.mid = "9",
                          .ssrc = Ssrc(99),
                          .rtx_ssrc = Ssrc(98),
                          .payload_type = kRouterVideo,
                          .rtx_payload_type = kRouterRtx};
    schema::ConsumeT consume;
    consume.consumer_id = "fresh";
    consume.producer_id = camera_.id();
    consume.kind = schema::MediaKind::Video;
    consume.rtp_parameters = DescribeTrack(track, "source");
    spoil(consume);
    return consume;
  }

  schema::CreateWebRtcTransportT Create(
      const std::function<void(schema::CreateWebRtcTransportT&)>& spoil) {
    schema::CreateWebRtcTransportT create;
    create.transport_id = "fresh";
    create.webrtc_server_id = "server";
    spoil(create);
    return create;
  }

  std::string Dump(std::string_view target) {
    const SimControl::Answer answer = sim_.Ask(target, schema::DumpT());
    EXPECT_TRUE(answer.ok()) << target;
    return answer.ok() ? answer.body.AsDumpText()->json : "";
  }

  Simulation sim_;
  Member& alice_ = sim_.Join("alice");
  Member& bob_ = sim_.Join("bob");
  Publication& camera_ = alice_.PublishVideo();
  Subscription& view_ = bob_.Subscribe(camera_);
};

TEST_F(ControlRequestsTest, WhatIsNotSpoiledIsGranted) {
  EXPECT_TRUE(sim_.Ask("alice-transport", Produce([](auto&) {})).ok());
  EXPECT_TRUE(sim_.Ask("alice-transport", Consume([](auto& c) { c.consumer_id = "x"; })).ok());
  EXPECT_TRUE(sim_.Ask("room", Create([](auto& c) { c.transport_id = "y"; })).ok());
}

TEST_F(ControlRequestsTest, UnknownTargets) {
  ExpectRefused("nobody", schema::CloseT(), ResultCode::NotFound, "nobody");
  ExpectRefused("nobody", schema::DumpT(), ResultCode::NotFound, "nobody");
  ExpectRefused("nobody", schema::GetStatsT(), ResultCode::NotFound, "nobody");
  ExpectRefused("", schema::CloseT(), ResultCode::NotFound, "target");
  ExpectRefused("nobody", Create([](auto&) {}), ResultCode::NotFound, "nobody");
  ExpectRefused("nobody", Produce([](auto&) {}), ResultCode::NotFound, "nobody");
  ExpectRefused("nobody", schema::PauseT(), ResultCode::NotFound, "nobody");
}

TEST_F(ControlRequestsTest, TargetsOfTheWrongKind) {
  ExpectRefused("room", Produce([](auto&) {}), ResultCode::NotFound, "room");
  ExpectRefused("server", Create([](auto&) {}), ResultCode::NotFound, "server");
  ExpectRefused("room", schema::PauseT(), ResultCode::NotFound, "room");
  ExpectRefused("alice-transport", schema::ResumeT(), ResultCode::NotFound, "alice-transport");
  ExpectRefused("server", schema::GetStatsT(), ResultCode::NotFound, "server");
  ExpectRefused(camera_.id(), schema::RequestKeyFrameT(), ResultCode::NotFound, camera_.id());
  ExpectRefused(camera_.id(), schema::RestartIceT(), ResultCode::NotFound, camera_.id());
}

TEST_F(ControlRequestsTest, IdsThatAreTaken) {
  schema::CreateRouterT router;
  router.router_id = "alice-transport";  // One space of names for all kinds.
  ExpectRefused("", std::move(router), ResultCode::AlreadyExists, "routerId");
  ExpectRefused("room", Create([](auto& c) { c.transport_id = "room"; }), ResultCode::AlreadyExists,
                "transportId");
  ExpectRefused("alice-transport", Produce([&](auto& p) { p.producer_id = camera_.id(); }),
                ResultCode::AlreadyExists, "producerId");
  ExpectRefused("alice-transport", Consume([&](auto& c) { c.consumer_id = view_.id(); }),
                ResultCode::AlreadyExists, "consumerId");
}

TEST_F(ControlRequestsTest, EmptyIds) {
  ExpectRefused("room", Create([](auto& c) { c.transport_id = ""; }), ResultCode::InvalidArgument,
                "transport_id");
  ExpectRefused("alice-transport", Produce([](auto& p) { p.producer_id = ""; }),
                ResultCode::InvalidArgument, "producer_id");
}

TEST_F(ControlRequestsTest, TransportsThatCannotBe) {
  const auto bad = ResultCode::InvalidArgument;
  ExpectRefused("room", Create([](auto& c) { c.webrtc_server_id = ""; }), bad, "webRtcServerId");
  ExpectRefused("room", Create([](auto& c) { c.webrtc_server_id = "x"; }), ResultCode::NotFound,
                "webRtcServerId");
  ExpectRefused("room", Create([](auto& c) { c.ice_consent_timeout_s = 5; }), bad,
                "iceConsentTimeout");
  ExpectRefused("room", Create([](auto& c) { c.enable_udp = false; }), bad, "enableUdp");
  // The shared port is none of TCP.
  ExpectRefused("room", Create([](auto& c) { c.enable_udp = false, c.enable_tcp = true; }), bad,
                "enableUdp, enableTcp");
  const auto listening = [&](const std::function<void(schema::ListenInfoT&)>& spoil) {
    return Create([&](auto& c) {
      c.webrtc_server_id = "";
      for (int i = 0; i < 2; ++i) {
        c.listen_infos.push_back(std::make_unique<schema::ListenInfoT>());
        c.listen_infos.back()->ip = "10.0.0.1";
      }
      spoil(*c.listen_infos.back());
    });
  };
  ExpectRefused("room", listening([](auto& i) { i.ip = "host.example"; }), bad,
                "listenInfos[1].ip");
  ExpectRefused("room", listening([](auto& i) { i.ip = "0.0.0.0"; }), bad,
                "listenInfos[1].announcedAddress");
  const auto reused = [](auto& i) { i.protocol = schema::Protocol::Tcp, i.udp_reuse_port = true; };
  ExpectRefused("room", listening(reused), bad, "listenInfos[1].flags.udpReusePort");
  ExpectRefused("room", listening([](auto& i) { i.port_min = 10, i.port_max = 9; }), bad,
                "listenInfos[1].portRange");
  // The first socket was open already when the second was refused.
  ExpectRefused("room", listening([&](auto& i) { i.port = sim_.server().port; }),
                ResultCode::Unavailable, "listenInfos[1]");
}

TEST_F(ControlRequestsTest, SocketsThatRunOut) {
  sim_.engine().sockets().Exhaust();
  const auto create = [&] {
    return Create([](auto& c) {
      c.webrtc_server_id = "";
      c.listen_infos.push_back(std::make_unique<schema::ListenInfoT>());
      c.listen_infos.back()->ip = "10.0.0.1";
    });
  };
  ExpectRefused("room", create(), ResultCode::Unavailable, "listenInfos[0]");
  sim_.engine().sockets().Exhaust(false);
  EXPECT_TRUE(sim_.Ask("room", create()).ok());
}

TEST_F(ControlRequestsTest, ConnectOnlyOnceAndOnlyWithAFingerprint) {
  Member& carol = sim_.Arrive("carol");
  const auto connect = [](const char* algorithm, const std::string& value) {
    schema::ConnectWebRtcTransportT request;
    request.fingerprints.push_back(std::make_unique<schema::FingerprintT>());
    request.fingerprints.back()->algorithm = algorithm;
    request.fingerprints.back()->value = value;
    return request;
  };
  const auto bad = ResultCode::InvalidArgument;
  ExpectRefused(carol.transport(), schema::ConnectWebRtcTransportT(), bad, "fingerprints");
  ExpectRefused(carol.transport(), connect("sha-1", "AA:BB"), bad, "fingerprints");
  ExpectRefused(carol.transport(), connect("sha-256", "AA:BB"), bad, "fingerprints[0].value");
  // A refused call does not count as the one.
  EXPECT_TRUE(carol.Connect().ok());
  EXPECT_EQ(carol.Connect().code, ResultCode::FailedPrecondition);
  sim_.RunFor(2s);
  EXPECT_TRUE(carol.connected());
}

TEST_F(ControlRequestsTest, ProducersThatCannotBe) {
  using P = schema::ProduceT;
  const auto bad = ResultCode::InvalidArgument;
  const auto expect = [&](const std::function<void(P&)>& spoil, const std::string& text,
                          ResultCode code) {
    ExpectRefused("alice-transport", Produce(spoil), code, text);
  };
  expect([](P& p) { p.rtp_parameters->codecs[0]->payload_type = 128; }, "codecs[0].payloadType",
         bad);
  expect([](P& p) { p.rtp_parameters->codecs[0]->payload_type = 72; }, "codecs[0].payloadType",
         bad);
  expect([](P& p) { p.rtp_parameters->codecs[0]->clock_rate = 0; }, "codecs[0].clockRate", bad);
  expect([](P& p) { p.rtp_parameters->codecs[0]->mime_type = "audio/opus"; }, "codecs[0].mimeType",
         bad);
  expect([](P& p) { p.rtp_parameters->codecs[1]->payload_type = 100; }, "codecs[1].payloadType",
         bad);
  expect([](P& p) { p.rtp_parameters->codecs[1]->parameters.clear(); }, "codecs[1].parameters.apt",
         bad);
  expect([](P& p) { p.rtp_parameters->codecs[1]->parameters[0]->value = "77"; },
         "codecs[1].parameters.apt", bad);
  expect([](P& p) { p.rtp_parameters->codecs.clear(); }, "codecs", bad);
  expect([](P& p) { p.rtp_parameters->encodings.clear(); }, "encodings", bad);
  expect([](P& p) { p.rtp_parameters->encodings[0]->rtx_ssrc = 99; }, "encodings[0].rtx.ssrc", bad);
  expect([](P& p) { p.rtp_parameters->encodings[0]->rid = std::string(17, 'r'); },
         "encodings[0].rid", bad);
  expect([](P& p) { p.rtp_parameters->mid = std::string(17, 'm'); }, "mid", bad);
  expect([](P& p) { p.rtp_parameters->header_extensions[0]->id = 0; }, "headerExtensions[0].id",
         bad);
  expect([](P& p) { p.rtp_parameters->header_extensions[1]->id = 1; }, "headerExtensions[1].id",
         bad);
  // Another producer of the transport uses id 1 for MID.
  expect([](P& p) { p.rtp_parameters->header_extensions[0]->id = 5; }, "headerExtensions", bad);
  expect([](P& p) { p.mapping.clear(); }, "mapping", bad);
  expect([](P& p) { p.mapping[0]->mapped_payload_type = 200; }, "mapping[0]", bad);
  const uint32_t taken = camera_.track().track().ssrc.value();
  expect([&](P& p) { p.rtp_parameters->encodings[0]->ssrc = taken; }, "encodings[0]",
         ResultCode::AlreadyExists);
  expect([&](P& p) { p.rtp_parameters->mid = camera_.track().track().mid; }, "encodings[0]",
         ResultCode::AlreadyExists);
}

TEST_F(ControlRequestsTest, ConsumersThatCannotBe) {
  using C = schema::ConsumeT;
  const auto bad = ResultCode::InvalidArgument;
  const auto expect = [&](const std::function<void(C&)>& spoil, const std::string& text,
                          ResultCode code) {
    ExpectRefused("bob-transport", Consume(spoil), code, text);
  };
  expect([](C& c) { c.producer_id = "x"; }, "producerId", ResultCode::NotFound);
  expect([](C& c) { c.producer_id = "room"; }, "producerId", ResultCode::NotFound);
  expect([](C& c) { c.kind = schema::MediaKind::Audio; }, "codecs[0].mimeType", bad);
  expect([](C& c) { c.rtp_parameters->encodings[0]->ssrc.reset(); }, "encodings", bad);
  expect(
      [](C& c) {
        c.rtp_parameters->codecs[0]->payload_type = 98;
        c.rtp_parameters->codecs[1]->parameters[0]->value = "98";
      },
      "codecs", bad);
  const uint32_t taken = view_.track().track().ssrc.value();
  expect([&](C& c) { c.rtp_parameters->encodings[0]->ssrc = taken; }, "encodings[0]",
         ResultCode::AlreadyExists);
  expect([](C& c) { c.rtp_parameters->header_extensions[0]->id = 7; }, "headerExtensions", bad);
  schema::CreateRouterT router;
  router.router_id = "other";
  ASSERT_TRUE(sim_.Ask("", std::move(router)).ok());
  Member& carol = sim_.Arrive("carol", {.router = "other"});
  ExpectRefused(carol.transport(), Consume([](C&) {}), ResultCode::FailedPrecondition,
                "producerId");
}

TEST_F(ControlRequestsTest, WhatIsClosedIsGone) {
  ASSERT_TRUE(camera_.Close().ok());
  for (const std::string& target : {camera_.id(), view_.id()}) {
    EXPECT_EQ(sim_.Ask(target, schema::PauseT()).code, ResultCode::NotFound);
    EXPECT_EQ(sim_.Ask(target, schema::CloseT()).code, ResultCode::NotFound);
    EXPECT_EQ(sim_.Ask(target, schema::GetStatsT()).code, ResultCode::NotFound);
  }
  ASSERT_TRUE(alice_.Close().ok());
  EXPECT_EQ(sim_.Ask(alice_.transport(), Produce([](auto&) {})).code, ResultCode::NotFound);
  EXPECT_EQ(sim_.Ask(alice_.transport(), schema::RestartIceT()).code, ResultCode::NotFound);
}

TEST_F(ControlRequestsTest, FramesThatAreNone) {
  SimControl& control = sim_.control();
  const std::string before = State();
  EXPECT_EQ(control.AskRaw(sim_.now(), {}).code, ResultCode::InvalidArgument);
  std::vector<uint8_t> bytes(1000);
  for (int i = 0; i < 300; ++i) {
    bytes.resize(static_cast<size_t>(i * 3));
    sim_.entropy().Fill(bytes);
    const SimControl::Answer answer = control.AskRaw(sim_.now(), bytes);
    EXPECT_FALSE(answer.ok());
    EXPECT_FALSE(answer.message.empty());
  }
  EXPECT_EQ(State(), before);
}

// Every byte of a good request changed once: granted or refused, never anything else.
TEST_F(ControlRequestsTest, FramesWithOneByteChanged) {
  flatbuffers::FlatBufferBuilder builder;
  schema::RequestT request;
  request.id = 7;
  request.target = "alice-transport";
  request.body.Set(Produce([](auto&) {}));
  const control::FrameBytes frame = control::EncodeRequest(builder, request);
  int granted = 0;
  for (size_t i = 0; i < frame.size(); ++i) {
    std::vector<uint8_t> changed(frame.begin(), frame.end());
    changed[i] ^= static_cast<uint8_t>(1 + i % 255);
    if (sim_.control().AskRaw(sim_.now(), changed).ok()) {
      ++granted;
      sim_.Ask("fresh", schema::CloseT());
    }
  }
  EXPECT_GT(granted, 0);
  EXPECT_LT(granted, static_cast<int>(frame.size()) / 2);
}

TEST_F(ControlRequestsTest, WorkerCountsRequestsAndRefusals) {
  const schema::WorkerStatsT before = sim_.WorkerStats();
  sim_.Ask("nobody", schema::CloseT());
  sim_.Ask("room", schema::DumpT());
  const schema::WorkerStatsT after = sim_.WorkerStats();
  EXPECT_EQ(after.requests, before.requests + 3);
  EXPECT_EQ(after.requests_refused, before.requests_refused + 1);
}

}  // namespace
}  // namespace sluice::test

// Media tools on plain transports: RTP both ways without ICE and DTLS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rtp/rtcp/sender_report.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using dtls::SrtpProfile;
using schema::NotificationBody;
using schema::ResultCode;

constexpr Duration kOneWay = 20ms;

struct Case {
  std::string name;
  PlainOptions plain = {};
};

class PlainTest : public testing::TestWithParam<Case> {
 protected:
  Simulation sim_{{.link = {.one_way = kOneWay}}};
};

// A tool publishes, a browser watches.
TEST_P(PlainTest, BrowserSeesWhatAToolSends) {
  Publication& camera = sim_.Join("tool", {.plain = GetParam().plain}).PublishVideo({.rtx = false});
  Publication& sound = camera.owner().PublishAudio();
  Member& browser = sim_.Join("browser");
  Subscription& view = browser.Subscribe(camera);
  Subscription& hearing = browser.Subscribe(sound);
  sim_.RunFor(5s);
  EXPECT_GT(view.track().decoder().pictures(), 100u);
  EXPECT_GT(hearing.track().packets(), 200u);
  EXPECT_EQ(view.track().foreign() + hearing.track().foreign(), 0u);
  EXPECT_GT(camera.owner().peer().rtcp_received(), 0u);
}

// A browser publishes, a tool records.
TEST_P(PlainTest, ToolGetsWhatABrowserSends) {
  Publication& camera = sim_.Join("browser").PublishVideo();
  Member& tool = sim_.Join("tool", {.plain = GetParam().plain});
  // With comedia nobody knows where it is before it has sent something.
  tool.PublishAudio();
  Subscription& view = tool.Subscribe(camera, {.rtx = false});
  sim_.RunFor(5s);
  EXPECT_GT(view.track().decoder().pictures(), 100u);
  EXPECT_EQ(view.track().residual_loss(), 0u);
  EXPECT_EQ(view.track().foreign(), 0u);
  EXPECT_EQ(tool.peer().unexpected() + tool.peer().unsealed(), 0u);
}

// Asked for again under its own number: the tool knows no RTX.
TEST_P(PlainTest, LossIsRepairedBothWays) {
  const LinkOptions lossy{.one_way = kOneWay, .loss = 0.05};
  Member& tool = sim_.Join("tool", {.link = lossy, .plain = GetParam().plain});
  Publication& sent = tool.PublishVideo({.rtx = false});
  Member& browser = sim_.Join("browser");
  Publication& camera = browser.PublishVideo();
  sim_.RunUntil(5s, [&] { return browser.connected(); });
  Subscription& received = tool.Subscribe(camera, {.rtx = false});
  Subscription& view = browser.Subscribe(sent);
  sim_.RunFor(20s);
  sent.track().Stop();
  camera.track().Stop();
  sim_.RunFor(2s);
  EXPECT_LT(view.track().residual_loss_share(), 0.002);
  EXPECT_LT(received.track().residual_loss_share(), 0.002);
  EXPECT_GT(sent.track().resent(), 20u);
  EXPECT_GT(received.track().nacked(), 20u);
}

INSTANTIATE_TEST_SUITE_P(
    Plain, PlainTest,
    testing::Values(
        Case{"Mux"}, Case{"TwoPorts", {.rtcp_mux = false}}, Case{"Comedia", {.comedia = true}},
        Case{"ComediaOnTwoPorts", {.rtcp_mux = false, .comedia = true}},
        Case{"Gcm128", {.srtp = SrtpProfile::kAeadAes128Gcm}},
        Case{"Gcm256Comedia", {.comedia = true, .srtp = SrtpProfile::kAeadAes256Gcm}},
        Case{"Cm128", {.srtp = SrtpProfile::kAesCm128HmacSha1_80}},
        Case{"SuiteOfThePeer",
             {.srtp = SrtpProfile::kAesCm128HmacSha1_80, .own_srtp = SrtpProfile::kAeadAes256Gcm}}),
    [](const auto& tested) { return tested.param.name; });

class ComediaTest : public testing::Test {
 protected:
  Member& Tool(const PlainOptions& plain) { return sim_.Join("tool", {.plain = plain}); }

  Simulation sim_{{.link = {.one_way = kOneWay}}};
  Stranger& stranger_ = sim_.AddStranger(IpAddress::V4(192, 0, 2, 66));
};

TEST_F(ComediaTest, TellsWhereThePeerIs) {
  Member& tool = Tool({.rtcp_mux = false, .comedia = true});
  tool.PublishAudio();
  sim_.RunFor(3s);
  const auto* tuple = sim_.control().Last<schema::TupleChangeT>(tool.transport());
  const auto* rtcp = sim_.control().Last<schema::RtcpTupleChangeT>(tool.transport());
  ASSERT_NE(tuple, nullptr);
  ASSERT_NE(rtcp, nullptr);
  EXPECT_EQ(tuple->tuple->remote_port, tool.peer().socket(SocketId(0)).port);
  EXPECT_EQ(rtcp->tuple->remote_port, tool.peer().socket(SocketId(1)).port);
  EXPECT_EQ(sim_.control().Count(tool.transport(), NotificationBody::TupleChange), 1u);
  const schema::TransportStatsT stats = tool.Stats();
  EXPECT_EQ(stats.selected_tuple->remote_port, tuple->tuple->remote_port);
  EXPECT_EQ(stats.rtcp_tuple->remote_port, rtcp->tuple->remote_port);
  EXPECT_EQ(stats.kind, "plain");
}

// RTP of no producer, RTCP with a fault, and what is neither.
TEST_F(ComediaTest, WhatIsNotValidDecidesNothing) {
  Member& tool = Tool({.comedia = true});
  Publication& sound = tool.PublishAudio();
  sound.track().Stop();
  const Bytes foreign = RtpPacketBuilder().WithSsrc(1).WithPayload({1, 2, 3}).ToBytes();
  const Bytes broken = {0x81, 200, 0, 1, 0, 0, 0, 0};
  const Bytes noise = {0x16, 0xfe, 0xfd, 0};
  for (const Bytes& bytes : {foreign, broken, noise}) {
    sim_.SendAs(stranger_, tool.server(), bytes);
  }
  sim_.RunFor(100ms);
  EXPECT_EQ(sim_.control().Count(tool.transport(), NotificationBody::TupleChange), 0u);
  EXPECT_EQ(stranger_.datagrams_received, 0u);
  EXPECT_EQ(tool.Drops(DropReason::kRtpUnknownStream), 1u);
  EXPECT_EQ(tool.Drops(DropReason::kRtcpMalformed), 1u);
  EXPECT_EQ(tool.Drops(DropReason::kUnknownRemote), 1u);
  sound.track().Start(sim_.now());
  sim_.RunFor(1s);
  EXPECT_EQ(sim_.control().Count(tool.transport(), NotificationBody::TupleChange), 1u);
}

// Once the peer is known nobody takes its place, whatever he sends.
TEST_F(ComediaTest, ASecondSourceIsAStranger) {
  Member& tool = Tool({.comedia = true});
  Publication& sound = tool.PublishAudio();
  sim_.RunFor(1s);
  const Bytes forged = RtpPacketBuilder()
                           .WithSsrc(sound.track().track().ssrc.value())
                           .WithPayloadType(kProducerAudio.value())
                           .WithSeq(9)
                           .WithPayload({1, 2, 3})
                           .ToBytes();
  sim_.SendAs(stranger_, tool.server(), forged);
  sim_.RunFor(1s);
  EXPECT_EQ(tool.Drops(DropReason::kUnknownRemote), 1u);
  EXPECT_EQ(sim_.control().Count(tool.transport(), NotificationBody::TupleChange), 1u);
  EXPECT_EQ(stranger_.datagrams_received, 0u);
}

// With SRTP only the holder of the keys can be the first.
TEST_F(ComediaTest, ClearRtpDecidesNothingWhereSrtpIsOn) {
  Member& tool = Tool({.comedia = true, .srtp = SrtpProfile::kAesCm128HmacSha1_80});
  Publication& sound = tool.PublishAudio();
  sound.track().Stop();
  const Bytes forged = RtpPacketBuilder()
                           .WithSsrc(sound.track().track().ssrc.value())
                           .WithPayloadType(kProducerAudio.value())
                           .WithPayload(Bytes(40))
                           .ToBytes();
  sim_.SendAs(stranger_, tool.server(), forged);
  sim_.RunFor(100ms);
  EXPECT_EQ(tool.Drops(DropReason::kSrtpAuthentication), 1u);
  EXPECT_EQ(sim_.control().Count(tool.transport(), NotificationBody::TupleChange), 0u);
}

TEST_F(ComediaTest, RtcpComesFromTheHostOfRtp) {
  Member& tool = Tool({.rtcp_mux = false, .comedia = true});
  tool.PublishAudio();
  sim_.RunUntil(1s, [&] {
    return sim_.control().Count(tool.transport(), NotificationBody::TupleChange) != 0;
  });
  // A receiver report without blocks, from elsewhere.
  const Endpoint rtcp{tool.server().address, static_cast<uint16_t>(tool.server().port + 1)};
  sim_.SendAs(stranger_, rtcp, Bytes{0x80, 201, 0, 1, 0, 0, 0, 9});
  sim_.RunFor(3s);
  const auto* news = sim_.control().Last<schema::RtcpTupleChangeT>(tool.transport());
  ASSERT_NE(news, nullptr);
  EXPECT_EQ(news->tuple->remote_ip, tool.peer().socket(SocketId(1)).address.ToString());
  EXPECT_EQ(tool.Drops(DropReason::kUnknownRemote), 1u);
}

// Without comedia the application says who the peer is, and only that path counts.
TEST_F(ComediaTest, WithoutComediaTheFirstPacketDecidesNothing) {
  Member& tool = sim_.Arrive("tool", {.plain = PlainOptions()});
  Publication& sound = tool.PublishAudio();
  const Bytes early = RtpPacketBuilder()
                          .WithSsrc(sound.track().track().ssrc.value())
                          .WithPayloadType(kProducerAudio.value())
                          .WithPayload({1, 2, 3})
                          .ToBytes();
  sim_.SendAs(stranger_, tool.server(), early);
  sim_.RunFor(100ms);
  EXPECT_EQ(tool.Drops(DropReason::kUnknownRemote), 1u);
  ASSERT_TRUE(tool.Connect().ok());
  sim_.RunFor(1s);
  EXPECT_GT(sound.Stats().packet_count, 40u);
}

class PlainRequestsTest : public testing::Test {
 protected:
  SimControl::Answer Create(schema::CreatePlainTransportT create) {
    create.transport_id = "plain";
    if (!create.listen_info) {
      create.listen_info = std::make_unique<schema::ListenInfoT>();
      create.listen_info->ip = "10.0.0.1";
    }
    return sim_.Ask("room", std::move(create));
  }
  SimControl::Answer Connect(const char* ip, uint16_t port, uint16_t rtcp_port = 0) {
    schema::ConnectPlainTransportT connect;
    connect.ip = ip;
    connect.port = port;
    connect.rtcp_port = rtcp_port;
    return sim_.Ask("plain", std::move(connect));
  }

  Simulation sim_;
};

TEST_F(PlainRequestsTest, ConnectNamesTheFieldThatIsWrong) {
  ASSERT_TRUE(Create({}).ok());
  EXPECT_THAT(Connect("", 0).message, testing::HasSubstr("ip, port"));
  EXPECT_THAT(Connect("nowhere", 5000).message, testing::HasSubstr("ip:"));
  EXPECT_THAT(Connect("192.0.2.1", 0).message, testing::HasSubstr("port:"));
  EXPECT_THAT(Connect("192.0.2.1", 5000, 5001).message, testing::HasSubstr("rtcpPort"));
  EXPECT_TRUE(Connect("192.0.2.1", 5000).ok());
  EXPECT_EQ(Connect("192.0.2.1", 5000).code, ResultCode::FailedPrecondition);
}

TEST_F(PlainRequestsTest, ComediaTakesNoAddress) {
  schema::CreatePlainTransportT create;
  create.comedia = true;
  ASSERT_TRUE(Create(std::move(create)).ok());
  EXPECT_EQ(Connect("192.0.2.1", 5000).code, ResultCode::InvalidArgument);
}

TEST_F(PlainRequestsTest, KeysHaveTheLengthOfTheirSuite) {
  schema::CreatePlainTransportT create;
  create.enable_srtp = true;
  const SimControl::Answer answer = Create(std::move(create));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.body.AsPlainTransportCreated()->srtp->suite,
            schema::SrtpSuite::AesCm128HmacSha1_80);
  const auto connect = [&](schema::SrtpSuite suite, std::string key) {
    schema::ConnectPlainTransportT body;
    body.ip = "192.0.2.1";
    body.port = 5000;
    body.srtp = std::make_unique<schema::SrtpParametersT>();
    body.srtp->suite = suite;
    body.srtp->key_base64 = std::move(key);
    return sim_.Ask("plain", std::move(body));
  };
  const std::string thirty(40, 'A');
  EXPECT_THAT(connect(schema::SrtpSuite::AeadAes128Gcm, thirty).message,
              testing::HasSubstr("keyBase64: not 28 bytes"));
  EXPECT_THAT(connect(schema::SrtpSuite::AeadAes256Gcm, thirty).message,
              testing::HasSubstr("keyBase64: not 44 bytes"));
  EXPECT_THAT(connect(schema::SrtpSuite::AesCm128HmacSha1_80, "%").message,
              testing::HasSubstr("keyBase64: not 30 bytes"));
  EXPECT_TRUE(connect(schema::SrtpSuite::AesCm128HmacSha1_80, thirty).ok());
}

TEST_F(PlainRequestsTest, SecondPortThatCannotBeHadFreesTheFirst) {
  schema::CreatePlainTransportT create;
  create.rtcp_mux = false;
  create.rtcp_listen_info = std::make_unique<schema::ListenInfoT>();
  create.rtcp_listen_info->ip = "nowhere";
  const size_t before = sim_.engine().sockets().open();
  EXPECT_THAT(Create(std::move(create)).message, testing::HasSubstr("rtcpListenInfo.ip"));
  EXPECT_EQ(sim_.engine().sockets().open(), before);
}

TEST_F(PlainRequestsTest, ClosingGivesTheSocketsBack) {
  const size_t before = sim_.engine().sockets().open();
  schema::CreatePlainTransportT create;
  create.rtcp_mux = false;
  ASSERT_TRUE(Create(std::move(create)).ok());
  EXPECT_EQ(sim_.engine().sockets().open(), before + 2);
  ASSERT_TRUE(sim_.Ask("plain", schema::CloseT()).ok());
  sim_.RunFor(1s);
  EXPECT_EQ(sim_.engine().sockets().open(), before);
}

TEST_F(PlainRequestsTest, WebRtcAndPlainAreNotMixedUp) {
  ASSERT_TRUE(Create({}).ok());
  EXPECT_EQ(sim_.Ask("plain", schema::RestartIceT()).code, ResultCode::FailedPrecondition);
  Member& browser = sim_.Arrive("browser");
  schema::ConnectPlainTransportT connect;
  connect.ip = "192.0.2.1";
  connect.port = 1;
  EXPECT_EQ(sim_.Ask(browser.transport(), std::move(connect)).code, ResultCode::FailedPrecondition);
}

}  // namespace
}  // namespace sluice::test

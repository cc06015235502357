#include "bench/load/adapter_messages.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kCipher = dtls::SrtpProfile::kAeadAes128Gcm;

const std::string& Digest() {
  static const std::string digest = [] {
    std::string text = "AA";
    for (int i = 1; i < 32; ++i) text += ":AA";
    return text;
  }();
  return digest;
}

ClientSide SomeClient() {
  return {"r0", "c1", {"ufrag", "password"}, *dtls::Fingerprint::Parse("sha-256", Digest()), 4'711};
}

Answer Read(const std::string& text) { return ReadAnswer(*AdapterLine::Parse(text), kCipher); }

TEST(AdapterMessagesTest, SenderIsDescribedTrackByTrack) {
  SendRequest request{SomeClient(), {}};
  request.tracks.push_back({rtp::codec::Kind::kVp8, "0", {11, 12, 13}, {21, 22, 23}});
  request.tracks.push_back({rtp::codec::Kind::kOpus, "1", {31}, {}});
  const AdapterLine line = WriteRequest(request);
  EXPECT_EQ(line.word(), "send");
  EXPECT_EQ(line.Get("kinds"), "video,audio");
  EXPECT_EQ(line.Get("codecs"), "vp8,opus");
  EXPECT_EQ(line.Get("ssrcs"), "11/12/13,31");
  EXPECT_EQ(line.Get("rtx"), "21/22/23,");
  EXPECT_EQ(line.Get("mids"), "0,1");
  EXPECT_EQ(line.Get("fingerprint"), "sha-256 " + Digest());
  EXPECT_EQ(line.Get("client_port"), "4711");
}

TEST(AdapterMessagesTest, OneLayerForAllIsOneWord) {
  ReceiveRequest request{SomeClient(), {{"p0", false}, {"p1", false}}};
  EXPECT_EQ(WriteRequest(request).Get("from"), "p0,p1");
  EXPECT_EQ(WriteRequest(request).Get("layer"), "low");
}

TEST(AdapterMessagesTest, DifferentLayersAreAList) {
  ReceiveRequest request{SomeClient(), {{"p0", true}, {"p1", false}}};
  EXPECT_EQ(WriteRequest(request).Get("layer"), "max,low");
}

TEST(AdapterMessagesTest, TransportIsReadWithItsStreams) {
  AdapterLine line("ok");
  line.Set("transport", "t2").Set("address", "127.0.0.1").Set("port", 40'000).Set("ufrag", "u");
  line.Set("pwd", "p").Set("fingerprint", "sha-256 " + Digest()).Set("role", "server");
  line.Set("twcc_id", 5).Set("streams", "1/2/96/97/video/p0,3//111//audio/p0");
  const Answer answer = ReadAnswer(line, kCipher);
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.transport, "t2");
  EXPECT_EQ(answer.remote.server.ToString(), "127.0.0.1:40000");
  EXPECT_EQ(answer.twcc_id, 5);
  ASSERT_THAT(answer.streams, SizeIs(2));
  EXPECT_EQ(answer.streams[0].rtx_ssrc, 2u);
  EXPECT_TRUE(answer.streams[0].video);
  EXPECT_EQ(answer.streams[1].ssrc, 3u);
  EXPECT_EQ(answer.streams[1].rtx_ssrc, 0u);
  EXPECT_FALSE(answer.streams[1].video);
}

TEST(AdapterMessagesTest, KeysStandInForIceAndDtls) {
  const std::string key(56, 'a');
  const Answer answer =
      Read("ok transport=t address=127.0.0.1 port=1 send_key=" + key + " receive_key=" + key);
  EXPECT_EQ(answer.error, "");
  ASSERT_TRUE(answer.remote.keys.has_value());
  EXPECT_THAT(answer.remote.keys->local(), SizeIs(28));
}

TEST(AdapterMessagesTest, TransportsThatMakeNoSenseAreErrors) {
  EXPECT_THAT(Read("ok transport=t address=127.0.0.1 port=70000").error, HasSubstr("70000"));
  EXPECT_NE(Read("ok transport=t address=127.0.0.1 port=1").error, "");
  EXPECT_NE(Read("ok transport=t address=127.0.0.1 port=1 send_key=ab receive_key=cd").error, "");
}

TEST(AdapterMessagesTest, ErrorsKeepTheirReason) {
  EXPECT_EQ(Read("error reason=no%20room").error, "no room");
}

TEST(AdapterMessagesTest, CountersAreNumbers) {
  EXPECT_THAT(Read("ok syscalls=12 name=x").counters, ElementsAre(testing::Pair("syscalls", 12u)));
  EXPECT_THAT(Read("ok").counters, IsEmpty());
}

TEST(AdapterMessagesTest, IdentityHasProcesses) {
  const auto identity = ReadIdentity(*AdapterLine::Parse("ok pid=12,13 name=x version=1"));
  ASSERT_TRUE(identity.ok());
  EXPECT_THAT(identity->pids(), ElementsAre(12, 13));
}

TEST(AdapterMessagesTest, SkippingIsUnavailable) {
  const auto identity = ReadIdentity(*AdapterLine::Parse("skip reason=not%20here"));
  EXPECT_TRUE(absl::IsUnavailable(identity.status()));
  EXPECT_EQ(identity.status().message(), "not here");
}

TEST(AdapterMessagesTest, WithoutAProcessThereIsNothingToMeasure) {
  EXPECT_FALSE(ReadIdentity(*AdapterLine::Parse("ok name=x")).ok());
  EXPECT_FALSE(ReadIdentity(*AdapterLine::Parse("ok pid=x")).ok());
}

}  // namespace
}  // namespace sluice::load

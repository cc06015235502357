#include "worker/engine/media_plan.h"

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

std::unique_ptr<schema::RtpCodecParametersT> Codec(const std::string& mime, uint8_t type) {
  auto codec = std::make_unique<schema::RtpCodecParametersT>();
  codec->mime_type = mime;
  codec->payload_type = type;
  codec->clock_rate = 90'000;
  return codec;
}

std::unique_ptr<schema::RtpCodecParametersT> Rtx(uint8_t type, const std::string& apt) {
  auto codec = Codec("video/rtx", type);
  auto parameter = std::make_unique<schema::ParameterT>();
  parameter->name = "apt";
  parameter->value = apt;
  codec->parameters.push_back(std::move(parameter));
  return codec;
}

std::unique_ptr<schema::RtpEncodingParametersT> Encoding(uint32_t ssrc) {
  auto encoding = std::make_unique<schema::RtpEncodingParametersT>();
  encoding->ssrc = ssrc;
  return encoding;
}

void AddExtension(schema::RtpParametersT& parameters, const std::string& uri, uint8_t id) {
  auto extension = std::make_unique<schema::RtpHeaderExtensionParametersT>();
  extension->uri = uri;
  extension->id = id;
  parameters.header_extensions.push_back(std::move(extension));
}

schema::RtpParametersT Video() {
  schema::RtpParametersT parameters;
  parameters.mid = "0";
  parameters.codecs.push_back(Codec("video/VP8", 96));
  parameters.codecs.push_back(Rtx(97, "96"));
  parameters.encodings.push_back(Encoding(1111));
  AddExtension(parameters, "urn:ietf:params:rtp-hdrext:sdes:mid", 4);
  return parameters;
}

TEST(MediaPlanTest, ReadsWhatABrowserSends) {
  schema::RtpParametersT parameters = Video();
  auto nack = std::make_unique<schema::RtcpFeedbackT>();
  nack->type = "nack";
  parameters.codecs[0]->rtcp_feedback.push_back(std::move(nack));
  auto pli = std::make_unique<schema::RtcpFeedbackT>();
  pli->type = "nack";
  pli->parameter = "pli";
  parameters.codecs[0]->rtcp_feedback.push_back(std::move(pli));
  parameters.encodings[0]->rtx_ssrc = 2222;

  const auto plan = ReadMediaPlan(parameters, schema::MediaKind::Video);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->main_codec().kind, rtp::codec::Kind::kVp8);
  EXPECT_TRUE(plan->main_codec().nack);
  EXPECT_TRUE(plan->main_codec().pli);
  EXPECT_FALSE(plan->main_codec().fir);
  EXPECT_EQ(plan->encodings[0].rtx_ssrc, Ssrc(2222));
  ASSERT_NE(plan->RtxFor(PayloadType(96)), nullptr);
  EXPECT_EQ(plan->RtxFor(PayloadType(96))->payload_type, PayloadType(97));
  EXPECT_EQ(plan->extensions.size(), 1u);
}

TEST(MediaPlanTest, ExtensionsThatWeDoNotKnowAreLeftOut) {
  schema::RtpParametersT parameters = Video();
  AddExtension(parameters, "urn:example:unheard-of", 9);
  const auto plan = ReadMediaPlan(parameters, schema::MediaKind::Video);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->extensions.size(), 1u);
}

struct BadCase {
  const char* name;
  const char* field;  // what the sentence must name
  std::function<void(schema::RtpParametersT&)> spoil;
};

class BadMediaPlanTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadMediaPlanTest, IsRefusedWithTheNameOfTheField) {
  schema::RtpParametersT parameters = Video();
  GetParam().spoil(parameters);
  const auto plan = ReadMediaPlan(parameters, schema::MediaKind::Video);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(plan.status().message(), GetParam().field)) << plan.status();
}

using P = schema::RtpParametersT;
INSTANTIATE_TEST_SUITE_P(
    Fields, BadMediaPlanTest,
    testing::Values(BadCase{"NoCodecs", "codecs", [](P& p) { p.codecs.clear(); }},
                    BadCase{"PayloadType128", "codecs[0].payloadType",
                            [](P& p) { p.codecs[0]->payload_type = 128; }},
                    BadCase{"PayloadTypeOfRtcp", "codecs[0].payloadType",
                            [](P& p) { p.codecs[0]->payload_type = 72; }},
                    BadCase{"PayloadTypeTwice", "codecs[2].payloadType",
                            [](P& p) { p.codecs.push_back(Codec("video/H264", 96)); }},
                    BadCase{"NoClock", "codecs[0].clockRate",
                            [](P& p) { p.codecs[0]->clock_rate = 0; }},
                    BadCase{"OtherKind", "codecs[0].mimeType",
                            [](P& p) { p.codecs[0]->mime_type = "audio/opus"; }},
                    BadCase{"AptOfNothing", "codecs[1].parameters.apt",
                            [](P& p) { p.codecs[1] = Rtx(97, "100"); }},
                    BadCase{"AptIsNoNumber", "codecs[1].parameters.apt",
                            [](P& p) { p.codecs[1] = Rtx(97, "ninety-six"); }},
                    BadCase{"RtxFirst", "codecs[0].mimeType",
                            [](P& p) { std::swap(p.codecs[0], p.codecs[1]); }},
                    BadCase{"ExtensionZero", "headerExtensions[0].id",
                            [](P& p) { p.header_extensions[0]->id = 0; }},
                    BadCase{"ExtensionFifteen", "headerExtensions[0].id",
                            [](P& p) { p.header_extensions[0]->id = 15; }},
                    BadCase{"ExtensionIdTwice", "headerExtensions[1].id",
                            [](P& p) { AddExtension(p, "urn:3gpp:video-orientation", 4); }},
                    BadCase{"NoEncodings", "encodings", [](P& p) { p.encodings.clear(); }},
                    BadCase{"FiveEncodings", "encodings",
                            [](P& p) {
                              for (uint32_t i = 2; i < 6; ++i) p.encodings.push_back(Encoding(i));
                            }},
                    BadCase{"SsrcTwice", "encodings[1].ssrc",
                            [](P& p) { p.encodings.push_back(Encoding(1111)); }},
                    BadCase{"RtxSameAsMedia", "encodings[0].rtx.ssrc",
                            [](P& p) { p.encodings[0]->rtx_ssrc = 1111; }},
                    BadCase{"RidTwice", "encodings[1].rid",
                            [](P& p) {
                              p.encodings[0]->rid = "h";
                              p.encodings.push_back(Encoding(2));
                              p.encodings[1]->rid = "h";
                            }},
                    BadCase{"Nameless", "encodings[0]",
                            [](P& p) {
                              p.mid.clear();
                              p.encodings[0]->ssrc = flatbuffers::nullopt;
                            }},
                    BadCase{"LongMid", "mid", [](P& p) { p.mid = std::string(17, 'm'); }},
                    BadCase{"LongCname", "rtcp.cname",
                            [](P& p) {
                              p.rtcp = std::make_unique<schema::RtcpParametersT>();
                              p.rtcp->cname = std::string(256, 'c');
                            }}),
    [](const testing::TestParamInfo<BadCase>& named) { return named.param.name; });

TEST(MediaPlanTest, EveryMediaPayloadTypeMustBeMapped) {
  const auto plan = ReadMediaPlan(Video(), schema::MediaKind::Video);
  ASSERT_TRUE(plan.ok());
  std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> mapping;
  EXPECT_FALSE(ReadPayloadMap(mapping, *plan).ok());
  mapping.push_back(std::make_unique<schema::PayloadTypeMappingT>());
  mapping[0]->payload_type = 96;
  mapping[0]->mapped_payload_type = 101;
  const auto map = ReadPayloadMap(mapping, *plan);
  ASSERT_TRUE(map.ok());
  EXPECT_EQ((*map)[96], PayloadType(101));
  EXPECT_EQ((*map)[97], std::nullopt);
}

}  // namespace
}  // namespace sluice::worker

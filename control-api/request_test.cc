#include "control-api/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control-api/request_shape.h"

namespace sluice::control {
namespace {

using ::testing::HasSubstr;
using Builder = flatbuffers::FlatBufferBuilder;

std::vector<uint8_t> Copy(FrameBytes frame) { return {frame.begin(), frame.end()}; }

template <typename Body>
std::vector<uint8_t> Frame(uint32_t id, const std::string& target, Body body) {
  schema::RequestT request;
  request.id = id;
  request.target = target;
  request.body.Set(std::move(body));
  Builder builder;
  return Copy(EncodeRequest(builder, request));
}

schema::ProduceT AudioProduce() {
  schema::ProduceT produce;
  produce.producer_id = "p";
  produce.rtp_parameters = std::make_unique<schema::RtpParametersT>();
  auto codec = std::make_unique<schema::RtpCodecParametersT>();
  codec->mime_type = "audio/opus";
  codec->payload_type = 111;
  codec->clock_rate = 48000;
  produce.rtp_parameters->codecs.push_back(std::move(codec));
  auto encoding = std::make_unique<schema::RtpEncodingParametersT>();
  encoding->ssrc = 4000000000u;
  produce.rtp_parameters->encodings.push_back(std::move(encoding));
  return produce;
}

// A message whose request is written field by field, so that it can be wrong.
template <typename WriteRequest>
std::vector<uint8_t> RawFrame(WriteRequest write) {
  Builder builder;
  const flatbuffers::uoffset_t request = write(builder);
  const auto start = builder.StartTable();
  builder.AddElement<uint8_t>(schema::Message::VT_BODY_TYPE,
                              static_cast<uint8_t>(schema::MessageBody::Request), 0);
  builder.AddOffset(schema::Message::VT_BODY, flatbuffers::Offset<void>(request));
  builder.Finish(flatbuffers::Offset<schema::Message>(builder.EndTable(start)));
  return Copy({builder.GetBufferPointer(), builder.GetSize()});
}

// A request without target whose union has the number `method` and an empty table, or nothing.
std::vector<uint8_t> FrameWithMethod(uint8_t method, bool with_body) {
  return RawFrame([&](Builder& builder) {
    const flatbuffers::uoffset_t empty = builder.EndTable(builder.StartTable());
    const auto start = builder.StartTable();
    builder.AddElement<uint32_t>(schema::Request::VT_ID, 9, 0);
    builder.AddElement<uint8_t>(schema::Request::VT_BODY_TYPE, method, 0);
    if (with_body) builder.AddOffset(schema::Request::VT_BODY, flatbuffers::Offset<void>(empty));
    return builder.EndTable(start);
  });
}

void ExpectRefusal(const std::vector<uint8_t>& frame, uint32_t id, absl::StatusCode code,
                   const std::string& word) {
  const DecodedRequest decoded = Decode(frame);
  EXPECT_EQ(decoded.id, id);
  EXPECT_EQ(decoded.request.status().code(), code);
  EXPECT_THAT(std::string(decoded.request.status().message()), HasSubstr(word));
}

TEST(RequestTest, WhatWasEncodedIsDecoded) {
  const DecodedRequest decoded = Decode(Frame(7, "transport", AudioProduce()));
  ASSERT_TRUE(decoded.request.ok()) << decoded.request.status();
  const schema::RequestT& request = **decoded.request;
  EXPECT_EQ(decoded.id, 7u);
  EXPECT_EQ(request.target, "transport");
  const schema::ProduceT* produce = request.body.AsProduce();
  ASSERT_NE(produce, nullptr);
  EXPECT_EQ(produce->rtp_parameters->codecs[0]->payload_type, 111);
  EXPECT_EQ(produce->rtp_parameters->encodings[0]->ssrc, 4000000000u);
  EXPECT_EQ(produce->rtp_parameters->encodings[0]->rtx_ssrc, flatbuffers::nullopt);
}

TEST(RequestTest, PayloadTypeZeroIsNotTheSameAsNone) {
  schema::ProduceT produce = AudioProduce();
  produce.rtp_parameters->encodings[0]->codec_payload_type = uint8_t{0};
  const DecodedRequest decoded = Decode(Frame(7, "t", std::move(produce)));
  ASSERT_TRUE(decoded.request.ok());
  EXPECT_EQ((*decoded.request)->body.AsProduce()->rtp_parameters->encodings[0]->codec_payload_type,
            uint8_t{0});
}

TEST(RequestTest, FrameAtAnOddAddressIsDecoded) {
  const std::vector<uint8_t> frame = Frame(7, "t", AudioProduce());
  std::vector<uint8_t> shifted(frame.size() + 1);
  std::copy(frame.begin(), frame.end(), shifted.begin() + 1);
  EXPECT_TRUE(Decode(FrameBytes(shifted).subspan(1)).request.ok());
}

TEST(RequestTest, EmptyAndTinyFramesAreRefused) {
  for (size_t size = 0; size < 12; ++size) {
    ExpectRefusal(std::vector<uint8_t>(size), 0, absl::StatusCode::kInvalidArgument, "frame");
  }
}

// Only the padding behind the last text may be missing.
TEST(RequestTest, TruncatedFrameIsRefusedOrWhole) {
  const std::vector<uint8_t> frame = Frame(7, "t", AudioProduce());
  for (size_t size = 0; size < frame.size(); ++size) {
    const DecodedRequest decoded = Decode(FrameBytes(frame).first(size));
    if (size + alignof(uint32_t) <= frame.size()) {
      EXPECT_FALSE(decoded.request.ok()) << size << " of " << frame.size() << " bytes";
    }
    if (decoded.request.ok()) {
      EXPECT_EQ((*decoded.request)->body.AsProduce()->producer_id, "p");
    }
  }
}

TEST(RequestTest, FrameThatHoldsAResponseIsRefused) {
  Builder builder;
  const auto response = schema::CreateResponse(builder, 5);
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Response, response.Union()));
  ExpectRefusal(Copy({builder.GetBufferPointer(), builder.GetSize()}), 0,
                absl::StatusCode::kInvalidArgument, "no request");
}

TEST(RequestTest, IdZeroIsRefused) {
  ExpectRefusal(Frame(0, "", schema::GetWorkerStatsT()), 0, absl::StatusCode::kInvalidArgument,
                "id");
}

TEST(RequestTest, UnknownMethodIsUnimplementedAndKeepsItsId) {
  for (const bool with_body : {true, false}) {
    ExpectRefusal(FrameWithMethod(200, with_body), 9, absl::StatusCode::kUnimplemented, "200");
  }
}

TEST(RequestTest, MissingBodyIsRefusedForEveryMethod) {
  for (uint8_t method = 0; method <= static_cast<uint8_t>(schema::RequestBody::MAX); ++method) {
    ExpectRefusal(FrameWithMethod(method, false), 9, absl::StatusCode::kInvalidArgument, "body");
  }
}

TEST(RequestTest, MissingRequiredFieldKeepsTheIdOfItsRequest) {
  const auto produce = static_cast<uint8_t>(schema::RequestBody::Produce);
  ExpectRefusal(FrameWithMethod(produce, true), 9, absl::StatusCode::kInvalidArgument, "required");
}

TEST(RequestTest, TextsOverTheirBoundAreNamed) {
  ExpectRefusal(Frame(3, "", schema::CreateRouterT{{}, std::string(65, 'r')}), 3,
                absl::StatusCode::kInvalidArgument, "router_id");
  schema::ProduceT produce = AudioProduce();
  produce.rtp_parameters->mid = std::string(kMaxTextLength + 1, 'm');
  ExpectRefusal(Frame(3, "t", std::move(produce)), 3, absl::StatusCode::kInvalidArgument,
                "rtp_parameters.mid");
}

TEST(RequestTest, IdsArePrintableAndNotEmpty) {
  for (const std::string id : {"", "a b", "a\nb", "\x80", "\x7f"}) {
    ExpectRefusal(Frame(3, "", schema::CreateRouterT{{}, id}), 3,
                  absl::StatusCode::kInvalidArgument, "router_id");
  }
  EXPECT_TRUE(Decode(Frame(3, "", schema::CreateRouterT{{}, std::string(64, '~')})).request.ok());
}

TEST(RequestTest, NulInATextIsRefused) {
  schema::ProduceT produce = AudioProduce();
  produce.rtp_parameters->codecs[0]->mime_type = std::string("audio/opus\0x", 12);
  ExpectRefusal(Frame(3, "t", std::move(produce)), 3, absl::StatusCode::kInvalidArgument,
                "mime_type");
}

TEST(RequestTest, ListsOverTheirBoundAreNamed) {
  schema::ConnectWebRtcTransportT connect;
  for (size_t i = 0; i <= kMaxFingerprints; ++i) {
    connect.fingerprints.push_back(std::make_unique<schema::FingerprintT>());
  }
  ExpectRefusal(Frame(3, "t", std::move(connect)), 3, absl::StatusCode::kInvalidArgument,
                "fingerprints has more than 8");
}

TEST(RequestTest, UnknownEnumValuesAreNamed) {
  schema::ProduceT produce = AudioProduce();
  produce.kind = static_cast<schema::MediaKind>(2);
  ExpectRefusal(Frame(3, "t", std::move(produce)), 3, absl::StatusCode::kInvalidArgument, "kind");
  schema::UpdateSettingsT settings;
  settings.log_level = static_cast<schema::LogLevel>(99);
  ExpectRefusal(Frame(3, "", std::move(settings)), 3, absl::StatusCode::kInvalidArgument,
                "log_level");
}

TEST(RequestTest, PacketsOfTheApplicationAreBounded) {
  const auto packet = [](size_t size) {
    auto made = std::make_unique<schema::PacketT>();
    made->bytes.resize(size);
    return made;
  };
  schema::SendRtpT many;
  for (size_t i = 0; i <= kMaxPackets; ++i) many.packets.push_back(packet(12));
  ExpectRefusal(Frame(3, "t", std::move(many)), 3, absl::StatusCode::kInvalidArgument,
                "packets has more than 64");
  schema::SendRtpT large;
  large.packets.push_back(packet(kMaxPacketSize + 1));
  ExpectRefusal(Frame(3, "t", std::move(large)), 3, absl::StatusCode::kInvalidArgument,
                "packet.bytes has more than 1500");
  schema::SendRtcpT report;
  report.packet = packet(kMaxPacketSize + 1);
  ExpectRefusal(Frame(3, "t", std::move(report)), 3, absl::StatusCode::kInvalidArgument,
                "packet.bytes");
}

TEST(RequestTest, UnknownSrtpSuitesAreNamed) {
  schema::CreatePlainTransportT create;
  create.transport_id = "plain";
  create.listen_info = std::make_unique<schema::ListenInfoT>();
  const int last = static_cast<int>(schema::SrtpSuite::MAX);
  create.srtp_suite = static_cast<schema::SrtpSuite>(last + 1);
  ExpectRefusal(Frame(3, "room", std::move(create)), 3, absl::StatusCode::kInvalidArgument,
                "srtp_suite");
}

// 3 MiB of text, used by 1,000 codecs: 3 GiB if it were unpacked before it was measured.
TEST(RequestTest, TextSharedByManyFieldsDoesNotUnfold) {
  Builder builder;
  const auto text = builder.CreateString(std::string(3 << 20, 'x'));
  std::vector<flatbuffers::Offset<schema::RtpCodecParameters>> codecs(
      1000, schema::CreateRtpCodecParameters(builder, text));
  const auto rtp = schema::CreateRtpParameters(
      builder, 0, builder.CreateVector(codecs), 0,
      builder.CreateVector(std::vector<flatbuffers::Offset<schema::RtpEncodingParameters>>{}));
  const auto produce = schema::CreateProduce(
      builder, builder.CreateString("p"), schema::MediaKind::Audio, rtp,
      builder.CreateVector(std::vector<flatbuffers::Offset<schema::PayloadTypeMapping>>{}));
  const auto request =
      schema::CreateRequest(builder, 3, 0, schema::RequestBody::Produce, produce.Union());
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Request, request.Union()));
  ExpectRefusal(Copy({builder.GetBufferPointer(), builder.GetSize()}), 3,
                absl::StatusCode::kInvalidArgument, "codecs");
}

// One table of one byte, named half a million times, is what the cap on tables is for.
TEST(RequestTest, TableSharedByManyListEntriesEndsInTheVerifier) {
  Builder builder;
  std::vector<flatbuffers::Offset<schema::Fingerprint>> fingerprints(
      500000,
      schema::CreateFingerprint(builder, builder.CreateString("a"), builder.CreateString("b")));
  const auto connect = schema::CreateConnectWebRtcTransport(builder, schema::DtlsRole::Auto,
                                                            builder.CreateVector(fingerprints));
  const auto request = schema::CreateRequest(
      builder, 3, 0, schema::RequestBody::ConnectWebRtcTransport, connect.Union());
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Request, request.Union()));
  ExpectRefusal(Copy({builder.GetBufferPointer(), builder.GetSize()}), 3,
                absl::StatusCode::kInvalidArgument, "verify");
}

TEST(RequestTest, LargestRequestWithinItsBoundsPassesTheVerifier) {
  schema::ProduceT produce = AudioProduce();
  schema::RtpParametersT& rtp = *produce.rtp_parameters;
  rtp.codecs.clear();
  for (size_t i = 0; i < kMaxCodecs; ++i) {
    auto codec = std::make_unique<schema::RtpCodecParametersT>();
    codec->mime_type = "video/VP8";
    for (size_t j = 0; j < kMaxParametersPerCodec; ++j) {
      codec->parameters.push_back(std::make_unique<schema::ParameterT>());
    }
    for (size_t j = 0; j < kMaxFeedbackPerCodec; ++j) {
      codec->rtcp_feedback.push_back(std::make_unique<schema::RtcpFeedbackT>());
    }
    rtp.codecs.push_back(std::move(codec));
  }
  for (size_t i = 0; i < kMaxHeaderExtensions; ++i) {
    rtp.header_extensions.push_back(std::make_unique<schema::RtpHeaderExtensionParametersT>());
  }
  while (rtp.encodings.size() < kMaxEncodings) {
    rtp.encodings.push_back(std::make_unique<schema::RtpEncodingParametersT>());
  }
  for (size_t i = 0; i < kMaxMappings; ++i) {
    produce.mapping.push_back(std::make_unique<schema::PayloadTypeMappingT>());
  }
  const DecodedRequest decoded = Decode(Frame(3, "t", std::move(produce)));
  EXPECT_TRUE(decoded.request.ok()) << decoded.request.status();
}

}  // namespace
}  // namespace sluice::control

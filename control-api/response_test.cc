#include "control-api/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::control {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;

const schema::Response* Read(FrameBytes frame) {
  flatbuffers::Verifier verifier(frame.data(), frame.size());
  EXPECT_TRUE(schema::VerifyMessageBuffer(verifier));
  return schema::GetMessage(frame.data())->body_as_Response();
}

TEST(ResponseTest, BodyArrivesWithItsId) {
  Builder builder;
  schema::ProducedT produced;
  produced.type = "simple";
  const schema::Response* response =
      Read(EncodeResponse(builder, 4000000000u, ResponseBody(produced)));
  ASSERT_NE(response, nullptr);
  EXPECT_EQ(response->id(), 4000000000u);
  EXPECT_EQ(response->code(), schema::ResultCode::Ok);
  ASSERT_NE(response->body_as_Produced(), nullptr);
  EXPECT_EQ(response->body_as_Produced()->type()->str(), "simple");
}

TEST(ResponseTest, EmptyAnswerHasABody) {
  Builder builder;
  EXPECT_NE(Read(EncodeEmptyResponse(builder, 1))->body_as_Empty(), nullptr);
}

TEST(ResponseTest, BuilderIsReused) {
  Builder builder;
  const size_t first = EncodeEmptyResponse(builder, 1).size();
  for (uint32_t id = 2; id < 100; ++id) {
    const FrameBytes frame = EncodeEmptyResponse(builder, id);
    EXPECT_EQ(frame.size(), first);
    EXPECT_EQ(Read(frame)->id(), id);
  }
}

TEST(ResponseTest, RefusalCarriesCodeAndSentence) {
  Builder builder;
  const schema::Response* response =
      Read(EncodeRefusal(builder, 6, absl::NotFoundError("target r is no router")));
  EXPECT_EQ(response->id(), 6u);
  EXPECT_EQ(response->code(), schema::ResultCode::NotFound);
  EXPECT_EQ(response->message()->str(), "target r is no router");
  EXPECT_EQ(response->body_type(), schema::ResponseBody::NONE);
}

TEST(ResponseTest, EveryStatusHasACodeAndOnlyOkIsOk) {
  for (int code = 1; code <= 16; ++code) {
    EXPECT_NE(ToResultCode(static_cast<absl::StatusCode>(code)), schema::ResultCode::Ok) << code;
  }
  EXPECT_EQ(ToResultCode(absl::StatusCode::kOk), schema::ResultCode::Ok);
  EXPECT_EQ(ToResultCode(absl::StatusCode::kUnimplemented), schema::ResultCode::Unimplemented);
  EXPECT_EQ(ToResultCode(absl::StatusCode::kDataLoss), schema::ResultCode::Internal);
}

TEST(ResponseTest, LongSentenceIsCutBetweenCharacters) {
  Builder builder;
  std::string sentence(511, 'a');
  sentence += "\xc3\xa4 and more";
  const schema::Response* response = Read(EncodeRefusal(builder, 6, absl::InternalError(sentence)));
  EXPECT_EQ(response->message()->str(), std::string(511, 'a'));
}

TEST(ResponseTest, AnswerOverTheFrameLimitBecomesARefusal) {
  Builder builder;
  schema::DumpTextT dump;
  dump.json = std::string(kMaxFrameSize, '{');
  const FrameBytes frame = EncodeResponse(builder, 6, ResponseBody(dump));
  EXPECT_LE(frame.size(), kMaxFrameSize);
  const schema::Response* response = Read(frame);
  EXPECT_EQ(response->id(), 6u);
  EXPECT_EQ(response->code(), schema::ResultCode::ResourceExhausted);
}

}  // namespace
}  // namespace sluice::control

#include "control-api/response.h"

#include <string_view>
#include <utility>

namespace sluice::control {
namespace {

// A message names one field and says what is wrong with it. This bounds one that quotes its input.
constexpr size_t kMaxMessageLength = 512;

// UTF-8 continuation bytes start with the bits 10. A text that is cut must not begin one character
// and leave it unfinished, or readers that insist on UTF-8 would refuse the whole message.
std::string_view CutText(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<uint8_t>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

FrameBytes Finish(flatbuffers::FlatBufferBuilder& builder,
                  flatbuffers::Offset<schema::Response> response) {
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Response, response.Union()));
  return {builder.GetBufferPointer(), builder.GetSize()};
}

}  // namespace

FrameBytes EncodeResponse(flatbuffers::FlatBufferBuilder& builder, uint32_t id,
                          const schema::ResponseBodyUnion& body) {
  builder.Clear();
  const auto packed = body.Pack(builder);
  const FrameBytes frame = Finish(
      builder, schema::CreateResponse(builder, id, schema::ResultCode::Ok, 0, body.type, packed));
  if (frame.size() <= kMaxFrameSize) return frame;
  builder.Reset();  // Clear() would keep the memory of the answer that was too long.
  return EncodeRefusal(builder, id,
                       absl::ResourceExhaustedError("the answer does not fit into a frame"));
}

FrameBytes EncodeEmptyResponse(flatbuffers::FlatBufferBuilder& builder, uint32_t id) {
  return EncodeResponse(builder, id, ResponseBody(schema::EmptyT()));
}

FrameBytes EncodeRefusal(flatbuffers::FlatBufferBuilder& builder, uint32_t id,
                         const absl::Status& status) {
  builder.Clear();
  const auto message = builder.CreateString(
      CutText({status.message().data(), status.message().size()}, kMaxMessageLength));
  return Finish(builder, schema::CreateResponse(builder, id, ToResultCode(status.code()), message));
}

schema::ResultCode ToResultCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return schema::ResultCode::Ok;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return schema::ResultCode::InvalidArgument;
    case absl::StatusCode::kNotFound:
      return schema::ResultCode::NotFound;
    case absl::StatusCode::kAlreadyExists:
      return schema::ResultCode::AlreadyExists;
    case absl::StatusCode::kResourceExhausted:
      return schema::ResultCode::ResourceExhausted;
    case absl::StatusCode::kFailedPrecondition:
      return schema::ResultCode::FailedPrecondition;
    case absl::StatusCode::kUnimplemented:
      return schema::ResultCode::Unimplemented;
    case absl::StatusCode::kUnavailable:
      return schema::ResultCode::Unavailable;
    default:
      return schema::ResultCode::Internal;
  }
}

}  // namespace sluice::control

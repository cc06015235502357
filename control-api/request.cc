#include "control-api/request.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "control-api/request_shape.h"

namespace sluice::control {
namespace {

flatbuffers::Verifier MakeVerifier(FrameBytes frame) {
  return flatbuffers::Verifier(frame.data(), frame.size(), kMaxDepth, kMaxTables);
}

const flatbuffers::Table* AsTable(const void* generated) {
  return static_cast<const flatbuffers::Table*>(generated);
}

// The id of a request that does not verify as a whole, most often because a required field is
// missing. Walks the two tables on the way to the id, each step verified on its own.
uint32_t PeekId(FrameBytes frame) {
  using schema::Message;
  using schema::Request;
  flatbuffers::Verifier verifier = MakeVerifier(frame);
  if (verifier.VerifyOffset(0) == 0) return 0;

  const flatbuffers::Table* message = AsTable(schema::GetMessage(frame.data()));
  if (!message->VerifyTableStart(verifier) ||
      !message->VerifyField<uint8_t>(verifier, Message::VT_BODY_TYPE, 1) ||
      !message->VerifyOffset(verifier, Message::VT_BODY)) {
    return 0;
  }
  const auto body_type = message->GetField<uint8_t>(Message::VT_BODY_TYPE, 0);
  const auto* request = message->GetPointer<const flatbuffers::Table*>(Message::VT_BODY);
  if (body_type != static_cast<uint8_t>(schema::MessageBody::Request) || request == nullptr ||
      !request->VerifyTableStart(verifier) ||
      !request->VerifyField<uint32_t>(verifier, Request::VT_ID, alignof(uint32_t))) {
    return 0;
  }
  return request->GetField<uint32_t>(Request::VT_ID, 0);
}

absl::Status CheckEnvelope(const schema::Request& request) {
  if (request.id() == 0) return absl::InvalidArgumentError("id is 0");
  if (request.body_type() == schema::RequestBody::NONE) {
    return absl::InvalidArgumentError("body is missing");
  }
  if (request.body_type() > schema::RequestBody::MAX) {
    return absl::UnimplementedError(absl::StrCat("method ", static_cast<int>(request.body_type()),
                                                 " is unknown to this worker"));
  }
  // A union may name its type and hold nothing.
  if (request.body() == nullptr) return absl::InvalidArgumentError("body is missing");
  return absl::OkStatus();
}

DecodedRequest DecodeAligned(FrameBytes frame) {
  flatbuffers::Verifier verifier = MakeVerifier(frame);
  if (!schema::VerifyMessageBuffer(verifier)) {
    return {PeekId(frame),
            absl::InvalidArgumentError("the frame does not verify, or lacks a required field")};
  }
  const schema::Request* request = schema::GetMessage(frame.data())->body_as_Request();
  if (request == nullptr) return {0, absl::InvalidArgumentError("the frame holds no request")};

  absl::Status status = CheckEnvelope(*request);
  if (status.ok()) status = CheckShape(*request);
  if (!status.ok()) return {request->id(), std::move(status)};
  return {request->id(), std::unique_ptr<schema::RequestT>(request->UnPack())};
}

}  // namespace

DecodedRequest Decode(FrameBytes frame) {
  // Scalars are read in place, and the verifier checks their alignment only relative to the start.
  constexpr size_t kAlignment = alignof(uint64_t);
  if (reinterpret_cast<uintptr_t>(frame.data()) % kAlignment == 0) return DecodeAligned(frame);
  const std::vector<uint8_t> copy(frame.begin(), frame.end());
  return DecodeAligned(copy);
}

FrameBytes EncodeRequest(flatbuffers::FlatBufferBuilder& builder, const schema::RequestT& request) {
  builder.Clear();
  const auto body = schema::CreateRequest(builder, &request);
  builder.Finish(schema::CreateMessage(builder, schema::MessageBody::Request, body.Union()));
  return {builder.GetBufferPointer(), builder.GetSize()};
}

}  // namespace sluice::control

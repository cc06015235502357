// What the worker answers, as the bytes of a frame.

#ifndef SLUICE_CONTROL_API_RESPONSE_H_
#define SLUICE_CONTROL_API_RESPONSE_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "control-api/frame.h"
#include "control-api/schema/message_generated.h"

namespace sluice::control {

// Each writes one frame, without its length, into `builder` and returns it. `builder` is cleared
// first and is meant to be reused; the bytes are valid until then. A body that would exceed the
// frame limit becomes a refusal with ResourceExhausted, since a request must never stay without its
// answer.
FrameBytes EncodeResponse(flatbuffers::FlatBufferBuilder& builder, uint32_t id,
                          const schema::ResponseBodyUnion& body);
FrameBytes EncodeEmptyResponse(flatbuffers::FlatBufferBuilder& builder, uint32_t id);
// `status` is not ok. A message longer than 512 bytes is cut.
FrameBytes EncodeRefusal(flatbuffers::FlatBufferBuilder& builder, uint32_t id,
                         const absl::Status& status);

// Codes that the schema does not have become Internal.
schema::ResultCode ToResultCode(absl::StatusCode code);

// Puts `native` (schema::ProducedT, schema::EmptyT, ...) into a body.
template <typename Native>
schema::ResponseBodyUnion ResponseBody(Native native) {
  schema::ResponseBodyUnion body;
  body.Set(std::move(native));
  return body;
}

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_RESPONSE_H_

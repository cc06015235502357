// From the bytes of one frame to one request, and nothing in between.
//
// Whatever passes Decode() went through the FlatBuffers verifier, names a method that exists, has a
// body, keeps the bounds of request_shape.h and can be used without further suspicion of the bytes.
// Whether the request makes sense (does the router exist? is the port free?) is not asked here.

#ifndef SLUICE_CONTROL_API_REQUEST_H_
#define SLUICE_CONTROL_API_REQUEST_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "control-api/frame.h"
#include "control-api/schema/message_generated.h"

namespace sluice::control {

// Nesting and number of tables that the verifier follows. The deepest path of the schema is 6
// tables (Message, Request, Produce, RtpParameters, RtpCodecParameters, Parameter); the largest
// request that keeps the list bounds of request_shape.h has under 7,000. The count also bounds what
// a buffer can unfold to whose offsets all point at one table.
inline constexpr uint32_t kMaxDepth = 64;
inline constexpr uint32_t kMaxTables = 8192;

struct DecodedRequest {
  // Taken from the frame even if the rest of it is refused, so that the application learns which of
  // its requests failed. 0 if not even this could be read.
  uint32_t id = 0;
  // InvalidArgument if the frame is no request, Unimplemented if the method is one that this worker
  // does not know (an application newer than the worker).
  absl::StatusOr<std::unique_ptr<schema::RequestT>> request;
};

DecodedRequest Decode(FrameBytes frame);

// The other direction, for applications in C++ and for tests. The frame lives in `builder`.
FrameBytes EncodeRequest(flatbuffers::FlatBufferBuilder& builder, const schema::RequestT& request);

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_REQUEST_H_

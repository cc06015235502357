// Bounds on the shape of a request: how long its texts and lists may be, and which numbers its
// enums may have. They are asked before a request is unpacked, because FlatBuffers lets many fields
// share one text: 4 MiB on the wire could otherwise become gigabytes in memory.

#ifndef SLUICE_CONTROL_API_REQUEST_SHAPE_H_
#define SLUICE_CONTROL_API_REQUEST_SHAPE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "control-api/schema/message_generated.h"

namespace sluice::control {

// Ids are what an application files its objects under; a UUID has 36 characters.
inline constexpr size_t kMaxIdLength = 64;
// Addresses, URIs, MIME types, fingerprints, names. The longest real one is the hex of a SHA-512
// fingerprint, 191 characters.
inline constexpr size_t kMaxTextLength = 256;
// The value of a codec parameter. H264's sprop-parameter-sets takes some hundred characters.
inline constexpr size_t kMaxParameterLength = 2048;
inline constexpr size_t kMaxListenInfos = 8;
inline constexpr size_t kMaxFingerprints = 8;
inline constexpr size_t kMaxCodecs = 64;
inline constexpr size_t kMaxParametersPerCodec = 32;
inline constexpr size_t kMaxFeedbackPerCodec = 32;
// RFC 8285 §4.3 numbers up to 255 extensions; browsers offer about 20.
inline constexpr size_t kMaxHeaderExtensions = 64;
inline constexpr size_t kMaxEncodings = 16;
// RTP has 128 payload types.
inline constexpr size_t kMaxMappings = 128;
// RFC 8832 §5.1 has 16 bits for the length of a label, and one for that of a protocol.
inline constexpr size_t kMaxLabelLength = 65'535;
inline constexpr size_t kMaxSubchannels = 1'024;
// Each type or kind once, with room for those that are yet to come.
inline constexpr size_t kMaxTraceTypes = 32;
inline constexpr size_t kMaxStatsKinds = 32;
inline constexpr size_t kMaxLogTags = 32;
// What one request may bring to a direct transport; each fits a slot of the packet pool.
inline constexpr size_t kMaxPackets = 64;
inline constexpr size_t kMaxPacketSize = 1500;

// InvalidArgument with one sentence that names the field, if `request` is out of bounds. The
// request has been verified, has a body and a known method.
absl::Status CheckShape(const schema::Request& request);

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_REQUEST_SHAPE_H_

// Makes a trace of a recording: finds the encodings, cuts at key frames and at whole frames, and
// keeps of every payload just so much that it is still described as it was.

#ifndef SLUICE_BENCH_TRAFFIC_RECORD_TRACE_MAKER_H_
#define SLUICE_BENCH_TRAFFIC_RECORD_TRACE_MAKER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/time.h"
#include "bench/traffic/record/recording.h"
#include "bench/traffic/trace.h"
#include "rtp/codec/descriptor.h"
#include "rtp/packet/extension_map.h"

namespace sluice::bench {

struct TraceMakerOptions {
  rtp::codec::Kind codec = rtp::codec::Kind::kUnknown;
  PayloadType payload_type;
  // As the peer negotiated them.
  rtp::ExtensionMap extensions;
  // Of the encodings, lowest resolution first. Empty: there is one, and whoever sends this payload
  // type is it.
  std::vector<std::string> rids;
  // The trace begins at the first key frames after this, and ends so much later.
  Duration from_since_1970{0};
  Duration length = std::chrono::seconds(10);
};

// The error says what is missing.
absl::StatusOr<Trace> MakeTrace(std::span<const RecordedPacket> recording,
                                const TraceMakerOptions& options);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_RECORD_TRACE_MAKER_H_

// Puts a trace together packet by packet: for what records one, and for tests.

#ifndef SLUICE_BENCH_TRAFFIC_TRACE_BUILDER_H_
#define SLUICE_BENCH_TRAFFIC_TRACE_BUILDER_H_

#include <utility>

#include "base/bytes.h"
#include "bench/traffic/trace.h"
#include "rtp/codec/descriptor.h"

namespace sluice::bench {

class TraceBuilder {
 public:
  TraceBuilder(rtp::codec::Kind codec, uint8_t encodings, uint32_t clock_rate) {
    trace_.codec = codec;
    trace_.encodings = encodings;
    trace_.clock_rate = clock_rate;
  }

  // `packet` without offset and sizes, which are those of `prefix` and `descriptor`: at most
  // Trace::kMaxPrefix and 255 bytes.
  TraceBuilder& Add(TracePacket packet, ByteView prefix, ByteView descriptor = {}) {
    packet.offset = static_cast<uint32_t>(trace_.bytes.size());
    packet.prefix_size = static_cast<uint8_t>(prefix.size());
    packet.descriptor_size = static_cast<uint8_t>(descriptor.size());
    trace_.bytes.insert(trace_.bytes.end(), prefix.begin(), prefix.end());
    trace_.bytes.insert(trace_.bytes.end(), descriptor.begin(), descriptor.end());
    trace_.packets.push_back(packet);
    return *this;
  }

  Trace Finish(Duration duration) {
    trace_.duration = duration;
    return std::move(trace_);
  }

 private:
  Trace trace_;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_TRACE_BUILDER_H_

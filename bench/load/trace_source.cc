#include "bench/load/trace_source.h"

namespace sluice::load {

TraceSource::TraceSource(const bench::Trace& trace, Duration start, size_t skipped)
    : player_(trace, {.start = Timestamp(start)}) {
  for (size_t i = 0; i < skipped; ++i) player_.Next();
  earlier_ = player_.NextDue() - Timestamp(start);
}

MediaPacket TraceSource::Next() {
  const bench::PlayedPacket played = player_.Next();
  return {.encoding = played.encoding,
          .timestamp = played.timestamp,
          .marker = played.marker,
          .key_frame = played.key_frame,
          .audio_level = played.audio_level,
          .payload_size = static_cast<uint16_t>(played.payload_size),
          .prefix = played.prefix,
          .descriptor = played.descriptor};
}

bench::Trace OnlyEncoding(const bench::Trace& trace, uint8_t encoding) {
  bench::Trace one = trace;
  one.packets.clear();
  one.encodings = 1;
  for (bench::TracePacket packet : trace.packets) {
    if (packet.encoding != encoding) continue;
    packet.encoding = 0;
    one.packets.push_back(packet);
  }
  return one;
}

}  // namespace sluice::load

// Media as a browser once sent it.

#ifndef SLUICE_BENCH_LOAD_TRACE_SOURCE_H_
#define SLUICE_BENCH_LOAD_TRACE_SOURCE_H_

#include "base/time.h"
#include "bench/load/source.h"
#include "bench/traffic/trace.h"
#include "bench/traffic/trace_player.h"

namespace sluice::load {

class TraceSource : public Source {
 public:
  // `trace` must outlive it.
  TraceSource(const bench::Trace& trace, Duration start)
      : player_(trace, {.start = Timestamp(start)}) {}

  Duration NextDue() const override { return player_.NextDue().time_since_epoch(); }

  MediaPacket Next() override {
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

  void RequestKeyFrame() override { player_.RequestKeyFrame(); }

 private:
  bench::TracePlayer player_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_TRACE_SOURCE_H_

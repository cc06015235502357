// Media as a browser once sent it.

#ifndef SLUICE_BENCH_LOAD_TRACE_SOURCE_H_
#define SLUICE_BENCH_LOAD_TRACE_SOURCE_H_

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "bench/load/source.h"
#include "bench/traffic/trace.h"
#include "bench/traffic/trace_player.h"

namespace sluice::load {

class TraceSource : public Source {
 public:
  // Begins at `start` with the packet behind the first `skipped` of the trace, which must outlive
  // the source.
  TraceSource(const bench::Trace& trace, Duration start, size_t skipped = 0);

  Duration NextDue() const override { return (player_.NextDue() - earlier_).time_since_epoch(); }
  MediaPacket Next() override;
  void RequestKeyFrame() override { player_.RequestKeyFrame(); }

 private:
  bench::TracePlayer player_;
  // What was skipped took so long.
  Duration earlier_{0};
};

// One encoding of a simulcast, as if there were no others.
bench::Trace OnlyEncoding(const bench::Trace& trace, uint8_t encoding);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_TRACE_SOURCE_H_

// Measures an interval of a run: what was delivered, and what it cost.

#ifndef SLUICE_BENCH_LOAD_MEASUREMENT_H_
#define SLUICE_BENCH_LOAD_MEASUREMENT_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "bench/load/json.h"
#include "bench/load/process_meter.h"
#include "bench/load/stage.h"

namespace sluice::load {

// Of all receivers together, since they joined.
struct Arrivals {
  struct Kind {
    // Without what was repeated. With what profile mixed throws away for good, since it came.
    uint64_t received = 0;
    // What the senders sent to them; of streams that a server chooses from several, what the
    // sequence numbers say.
    uint64_t expected = 0;

    Kind operator-(const Kind& before) const {
      return {received - before.received, expected - before.expected};
    }
  };
  Kind sound;
  Kind pictures;

  uint64_t received() const { return sound.received + pictures.received; }
  uint64_t expected() const { return sound.expected + pictures.expected; }
  Arrivals operator-(const Arrivals& before) const {
    return {sound - before.sound, pictures - before.pictures};
  }
};

Arrivals CountArrivals(const Stage& stage);

// Of the server: its processes, together and of each worker, and the core of the first of them.
struct ServerMeter {
  ProcessMeter processes;
  std::vector<ProcessMeter> workers;
  uint32_t cpu = 0;
};

// What one worker did in an interval.
struct WorkerShare {
  uint64_t packets = 0;  // of media that its receivers got
  int64_t cpu_ns = 0;

  double us_per_packet() const {
    return packets == 0 ? 0.0 : static_cast<double>(cpu_ns) / 1'000 / static_cast<double>(packets);
  }
};

// What all of them would carry at this cost, if each had a core for itself.
double CapacityPerSecond(const std::vector<WorkerShare>& workers);

struct Interval {
  double seconds = 0;
  // Delivered while the CPU was measured.
  uint64_t packets = 0;
  // Retransmissions of what was missing: then, and until all was still.
  uint64_t repaired = 0;
  uint64_t repaired_in_all = 0;
  uint64_t padding = 0;
  CpuTime server;
  std::vector<WorkerShare> workers;
  double own_cpu_share = 0;
  // What others than the server took of its core.
  double others_cpu_share = 0;
  // Of what was sent in the interval, after what was under way has come.
  Arrivals arrivals;
  uint64_t trains = 0;
  uint64_t train_packets = 0;
  uint64_t bytes = 0;

  uint64_t forwarded() const { return packets + repaired; }
  double packets_per_s() const { return static_cast<double>(forwarded()) / seconds; }
  double cpu_us_per_packet() const;
  // Of what was sent, how much never came, not even repeated; 0..1.
  double loss() const;
  uint64_t lost() const { return lost_sound() + lost_pictures(); }
  uint64_t lost_sound() const;
  // Only pictures are repeated.
  uint64_t lost_pictures() const;
};

// Plays media at `speed` for so long. Before and after, media rests for a moment, so that every
// packet belongs to one interval; it is not played when this returns.
absl::StatusOr<Interval> MeasureInterval(Stage& stage, const ServerMeter& meter, double speed,
                                         Duration time);

// System calls of the server per packet, over a moment of media at `speed`; null where they cannot
// be counted, with a line on stderr that says why.
absl::StatusOr<Json> MeasureSyscalls(Stage& stage, const std::vector<pid_t>& pids, double speed);

// The members of the output that every profile has.
void DescribeInterval(const Interval& interval, const Stage& stage, Json& out);
// What each of several workers did.
void DescribeWorkers(const Interval& interval, Json& out);
// {p50, p99, p999, max, samples}
Json DescribeDelay(const DelayHistogram& delay);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_MEASUREMENT_H_

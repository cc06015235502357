// Nanoseconds of CPU per packet, from batches during which nothing else happened to this process.
//
// A CPU clock alone is not to be trusted on a machine that is shared: work of the kernel on behalf
// of a sender may be charged to somebody else, and then the sender looks cheap. A batch counts only
// if the wall clock agrees with the CPU clock.

#ifndef SLUICE_BENCH_SUPPORT_GATED_BATCHES_H_
#define SLUICE_BENCH_SUPPORT_GATED_BATCHES_H_

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::bench {

struct BatchFigures {
  // Per packet; of the batches that count.
  double min_ns = 0;
  double median_ns = 0;
  size_t clean = 0;  // how many those were; at 0 there is no figure
  size_t disturbed = 0;
};

struct BatchOptions {
  size_t batches = 15;
  // Until that many were clean, but not for ever.
  size_t attempts = 90;
  // By how much the wall clock may be ahead.
  double tolerance = 0.02;
};

inline int64_t ClockNanos(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// `batch()` does the work and returns for how many packets.
template <typename Batch>
BatchFigures MeasureBatches(const BatchOptions& options, Batch batch) {
  BatchFigures figures;
  std::vector<double> clean;
  batch();  // Warms caches and routes.
  for (size_t i = 0; i < options.attempts && clean.size() < options.batches; ++i) {
    const int64_t wall_start = ClockNanos(CLOCK_MONOTONIC);
    const int64_t cpu_start = ClockNanos(CLOCK_PROCESS_CPUTIME_ID);
    const size_t packets = batch();
    const auto cpu = static_cast<double>(ClockNanos(CLOCK_PROCESS_CPUTIME_ID) - cpu_start);
    const auto wall = static_cast<double>(ClockNanos(CLOCK_MONOTONIC) - wall_start);
    const bool agree = wall <= cpu * (1 + options.tolerance);
    if (agree && packets > 0) clean.push_back(cpu / static_cast<double>(packets));
    if (!agree) ++figures.disturbed;
  }
  figures.clean = clean.size();
  if (clean.empty()) return figures;
  std::ranges::sort(clean);
  figures.min_ns = clean.front();
  figures.median_ns = clean[clean.size() / 2];
  return figures;
}

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_GATED_BATCHES_H_

// What does transport-wide feedback cost: noting when each packet came, writing what there is to
// tell ten times a second, and, on the other side, noting what was sent and learning from what is
// told?

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/bwe/bandwidth_estimator.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/transport_feedback.h"

namespace sluice::bench {
namespace {

using rtp::BandwidthEstimator;
using rtp::FeedbackRecorder;
using rtp::TransportFeedback;

constexpr size_t kRoom = 1'200;

// Arrivals jitter by some milliseconds, and every hundredth packet is lost.
Duration JitterOf(uint16_t number) { return Duration(number * 7919 % 3'000); }
bool IsLost(uint16_t number) { return number % 100 == 99; }

// `rate` packets per second, told of as they come.
void BM_RecordAndWrite(benchmark::State& state) {
  const Duration gap = std::chrono::microseconds(1'000'000 / state.range(0));
  FeedbackRecorder recorder;
  Timestamp now(std::chrono::seconds(1000));
  std::vector<uint8_t> room(kRoom);
  uint16_t number = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    now += gap;
    ++number;
    if (!IsLost(number)) recorder.Record(number, now + JitterOf(number));
    if (!recorder.NextTimeout() || *recorder.NextTimeout() > now) continue;
    ByteWriter out(room);
    while (recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out)) bytes += out.size();
  }
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordAndWrite)->Arg(180)->Arg(1'200)->ArgName("packets_per_s");

// A packet of feedback about `count` packets.
std::vector<uint8_t> FeedbackAbout(uint16_t first, int64_t count, Timestamp from, Duration gap) {
  FeedbackRecorder recorder;
  Timestamp now = from;
  for (int64_t i = 0; i < count; ++i, now += gap) {
    const auto number = static_cast<uint16_t>(first + i);
    if (!IsLost(number)) recorder.Record(number, now + JitterOf(number));
  }
  std::vector<uint8_t> room(kRoom);
  ByteWriter out(room);
  SLUICE_CHECK(recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out));
  room.resize(out.size());
  return room;
}

// Reading alone.
void BM_Parse(benchmark::State& state) {
  const std::vector<uint8_t> packet =
      FeedbackAbout(1, state.range(0), Timestamp(std::chrono::seconds(1000)), Duration(2'000));
  for (auto _ : state) {
    const std::optional<TransportFeedback> feedback = TransportFeedback::Parse(packet);
    Duration sum{0};
    feedback->ForEachReceived([&](const auto& arrival) { sum += arrival.time; });
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Parse)->Arg(18)->Arg(50)->ArgName("packets");

// What a sender does for each packet: note it, and learn from what is told of fifty of them. The
// packets of feedback are written outside of the measurement.
void BM_Estimate(benchmark::State& state) {
  constexpr int64_t kTold = 50;
  constexpr Duration kGap{2'000};
  BandwidthEstimator estimator({.initial = BitRate::Kbps(5'000)});
  Timestamp now(std::chrono::seconds(1000));
  uint16_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<uint8_t> packet =
        FeedbackAbout(static_cast<uint16_t>(number + 1), kTold, now + Duration(20'000), kGap);
    state.ResumeTiming();
    for (int64_t i = 0; i < kTold; ++i, now += kGap) {
      estimator.RecordSent(now, {.transport_sequence = ++number, .bytes = 1'200});
    }
    estimator.RecordFeedback(now + Duration(40'000), *TransportFeedback::Parse(packet));
    estimator.HandleTimeout(now + Duration(40'000));
    while (estimator.PollDecision()) {
    }
  }
  SLUICE_CHECK(estimator.stats().packets_acked > 0);
  state.SetItemsProcessed(state.iterations() * kTold);
  state.counters["per_packet"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kTold),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Estimate);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

// What does it cost to know which packets are missing, and to ask for them: per packet without
// loss, with a hundredth lost, and when a burst is gone?

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/receive/nack_tracker.h"
#include "rtp/rtcp/nack.h"

namespace sluice::bench {
namespace {

using rtp::GenericNack;
using rtp::NackTracker;

constexpr Duration kGap{3'333};  // 300 packets per second
constexpr Duration kRoundTrip{50'000};

NackTracker MakeTracker() {
  NackTracker tracker(true, Duration(0));
  tracker.RecordRtt(kRoundTrip);
  return tracker;
}

void BM_NothingLost(benchmark::State& state) {
  NackTracker tracker = MakeTracker();
  Timestamp now(std::chrono::seconds(1000));
  int64_t seq = 70'000;
  for (auto _ : state) {
    now += kGap;
    tracker.RecordNewest(now, {seq++}, 0);
    benchmark::DoNotOptimize(tracker.NextTimeout());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_NothingLost);

// Every hundredth packet is lost, asked for at once, and comes a round trip later.
void BM_OneInAHundredLost(benchmark::State& state) {
  constexpr int64_t kLostEvery = 100;
  constexpr int64_t kRepairedAfter = kRoundTrip / kGap;
  NackTracker tracker = MakeTracker();
  Timestamp now(std::chrono::seconds(1000));
  std::array<SeqNo, 17> due;
  size_t asked = 0;
  int64_t seq = 70'000;
  for (auto _ : state) {
    now += kGap;
    ++seq;
    if (seq % kLostEvery == 0) continue;
    tracker.RecordNewest(now, {seq}, seq % kLostEvery == 1 ? 1 : 0);
    if (seq % kLostEvery == kRepairedAfter) {
      tracker.RecordLate(now, {seq - kRepairedAfter}, true);
    }
    if (tracker.NextTimeout() && *tracker.NextTimeout() <= now) asked += tracker.Poll(now, due);
  }
  benchmark::DoNotOptimize(asked);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_OneInAHundredLost);

// So many packets in a row are gone: noticing, asking, and taking them in as they come.
void BM_Burst(benchmark::State& state) {
  const int64_t burst = state.range(0);
  NackTracker tracker = MakeTracker();
  Timestamp now(std::chrono::seconds(1000));
  std::array<SeqNo, 17> due;
  std::vector<uint8_t> room(1'200);
  int64_t seq = 70'000;
  for (auto _ : state) {
    now += kGap;
    seq += burst + 1;
    tracker.RecordNewest(now, {seq}, burst);
    GenericNack nack;
    for (size_t count = due.size(); count == due.size();) {
      count = tracker.Poll(now, due);
      for (size_t i = 0; i < count; ++i) nack.Add(due[i]);
    }
    ByteWriter out(room);
    nack.WriteTo(out);
    now += kRoundTrip;
    for (int64_t late = seq - burst; late < seq; ++late) tracker.RecordLate(now, {late}, true);
  }
  SLUICE_CHECK(tracker.missing() == 0);
  state.SetItemsProcessed(state.iterations() * burst);
}
BENCHMARK(BM_Burst)->Arg(1)->Arg(10)->Arg(100)->ArgName("lost");

// Building the packet alone.
void BM_Write(benchmark::State& state) {
  const auto lost = static_cast<uint16_t>(state.range(0));
  std::vector<uint8_t> room(1'200);
  for (auto _ : state) {
    GenericNack nack;
    for (uint16_t i = 0; i < lost; ++i) nack.Add(SeqNo(static_cast<uint16_t>(65'500 + 3 * i)));
    ByteWriter out(room);
    nack.WriteTo(out);
    benchmark::DoNotOptimize(out.size());
  }
  state.SetItemsProcessed(state.iterations() * lost);
}
BENCHMARK(BM_Write)->Arg(1)->Arg(10)->Arg(100)->ArgName("lost");

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

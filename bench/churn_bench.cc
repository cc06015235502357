// What do comings and goings cost the engine, in a room that is in use: a consumer, a transport
// with its handshake, a hundred people at once?
//
// Handshakes have two ends, and both are computed here. What the engine's end takes is about half
// of what BM_Join tells.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "bench/support/fan_out.h"

namespace sluice::bench {
namespace {

// A room that exists already, with a stream that flows.
std::unique_ptr<FanOut> Room(size_t receivers) {
  FanOut::Options options;
  options.receivers = receivers;
  auto room = std::make_unique<FanOut>(options);
  room->WarmUp(std::chrono::milliseconds(200));
  return room;
}

// Somebody stops watching one picture and begins again.
void BM_ConsumerCloseAndCreate(benchmark::State& state) {
  const auto room = Room(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    room->CloseConsumer(0);
    room->AddConsumer(0);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ConsumerCloseAndCreate)->Arg(10)->Arg(100)->ArgName("receivers");

// Somebody leaves and joins: ICE, DTLS, one consumer. The close_notify goes out and the transport
// is erased in between.
void BM_LeaveAndJoin(benchmark::State& state) {
  const auto room = Room(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    room->CloseReceiver(0);
    room->Drain();
    room->AddReceiver(0);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_LeaveAndJoin)->Arg(10)->Arg(100)->ArgName("receivers")->Unit(benchmark::kMicrosecond);

// A hundred people join an empty room, and all leave.
void BM_HundredJoinAndLeave(benchmark::State& state) {
  constexpr size_t kPeople = 100;
  const auto room = Room(0);
  for (auto _ : state) {
    for (size_t i = 0; i < kPeople; ++i) room->AddReceiver(i);
    for (size_t i = 0; i < kPeople; ++i) room->CloseReceiver(i);
    room->Drain();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kPeople));
}
BENCHMARK(BM_HundredJoinAndLeave)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

// What it costs to share an estimate anew, as happens with every feedback: for a transport with
// few and with many consumers, with room for all, for half of it, and with an estimate that moves
// through the band in which nothing changes.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "rtp/forward/allocator.h"

namespace sluice::rtp {
namespace {

// Three sizes of three frame rates.
std::vector<LayerCatalog::Offer> Offers() {
  std::vector<LayerCatalog::Offer> offers;
  for (uint8_t i = 0; i < 9; ++i) {
    LayerCatalog::Offer offer;
    offer.layer = {static_cast<uint8_t>(i / 3), static_cast<uint8_t>(i % 3)};
    offer.where = {offer.layer.spatial, {0, offer.layer.temporal}};
    offer.rate = BitRate::Kbps(50 + 20 * i * i);
    offer.alive = true;
    offer.alive_for = std::chrono::hours(1);
    offers.push_back(offer);
  }
  return offers;
}

void BM_Allocate(benchmark::State& state) {
  const std::vector<LayerCatalog::Offer> offers = Offers();
  const int64_t consumers = state.range(0);
  std::vector<Allocator::Request> requests;
  for (int64_t i = 0; i < consumers; ++i) {
    Allocator::Request request;
    request.consumer = static_cast<uint32_t>(i);
    request.priority = static_cast<uint8_t>(1 + i % 3);
    request.offers = offers;
    requests.push_back(request);
  }
  Allocator allocator;
  Timestamp now(std::chrono::seconds(100));
  const int64_t best = offers.back().rate.bps() * consumers;
  const int64_t base = best * state.range(1) / 100;
  int64_t turn = 0;
  for (auto _ : state) {
    now += std::chrono::milliseconds(50);
    const BitRate available = BitRate::Bps(base + base / 200 * (++turn % 11 - 5));
    benchmark::DoNotOptimize(allocator.Allocate(now, available, requests).size());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Allocate)
    ->ArgsProduct({{10, 100, 1000}, {200, 105, 50}})
    ->ArgNames({"consumers", "percent"})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::rtp

BENCHMARK_MAIN();

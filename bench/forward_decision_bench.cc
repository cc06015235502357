// What does it cost to decide whether a receiver sees a packet, by codec, for receivers that get
// all layers and for those that get the lowest?

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/check.h"
#include "bench/support/layered_source.h"
#include "rtp/forward/forwarder.h"

namespace sluice::bench {
namespace {

// Their state does not stay in the first-level cache.
constexpr size_t kReceivers = 100;
// Packets are made outside of the measurement, many at a time.
constexpr size_t kBatch = 64;

using Forwarders = std::vector<std::unique_ptr<rtp::Forwarder>>;

Forwarders MakeForwarders(const test::LayerShape& shape, rtp::LayerId wanted) {
  rtp::Forwarder::Options options;
  options.kind = rtp::MediaKind::kVideo;
  options.ssrc = Ssrc(7);
  options.first_seq = SeqNo(1000);
  options.needs_key_frame = true;
  options.codec = shape.codec;
  options.svc = shape.k_svc() ? rtp::SvcMode::kKey : rtp::SvcMode::kFull;
  options.dependency_descriptor = shape.descriptor;
  options.payload_types.Add(LayeredSource::kPayloadType);
  Forwarders forwarders;
  for (size_t i = 0; i < kReceivers; ++i) {
    forwarders.push_back(std::make_unique<rtp::Forwarder>(options));
    forwarders.back()->SetTarget(rtp::LayerTarget{0, wanted});
  }
  return forwarders;
}

void BM_Admit(benchmark::State& state) {
  const test::LayerShape& shape = BrowserShapes()[static_cast<size_t>(state.range(0))];
  const bool everything = state.range(1) != 0;
  LayeredSource source(shape);
  const Forwarders forwarders =
      MakeForwarders(shape, everything ? rtp::LayerId{2, 2} : rtp::LayerId{0, 0});
  uint64_t admitted = 0;
  std::vector<rtp::RtpPacket> batch;
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    for (size_t i = 0; i < kBatch; ++i) batch.push_back(source.Next());
    state.ResumeTiming();
    for (const rtp::RtpPacket& packet : batch) {
      for (const auto& forwarder : forwarders) {
        const rtp::Verdict verdict =
            forwarder->Admit(packet, LayeredSource::kPayloadType, source.encoding(), {});
        admitted += std::holds_alternative<rtp::Rewrite>(verdict) ? 1 : 0;
      }
    }
  }
  SLUICE_CHECK(admitted > 0);
  const auto decisions = state.iterations() * static_cast<int64_t>(kBatch * kReceivers);
  state.SetItemsProcessed(decisions);
  state.counters["per_decision"] = benchmark::Counter(
      static_cast<double>(decisions), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["admitted"] = static_cast<double>(admitted) / static_cast<double>(decisions);
  state.SetLabel(shape.name + (everything ? ", all" : ", lowest layer"));
}
BENCHMARK(BM_Admit)->ArgsProduct({{0, 1, 2, 3, 4}, {1, 0}})->ArgNames({"shape", "all"});

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

// What the pacer costs per packet: without a rate, where it only sorts; with one; and with more
// coming than may leave, where it chooses what to drop.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/send/pacer.h"

namespace sluice::rtp {
namespace {

RtpPacket MakePacket(PacketPool& pool) {
  PacketRef ref = pool.Allocate();
  ByteWriter out(ref.buffer());
  out.U8(0x80);
  out.U8(96);
  out.U16(1);
  out.Zeros(1196);
  ref.set_size(out.size());
  std::optional<RtpPacket> packet = RtpPacket::Parse(std::move(ref), {});
  SLUICE_CHECK(packet.has_value());
  return *packet;
}

// `load` is what comes, in percent of what may leave.
void Run(benchmark::State& state, std::optional<BitRate> rate, int load) {
  PacketPool pool;
  const RtpPacket packet = MakePacket(pool);
  Pacer pacer;
  pacer.set_rate(rate);
  Timestamp now(std::chrono::seconds(100));
  const Duration gap = DataSize::Bytes(1200 * 100 / load) / BitRate::Kbps(10'000);
  uint32_t turn = 0;
  for (auto _ : state) {
    now += gap;
    Pacer::Item item;
    item.packet = packet;
    item.rewrite.timestamp = ++turn / 8;
    item.temporal = static_cast<uint8_t>(turn / 8 % 2);
    benchmark::DoNotOptimize(pacer.Push(now, std::move(item)));
    while (const auto popped = pacer.Pop(now)) benchmark::DoNotOptimize(popped->owner);
    while (const auto evicted = pacer.PollEvicted()) benchmark::DoNotOptimize(evicted->packets);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_WithoutRate(benchmark::State& state) { Run(state, std::nullopt, 100); }
BENCHMARK(BM_WithoutRate);

void BM_WithRate(benchmark::State& state) { Run(state, BitRate::Kbps(10'000), 90); }
BENCHMARK(BM_WithRate);

void BM_Overload(benchmark::State& state) { Run(state, BitRate::Kbps(10'000), 300); }
BENCHMARK(BM_Overload);

}  // namespace
}  // namespace sluice::rtp

BENCHMARK_MAIN();

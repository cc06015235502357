// What does it cost to understand a packet: header, extensions, and what its codec says about key
// frames and layers? Once per packet of a publisher, however many receivers it has.

#include <benchmark/benchmark.h>

#include <optional>
#include <vector>

#include "base/check.h"
#include "bench/support/layered_source.h"
#include "rtp/codec/descriptor.h"
#include "tests/support/packet_builders.h"

namespace sluice::bench {
namespace {

// Some seconds of a stream, which stay in the second-level cache, as what just came from the kernel
// does.
constexpr size_t kPackets = 512;

std::vector<PacketRef> Datagrams(LayeredSource& source) {
  std::vector<PacketRef> datagrams;
  for (size_t i = 0; i < kPackets; ++i) datagrams.push_back(source.NextDatagram());
  return datagrams;
}

// The header and where the extensions stand.
void BM_Parse(benchmark::State& state) {
  LayeredSource source(BrowserShapes()[static_cast<size_t>(state.range(0))]);
  const std::vector<PacketRef> datagrams = Datagrams(source);
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rtp::RtpPacket::Parse(datagrams[next], source.extensions()));
    next = (next + 1) % kPackets;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(BrowserShapes()[static_cast<size_t>(state.range(0))].name);
}
// VP8's extensions are those of the others; AV1 has the dependency descriptor.
BENCHMARK(BM_Parse)->Arg(0)->Arg(4)->ArgName("shape");

// The descriptor of each codec, for packets that were parsed.
void BM_Describe(benchmark::State& state) {
  const test::LayerShape& shape = BrowserShapes()[static_cast<size_t>(state.range(0))];
  LayeredSource source(shape);
  std::vector<rtp::RtpPacket> packets;
  for (const PacketRef& datagram : Datagrams(source)) {
    std::optional<rtp::RtpPacket> packet = rtp::RtpPacket::Parse(datagram, source.extensions());
    SLUICE_CHECK(packet.has_value());
    packets.push_back(*packet);
  }
  // Every round begins with the key picture and its dependency structure: one in 512 packets, as
  // after a loss every few seconds.
  rtp::EncodingSource encoding;
  size_t next = 0;
  for (auto _ : state) {
    encoding.Describe(shape.codec, packets[next]);
    benchmark::DoNotOptimize(packets[next].description());
    next = (next + 1) % kPackets;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(shape.name);
}
BENCHMARK(BM_Describe)->DenseRange(0, 4)->ArgName("shape");

void BM_DescribeOpus(benchmark::State& state) {
  const test::Bytes payload = test::OpusPayload(false, 80);
  for (auto _ : state) {
    benchmark::DoNotOptimize(rtp::codec::Describe(rtp::codec::Kind::kOpus, payload, false));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DescribeOpus);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

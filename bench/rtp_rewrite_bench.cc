// What one more receiver costs per packet before encryption: the decision to forward, the place in
// the store, and the new header. Run over many receivers, because their state does not stay in the
// first-level cache of a worker that has a thousand of them.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/packet_pool.h"
#include "rtp/forward/forwarder.h"
#include "rtp/send/egress_writer.h"
#include "rtp/send/retransmission_cache.h"

namespace sluice::rtp {
namespace {

constexpr PayloadType kMedia(96);
constexpr PayloadType kForeign(97);  // of no receiver
const EncodingSource source;

struct Receiver {
  explicit Receiver(const Forwarder::Options& options, const ExtensionMap& extensions)
      : forwarder(options), writer(extensions, "0"), cache(MediaKind::kVideo) {}

  Forwarder forwarder;
  EgressWriter writer;
  RetransmissionCache cache;
};

ExtensionMap Extensions() {
  ExtensionMap map;
  map.Add(1, Extension::kMid);
  map.Add(4, Extension::kAbsSendTime);
  map.Add(5, Extension::kTransportSequence);
  map.Add(8, Extension::kVideoOrientation);
  return map;
}

std::vector<std::unique_ptr<Receiver>> MakeReceivers(size_t count) {
  Forwarder::Options options;
  options.kind = MediaKind::kVideo;
  options.ssrc = Ssrc(7);
  options.first_seq = SeqNo(1000);
  options.needs_key_frame = true;
  options.payload_types.Add(kMedia);
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (size_t i = 0; i < count; ++i) {
    receivers.push_back(std::make_unique<Receiver>(options, Extensions()));
  }
  return receivers;
}

// A stream of 300 packets a second.
class Publisher {
 public:
  RtpPacket Next() {
    now_ += Duration(3333);
    PacketRef ref = pool_.Allocate();
    ByteWriter out(ref.buffer());
    out.U8(0x90);
    out.U8(kMedia.value());
    out.U16(static_cast<uint16_t>(seq_));
    out.U32(static_cast<uint32_t>(seq_ / 10 * 3000));
    out.U32(9);
    out.U32(0xbede0001);  // one word of one-byte extensions: the orientation, and padding
    out.U32(0x80010000);
    out.Zeros(1100);
    ref.set_size(out.size());
    ref.set_arrival(now_);
    RtpPacket packet = *RtpPacket::Parse(ref, extensions_);
    codec::Description description;
    description.key_frame = seq_ == kFirst;
    packet.set_description(description);
    packet.set_unwrapped({seq_++});
    return packet;
  }

 private:
  static constexpr int64_t kFirst = 65'536;
  const ExtensionMap extensions_ = Extensions();
  PacketPool pool_;
  int64_t seq_ = kFirst;
  Timestamp now_{};
};

// Packets are made outside of the measurement, many at a time: stopping the clock costs more than
// a receiver does.
constexpr size_t kBatch = 64;

std::vector<RtpPacket> NextBatch(Publisher& publisher) {
  std::vector<RtpPacket> batch;
  for (size_t i = 0; i < kBatch; ++i) batch.push_back(publisher.Next());
  return batch;
}

void Report(benchmark::State& state) {
  const int64_t packets = state.iterations() * state.range(0) * static_cast<int64_t>(kBatch);
  state.SetItemsProcessed(packets);
  state.counters["per_packet"] = benchmark::Counter(
      static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// The decision alone. `thinned` leaves out every third packet, as temporal layers would.
void BM_Admit(benchmark::State& state) {
  Publisher publisher;
  const auto receivers = MakeReceivers(static_cast<size_t>(state.range(0)));
  const int thinning = state.range(1) != 0 ? 3 : 1 << 30;
  int turn = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<RtpPacket> batch = NextBatch(publisher);
    state.ResumeTiming();
    for (const RtpPacket& packet : batch) {
      const PayloadType mapped = ++turn % thinning == 0 ? kForeign : kMedia;
      for (const auto& receiver : receivers) {
        benchmark::DoNotOptimize(receiver->forwarder.Admit(packet, mapped, source, {}));
      }
    }
  }
  Report(state);
}
BENCHMARK(BM_Admit)->ArgsProduct({{1, 100, 1000}, {0, 1}})->ArgNames({"receivers", "thinned"});

void SendToAll(const RtpPacket& packet, const std::vector<std::unique_ptr<Receiver>>& receivers,
               ByteSpan out) {
  const Departure departure{NtpTime::From(packet.arrival(), Duration(0)), packet.seq().value()};
  for (const auto& receiver : receivers) {
    const Verdict verdict = receiver->forwarder.Admit(packet, kMedia, source, {});
    const auto* rewrite = std::get_if<Rewrite>(&verdict);
    SLUICE_CHECK(rewrite != nullptr);
    benchmark::DoNotOptimize(receiver->writer.Write(packet, *rewrite, departure, out));
    receiver->cache.Store(packet.arrival(), packet, *rewrite);
  }
}

// Decision, header and store: everything but queue and cipher. The stores are full before the
// measurement begins.
void BM_AdmitWriteStore(benchmark::State& state) {
  Publisher publisher;
  const auto receivers = MakeReceivers(static_cast<size_t>(state.range(0)));
  std::vector<uint8_t> out(1500);
  for (int i = 0; i < 1000; ++i) SendToAll(publisher.Next(), receivers, out);
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<RtpPacket> batch = NextBatch(publisher);
    state.ResumeTiming();
    for (const RtpPacket& packet : batch) SendToAll(packet, receivers, out);
  }
  Report(state);
}
BENCHMARK(BM_AdmitWriteStore)->Arg(1)->Arg(100)->Arg(1000)->ArgName("receivers");

}  // namespace
}  // namespace sluice::rtp

BENCHMARK_MAIN();

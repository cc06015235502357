// What one more receiver costs per packet before encryption: the decision to forward, the place in
// the store, and the new header. Run over many receivers, because their state does not stay in the
// first-level cache of a worker that has a thousand of them.

#include <cstdint>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "rtp/forward/forwarder.h"
#include "rtp/send/egress_writer.h"
#include "rtp/send/retransmission_cache.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

constexpr PayloadType kMedia(96);

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
    test::RtpPacketBuilder builder;
    builder.WithSsrc(9).WithPayloadType(kMedia.value()).WithSeq(static_cast<uint16_t>(seq_));
    builder.WithTimestamp(static_cast<uint32_t>(seq_ / 10 * 3000)).WithExtension(8, {1});
    builder.WithPayload(test::Bytes(1100, 0x5a));
    RtpPacket packet = builder.Build(pool_, Extensions(), now_);
    codec::Description description;
    description.key_frame = seq_ == kFirst;
    packet.set_description(description);
    packet.set_unwrapped({seq_++});
    return packet;
  }
  Timestamp now() const { return now_; }

 private:
  static constexpr int64_t kFirst = 65'536;
  PacketPool pool_;
  int64_t seq_ = kFirst;
  Timestamp now_{};
};

void Report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["ns_per_packet"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)) * 1e-9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// The decision alone. `thinned` leaves out every third packet, as temporal layers would.
void BM_Admit(benchmark::State& state) {
  Publisher publisher;
  const auto receivers = MakeReceivers(static_cast<size_t>(state.range(0)));
  const bool thinned = state.range(1) != 0;
  int turn = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const RtpPacket packet = publisher.Next();
    const PayloadType mapped = thinned && ++turn % 3 == 0 ? PayloadType(97) : kMedia;
    state.ResumeTiming();
    for (const auto& receiver : receivers) {
      benchmark::DoNotOptimize(receiver->forwarder.Admit(packet, mapped));
    }
  }
  Report(state);
}
BENCHMARK(BM_Admit)->ArgsProduct({{1, 100, 1000}, {0, 1}})->ArgNames({"receivers", "thinned"});

// Decision, header and store: everything but queue and cipher.
void BM_AdmitWriteStore(benchmark::State& state) {
  Publisher publisher;
  const auto receivers = MakeReceivers(static_cast<size_t>(state.range(0)));
  std::vector<uint8_t> out(1500);
  uint16_t transport_sequence = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const RtpPacket packet = publisher.Next();
    state.ResumeTiming();
    const Departure departure{NtpTime::From(publisher.now(), Duration(0)), transport_sequence++};
    for (const auto& receiver : receivers) {
      const Verdict verdict = receiver->forwarder.Admit(packet, kMedia);
      const auto* rewrite = std::get_if<Rewrite>(&verdict);
      SLUICE_CHECK(rewrite != nullptr);
      const auto written = receiver->writer.Write(packet, *rewrite, departure, out);
      benchmark::DoNotOptimize(written);
      receiver->cache.Store(publisher.now(), packet, *rewrite);
    }
  }
  Report(state);
}
BENCHMARK(BM_AdmitWriteStore)->Arg(1)->Arg(100)->Arg(1000)->ArgName("receivers");

}  // namespace
}  // namespace sluice::rtp

BENCHMARK_MAIN();

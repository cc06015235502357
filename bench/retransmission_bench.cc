// What does the store of retransmissions cost: to keep a packet, and to find one that is asked for,
// among the stores of many receivers, which no cache holds?

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/send/retransmission_cache.h"

namespace sluice::bench {
namespace {

using rtp::RetransmissionCache;

constexpr Duration kGap{3'333};  // 300 packets per second
// So many are younger than two seconds.
constexpr uint16_t kStored = 600;

// Receivers of one stream: their stores share its packets.
class Room {
 public:
  explicit Room(size_t receivers) {
    for (size_t i = 0; i < receivers; ++i) {
      stores_.push_back(std::make_unique<RetransmissionCache>(rtp::MediaKind::kVideo));
    }
    for (uint16_t i = 0; i < kStored; ++i) StoreNext();
  }

  void StoreNext() {
    now_ += kGap;
    PacketRef ref = pool_.Allocate();
    ByteWriter out(ref.buffer());
    out.U16(0x8060);
    out.U16(next_);
    out.Zeros(1'196);
    ref.set_size(out.size());
    const rtp::RtpPacket packet = *rtp::RtpPacket::Parse(std::move(ref), {});
    rtp::Rewrite rewrite;
    rewrite.seq = SeqNo(next_++);
    for (const auto& store : stores_) store->Store(now_, packet, rewrite);
  }

  // The packet before the newest by so many.
  SeqNo Back(uint16_t count) const { return SeqNo(static_cast<uint16_t>(next_ - 1 - count)); }
  RetransmissionCache& store(size_t receiver) { return *stores_[receiver]; }
  Timestamp now() const { return now_; }

 private:
  PacketPool pool_;
  std::vector<std::unique_ptr<RetransmissionCache>> stores_;
  Timestamp now_{std::chrono::seconds(1000)};
  uint16_t next_ = 0;
};

void BM_Store(benchmark::State& state) {
  Room room(static_cast<size_t>(state.range(0)));
  for (auto _ : state) room.StoreNext();
  const auto packets = state.iterations() * state.range(0);
  state.SetItemsProcessed(packets);
  state.counters["per_packet"] = benchmark::Counter(
      static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Store)->Arg(1)->Arg(100)->Arg(1'000)->ArgName("receivers");

// Every receiver asks for each packet of the last second once, one after the other; then new ones
// come.
void BM_Find(benchmark::State& state) {
  constexpr uint16_t kAsked = kStored / 2;
  const auto receivers = static_cast<size_t>(state.range(0));
  Room room(receivers);
  size_t found = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (uint16_t i = 0; i < kAsked; ++i) room.StoreNext();
    state.ResumeTiming();
    for (uint16_t i = 0; i < kAsked; ++i) {
      for (size_t receiver = 0; receiver < receivers; ++receiver) {
        const auto answer =
            room.store(receiver).Find(room.now(), room.Back(i), std::chrono::milliseconds(20));
        found += std::holds_alternative<RetransmissionCache::Entry>(answer) ? 1 : 0;
      }
    }
  }
  const auto finds = state.iterations() * int64_t{kAsked} * state.range(0);
  SLUICE_CHECK(found == static_cast<size_t>(finds));
  state.SetItemsProcessed(finds);
  state.counters["per_find"] = benchmark::Counter(
      static_cast<double>(finds), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Find)->Arg(1)->Arg(100)->Arg(1'000)->ArgName("receivers");

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

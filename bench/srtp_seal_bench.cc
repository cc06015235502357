// What sealing one more packet for one more receiver costs, ours by OpenSSL and by the
// bulk cipher against libsrtp2's. Run over 200
// sessions with different keys, because the keys of a worker with many receivers do not stay in the
// first-level cache.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/bulk_cipher.h"
#include "dtls/seal_queue.h"
#include "dtls/srtp_session.h"
#include "tests/support/srtp_libsrtp2.h"

namespace sluice::dtls {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kSessions = 200;
constexpr size_t kHeader = 12;
constexpr size_t kRoom = 160;  // as much as libsrtp2 asks for behind a packet

Bytes MasterOf(SrtpProfile profile, size_t session, uint8_t salt) {
  Bytes master(MasterKeySize(profile) + MasterSaltSize(profile), salt);
  ByteWriter(master).U64(session);
  return master;
}

void WriteHeader(ByteSpan out, uint32_t seq) {
  ByteWriter header(out);
  header.U16(0x8060);
  header.U16(static_cast<uint16_t>(seq));
  header.U32(seq * 3000);
  header.U32(7);
}

void Report(benchmark::State& state) {
  const auto packets = state.iterations() * static_cast<int64_t>(kSessions);
  state.SetItemsProcessed(packets);
  state.counters["per_packet"] = benchmark::Counter(
      static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetLabel(std::string(SrtpProfileName(static_cast<SrtpProfile>(state.range(0)))));
}

// The same with the bulk cipher, so many packets at a time.
void BM_Bulk(benchmark::State& state) {
  const auto profile = static_cast<SrtpProfile>(state.range(0));
  const auto size = static_cast<size_t>(state.range(1));
  const auto batch = static_cast<size_t>(state.range(2));
  const std::unique_ptr<BulkCipher> cipher = BulkCipher::Create();
  if (cipher == nullptr) {
    state.SkipWithError("this build or this processor has no bulk cipher");
    return;
  }
  std::vector<std::unique_ptr<SrtpSession>> sessions;
  std::vector<Bytes> slots;
  for (size_t i = 0; i < kSessions; ++i) {
    auto session = SrtpSession::Create(
        *SrtpKeys::FromHalves(profile, MasterOf(profile, i, 1), MasterOf(profile, i, 2)),
        cipher.get());
    SLUICE_CHECK(session.ok());
    sessions.push_back(std::move(*session));
    slots.emplace_back(size + kRoom);
  }
  const Bytes payload(size - kHeader, 0x5a);
  SealQueue queue(cipher.get());
  uint32_t seq = 0;
  for (auto _ : state) {
    ++seq;
    for (size_t i = 0; i < kSessions; ++i) {
      WriteHeader(slots[i], seq);
      const auto job = sessions[i]->PrepareRtp(slots[i], kHeader, kHeader, payload);
      SLUICE_CHECK(job.has_value());
      queue.Push(*job);
      if ((i + 1) % batch == 0) queue.Run();
    }
    queue.Run();
  }
  Report(state);
}

// One shared payload for all, as a room has it: the cipher reads it, and writes to each receiver.
void BM_Ours(benchmark::State& state) {
  const auto profile = static_cast<SrtpProfile>(state.range(0));
  const auto size = static_cast<size_t>(state.range(1));
  std::vector<std::unique_ptr<SrtpSession>> sessions;
  std::vector<Bytes> slots;
  for (size_t i = 0; i < kSessions; ++i) {
    auto session = SrtpSession::Create(
        *SrtpKeys::FromHalves(profile, MasterOf(profile, i, 1), MasterOf(profile, i, 2)));
    SLUICE_CHECK(session.ok());
    sessions.push_back(std::move(*session));
    slots.emplace_back(size + kRoom);
  }
  const Bytes payload(size - kHeader, 0x5a);
  uint32_t seq = 0;
  for (auto _ : state) {
    ++seq;
    for (size_t i = 0; i < kSessions; ++i) {
      WriteHeader(slots[i], seq);
      SLUICE_CHECK(sessions[i]->ProtectRtp(slots[i], kHeader, payload).has_value());
    }
  }
  Report(state);
}

// libsrtp2 seals in place only, so the payload is copied first.
void BM_Libsrtp2(benchmark::State& state) {
  const auto profile = static_cast<SrtpProfile>(state.range(0));
  const auto size = static_cast<size_t>(state.range(1));
  std::vector<std::unique_ptr<test::Libsrtp2>> sessions;
  std::vector<Bytes> slots;
  for (size_t i = 0; i < kSessions; ++i) {
    sessions.push_back(std::make_unique<test::Libsrtp2>(profile, MasterOf(profile, i, 1),
                                                        MasterOf(profile, i, 2)));
    slots.emplace_back(size + kRoom);
  }
  const Bytes payload(size - kHeader, 0x5a);
  uint32_t seq = 0;
  for (auto _ : state) {
    ++seq;
    for (size_t i = 0; i < kSessions; ++i) {
      WriteHeader(slots[i], seq);
      std::ranges::copy(payload, slots[i].begin() + kHeader);
      SLUICE_CHECK(sessions[i]->SealRtpInPlace(slots[i], size) != 0);
    }
  }
  Report(state);
}

void Cases(benchmark::internal::Benchmark* bench) {
  bench->ArgsProduct({{0, 1, 2}, {1200, 200}})->ArgNames({"profile", "bytes"});
}
BENCHMARK(BM_Ours)->Apply(Cases);
BENCHMARK(BM_Bulk)
    ->ArgsProduct({{0, 1, 2}, {1200, 200}, {1, 4, 16, 64}})
    ->ArgNames({"profile", "bytes", "batch"});
BENCHMARK(BM_Libsrtp2)->Apply(Cases);

}  // namespace
}  // namespace sluice::dtls

BENCHMARK_MAIN();

// What does a packet cost from the publisher's datagram to N encrypted ones, everything included
// but sockets: opening, parsing, deciding, pacing, writing, sealing, recording, statistics, timers?
//
// `per_packet` is the time per datagram that leaves for a receiver. The source's own packet is
// opened and parsed once for all of them, so that the figure falls as receivers become more.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "bench/support/fan_out.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;

// Packets are made outside of the measurement, many turns at a time: stopping the clock costs more
// than a turn of a small room does.
constexpr size_t kTurns = 16;
// Long enough for the store of retransmissions to be full and for estimates to have settled.
constexpr Duration kWarmUp = std::chrono::seconds(3);

// Connecting five hundred receivers takes a second, and the library calls a benchmark several times
// over: the last one is kept for as long as the same one is asked for.
FanOut& Connected(const FanOut::Options& options) {
  static std::unique_ptr<FanOut> kept;
  const auto same = [&](const FanOut::Options& other) {
    return other.receivers == options.receivers && other.profile == options.profile &&
           other.kind == options.kind && other.simulcast == options.simulcast &&
           other.feedback == options.feedback && other.packets_per_turn == options.packets_per_turn;
  };
  if (kept == nullptr || !same(kept->options())) {
    kept.reset();
    kept = std::make_unique<FanOut>(options);
    kept->WarmUp(kWarmUp);
  }
  return *kept;
}

void Run(benchmark::State& state, const FanOut::Options& options) {
  FanOut& fan = Connected(options);
  fan.TakeForwarded();
  for (auto _ : state) {
    state.PauseTiming();
    fan.Answer();
    fan.Prepare(kTurns);
    state.ResumeTiming();
    fan.Tell();
    for (size_t i = 0; i < kTurns; ++i) {
      fan.Feed();
      fan.Drain();
    }
  }
  const uint64_t forwarded = fan.TakeForwarded();
  const uint64_t fed =
      static_cast<uint64_t>(state.iterations()) * kTurns * options.packets_per_turn;
  if (!options.simulcast) {
    // A pacer may hold the last turn's packets back, and that is all.
    SLUICE_CHECK(forwarded + 2 * options.packets_per_turn * options.receivers >=
                 fed * options.receivers);
  }
  state.SetItemsProcessed(static_cast<int64_t>(forwarded));
  state.counters["per_packet"] = benchmark::Counter(
      static_cast<double>(forwarded), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const char* FeedbackName(Feedback feedback) {
  switch (feedback) {
    case Feedback::kOff:
      return "no numbers";
    case Feedback::kUnanswered:
      return "numbered";
    case Feedback::kAnswered:
      return "numbered, answered, paced";
  }
  return "";
}

// Pictures of six packets that a turn finds whole or one by one.
void BM_Video(benchmark::State& state) {
  FanOut::Options options;
  options.receivers = static_cast<size_t>(state.range(0));
  options.profile = static_cast<SrtpProfile>(state.range(1));
  options.feedback = static_cast<Feedback>(state.range(2));
  options.packets_per_turn = static_cast<size_t>(state.range(3));
  state.SetLabel(std::string(dtls::SrtpProfileName(options.profile)) + ", " +
                 FeedbackName(options.feedback));
  Run(state, options);
}

void VideoCases(benchmark::internal::Benchmark* bench) {
  constexpr int64_t kGcm = static_cast<int64_t>(SrtpProfile::kAeadAes128Gcm);
  constexpr int64_t kCm = static_cast<int64_t>(SrtpProfile::kAesCm128HmacSha1_80);
  bench->ArgNames({"receivers", "profile", "feedback", "burst"});
  bench->ArgsProduct({{10, 50, 200, 500}, {kGcm, kCm}, {0, 1, 2}, {1, 6}});
}
BENCHMARK(BM_Video)->Apply(VideoCases);

// Three encodings at once, of which one receiver takes the large one and all others the smallest.
void BM_Meeting(benchmark::State& state) {
  FanOut::Options options;
  options.receivers = static_cast<size_t>(state.range(0));
  options.simulcast = true;
  options.feedback = Feedback::kAnswered;
  options.packets_per_turn = 9;
  Run(state, options);
}
BENCHMARK(BM_Meeting)->ArgName("receivers")->Arg(3)->Arg(11)->Arg(29);

void BM_Audio(benchmark::State& state) {
  FanOut::Options options;
  options.kind = rtp::MediaKind::kAudio;
  options.receivers = static_cast<size_t>(state.range(0));
  options.feedback = static_cast<Feedback>(state.range(1));
  state.SetLabel(FeedbackName(options.feedback));
  Run(state, options);
}
BENCHMARK(BM_Audio)->ArgNames({"receivers", "feedback"})->ArgsProduct({{10, 300}, {0, 1, 2}});

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();

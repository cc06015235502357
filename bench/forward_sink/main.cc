// forward_sink: what does a forwarded packet cost from the engine's door to the network card's,
// next to the same work without an SFU around it?

#include <cstdio>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/forward_sink/engine_on_sink.h"
#include "bench/forward_sink/options.h"
#include "bench/forward_sink/report.h"
#include "bench/limit/sink_run.h"
#include "bench/support/gated_batches.h"
#include "bench/support/sink_device.h"

namespace sluice::bench {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongOption = 2;
// Batches that are tried for each that shall count: on a machine that others use as well most are
// disturbed.
constexpr size_t kAttempts = 20;
// What ctest takes for "not here".
constexpr int kSkipped = 77;

// One kind of work over all passes.
class Ledger {
 public:
  void Add(const BatchFigures& pass) {
    cost_.clean += pass.clean;
    cost_.disturbed += pass.disturbed;
    if (pass.clean == 0) return;
    if (medians_.empty() || pass.min_ns < cost_.min) cost_.min = pass.min_ns;
    medians_.push_back(pass.median_ns);
    cost_.median = MedianOf(medians_);
  }
  const SinkCost& cost() const { return cost_; }

 private:
  SinkCost cost_;
  std::vector<double> medians_;
};

struct Sides {
  std::unique_ptr<EngineOnSink> engine;
  std::unique_ptr<SinkRun> bare;
};

// Packets as long as the engine's, which tell their MID: a word and its block's head.
SinkRun::Options BareOptions(const EngineOnSink::Options& options) {
  return {.profile = options.profile,
          .receivers = options.receivers,
          .train = options.train,
          .payload_size = MediaSource::kFullPayload + 8,
          .transport_numbers = options.feedback != Feedback::kOff};
}

absl::StatusOr<Sides> Create(const SinkDevice& sink, const EngineOnSink::Options& options) {
  auto engine = EngineOnSink::Create(sink, options);
  if (!engine.ok()) return engine.status();
  auto bare = SinkRun::Create(sink, BareOptions(options));
  if (!bare.ok()) return bare.status();
  return Sides{*std::move(engine), *std::move(bare)};
}

double PerDatagram(const SinkDevice& sink, EngineOnSink& engine) {
  const std::optional<uint64_t> before = sink.Taken();
  const uint64_t first = engine.datagrams();
  engine.Prepare();
  engine.Run(true);
  const std::optional<uint64_t> after = sink.Taken();
  if (!before || !after || *after == *before) return 0;
  return static_cast<double>(engine.datagrams() - first) / static_cast<double>(*after - *before);
}

// Engine and bare work in turns, so that what else happens on the machine hits both.
SinkFigure Measure(const SinkDevice& sink, const EngineOnSink::Options& options,
                   const SinkOptions& run, Sides& sides) {
  SinkFigure figure{options.profile, options.receivers, options.train, options.feedback,
                    options.pictures};
  figure.train_mean = PerDatagram(sink, *sides.engine);
  const BatchOptions batches{.batches = run.batches, .attempts = kAttempts * run.batches};
  const auto prepare = [&] { sides.engine->Prepare(); };
  Ledger engine, alone, bare;
  std::vector<double> ratios;
  for (size_t i = 0; i < run.passes; ++i) {
    const BatchFigures sent =
        MeasureBatches(batches, prepare, [&] { return sides.engine->Run(true); });
    const BatchFigures limit = sides.bare->Measure(batches);
    engine.Add(sent);
    bare.Add(limit);
    alone.Add(MeasureBatches(batches, prepare, [&] { return sides.engine->Run(false); }));
    if (sent.clean != 0 && limit.clean != 0) ratios.push_back(sent.median_ns / limit.median_ns);
  }
  figure.engine = engine.cost();
  figure.without_sending = alone.cost();
  figure.bare = bare.cost();
  figure.ratio = MedianOf(ratios);
  figure.losses = sides.engine->losses();
  return figure;
}

int MeasureAll(const SinkDevice& sink, const SinkOptions& options, std::ofstream& json) {
  for (const dtls::SrtpProfile cipher : options.ciphers) {
    for (const size_t receivers : options.receivers) {
      for (const size_t train : options.trains) {
        const EngineOnSink::Options wanted{receivers, cipher, train, options.feedback,
                                           options.pictures};
        absl::StatusOr<Sides> sides = Create(sink, wanted);
        if (!sides.ok()) {
          std::fprintf(stderr, "%s\n", std::string(sides.status().message()).c_str());
          return kFailed;
        }
        const SinkFigure figure = Measure(sink, wanted, options, *sides);
        std::fputs(SinkTableRow(figure).c_str(), stdout);
        std::fflush(stdout);
        if (json.is_open()) json << SinkJson(figure) << "\n";
      }
    }
  }
  return json.is_open() && !json.flush() ? kFailed : 0;
}

int Main(std::span<const char* const> arguments) {
  const auto parsed = ParseSinkOptions(arguments);
  if (const auto* wrong = std::get_if<std::string>(&parsed)) {
    std::fprintf(stderr, "%s\n", wrong->c_str());
    return kWrongOption;
  }
  const auto& options = std::get<SinkOptions>(parsed);
  if (options.help) {
    std::fputs(std::string(SinkHelpText()).c_str(), stdout);
    return 0;
  }
  std::ofstream json;
  if (!options.json.empty()) {
    json.open(options.json);
    if (!json) {
      std::fprintf(stderr, "--json: cannot write to '%s'\n", options.json.c_str());
      return kWrongOption;
    }
  }
  const absl::StatusOr<SinkDevice> sink = SinkDevice::Enter();
  if (!sink.ok()) {
    std::fprintf(stderr, "skipped: %s\n", std::string(sink.status().message()).c_str());
    return kSkipped;
  }
  std::fputs(SinkTableHead().c_str(), stdout);
  return MeasureAll(*sink, options, json);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const size_t count = argc > 0 ? static_cast<size_t>(argc) - 1 : 0;
  return sluice::bench::Main(std::span<const char* const>(argv + 1, count));
}

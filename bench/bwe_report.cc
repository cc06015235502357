// Runs the experiments that the bandwidth estimator is held to and writes down what came of them: a
// table, and with --out a JSON file and one picture of each.
//
// usage: bwe_report [--out DIR] [--seed N] [--only NAME] [--quick] [--decisions] [--trace FILE]
//
//   --quick      a few short ones, to see that everything still works
//   --only       experiments whose name contains NAME
//   --decisions  what the first flow decided, and why
//   --trace      writes what the first flow was told, for bwe_replay

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bwe_plot.h"
#include "tests/support/bwe_catalogue.h"
#include "tests/support/bwe_scenario.h"
#include "tests/support/bwe_trace.h"

namespace sluice::bench {
namespace {

using test::BweOutcome;
using test::BweScenario;

struct Arguments {
  std::optional<std::filesystem::path> out;
  std::optional<std::string> trace;
  std::string only;
  uint64_t seed = 1;
  bool quick = false;
  bool decisions = false;
};

std::optional<Arguments> Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--quick") {
      arguments.quick = true;
    } else if (option == "--decisions") {
      arguments.decisions = true;
    } else if (i + 1 == argc) {
      return std::nullopt;
    } else if (option == "--out") {
      arguments.out = argv[++i];
    } else if (option == "--seed") {
      arguments.seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--only") {
      arguments.only = argv[++i];
    } else if (option == "--trace") {
      arguments.trace = argv[++i];
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

std::vector<BweScenario> Chosen(const Arguments& arguments) {
  std::vector<BweScenario> chosen;
  for (BweScenario& scenario : test::AllBweScenarios()) {
    const bool quick = scenario.name == "drop-to-quarter" || scenario.name == "layers-steps";
    if (arguments.quick && !quick) continue;
    if (scenario.name.find(arguments.only) == std::string::npos) continue;
    chosen.push_back(std::move(scenario));
  }
  return chosen;
}

void PrintHead() {
  std::printf("%-22s %6s %8s %8s %8s %7s %7s %8s %8s  %s\n", "experiment", "use %", "q mean",
              "q p95 ms", "q max ms", "loss %", "conv s", "drain s", "full s", "shares kbit/s");
}

// Of the steps down.
double SlowestDrain(const BweOutcome& outcome) {
  double slowest = 0;
  for (size_t i = 1; i < outcome.phases.size(); ++i) {
    if (outcome.phases[i].capacity >= outcome.phases[i - 1].capacity) continue;
    slowest = std::max(slowest, outcome.phases[i].drained);
  }
  return slowest;
}

// Of the steps up; negative if one never got there.
double SlowestFull(const BweOutcome& outcome) {
  double slowest = 0;
  for (size_t i = 1; i < outcome.phases.size(); ++i) {
    if (outcome.phases[i].capacity <= outcome.phases[i - 1].capacity) continue;
    if (!outcome.phases[i].full) return -1;
    slowest = std::max(slowest, *outcome.phases[i].full);
  }
  return slowest;
}

void Print(const BweOutcome& outcome) {
  std::printf("%-22s %6.1f %8.1f %8.1f %8.1f %7.2f %7.1f %8.1f %8.1f ",
              outcome.scenario.name.c_str(), 100 * outcome.utilisation, outcome.queue_mean,
              outcome.queue_p95, outcome.queue_max, 100 * outcome.loss, outcome.convergence,
              SlowestDrain(outcome), SlowestFull(outcome));
  for (const double share : outcome.shares) std::printf(" %.0f", share);
  if (!outcome.shares.empty()) std::printf(" (%.2f)", outcome.least_share);
  if (!outcome.scenario.tcps.empty()) std::printf(" TCP %.0f", outcome.tcp_share);
  if (!outcome.scenario.flows[0].layers.empty()) {
    std::printf(" layer changes %lu", static_cast<unsigned long>(outcome.counts[0].layer_changes));
  }
  std::printf("\n");
}

std::string Json(const BweOutcome& outcome) {
  char text[1024];
  std::snprintf(
      text, sizeof text,
      "    {\"name\": \"%s\", \"title\": \"%s\",\n"
      "     \"utilisation\": %.4f, \"queue_ms\": {\"mean\": %.2f, \"p95\": %.2f, \"max\": "
      "%.2f},\n"
      "     \"loss\": %.5f, \"convergence_s\": %.1f, \"drain_s\": %.1f, \"full_s\": %.1f,\n"
      "     \"least_share\": %.3f, \"tcp_kbps\": %.0f",
      outcome.scenario.name.c_str(), outcome.scenario.title.c_str(), outcome.utilisation,
      outcome.queue_mean, outcome.queue_p95, outcome.queue_max, outcome.loss, outcome.convergence,
      SlowestDrain(outcome), SlowestFull(outcome), outcome.least_share, outcome.tcp_share);
  std::string json = text;
  json += ",\n     \"flows\": [";
  for (size_t i = 0; i < outcome.counts.size(); ++i) {
    const auto& counts = outcome.counts[i];
    std::snprintf(text, sizeof text,
                  "%s\n       {\"share_kbps\": %.0f, \"packets\": %lu, \"arrived\": %lu, "
                  "\"padding_bytes\": %ld, \"probes\": %lu, \"probes_passed\": %lu, "
                  "\"decisions\": %zu, \"layer_changes\": %lu}",
                  i == 0 ? "" : ",", i < outcome.shares.size() ? outcome.shares[i] : 0,
                  static_cast<unsigned long>(counts.sent),
                  static_cast<unsigned long>(counts.arrived),
                  static_cast<long>(counts.padding_bytes),
                  static_cast<unsigned long>(outcome.stats[i].probes),
                  static_cast<unsigned long>(outcome.stats[i].probes_passed),
                  outcome.decisions[i].size(), static_cast<unsigned long>(counts.layer_changes));
    json += text;
  }
  json += "],\n     \"phases\": [";
  for (size_t i = 0; i < outcome.phases.size(); ++i) {
    const auto& phase = outcome.phases[i];
    std::snprintf(text, sizeof text,
                  "%s\n       {\"from_s\": %.0f, \"capacity_kbps\": %.0f, \"converged_s\": %.1f, "
                  "\"utilisation\": %.4f, \"drained_s\": %.1f, \"full_s\": %.1f}",
                  i == 0 ? "" : ",", phase.from, phase.capacity, phase.converged.value_or(-1),
                  phase.utilisation, phase.drained, phase.full.value_or(-1));
    json += text;
  }
  return json + "]}";
}

bool WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  return static_cast<bool>(file.flush());
}

int Run(const Arguments& arguments) {
  std::vector<BweScenario> scenarios = Chosen(arguments);
  if (scenarios.empty()) return 1;
  if (arguments.out) std::filesystem::create_directories(*arguments.out);
  if (arguments.trace) scenarios.front().flows.front().record = true;
  std::string json;
  PrintHead();
  for (const BweScenario& scenario : scenarios) {
    const BweOutcome outcome = test::RunBweScenario(scenario, arguments.seed);
    Print(outcome);
    if (arguments.decisions) {
      for (const auto& decision : outcome.decisions[0]) {
        std::printf("%s\n", test::Describe(decision).c_str());
      }
    }
    json += (json.empty() ? "" : ",\n") + Json(outcome);
    if (arguments.trace && !outcome.traces[0].empty() &&
        !WriteFile(*arguments.trace, outcome.traces[0])) {
      return 1;
    }
    if (arguments.out &&
        !WriteFile(*arguments.out / (scenario.name + ".svg"), PlotBweOutcome(outcome))) {
      return 1;
    }
  }
  json = "{\n  \"seed\": " + std::to_string(arguments.seed) + ",\n  \"experiments\": [\n" + json +
         "\n  ]\n}\n";
  if (arguments.out && !WriteFile(*arguments.out / "bwe.json", json)) return 1;
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const auto arguments = sluice::bench::Parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr,
                 "usage: bwe_report [--out DIR] [--seed N] [--only NAME] [--quick] [--decisions] "
                 "[--trace FILE]\n");
    return 2;
  }
  return sluice::bench::Run(*arguments);
}

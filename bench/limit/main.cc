// limit: options, then either the sink or the adapter.

#include <unistd.h>

#include <cstdio>
#include <span>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "bench/limit/adapter.h"
#include "bench/limit/options.h"
#include "bench/limit/sink_report.h"

namespace sluice::bench {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongOption = 2;

int Main(std::span<const char* const> arguments) {
  const auto parsed = ParseLimitOptions(arguments);
  if (const auto* wrong = std::get_if<WrongLimitOption>(&parsed)) {
    std::fprintf(stderr, "limit: %s\n", wrong->sentence.c_str());
    return kWrongOption;
  }
  const auto& options = std::get<LimitOptions>(parsed);
  if (options.help) {
    std::fwrite(LimitHelp().data(), 1, LimitHelp().size(), stdout);
    return 0;
  }
  if (!options.sink) return RunAdapter(options, STDIN_FILENO, STDOUT_FILENO);
  const absl::Status status = ReportSink(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "limit: %s\n", std::string(status.message()).c_str());
  return kFailed;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const size_t count = argc > 0 ? static_cast<size_t>(argc) - 1 : 0;
  return sluice::bench::Main(std::span<const char* const>(argv + 1, count));
}

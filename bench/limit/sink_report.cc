#include "bench/limit/sink_report.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/limit/sink_run.h"

namespace sluice::bench {
namespace {

// Batches that are tried for each that shall count, on a machine that others use as well.
constexpr size_t kAttempts = 12;

struct Case {
  dtls::SrtpProfile profile;
  size_t receivers;
  size_t train;
};

struct Row {
  Case of;
  std::string sealer;
  BatchFigures figures;
  uint64_t lost = 0;
};

absl::StatusOr<Row> Measure(const SinkDevice& sink, const LimitOptions& options, const Case& one) {
  SinkRun::Options run_options;
  run_options.profile = one.profile;
  run_options.sealer = options.sealer;
  run_options.receivers = one.receivers;
  run_options.train = one.train;
  run_options.payload_size = options.payload_size;
  run_options.transport_numbers = options.transport_numbers;
  absl::StatusOr<std::unique_ptr<SinkRun>> run = SinkRun::Create(sink, run_options);
  if (!run.ok()) return run.status();
  BatchOptions batches;
  batches.batches = options.batches;
  batches.attempts = kAttempts * options.batches;
  Row row{one, std::string((*run)->sealer_name()), (*run)->Measure(batches), 0};
  row.lost = (*run)->counters().sends.lost;
  return row;
}

void PrintHead() {
  std::printf("CPU nanoseconds per forwarded packet into the sink\n\n");
  std::printf("%-8s %-9s %9s %6s %8s %8s %6s %10s\n", "cipher", "sealer", "receivers", "train",
              "min", "median", "clean", "disturbed");
}

// Without a batch that nothing disturbed there is no figure.
std::string Cell(const BatchFigures& figures, double nanos) {
  return figures.clean == 0 ? "-" : absl::StrFormat("%.0f", nanos);
}

void PrintRow(const Row& row) {
  const BatchFigures& figures = row.figures;
  std::printf("%-8s %-9s %9zu %6zu %8s %8s %6zu %10zu%s\n",
              std::string(CipherName(row.of.profile)).c_str(), row.sealer.c_str(), row.of.receivers,
              row.of.train, Cell(figures, figures.min_ns).c_str(),
              Cell(figures, figures.median_ns).c_str(), figures.clean, figures.disturbed,
              row.lost > 0 ? "  (packets were lost)" : "");
  std::fflush(stdout);
}

std::string Json(const Row& row, const LimitOptions& options) {
  const BatchFigures& figures = row.figures;
  const std::string cost = figures.clean == 0 ? "null"
                                              : absl::StrFormat("{\"min\":%.1f,\"median\":%.1f}",
                                                                figures.min_ns, figures.median_ns);
  return absl::StrFormat(
      "{\"peer\":\"limit\",\"cipher\":\"%s\",\"sealer\":\"%s\",\"receivers\":%d,\"train\":%d,"
      "\"payload\":%d,\"twcc\":%d,\"ns_per_packet\":%s,"
      "\"batches\":%d,\"disturbed\":%d,\"lost\":%d}",
      std::string(CipherName(row.of.profile)), row.sealer, row.of.receivers, row.of.train,
      options.payload_size, options.transport_numbers ? 1 : 0, cost, figures.clean,
      figures.disturbed, row.lost);
}

absl::Status Save(const std::string& path, const std::string& rows) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  const std::string text = "[\n" + rows + "\n]\n";
  bool written = file != nullptr;
  if (written) written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (written) return absl::OkStatus();
  return absl::Status(absl::StatusCode::kUnavailable, "--json: cannot write '" + path + "'");
}

}  // namespace

absl::Status ReportSink(const SinkDevice& sink, const LimitOptions& options) {
  PrintHead();
  std::string rows;
  for (const dtls::SrtpProfile profile : options.ciphers) {
    for (const size_t receivers : options.receivers) {
      for (const size_t train : options.trains) {
        absl::StatusOr<Row> row = Measure(sink, options, {profile, receivers, train});
        if (!row.ok()) return row.status();
        PrintRow(*row);
        rows += (rows.empty() ? "" : ",\n") + Json(*row, options);
      }
    }
  }
  return options.json.empty() ? absl::OkStatus() : Save(options.json, rows);
}

}  // namespace sluice::bench

#include "bench/limit/sink_report.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/limit/sink_run.h"
#include "bench/support/sink_device.h"

namespace sluice::bench {
namespace {

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
  batches.attempts = 6 * options.batches;
  Row row{one, std::string((*run)->sealer_name()), (*run)->Measure(batches), 0};
  row.lost = (*run)->counters().sends.lost;
  return row;
}

void PrintHead() {
  std::printf("CPU nanoseconds per forwarded packet into the sink\n\n");
  std::printf("%-8s %-9s %9s %6s %8s %8s %6s %10s\n", "cipher", "sealer", "receivers", "train",
              "min", "median", "clean", "disturbed");
}

void PrintRow(const Row& row) {
  const std::string_view cipher = CipherName(row.of.profile);
  std::printf("%-8.*s %-9s %9zu %6zu %8.0f %8.0f %6zu %10zu%s\n", static_cast<int>(cipher.size()),
              cipher.data(), row.sealer.c_str(), row.of.receivers, row.of.train, row.figures.min_ns,
              row.figures.median_ns, row.figures.clean, row.figures.disturbed,
              row.lost > 0 ? "  (packets were lost)" : "");
  std::fflush(stdout);
}

std::string Json(const Row& row, const LimitOptions& options) {
  return absl::StrFormat(
      "{\"peer\":\"limit\",\"cipher\":\"%s\",\"sealer\":\"%s\",\"receivers\":%d,\"train\":%d,"
      "\"payload\":%d,\"twcc\":%d,\"ns_per_packet\":{\"min\":%.1f,\"median\":%.1f},"
      "\"batches\":%d,\"disturbed\":%d,\"lost\":%d}",
      std::string(CipherName(row.of.profile)), row.sealer, row.of.receivers, row.of.train,
      options.payload_size, options.transport_numbers ? 1 : 0, row.figures.min_ns,
      row.figures.median_ns, row.figures.clean, row.figures.disturbed, row.lost);
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

absl::Status ReportSink(const LimitOptions& options) {
  absl::StatusOr<SinkDevice> sink = SinkDevice::Enter();
  if (!sink.ok()) return sink.status();
  PrintHead();
  std::string rows;
  for (const dtls::SrtpProfile profile : options.ciphers) {
    for (const size_t receivers : options.receivers) {
      for (const size_t train : options.trains) {
        absl::StatusOr<Row> row = Measure(*sink, options, {profile, receivers, train});
        if (!row.ok()) return row.status();
        PrintRow(*row);
        rows += (rows.empty() ? "" : ",\n") + Json(*row, options);
      }
    }
  }
  return options.json.empty() ? absl::OkStatus() : Save(options.json, rows);
}

}  // namespace sluice::bench

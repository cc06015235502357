// record_trace: a worker that records, or the maker of a trace out of what was recorded.
//
// As a worker it is started by the SDK, whose arguments it ignores; the environment variable
// SLUICE_RECORDING says where to write. As the maker:
//
//   record_trace make RECORDING TRACE MIME PT FROM_US SECONDS RIDS [ID=URI...]
//
// RIDS is a list with commas, or '-' for none.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bench/traffic/record/recording.h"
#include "bench/traffic/record/recording_worker.h"
#include "bench/traffic/record/trace_maker.h"
#include "bench/traffic/trace.h"

namespace sluice::bench {
namespace {

constexpr size_t kWordsToMake = 8;

absl::Status Wrong(const std::string& sentence) {
  return absl::Status(absl::StatusCode::kInvalidArgument, sentence);
}

absl::Status AddExtension(const std::string& word, rtp::ExtensionMap& map) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(word, absl::MaxSplits('=', 1));
  uint32_t id = 0;
  if (!absl::SimpleAtoi(parts.first, &id) || id == 0 || id > 255) {
    return Wrong("'" + word + "' must be ID=URI");
  }
  const auto extension = rtp::ExtensionFromUri(parts.second);
  // A browser negotiates more than forwarding has to know.
  if (extension) map.Add(static_cast<uint8_t>(id), *extension);
  return absl::OkStatus();
}

absl::StatusOr<TraceMakerOptions> ReadOptions(const std::vector<std::string>& words) {
  TraceMakerOptions options;
  uint32_t payload_type = 0;
  int64_t from_us = 0;
  uint32_t seconds = 0;
  options.codec = rtp::codec::KindFromMime(words[3]);
  if (options.codec == rtp::codec::Kind::kUnknown) return Wrong("MIME: '" + words[3] + "'");
  if (!absl::SimpleAtoi(words[4], &payload_type) || payload_type > 127) return Wrong("PT");
  if (!absl::SimpleAtoi(words[5], &from_us)) return Wrong("FROM_US must be microseconds");
  if (!absl::SimpleAtoi(words[6], &seconds) || seconds == 0 || seconds > 60) {
    return Wrong("SECONDS must be 1 to 60");
  }
  options.payload_type = PayloadType(static_cast<uint8_t>(payload_type));
  options.from_since_1970 = Duration(from_us);
  options.length = std::chrono::seconds(seconds);
  if (words[7] != "-") options.rids = absl::StrSplit(words[7], ',');
  for (size_t i = kWordsToMake; i < words.size(); ++i) {
    if (absl::Status status = AddExtension(words[i], options.extensions); !status.ok()) {
      return status;
    }
  }
  return options;
}

absl::Status Make(const std::vector<std::string>& words) {
  if (words.size() < kWordsToMake) {
    return Wrong("make needs RECORDING TRACE MIME PT FROM_US SECONDS RIDS [ID=URI...]");
  }
  const absl::StatusOr<TraceMakerOptions> options = ReadOptions(words);
  if (!options.ok()) return options.status();
  const auto recording = ReadRecording(words[1]);
  if (!recording) return Wrong("RECORDING: cannot read '" + words[1] + "'");
  const absl::StatusOr<Trace> trace = MakeTrace(*recording, *options);
  if (!trace.ok()) return trace.status();
  const std::vector<uint8_t> bytes = SerializeTrace(*trace);
  if (!ParseTrace(bytes)) return Wrong("what was recorded makes no trace that can be played");
  std::FILE* const file = std::fopen(words[2].c_str(), "wb");
  if (file == nullptr) return Wrong("TRACE: cannot write '" + words[2] + "'");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  if (std::fclose(file) != 0) return Wrong("TRACE: cannot write '" + words[2] + "'");
  uint64_t media = 0;
  for (const TracePacket& packet : trace->packets) media += packet.payload_size;
  const double seconds = static_cast<double>(trace->duration.count()) / 1e6;
  std::printf("%s: %zu packets, %.2f s, %.0f kbit/s, %zu bytes\n", words[2].c_str(),
              trace->packets.size(), seconds, static_cast<double>(media) * 8 / 1000 / seconds,
              bytes.size());
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "make") return Make(words);
  const char* const path = std::getenv("SLUICE_RECORDING");
  if (path == nullptr) {
    return Wrong("SLUICE_RECORDING must name the file to record into; record.js does that");
  }
  return RunRecordingWorker(path);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const absl::Status status =
      sluice::bench::Run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  if (status.ok()) return 0;
  std::fprintf(stderr, "record_trace: %s\n", std::string(status.message()).c_str());
  return 1;
}

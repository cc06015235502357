#include "worker/io/estimate_trace_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sluice::worker {
namespace {

// Ids come from an application, and may be longer than a file's name can.
constexpr size_t kMaxName = 64;

std::string NameFor(size_t number, std::string_view transport) {
  std::string name(transport.substr(0, kMaxName));
  for (char& letter : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && letter != '-') letter = '_';
  }
  return absl::StrCat(number, "-", name, ".bwe");
}

}  // namespace

absl::StatusOr<std::unique_ptr<EstimateTraceFiles>> EstimateTraceFiles::Open(
    std::string directory) {
  struct stat about {};
  const bool found = stat(directory.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
  if (!found || access(directory.c_str(), W_OK | X_OK) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", directory, "' is no directory that can be written into"));
  }
  return std::unique_ptr<EstimateTraceFiles>(new EstimateTraceFiles(std::move(directory)));
}

void EstimateTraceFiles::Append(std::string_view transport, std::string_view lines) {
  File* file = Find(transport);
  if (file == nullptr || file->ended) return;
  // Shorter lines that still fit would leave a gap, and with a gap it would be another history.
  file->ended = file->bytes + lines.size() > kMaxBytes;
  if (file->ended) return;
  file->bytes += lines.size();
  file->out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
}

EstimateTraceFiles::File* EstimateTraceFiles::Find(std::string_view transport) {
  if (const auto found = files_.find(transport); found != files_.end()) return &found->second;
  if (files_.size() >= kMaxFiles) return nullptr;
  const std::string path = absl::StrCat(directory_, "/", NameFor(files_.size(), transport));
  File& file = files_[std::string(transport)];
  file.out.open(path, std::ios::binary | std::ios::trunc);
  return &file;
}

}  // namespace sluice::worker

#include "worker/io/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace sluice::worker {
namespace {

constexpr Duration kWindow = std::chrono::seconds(1);

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error ";
    case LogLevel::kWarn:
      return "warn ";
    case LogLevel::kDebug:
      return "debug ";
    case LogLevel::kNone:
      break;
  }
  return "";
}

// One event is one line, even if somebody else chose the words.
bool IsControlCharacter(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The descriptor is shared with whoever started us and must stay as it is, so it cannot be made
// non-blocking. Linux calls a pipe writable only when PIPE_BUF bytes fit.
bool IsWritable(int fd) {
  pollfd query{fd, POLLOUT, 0};
  return poll(&query, 1, 0) == 1 && (query.revents & POLLOUT) != 0;
}

}  // namespace

void Log::BeginTurn(Timestamp now) {
  if (now - window_start_ < kWindow) return;
  window_start_ = now;
  lines_in_window_ = 0;
  if (suppressed_ == 0) return;
  const std::string text = std::to_string(suppressed_) + " log lines were suppressed";
  if (!WriteLine(LogLevel::kWarn, text)) return;
  suppressed_ = 0;
  ++lines_in_window_;
}

void Log::Write(LogLevel level, std::string_view text) {
  if (level > level_) return;
  if (lines_in_window_ >= kLinesPerSecond || !WriteLine(level, text)) {
    ++suppressed_;
    return;
  }
  ++lines_in_window_;
}

bool Log::WriteLine(LogLevel level, std::string_view text) {
  if (!IsWritable(fd_)) return false;
  std::string line(LevelName(level));
  line += text.substr(0, kMaxLine - 1 - line.size());
  std::ranges::replace_if(line, IsControlCharacter, '?');
  line += '\n';
  return write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace sluice::worker

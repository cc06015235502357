#include "worker/io/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace sluice::worker {
namespace {

// One event is one line, even if somebody else chose the words.
bool IsControlCharacter(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The descriptor is shared with whoever started us and must stay as it is, so it cannot be made
// non-blocking. Linux calls a pipe writable only when PIPE_BUF bytes fit.
bool IsWritable(int fd) {
  pollfd query{fd, POLLOUT, 0};
  return poll(&query, 1, 0) == 1 && (query.revents & POLLOUT) != 0;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  for (const LogLevel level :
       {LogLevel::kNone, LogLevel::kError, LogLevel::kWarn, LogLevel::kDebug}) {
    if (text == LogLevelName(level)) return level;
  }
  return std::nullopt;
}

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kNone:
      return "none";
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kDebug:
      return "debug";
  }
  return "none";
}

bool Log::Allow(Timestamp now) {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    lines_ = 0;
    if (suppressed_ != 0 &&
        WriteLine(LogLevel::kWarn, std::to_string(suppressed_) + " log lines were suppressed")) {
      suppressed_ = 0;
    }
  }
  return ++lines_ <= kMaxLinesPerSecond;
}

void Log::Write(Timestamp now, LogLevel level, std::string_view text) {
  if (level > level_) return;
  if (!Allow(now) || !WriteLine(level, text)) ++suppressed_;
}

bool Log::WriteLine(LogLevel level, std::string_view text) {
  if (!IsWritable(fd_)) return false;
  std::string line(LogLevelName(level));
  line += ' ';
  line += text.substr(0, kMaxLine - 1 - line.size());
  std::ranges::replace_if(line, IsControlCharacter, '?');
  line += '\n';
  return write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace sluice::worker

#include "worker/io/log.h"

#include <unistd.h>

namespace sluice::worker {

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
  }
  if (++lines_ <= kMaxLinesPerSecond) return true;
  ++suppressed_;
  return false;
}

void Log::Write(Timestamp now, LogLevel level, std::string_view text) {
  if (level > level_ || !Allow(now)) return;
  std::string line(LogLevelName(level));
  line += ' ';
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  line += '\n';
  // A reader that went away or does not keep up costs it its lines, and us nothing.
  [[maybe_unused]] const ssize_t written = write(fd_, line.data(), line.size());
}

}  // namespace sluice::worker

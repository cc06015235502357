// One line per thing worth telling, on standard error; the application reads them.
//
// Lines are limited in rate, because what goes wrong often goes wrong for every packet. Writing
// never waits: a terminal or pipe that nobody reads must not stop media. What was left out for
// either reason is counted, and told once there is room again.

#ifndef SLUICE_WORKER_IO_LOG_H_
#define SLUICE_WORKER_IO_LOG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sluice::worker {

enum class LogLevel : uint8_t { kNone = 0, kError = 1, kWarn = 2, kDebug = 3 };

// "none", "error", "warn", "debug".
std::optional<LogLevel> ParseLogLevel(std::string_view text);
std::string_view LogLevelName(LogLevel level);

class Log {
 public:
  // A healthy worker says nothing, one in trouble has said enough after this many lines a second.
  static constexpr int kMaxLinesPerSecond = 50;
  // Longer lines are cut. Below PIPE_BUF, so that lines of several workers on one pipe do not mix.
  static constexpr size_t kMaxLine = 1024;

  Log(int fd, LogLevel level) : fd_(fd), level_(level) {}

  void set_level(LogLevel level) { level_ = level; }
  LogLevel level() const { return level_; }

  // Control characters are replaced, so that a line stays one line.
  void Error(Timestamp now, std::string_view text) { Write(now, LogLevel::kError, text); }
  void Warn(Timestamp now, std::string_view text) { Write(now, LogLevel::kWarn, text); }
  void Debug(Timestamp now, std::string_view text) { Write(now, LogLevel::kDebug, text); }

  // Lines that were left out and not told of yet.
  uint64_t suppressed() const { return suppressed_; }

 private:
  void Write(Timestamp now, LogLevel level, std::string_view text);
  bool Allow(Timestamp now);
  bool WriteLine(LogLevel level, std::string_view text);

  const int fd_;
  LogLevel level_;
  Timestamp second_;
  int lines_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_LOG_H_

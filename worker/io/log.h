// What the worker tells people: one line per event, "level message", on a file descriptor.
//
// Writing never blocks: a terminal or pipe that nobody reads must not stop media. Lines that cannot
// be written, and lines beyond kLinesPerSecond, are counted and reported when there is room again.

#ifndef SLUICE_WORKER_IO_LOG_H_
#define SLUICE_WORKER_IO_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace sluice::worker {

// The numbers are those of the control API.
enum class LogLevel : uint8_t { kNone = 0, kError = 1, kWarn = 2, kDebug = 3 };

class Log {
 public:
  // Plenty for a person to read, too little to fill a disk with.
  static constexpr size_t kLinesPerSecond = 50;
  // Longer lines are cut. Below PIPE_BUF, so that lines of several workers on one pipe do not mix.
  static constexpr size_t kMaxLine = 1024;

  // Does not own `fd`.
  explicit Log(int fd) : fd_(fd) {}

  void set_level(LogLevel level) { level_ = level; }
  LogLevel level() const { return level_; }

  // Tells the time, by which lines are rationed.
  void BeginTurn(Timestamp now);

  void Error(std::string_view text) { Write(LogLevel::kError, text); }
  void Warn(std::string_view text) { Write(LogLevel::kWarn, text); }
  void Debug(std::string_view text) { Write(LogLevel::kDebug, text); }

  // Lines that nobody has seen yet and nobody was told of.
  uint64_t suppressed() const { return suppressed_; }

 private:
  void Write(LogLevel level, std::string_view text);
  bool WriteLine(LogLevel level, std::string_view text);

  const int fd_;
  LogLevel level_ = LogLevel::kError;
  Timestamp window_start_;
  size_t lines_in_window_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_LOG_H_

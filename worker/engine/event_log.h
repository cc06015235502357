// What happens to single objects, told to the application line by line: as schema::Log, for those
// tags that it asked for.
//
// Beside the log of the process (worker/io/log.h), which tells what happens to the process and has
// no tags. Lines are limited in rate, because what goes wrong often goes wrong for every packet;
// what was left out is counted, and told once there is room again.
//
// Ask Wants() first: where it is false nothing may be spent on a line.

#ifndef SLUICE_WORKER_ENGINE_EVENT_LOG_H_
#define SLUICE_WORKER_ENGINE_EVENT_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "control-api/request.h"
#include "worker/engine/outbox.h"

namespace sluice::worker {

using schema::LogTag;

class EventLog {
 public:
  // As many as the log of the process may have.
  static constexpr int kMaxLinesPerSecond = 50;
  // Lines that are longer are cut.
  static constexpr size_t kMaxLine = 1024;

  struct Settings {
    schema::LogLevel level = schema::LogLevel::Error;
    // A bit for each tag.
    uint32_t tags = 0;
  };
  static uint32_t BitsOf(const std::vector<schema::LogTag>& tags);

  explicit EventLog(const Settings& settings) : settings_(settings) {}

  void Set(const Settings& settings) { settings_ = settings; }
  const Settings& settings() const { return settings_; }

  bool Wants(LogTag tag, schema::LogLevel level) const {
    return (settings_.tags & Bit(tag)) != 0 && level <= settings_.level;
  }
  bool Warns(LogTag tag) const { return Wants(tag, schema::LogLevel::Warn); }
  bool Debugs(LogTag tag) const { return Wants(tag, schema::LogLevel::Debug); }

  // To be called if the level is wanted.
  void Warn(Timestamp now, Outbox& out, LogTag tag, std::string text) {
    Write(now, out, {schema::LogLevel::Warn, tag}, std::move(text));
  }
  void Debug(Timestamp now, Outbox& out, LogTag tag, std::string text) {
    Write(now, out, {schema::LogLevel::Debug, tag}, std::move(text));
  }

  // Lines that were left out and not told of yet.
  uint64_t suppressed() const { return suppressed_; }

 private:
  struct Kind {
    schema::LogLevel level;
    LogTag tag;
  };

  static constexpr uint32_t Bit(LogTag tag) { return uint32_t{1} << static_cast<uint8_t>(tag); }
  void Write(Timestamp now, Outbox& out, const Kind& kind, std::string text);

  Settings settings_;
  Timestamp second_;
  int lines_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_EVENT_LOG_H_

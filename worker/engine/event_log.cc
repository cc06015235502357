#include "worker/engine/event_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::worker {
namespace {

// One event is one line, even if somebody else chose the words.
bool IsControlCharacter(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void Tell(Outbox& out, schema::LogLevel level, LogTag tag, std::string text) {
  schema::LogT news;
  news.level = level;
  news.tag = tag;
  news.text = std::move(text);
  out.Notify({}, std::move(news));
}

}  // namespace

uint32_t EventLog::BitsOf(const std::vector<schema::LogTag>& tags) {
  uint32_t bits = 0;
  for (const LogTag tag : tags) bits |= Bit(tag);
  return bits;
}

void EventLog::Write(Timestamp now, Outbox& out, const Kind& kind, std::string text) {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    lines_ = 0;
    if (suppressed_ != 0) {
      Tell(out, schema::LogLevel::Warn, kind.tag,
           absl::StrCat(std::exchange(suppressed_, 0), " log lines were suppressed"));
    }
  }
  if (++lines_ > kMaxLinesPerSecond) {
    ++suppressed_;
    return;
  }
  if (text.size() > kMaxLine) text.resize(kMaxLine);
  std::ranges::replace_if(text, IsControlCharacter, '?');
  Tell(out, kind.level, kind.tag, std::move(text));
}

}  // namespace sluice::worker

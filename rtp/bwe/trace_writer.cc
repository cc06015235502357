#include "rtp/bwe/trace_writer.h"

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace sluice::rtp::bwe {
namespace {

// The largest that the parser takes is smaller.
constexpr size_t kMaxFeedback = 2048;

std::string Line(std::string_view name, std::initializer_list<int64_t> numbers) {
  std::string line(name);
  for (const int64_t number : numbers) absl::StrAppend(&line, " ", number);
  return line;
}

int64_t Micros(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

void TraceWriter::Options(BitRate initial, BitRate min, BitRate max) {
  Append(Line("options", {initial.bps(), min.bps(), max.bps()}));
}

void TraceWriter::Fact(std::string_view name, Timestamp now,
                       std::initializer_list<int64_t> numbers) {
  std::string line = Line(name, {Micros(now)});
  for (const int64_t number : numbers) absl::StrAppend(&line, " ", number);
  Append(line);
}

void TraceWriter::Feedback(Timestamp now, const TransportFeedback& feedback) {
  std::array<uint8_t, kMaxFeedback> buffer;
  ByteWriter out(buffer);
  feedback.WriteTo(out);
  const ByteView bytes = out.written();
  const absl::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Append(absl::StrCat(Line("feedback", {Micros(now)}), " ", absl::BytesToHexString(text)));
}

void TraceWriter::Append(std::string_view line) {
  ended_ |= pending_.size() + line.size() >= kMaxPending;
  if (ended_) return;
  pending_.append(line);
  pending_.push_back('\n');
}

}  // namespace sluice::rtp::bwe

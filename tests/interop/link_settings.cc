#include "tests/interop/link_settings.h"

#include <cstdlib>
#include <string>

namespace sluice::test {
namespace {

// Above these a setting is a slip of the pen: nothing terrestrial is so far away or so fast.
constexpr double kMostMilliseconds = 60'000;
constexpr double kMostBitsPerSecond = 1e10;
constexpr double kMostBytes = 64 << 20;

// `text` without `suffix` as a number from 0 to `most`.
std::optional<double> Number(std::string text, std::string_view suffix, double most) {
  if (!text.ends_with(suffix)) return std::nullopt;
  text.resize(text.size() - suffix.size());
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  // Not-a-number fails both comparisons.
  if (*end != '\0' || !(value >= 0 && value <= most)) return std::nullopt;
  return value;
}

bool SetShare(double& field, const std::string& text) {
  const std::optional<double> percent = Number(text, "%", 100);
  if (percent) field = *percent / 100;
  return percent.has_value();
}

bool SetTime(Duration& field, const std::string& text) {
  const std::optional<double> ms = Number(text, "ms", kMostMilliseconds);
  if (ms) field = Duration(static_cast<int64_t>(*ms * 1000));
  return ms.has_value();
}

bool SetRate(BitRate& field, const std::string& text) {
  double unit = 1;
  std::string_view suffix;
  if (text.ends_with("k")) unit = 1e3, suffix = "k";
  if (text.ends_with("M")) unit = 1e6, suffix = "M";
  const std::optional<double> value = Number(text, suffix, kMostBitsPerSecond / unit);
  if (value) field = BitRate::Bps(static_cast<int64_t>(*value * unit));
  return value.has_value();
}

bool SetBytes(size_t& field, const std::string& text) {
  const std::optional<double> bytes = Number(text, "", kMostBytes);
  if (bytes) field = static_cast<size_t>(*bytes);
  return bytes.has_value();
}

bool Set(LinkOptions& link, std::string_view name, const std::string& value) {
  if (name == "delay") return SetTime(link.one_way, value);
  if (name == "jitter") return SetTime(link.jitter, value);
  if (name == "reorder_delay") return SetTime(link.reorder_delay, value);
  if (name == "loss") return SetShare(link.loss, value);
  if (name == "reorder") return SetShare(link.reorder, value);
  if (name == "duplicate") return SetShare(link.duplicate, value);
  if (name == "enter") return SetShare(link.bursts.enter, value);
  if (name == "leave") return SetShare(link.bursts.leave, value);
  if (name == "bad") return SetShare(link.bursts.loss, value);
  if (name == "rate") return SetRate(link.rate, value);
  if (name == "queue") return SetBytes(link.queue, value);
  if (name == "mtu") return SetBytes(link.mtu, value);
  return false;
}

}  // namespace

std::optional<LinkOptions> ParseLinkSettings(std::string_view line) {
  LinkOptions link;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size() + (word.size() < line.size() ? 1 : 0));
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string value(word.substr(equals + 1));
    if (!Set(link, word.substr(0, equals), value)) return std::nullopt;
  }
  return link;
}

}  // namespace sluice::test

#include "bench/limit/request_line.h"

#include <charconv>

namespace sluice::bench {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";
// What encodeURIComponent leaves alone, besides letters and digits.
constexpr std::string_view kPlain = "-_.!~*'()";

bool IsPlain(char character) {
  const bool letter =
      (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
  return letter || (character >= '0' && character <= '9') ||
         kPlain.find(character) != std::string_view::npos;
}

std::string Encoded(std::string_view value) {
  std::string text;
  for (const char character : value) {
    if (IsPlain(character)) {
      text += character;
      continue;
    }
    const auto byte = static_cast<uint8_t>(character);
    text += '%';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<std::string> Decoded(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      value += text[i];
      continue;
    }
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text.size() - i < 3) return std::nullopt;
    const auto [stopped, error] = std::from_chars(digits, digits + 2, byte, 16);
    if (error != std::errc() || stopped != digits + 2) return std::nullopt;
    value += static_cast<char>(byte);
    i += 2;
  }
  return value;
}

}  // namespace

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (size_t end = 0; end != std::string_view::npos;) {
    end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return parts;
}

std::optional<uint64_t> ReadUnsigned(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > most) return std::nullopt;
  return value;
}

std::optional<RequestLine> RequestLine::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = SplitAt(text, ' ');
  if (parts.empty()) return std::nullopt;
  RequestLine line(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::optional<std::string> value = Decoded(parts[i].substr(equals + 1));
    if (!value) return std::nullopt;
    line.pairs_.emplace_back(parts[i].substr(0, equals), *std::move(value));
  }
  return line;
}

RequestLine& RequestLine::Set(std::string_view key, std::string_view value) {
  pairs_.emplace_back(key, value);
  return *this;
}

RequestLine& RequestLine::Set(std::string_view key, uint64_t value) {
  return Set(key, std::to_string(value));
}

std::string_view RequestLine::Get(std::string_view key) const {
  for (const auto& [name, value] : pairs_) {
    if (name == key) return value;
  }
  return {};
}

std::vector<std::string_view> RequestLine::List(std::string_view key) const {
  return SplitAt(Get(key), ',');
}

std::optional<uint64_t> RequestLine::Number(std::string_view key, uint64_t most) const {
  return ReadUnsigned(Get(key), most);
}

std::string RequestLine::ToText() const {
  std::string text = word_;
  for (const auto& [key, value] : pairs_) text += ' ' + key + '=' + Encoded(value);
  return text;
}

}  // namespace sluice::bench

#include "bench/load/adapter_line.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace sluice::load {
namespace {

// What encodeURIComponent leaves as it is.
constexpr std::string_view kPlain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
constexpr std::string_view kHex = "0123456789ABCDEF";

std::string Encode(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (kPlain.find(c) != std::string_view::npos) {
      text += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    text += '%';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      value += text[i];
      continue;
    }
    uint8_t byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || stopped != digits.data() + 2) {
      return std::nullopt;
    }
    value += static_cast<char>(byte);
    i += 2;
  }
  return value;
}

}  // namespace

std::optional<AdapterLine> AdapterLine::Parse(std::string_view text) {
  const std::vector<std::string_view> words = Split(text, ' ');
  if (words.empty() || words.front().empty()) return std::nullopt;
  AdapterLine line{std::string(words.front())};
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    std::string key(words[i].substr(0, equals));
    std::optional<std::string> value = Decode(words[i].substr(equals + 1));
    const bool twice =
        std::ranges::any_of(line.pairs_, [&](const auto& pair) { return pair.first == key; });
    if (!value || twice) return std::nullopt;
    line.Set(std::move(key), *std::move(value));
  }
  return line;
}

AdapterLine& AdapterLine::Set(std::string key, std::string value) {
  pairs_.emplace_back(std::move(key), std::move(value));
  return *this;
}

std::string_view AdapterLine::Get(std::string_view key) const {
  for (const auto& [name, value] : pairs_) {
    if (name == key) return value;
  }
  return {};
}

std::optional<uint64_t> AdapterLine::Number(std::string_view key, uint64_t most) const {
  return ParseUnsigned(Get(key), most);
}

std::string AdapterLine::ToText() const {
  std::string text = word_;
  for (const auto& [key, value] : pairs_) text += " " + key + "=" + Encode(value);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::optional<uint64_t> ParseUnsigned(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stopped != end || value > most) return std::nullopt;
  return value;
}

}  // namespace sluice::load

#include "ice/credentials.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::ice {
namespace {

// RFC 8839 §5.1. Sixty-four characters, so that six random bits choose one without bias.
constexpr std::string_view kIceChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(kIceChars.size() == 64);

template <size_t kSize>
std::string RandomText(Entropy& entropy) {
  std::array<uint8_t, kSize> bytes{};
  entropy.Fill(bytes);
  std::string text;
  text.reserve(kSize);
  for (uint8_t byte : bytes) text.push_back(kIceChars[byte & 63]);
  return text;
}

bool IsIceChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

Credentials Credentials::Generate(Entropy& entropy) {
  Credentials fresh;
  fresh.ufrag = RandomText<kLocalUfragSize>(entropy);
  fresh.password = RandomText<kLocalPasswordSize>(entropy);
  return fresh;
}

bool IsUfrag(std::string_view text) {
  return !text.empty() && text.size() <= kMaxUfragSize && std::ranges::all_of(text, IsIceChar);
}

std::optional<Username> SplitUsername(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Username halves = {text.substr(0, colon), text.substr(colon + 1)};
  // ice-chars contain no colon, so a second one fails here too.
  if (!IsUfrag(halves.local) || !IsUfrag(halves.remote)) return std::nullopt;
  return halves;
}

}  // namespace sluice::ice

// Bytes as they stand in the vectors: hexadecimal digits in any grouping, with comments from '#'
// to the end of the line.

#ifndef SLUICE_TESTS_SUPPORT_HEX_H_
#define SLUICE_TESTS_SUPPORT_HEX_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace sluice::test {

inline std::vector<uint8_t> FromHex(std::string_view text) {
  std::vector<uint8_t> bytes;
  int pending = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '#') {
      i = text.find('\n', i);
      if (i == std::string_view::npos) break;
      continue;
    }
    const size_t digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(letter);
    if (digit == std::string_view::npos) continue;
    if (pending < 0) {
      pending = static_cast<int>(digit % 16);
    } else {
      bytes.push_back(static_cast<uint8_t>(pending << 4 | static_cast<int>(digit % 16)));
      pending = -1;
    }
  }
  SLUICE_CHECK(pending < 0);  // A vector with half a byte is a typing error.
  return bytes;
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_HEX_H_

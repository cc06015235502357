// RFC 4571 prints no bytes. These are its §2 by hand: a length of sixteen bits in network order,
// then that many bytes, and nothing between two frames.

#ifndef SLUICE_TESTS_VECTORS_FRAMING_RFC4571_H_
#define SLUICE_TESTS_VECTORS_FRAMING_RFC4571_H_

#include <string_view>

namespace sluice::test {

// A Binding request of RFC 8489 §5 without attributes, an RTP header (RFC 3550 §5.1) with four
// bytes of payload, the null packet that §2 allows, and one byte.
inline constexpr std::string_view kRfc4571Stream = R"(
  00 14                                 # 20 bytes
  00 01 00 00 21 12 a4 42
  b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  00 10                                 # 16 bytes
  80 60 00 01 00 00 0b b8 11 22 33 44 01 02 03 04
  00 00                                 # a null packet
  00 01                                 # 1 byte
  ff
)";

}  // namespace sluice::test

#endif  // SLUICE_TESTS_VECTORS_FRAMING_RFC4571_H_

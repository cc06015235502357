// The sample messages of RFC 5769, "Test Vectors for Session Traversal Utilities for NAT (STUN)".

#ifndef SLUICE_TESTS_VECTORS_STUN_RFC5769_H_
#define SLUICE_TESTS_VECTORS_STUN_RFC5769_H_

#include <string_view>

namespace sluice::test {

inline constexpr std::string_view kRfc5769Username = "evtj:h6vY";
inline constexpr std::string_view kRfc5769Password = "VOkJxbRl1RmTxUk/WvJxBt";

// RFC 5769 §2.1, sample request.
inline constexpr std::string_view kRfc5769Request = R"(
  00 01 00 58              # Binding request, length
  21 12 a4 42              # magic cookie
  b7 e7 a7 01 bc 34 d6 86 fa 87 df ae   # transaction
  80 22 00 10              # SOFTWARE
  53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74   # the text, no padding
  00 24 00 04              # PRIORITY
  6e 00 01 ff
  80 29 00 08              # ICE-CONTROLLED
  93 2f f9 b1 51 26 3b 36  # tie-breaker
  00 06 00 09              # USERNAME
  65 76 74 6a 3a 68 36 76 59 20 20 20   # nine bytes, and three of padding with blanks
  00 08 00 14              # MESSAGE-INTEGRITY
  9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2
  80 28 00 04              # FINGERPRINT
  e5 7a 3b cf
)";

// RFC 5769 §2.2, sample IPv4 response: 192.0.2.1 port 32853.
inline constexpr std::string_view kRfc5769ResponseV4 = R"(
  01 01 00 3c              # Binding success response, length
  21 12 a4 42
  b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b              # SOFTWARE
  74 65 73 74 20 76 65 63 74 6f 72 20   # eleven bytes, and a blank of padding
  00 20 00 08              # XOR-MAPPED-ADDRESS
  00 01 a1 47              # IPv4, port
  e1 12 a6 43
  00 08 00 14              # MESSAGE-INTEGRITY
  2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
  80 28 00 04              # FINGERPRINT
  c0 7d 4c 96
)";

// RFC 5769 §2.3, sample IPv6 response: 2001:db8:1234:5678:11:2233:4455:6677 port 32853.
inline constexpr std::string_view kRfc5769ResponseV6 = R"(
  01 01 00 48              # Binding success response, length
  21 12 a4 42
  b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b              # SOFTWARE
  74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 14              # XOR-MAPPED-ADDRESS
  00 02 a1 47              # IPv6, port
  01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9
  00 08 00 14              # MESSAGE-INTEGRITY
  a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41
  80 28 00 04              # FINGERPRINT
  c8 fb 0b 4c
)";

}  // namespace sluice::test

#endif  // SLUICE_TESTS_VECTORS_STUN_RFC5769_H_

// RFC 3711, appendix B, as commented hex.

#ifndef SLUICE_TESTS_VECTORS_SRTP_RFC3711_H_
#define SLUICE_TESTS_VECTORS_SRTP_RFC3711_H_

#include <string_view>

namespace sluice::vectors {

// B.2: AES-CM with SSRC, roll-over counter and sequence number zero. The keystream is what zeros
// are encrypted to; block 0xff00 crosses the counter's second byte.
inline constexpr std::string_view kRfc3711CipherKey = "2b7e151628aed2a6abf7158809cf4f3c";
inline constexpr std::string_view kRfc3711CipherSalt = "f0f1f2f3f4f5f6f7f8f9fafbfcfd";
inline constexpr std::string_view kRfc3711KeystreamBegin = R"(
e03ead0935c95e80e166b16dd92b4eb4        # block 0x0000
d23513162b02d0f72a43a2fe4a5f97ab        # block 0x0001
41e95b3bb0a2e8dd477901e4fca894c0        # block 0x0002
)";
inline constexpr std::string_view kRfc3711KeystreamFromFeff = R"(
ec8cdf7398607cb0f2d21675ea9ea1e4        # block 0xfeff
362b7c3c6773516318a077d7fc5073ae        # block 0xff00
6a2cc3787889374fbeb4c81b17ba6c44        # block 0xff01
)";

// B.3: key derivation, rate zero.
inline constexpr std::string_view kRfc3711MasterKey = "e1f97a0d3e018be0d64fa32c06de4139";
inline constexpr std::string_view kRfc3711MasterSalt = "0ec675ad498afeebb6960b3aabe6";
inline constexpr std::string_view kRfc3711SessionKey = "c61e7a93744f39ee10734afe3ff7a087";
inline constexpr std::string_view kRfc3711SessionSalt = "30cbbc08863d8c85d49db34a9ae1";
inline constexpr std::string_view kRfc3711SessionAuth = "cebe321f6ff7716b6fd4ab49af256a156d38baa4";

}  // namespace sluice::vectors

#endif  // SLUICE_TESTS_VECTORS_SRTP_RFC3711_H_

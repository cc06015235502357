// RFC 7714, sections 16 and 17, as commented hex.
//
// The keys there are session keys: the RFC does not say of which master key, and a master key
// cannot be computed back from them.

#ifndef SLUICE_TESTS_VECTORS_SRTP_RFC7714_H_
#define SLUICE_TESTS_VECTORS_SRTP_RFC7714_H_

#include <string_view>

namespace sluice::vectors {

inline constexpr std::string_view kRfc7714Key128 = "000102030405060708090a0b0c0d0e0f";
inline constexpr std::string_view kRfc7714Key256 = R"(
000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f
)";
inline constexpr std::string_view kRfc7714Salt = "51756964 2070726f 2071756f";  // "Quid pro quo"

// §16: RTP, roll-over counter zero.
inline constexpr std::string_view kRfc7714Rtp = R"(
80 40 f17b  8041f8d3  5501a0b2          # header: PT 64, sequence number 0xf17b, time, SSRC
47616c6c 69612065 7374206f 6d6e6973     # "Gallia est omnis divisa in partes tres"
20646976 69736120 696e2070 61727465
73207472 6573
)";
// §16.1.1
inline constexpr std::string_view kRfc7714Srtp128 = R"(
8040f17b 8041f8d3 5501a0b2
f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
899d7f27 beb16a91 52cf765e e4390cce     # tag
)";
// §16.2.1
inline constexpr std::string_view kRfc7714Srtp256 = R"(
8040f17b 8041f8d3 5501a0b2
32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b
7aa3db36 dfffd6b0 f9bb7878 d7a76c13     # tag
)";

// §17: the RTCP packet that its subsections encrypt. The one printed above them is another.
inline constexpr std::string_view kRfc7714Rtcp = R"(
81c8000d 4d617273                       # SR with one block, SSRC "Mars"
4e545031 4e545032 52545020              # "NTP1NTP2RTP "
0000042a 0000e930                       # packets and octets
4c756e61                                # block about SSRC "Luna"
deadbeef deadbeef deadbeef deadbeef deadbeef
)";
inline constexpr unsigned kRfc7714RtcpIndex = 0x5d4;
// §17.1
inline constexpr std::string_view kRfc7714Srtcp128 = R"(
81c8000d 4d617273
63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded
0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade    # the last 16 bytes are the tag
800005d4                                # E flag and index
)";
// §17.2
inline constexpr std::string_view kRfc7714Srtcp256 = R"(
81c8000d 4d617273
d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be 8415f658 c61de047
6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be    # the last 16 bytes are the tag
800005d4                                # E flag and index
)";
// §17.3: authenticated only.
inline constexpr std::string_view kRfc7714ClearSrtcp128 = R"(
81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
deadbeef deadbeef deadbeef deadbeef deadbeef
841dd968 3dd78ec9 2ae58790 125f62b3     # tag
000005d4                                # index, without the E flag
)";
// §17.4
inline constexpr std::string_view kRfc7714ClearSrtcp256 = R"(
81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
deadbeef deadbeef deadbeef deadbeef deadbeef
91db4afb feee5a97 8fab4393 ed2615fe     # tag
000005d4                                # index, without the E flag
)";

}  // namespace sluice::vectors

#endif  // SLUICE_TESTS_VECTORS_SRTP_RFC7714_H_

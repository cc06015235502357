// RTP packets as commented hex: the figures of RFC 8285, and first packets of streams in the style
// of today's browsers.
//
// The browser packets were written by hand after the formats' specifications, with the header
// extension ids and descriptor fields that Chromium negotiates by default; payloads are cut off
// behind what a parser can look at.

#ifndef SLUICE_TESTS_VECTORS_RTP_PACKETS_H_
#define SLUICE_TESTS_VECTORS_RTP_PACKETS_H_

#include <string_view>

namespace sluice::vectors {

// RFC 8285 §4.2, figure: three elements in the one-byte form with padding in between. The ids and
// values are ours, the layout is the RFC's.
inline constexpr std::string_view kRfc8285OneByte = R"(
90 60 00 01  00 00 00 00  11 22 33 44   # V=2 X=1, PT 96, sequence number 1
be de 00 03                             # one-byte form, three words
10 aa                                   # id 1, L=0: one byte
21 bb cc                                # id 2, L=1: two bytes
00 00                                   # padding between elements
33 01 02 03 04                          # id 3, L=3: four bytes
de ad                                   # payload
)";

// RFC 8285 §4.3, figure: the same in the two-byte form, where a length of zero is a value.
inline constexpr std::string_view kRfc8285TwoByte = R"(
90 60 00 01  00 00 00 00  11 22 33 44   # V=2 X=1, PT 96, sequence number 1
10 00 00 03                             # two-byte form, appbits 0, three words
01 00                                   # id 1, L=0: no bytes
02 01 bb                                # id 2, L=1: one byte
00                                      # padding
03 04 01 02 03 04                       # id 3, L=4: four bytes
de ad                                   # payload
)";

// Ids: 1 audio level, 2 abs-send-time, 3 transport sequence, 4 mid.
inline constexpr std::string_view kChromiumOpus = R"(
90 6f 1d 2c  5a 3b 7c 10  8e 41 f2 07   # PT 111, sequence number 7468
be de 00 03                             # one-byte form, three words
22 4b 8e 21                             # abs-send-time
31 00 05                                # transport sequence 5
40 30                                   # mid "0"
10 a5                                   # audio level: voice, -37 dBov
00                                      # padding
78 0b e4 c1 36 ec c5 80                 # TOC: hybrid, full band, 20 ms, mono, one frame
)";

// Ids: 2 abs-send-time, 4 transport sequence, 9 mid, 13 video orientation.
inline constexpr std::string_view kChromiumVp8 = R"(
90 60 6a 11  9c 55 01 d0  3d 7a 90 1e   # PT 96, no marker, sequence number 27153
be de 00 03                             # one-byte form, three words
22 4b 9a 07                             # abs-send-time
41 00 06                                # transport sequence 6
90 31                                   # mid "1"
00 00 00                                # padding
90 e0 9b 27 4c 00                       # X S; I L T; picture id 6951, TL0PICIDX 76, TID 0
d0 9f 00                                # shown, version 0, P=0: a key frame
9d 01 2a 80 02 68 01                    # start code, 640 x 360
39 4b 00 39 1c 22 16 16 22 66 12 20     # compressed header
)";

// The last packet of a picture: video orientation joins (id 13), and the marker is set.
inline constexpr std::string_view kChromiumVp8Last = R"(
90 e0 6a 14  9c 55 01 d0  3d 7a 90 1e   # PT 96, marker, sequence number 27156
be de 00 03                             # one-byte form, three words
d0 01                                   # video orientation: a quarter turn
22 4b 9a 0b                             # abs-send-time
41 00 09                                # transport sequence 9
90 31                                   # mid "1"
00                                      # padding
80 e0 9b 27 4c 00                       # X; I L T; picture id 6951, TL0PICIDX 76, TID 0
5c 40 b2 9a 71 03 c8 11                 # somewhere in the partition
)";

// L3T3_KEY. Ids: 2 abs-send-time, 4 transport sequence, 9 mid.
inline constexpr std::string_view kChromiumVp9 = R"(
90 62 41 90  2b 0c 88 40  51 ae 6f 02   # PT 98, no marker, sequence number 16784
be de 00 03                             # one-byte form, three words
22 51 02 c8                             # abs-send-time
41 01 2f                                # transport sequence 303
90 31                                   # mid "1"
00 00 00                                # padding
aa                                      # I L B V: key picture, a frame begins
d2 34                                   # picture id 21044, 15 bits
00                                      # TID 0, SID 0
05                                      # TL0PICIDX 5
58                                      # three spatial layers, Y, G
01 40 00 b4  02 80 01 68  05 00 02 d0   # 320 x 180, 640 x 360, 1280 x 720
04                                      # four pictures in the group
04 04                                   # TID 0, one reference: 4 back
54 01                                   # TID 2, U, one reference: 1 back
34 02                                   # TID 1, U, one reference: 2 back
58 01 02                                # TID 2, U, two references: 1 and 2 back
82 49 83 42 00 13 f0 0b                 # uncompressed header of a key frame
)";

// Constrained baseline 3.1. Ids: 2 abs-send-time, 4 transport sequence, 9 mid.
inline constexpr std::string_view kChromiumH264 = R"(
90 66 0a 0f  77 31 20 c4  6b 05 d9 80   # PT 102, no marker, sequence number 2575
be de 00 03                             # one-byte form, three words
22 60 71 19                             # abs-send-time
41 00 31                                # transport sequence 49
90 31                                   # mid "1"
00 00 00                                # padding
78                                      # STAP-A, NRI 3
00 0f                                   # 15 bytes
67 42 c0 1f 8c 8d 40 50 1e d0 0f 08 84 6a 00   # SPS: 42 c0 1f
00 04                                   # 4 bytes
68 ce 3c 80                             # PPS
)";

// The first fragment of the slice that follows it.
inline constexpr std::string_view kChromiumH264Slice = R"(
90 66 0a 10  77 31 20 c4  6b 05 d9 80   # PT 102, no marker, sequence number 2576
be de 00 03                             # one-byte form, three words
22 60 71 1b                             # abs-send-time
41 00 32                                # transport sequence 50
90 31                                   # mid "1"
00 00 00                                # padding
7c 85                                   # FU-A, NRI 3; S, IDR slice
b8 00 04 00 00 09 e2 9f ff f8           # first_mb_in_slice 0
)";

// Ids: 2 abs-send-time, 4 transport sequence, 9 mid.
inline constexpr std::string_view kChromiumH265 = R"(
90 68 02 77  12 90 5a 11  70 4c e8 33   # PT 104, no marker, sequence number 631
be de 00 03                             # one-byte form, three words
22 71 08 5d                             # abs-send-time
41 02 90                                # transport sequence 656
90 31                                   # mid "1"
00 00 00                                # padding
60 01                                   # aggregation packet, layer 0, TID 1
00 08  40 01 0c 01 ff ff 01 60          # VPS
00 09  42 01 01 01 60 00 00 03 00       # SPS
00 07  44 01 c1 72 b4 62 40             # PPS
00 06  26 01 af 1d 80 9c                # IDR_W_RADL, first slice segment
)";

// L1T1 with a dependency descriptor. Ids: 2 abs-send-time, 4 transport sequence, 9 mid,
// 12 dependency descriptor.
inline constexpr std::string_view kChromiumAv1 = R"(
90 2d 5e 01  c0 11 7a 90  1f 66 02 ab   # PT 45, no marker, sequence number 24065
be de 00 06                             # one-byte form, six words
22 80 14 f3                             # abs-send-time
41 03 e8                                # transport sequence 1000
90 31                                   # mid "1"
cc                                      # dependency descriptor, 13 bytes
80 00 01                                # start of frame, template 0, frame 1
80 00 3a 41 01                          # structure: one decode target, two templates, one chain
81 3f 80 b3 80                          # resolution 640 x 360
00                                      # padding
68                                      # Y, W=2, N: a new coded video sequence
0b 08 00 00 00 04 3c ff bc ff cc 02     # sequence header OBU, 11 bytes
30 10 00 b4 d0 6b 80 44 08 80           # frame OBU, goes on in the next packet
)";

// Two-byte form with application bits, as a peer sends it whose descriptor exceeds 16 bytes.
// Ids: 4 transport sequence, 9 mid, 12 dependency descriptor, 20 not negotiated.
inline constexpr std::string_view kTwoByteMixed = R"(
90 2d 5e 02  c0 11 7a 90  1f 66 02 ab   # PT 45, sequence number 24066
10 07 00 08                             # two-byte form, appbits 7, eight words
04 02 03 e9                             # transport sequence 1001
14 03 01 02 03                          # id 20
0c 11                                   # dependency descriptor, 17 bytes
40 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00
00                                      # padding
09 01 31                                # mid "1"
90 30 10 00                             # Z, W=1: the rest of an OBU
)";

// A probe: no payload, 255 bytes of padding would be usual; eight here.
inline constexpr std::string_view kPaddingOnly = R"(
b0 60 6a 15  9c 55 01 d0  3d 7a 90 1e   # P X, PT 96, sequence number 27157
be de 00 01                             # one-byte form, one word
41 00 0a                                # transport sequence 10
00                                      # padding of the block
00 00 00 00 00 00 00 08                 # padding of the packet
)";

}  // namespace sluice::vectors

#endif  // SLUICE_TESTS_VECTORS_RTP_PACKETS_H_

// RTCP datagrams as commented hex: in the style of today's browsers, and the examples of the
// transport-wide feedback draft.
//
// The browser datagrams were written by hand after the formats' specifications, with the members and
// the order of members that Chromium and Firefox send by default.

#ifndef SLUICE_TESTS_VECTORS_RTCP_PACKETS_H_
#define SLUICE_TESTS_VECTORS_RTCP_PACKETS_H_

#include <string_view>

namespace sluice::vectors {

// A publisher of audio that also receives: SR with one block, SDES with CNAME.
inline constexpr std::string_view kChromiumSenderReport = R"(
81 c8 00 0c                             # SR, one block, 13 words
8e 41 f2 07                             # sender
ec 8f 1a 02  80 00 00 00                # NTP time, half past a second
5a 3b 7c 10                             # RTP timestamp
00 00 01 f4  00 00 9c 40                # 500 packets, 40000 octets
3d 7a 90 1e                             # block: source
1a ff ff fe                             # 26/256 lost, cumulative -2
00 02 6a 11                             # highest 27153 after two wraps
00 00 01 2c                             # jitter 300
1a 02 40 00  00 00 80 00                # LSR, DLSR half a second
81 ca 00 06                             # SDES, one chunk, 7 words
8e 41 f2 07                             # source
01 10                                   # CNAME of 16 letters
6b 4a 2f 39 70 51 78 61 2b 5a 74 4d 30 76 65 52
00 00                                   # end and filling
)";

// A subscriber of audio and video: RR with two blocks, REMB over both.
inline constexpr std::string_view kChromiumReceiverReportWithRemb = R"(
82 c9 00 0d                             # RR, two blocks, 14 words
00 00 00 01                             # sender: Chromium's for those that send nothing
8e 41 f2 07  00 00 00 00  00 00 1d 2c  00 00 00 60  1a 02 40 00  00 01 00 00
3d 7a 90 1e  0d 00 00 11  00 00 6a 11  00 00 02 58  1a 02 99 9a  00 00 20 c5
8f ce 00 06                             # payload-specific, FMT 15, 7 words
00 00 00 01  00 00 00 00                # sender, media 0
52 45 4d 42                             # "REMB"
02 12 4f 80                             # two sources; exponent 4, mantissa 0x24f80
8e 41 f2 07  3d 7a 90 1e
)";

// The answer of a publisher to our RRTR.
inline constexpr std::string_view kChromiumDlrr = R"(
80 c9 00 01  00 00 00 01                # RR without blocks
80 cf 00 05                             # XR, 6 words
3d 7a 90 1e                             # sender
05 00 00 03                             # DLRR, one entry
00 00 00 2a  1a 02 80 00  00 00 19 9a   # receiver 42, LRR, DLRR 100 ms
)";

// Seven packets from number 5 on, the third missing, the fifth overtaken by the one before it.
inline constexpr std::string_view kChromiumTransportFeedback = R"(
af cd 00 07                             # padded, FMT 15, 8 words
00 00 00 01  d3 e9 01 55                # sender, media
00 05 00 07                             # base 5, seven statuses
00 0b a4 2a                             # reference 2980 * 64 ms, feedback 42
d4 65                                   # two-bit vector: 1 1 0 1 2 1 1
14 04 28 ff 38 04 50                    # 5, 1, 10, -50, 1, 20 ms
00 00 03                                # padding
)";

// Reduced size (RFC 5506): NACK for 1000, 1001 and 1016, then PLI.
inline constexpr std::string_view kFirefoxNackAndPli = R"(
81 cd 00 03                             # NACK, 4 words
9b 1c 22 d0  3d 7a 90 1e                # sender, media
03 e8 80 01                             # PID 1000, BLP bits 0 and 15
81 ce 00 02                             # PLI, 3 words
9b 1c 22 d0  3d 7a 90 1e
)";

// Old gateways ask with FIR instead, and say goodbye with a reason.
inline constexpr std::string_view kGatewayFirAndBye = R"(
84 ce 00 04                             # FIR, 5 words
9b 1c 22 d0  00 00 00 00                # sender, media unused
3d 7a 90 1e  07 00 00 00                # source, request number 7
81 cb 00 03                             # BYE, one source, 4 words
9b 1c 22 d0
06 68 61 6e 67 75 70 00                 # reason "hangup", filling
)";

}  // namespace sluice::vectors

#endif  // SLUICE_TESTS_VECTORS_RTCP_PACKETS_H_

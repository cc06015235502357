// The round-trip time that an echo of our own clock gives (RFC 3550 §6.4.1, RFC 3611 §4.5).

#ifndef SLUICE_RTP_RTCP_ROUND_TRIP_TIME_H_
#define SLUICE_RTP_RTCP_ROUND_TRIP_TIME_H_

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace sluice::rtp {

// `last` is the NtpTime::compact() of ours that the peer repeats (LSR of a report block, LRR of a
// DLRR entry), `delay` how long it kept it (DLSR, DLRR).
//
// Nullopt if the peer has heard nothing from us yet, or if the result is longer than any path that
// still carries a conversation: the peer may lie, and a lie must not stretch our timers. Clocks
// that drift can make the difference slightly negative; it counts as zero then.
std::optional<Duration> RoundTripTime(NtpTime now, uint32_t last, uint32_t delay);

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_ROUND_TRIP_TIME_H_

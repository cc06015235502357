// Every way a packet can die. Each has a counter; "lost in the code" is not a reason.

#ifndef SLUICE_BASE_DROP_REASON_H_
#define SLUICE_BASE_DROP_REASON_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

// Numbers are part of the control API (statistics): append only, never reuse.
enum class DropReason : uint8_t {
  // Before anybody knows whose it is.
  kUnknownProtocol = 0,  // RFC 7983 §7: first byte belongs to nobody
  kTruncated = 1,        // longer than a slot
  kUnknownRemote = 2,    // DTLS or media from an endpoint ICE has not validated
  kPoolExhausted = 3,    // no slot to receive into
  // STUN (RFC 8489, RFC 8445).
  kStunMalformed = 4,     // does not parse, or FINGERPRINT is missing or wrong
  kStunUnknownUser = 5,   // USERNAME names no local ufrag, or not both halves
  kStunBadIntegrity = 6,  // MESSAGE-INTEGRITY missing or wrong
  kStunUnexpected = 7,    // not a Binding request, or a response nobody asked for
  kIceTooManyPaths = 8,   // a ninth remote endpoint
  // DTLS (RFC 6347).
  kDtlsMalformed = 9,    // record OpenSSL would not take
  kDtlsUnexpected = 10,  // before connect(), or after close
  // SRTP (RFC 3711).
  kSrtpNoKeys = 11,          // media before the handshake is done
  kSrtpAuthentication = 12,  // tag does not verify
  kSrtpReplay = 13,          // seen before, or older than the window
  kSrtpMalformed = 14,
  // RTP and RTCP (RFC 3550).
  kRtpMalformed = 15,
  kRtcpMalformed = 16,
  kRtpUnknownStream = 17,   // SSRC, MID and RID name no producer
  kRtpUnknownPayload = 18,  // payload type was not negotiated
  kRtpDuplicate = 19,
  kRtpTooOld = 20,     // outside of the window in which order can be told
  kRtxMalformed = 21,  // retransmission without room for its original number
  kRtxUnwanted = 22,   // retransmission of a packet we have or no longer wait for
  kRtpPadding = 23,    // padding only: counted, never forwarded
  kProducerPaused = 24,
  // Forwarding.
  kConsumerPaused = 25,
  kAwaitingKeyframe = 26,
  kOtherLayer = 27,
  kNoConsumer = 28,
  kNotConnected = 29,        // receiver has no path or no keys yet
  kUnsupportedPayload = 30,  // codec this consumer did not negotiate
  kTooLate = 31,             // belongs before the point at which the consumer joined
  // Sending.
  kQueueFull = 32,       // pacer reached its bound in bytes
  kQueueAge = 33,        // waited longer than the pacer allows
  kSocketFull = 34,      // EAGAIN, ENOBUFS
  kSocketError = 35,     // any other errno
  kTooLarge = 36,        // does not fit an outgoing slot
  kRtxUnavailable = 37,  // asked for again, but no longer stored
  kRtxRepeated = 38,     // asked for again within one round trip
  // Bounds.
  kTooManyStreams = 39,     // transport reached its limit of streams
  kRtcpUnknownStream = 40,  // feedback about a stream we do not send
  kTransportClosed = 41,
  kNotLoudest = 42,     // only the loudest speakers are forwarded
  kRtxOverBudget = 43,  // repetitions have had their share of the receiver's rate
  // SCTP (RFC 9260).
  kSctpMalformed = 44,   // chunks do not tile the packet, or it is for another port
  kSctpUnexpected = 45,  // before the association begins, or after it has ended
};
inline constexpr size_t kDropReasonCount = 46;

// The name used in statistics, logs and metrics, e.g. "srtpReplay".
std::string_view DropReasonName(DropReason reason);

class DropCounters {
 public:
  void Count(DropReason reason, uint64_t packets = 1) {
    counts_[static_cast<size_t>(reason)] += packets;
  }
  void Add(const DropCounters& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  uint64_t operator[](DropReason reason) const { return counts_[static_cast<size_t>(reason)]; }
  uint64_t total() const {
    uint64_t sum = 0;
    for (uint64_t count : counts_) sum += count;
    return sum;
  }

 private:
  std::array<uint64_t, kDropReasonCount> counts_{};
};

}  // namespace sluice

#endif  // SLUICE_BASE_DROP_REASON_H_

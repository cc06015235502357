// What travels on an association: messages, on streams, with a promise each.

#ifndef SLUICE_SCTP_MESSAGE_H_
#define SLUICE_SCTP_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace sluice::sctp {

// RFC 9260 §3.3.1. 65,535 is no stream of a data channel (RFC 8832 §6).
using StreamId = StrongId<struct StreamTag, uint16_t>;

// Payload protocol identifiers (RFC 8831 §8). Peers of ours may agree on others; they are carried
// as they are.
enum class Ppid : uint32_t {
  kDcep = 50,
  kString = 51,
  kBinary = 53,
  kStringEmpty = 56,
  kBinaryEmpty = 57,
};

// SCTP has no message of no bytes, so one byte goes and these identifiers say that it is none
// (RFC 8831 §6.6).
constexpr bool StandsForNothing(Ppid ppid) {
  return ppid == Ppid::kStringEmpty || ppid == Ppid::kBinaryEmpty;
}

// How hard to try (RFC 8831 §6.1, RFC 3758). At most one of the two limits is set; with neither the
// message arrives unless the association ends.
struct Reliability {
  bool ordered = true;
  std::optional<uint16_t> max_retransmits = std::nullopt;  // 0: sent once
  std::optional<Duration> max_lifetime = std::nullopt;     // 0 to 65,535 ms, from Send() on

  bool operator==(const Reliability&) const = default;
};

struct Message {
  StreamId stream = {};
  Ppid ppid = Ppid::kBinary;
  std::vector<uint8_t> payload = {};  // Empty for kStringEmpty and kBinaryEmpty.
};

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_MESSAGE_H_

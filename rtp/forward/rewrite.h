// What one receiver must see changed in a packet, and the answer to whether it sees it at all.

#ifndef SLUICE_RTP_FORWARD_REWRITE_H_
#define SLUICE_RTP_FORWARD_REWRITE_H_

#include <cstdint>
#include <type_traits>
#include <variant>

#include "base/drop_reason.h"
#include "base/ids.h"
#include "base/seq_no.h"

namespace sluice::rtp {

// The fields of the fixed header (RFC 3550 §5.1) as this receiver sees them. It travels beside the
// shared packet through queue and store, so that a retransmission repeats exactly what was sent.
struct Rewrite {
  Ssrc ssrc;
  PayloadType payload_type;
  SeqNo seq;
  uint32_t timestamp = 0;
  bool marker = false;

  constexpr bool operator==(const Rewrite&) const = default;
};
// A copy is kept for every packet and every receiver of the last seconds: size is memory.
static_assert(sizeof(Rewrite) <= 32 && std::is_trivially_copyable_v<Rewrite>);

using Verdict = std::variant<Rewrite, DropReason>;

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_REWRITE_H_

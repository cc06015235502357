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

// Which bytes at the front of the payload are written anew.
enum class PayloadPatch : uint8_t {
  kNone,
  kVp8,  // picture id, TL0PICIDX and KEYIDX, where the descriptor has them (RFC 7741 §4.2)
  kVp9,  // picture id and TL0PICIDX (RFC 9628 §4.2)
  kRed,  // the payload types of the blocks (RFC 2198 §3)
};

// A packet as this receiver sees it: the fields of the fixed header (RFC 3550 §5.1), numbers in the
// payload descriptor, and the dependency descriptor. It travels beside the shared packet through
// queue and store, so that a retransmission repeats exactly what was sent.
struct Rewrite {
  Ssrc ssrc;
  uint32_t timestamp = 0;
  SeqNo seq;
  PayloadType payload_type;
  bool marker : 1 = false;
  // Nothing of the packet is sent but its number: it turned out to be unwanted when the numbers on
  // both sides of it were already out.
  bool padding_only : 1 = false;
  // `frame_number` counts.
  bool renumbers_frame : 1 = false;

  PayloadPatch patch = PayloadPatch::kNone;
  uint8_t base_index = 0;  // TL0PICIDX
  // VP8 KEYIDX, 0..31; with kRed the payload type that the blocks get.
  uint8_t key_index = 0;
  // How many decode targets the structure behind the packet's dependency descriptor has. Zero
  // leaves the statement about active ones as it is.
  uint8_t target_count = 0;
  uint16_t picture_id = 0;  // in as many bits as the packet has for it
  uint16_t frame_number = 0;
  uint32_t active_targets = 0;

  constexpr bool operator==(const Rewrite&) const = default;
};
// A copy is kept for every packet and every receiver of the last seconds: size is memory.
static_assert(sizeof(Rewrite) <= 24 && std::is_trivially_copyable_v<Rewrite>);

using Verdict = std::variant<Rewrite, DropReason>;

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_REWRITE_H_

// Redundant audio (RFC 2198): one packet with the newest piece of sound, and with pieces that
// earlier packets already brought.

#ifndef SLUICE_RTP_CODEC_RED_H_
#define SLUICE_RTP_CODEC_RED_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/codec/descriptor.h"

namespace sluice::rtp::codec {

struct Red {
  // Senders repeat one to three pieces, Chromium nine at the most.
  static constexpr size_t kMaxBlocks = 16;

  size_t block_count = 0;    // the newest included
  PayloadType payload_type;  // of the newest
  ByteView newest;

  // Nothing if the blocks do not fit into the packet, or are too many.
  static std::optional<Red> Parse(ByteView payload);
};

// By the newest block, which is taken for Opus: nothing else is sent that way.
Description DescribeRed(ByteView payload);

// Copies the headers of all blocks with `payload_type` in place of their own. Returns how many
// bytes of `payload` that were, 0 if it is no such packet.
size_t RelabelRed(ByteView payload, PayloadType payload_type, ByteWriter& out);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_RED_H_

// Application-defined data (RFC 3550 §6.7): a name of four letters, and bytes that only those who
// know the name can read.

#ifndef SLUICE_RTP_RTCP_APPLICATION_DATA_H_
#define SLUICE_RTP_RTCP_APPLICATION_DATA_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

// A view: `data` is valid as long as the packet it was read from.
struct ApplicationData {
  // What stands before `data`: the header, the source, and the name.
  static constexpr size_t kOverhead = kRtcpHeaderSize + 8;

  Ssrc sender{};
  // Four letters, the first in the highest byte.
  uint32_t name = 0;
  // Five bits that the name gives a meaning.
  uint8_t subtype = 0;
  ByteView data{};

  static std::optional<ApplicationData> Parse(ByteView packet);
  // Data that is no multiple of four bytes is padded.
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_APPLICATION_DATA_H_

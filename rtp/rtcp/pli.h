// Picture loss indication (RFC 4585 §6.3.1): the decoder has lost its way and needs a key frame.

#ifndef SLUICE_RTP_RTCP_PLI_H_
#define SLUICE_RTP_RTCP_PLI_H_

#include <optional>

#include "base/bytes.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

struct PictureLossIndication {
  FeedbackSources sources{};

  bool operator==(const PictureLossIndication&) const = default;

  static std::optional<PictureLossIndication> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_PLI_H_

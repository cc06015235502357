// Full intra request (RFC 5104 §4.3.1): a key frame for each of these sources, whatever was lost.

#ifndef SLUICE_RTP_RTCP_FIR_H_
#define SLUICE_RTP_RTCP_FIR_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/bounded_list.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

struct FullIntraRequest {
  // More sources than one peer has encodings; what is over is not read.
  static constexpr size_t kMaxEntries = 32;

  struct Entry {
    Ssrc source{};
    uint8_t number = 0;  // a repeated request keeps its number (RFC 5104 §4.3.1.1)

    bool operator==(const Entry&) const = default;
  };

  FeedbackSources sources{};  // `media` is unused and zero (RFC 5104 §4.3.1.1)
  BoundedList<Entry, kMaxEntries> entries{};

  bool operator==(const FullIntraRequest&) const = default;

  static std::optional<FullIntraRequest> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_FIR_H_

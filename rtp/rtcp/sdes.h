// RTCP SDES (RFC 3550 §6.5). Only CNAME is kept, which ties the streams of one clock together; the
// other items describe a person, and an SFU has no use for them.

#ifndef SLUICE_RTP_RTCP_SDES_H_
#define SLUICE_RTP_RTCP_SDES_H_

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "rtp/rtcp/bounded_list.h"

namespace sluice::rtp {

struct SourceDescription {
  static constexpr size_t kMaxCname = 255;  // its length has eight bits

  struct Chunk {
    Ssrc source{};
    std::string_view cname{};  // of a parsed packet: a view of its bytes; empty if it had none

    bool operator==(const Chunk&) const = default;
  };

  // The count of chunks has five bits.
  BoundedList<Chunk, 31> chunks{};

  bool operator==(const SourceDescription&) const = default;

  static std::optional<SourceDescription> Parse(ByteView packet);
  // A longer CNAME is cut at kMaxCname.
  void WriteTo(ByteWriter& out) const;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_SDES_H_

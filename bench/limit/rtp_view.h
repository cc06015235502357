// What a bare forwarder must know of a clear RTP packet (RFC 3550 §5.1, RFC 8285): how long the
// header is, and where in it the transport-wide number stands.

#ifndef SLUICE_BENCH_LIMIT_RTP_VIEW_H_
#define SLUICE_BENCH_LIMIT_RTP_VIEW_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::bench {

struct RtpView {
  uint16_t header_size = 0;
  // Of the number's first byte; 0 if there is none.
  uint16_t number_offset = 0;
  uint32_t ssrc = 0;
  uint32_t timestamp = 0;
  bool padded = false;

  // Nothing if it is no RTP packet. `number_id` is the extension's id, 0 if nobody asks.
  static std::optional<RtpView> Read(ByteView packet, uint8_t number_id);
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_RTP_VIEW_H_

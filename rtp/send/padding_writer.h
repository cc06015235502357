// Writes packets that consist of a header and padding (RFC 3550 §5.1), for probes of the path.

#ifndef SLUICE_RTP_SEND_PADDING_WRITER_H_
#define SLUICE_RTP_SEND_PADDING_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "rtp/packet/extension_map.h"
#include "rtp/send/egress_writer.h"

namespace sluice::rtp {

// One for each stream that carries padding: the MID is the stream's.
class PaddingWriter {
 public:
  // RFC 3550 §5.1: the last byte counts them, itself included.
  static constexpr size_t kMaxPadding = 255;

  struct Header {
    Ssrc ssrc;
    PayloadType payload_type;
    SeqNo seq;
    uint32_t timestamp = 0;
  };

  // `extensions` are those the receiver negotiated, by its ids; of these, MID, send time and
  // transport-wide number are written. A MID longer than EgressWriter::kMaxMidSize is left out.
  PaddingWriter(const ExtensionMap& extensions, std::string mid);

  // A packet of about `wanted` bytes, the padding clamped to 1..kMaxPadding. All of it is in
  // `out`, `rest` is empty. Nothing if it does not fit.
  std::optional<OutgoingPacket> Write(const Header& header, size_t wanted,
                                      const Departure& departure, ByteSpan out) const;

 private:
  void WriteExtensions(const Departure& departure, ByteWriter& out) const;

  std::string mid_;
  uint8_t mid_id_ = 0;
  uint8_t abs_send_time_id_ = 0;
  uint8_t transport_sequence_id_ = 0;
  bool two_byte_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PADDING_WRITER_H_

// Writes the header of an outgoing packet as one receiver expects it (RFC 3550 §5.1, RFC 8285).
//
// Only what differs between receivers is written: fixed header, header extensions under the
// receiver's ids, the original sequence number of a retransmission (RFC 4588 §4), and the few bytes
// of a payload descriptor whose numbers are others for this receiver. The rest of the payload stays
// in the shared packet, and the cipher reads it from there.
//
// A packet that turned out to be unwanted is written as padding alone, under its number.
//
// Deviation: contributing sources (CSRC) are not passed on. They name streams of the publisher's
// session, and the receiver's session has other names. Padding is not passed on either: it was
// made for another path.

#ifndef SLUICE_RTP_SEND_EGRESS_WRITER_H_
#define SLUICE_RTP_SEND_EGRESS_WRITER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/forward/rewrite.h"
#include "rtp/packet/dependency_descriptor.h"
#include "rtp/packet/extension_map.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

// `out[0, written)` holds the header, header_size bytes, and plaintext that is this receiver's
// own; `rest` is the shared plaintext that follows. It lives as long as the packet.
struct OutgoingPacket {
  size_t header_size = 0;
  size_t written = 0;
  ByteView rest;

  size_t size() const { return written + rest.size(); }
};

// What is known only when a packet leaves.
struct Departure {
  NtpTime time;
  // The next number of the transport, if it counts its packets.
  std::optional<uint16_t> transport_sequence;
};

// The retransmission stream of a receiver that negotiated one.
struct RtxHeader {
  Ssrc ssrc;
  PayloadType payload_type;
  SeqNo seq;
};

// One for each outgoing stream: the MID is the stream's.
class EgressWriter {
 public:
  // A MID longer than this is left out; ours are a few digits.
  static constexpr size_t kMaxMidSize = 32;

  // `extensions` are those the receiver negotiated, by its ids.
  EgressWriter(const ExtensionMap& extensions, std::string mid);

  // Nothing if the whole packet does not fit into `out`.
  std::optional<OutgoingPacket> Write(const RtpPacket& packet, const Rewrite& rewrite,
                                      const Departure& departure, ByteSpan out) const;

  // The same packet again, on the retransmission stream. Without one, a packet is repeated by
  // Write with its old Rewrite.
  std::optional<OutgoingPacket> WriteRtx(const RtpPacket& packet, const Rewrite& rewrite,
                                         const RtxHeader& rtx, const Departure& departure,
                                         ByteSpan out) const;

 private:
  struct PassedOn {
    Extension extension;
    uint8_t id;
  };
  struct FixedHeader {
    Ssrc ssrc;
    PayloadType payload_type;
    SeqNo seq;
    uint32_t timestamp;
    bool marker;
  };

  // Extension values that describe the media, by the receiver's ids.
  struct Values {
    std::array<std::pair<uint8_t, ByteView>, kExtensionCount> list;
    size_t count = 0;
    bool two_byte = false;
    std::array<uint8_t, DependencyDescriptor::kMaxSize> rewritten;
  };

  // The header of a packet that has nothing of its own to tell: most of it is the same for all.
  struct Pattern {
    static constexpr size_t kMaxSize = 64;

    std::array<uint8_t, kMaxSize> bytes{};
    uint8_t size = 0;  // zero: there is none
    // Where that extension's value stands; zero: nowhere.
    uint8_t abs_send_time = 0;
    uint8_t transport_sequence = 0;
  };

  void MakePattern();
  bool FitsPattern(const RtpPacket& packet, const Rewrite& rewrite,
                   const Departure& departure) const;
  void WritePattern(const FixedHeader& header, const Departure& departure, ByteWriter& out) const;

  void WriteHeader(const RtpPacket& packet, const Rewrite& rewrite, const FixedHeader& header,
                   const Departure& departure, ByteWriter& out) const;
  void WriteExtensions(const RtpPacket& packet, const Rewrite& rewrite, const Departure& departure,
                       ByteWriter& out) const;
  void Gather(const RtpPacket& packet, const Rewrite& rewrite, Values& values) const;

  std::string mid_;
  uint8_t mid_id_ = 0;
  uint8_t abs_send_time_id_ = 0;
  uint8_t transport_sequence_id_ = 0;
  // Our own extensions need the two-byte form whatever the packet brings.
  bool always_two_byte_ = false;
  uint8_t passed_on_count_ = 0;
  std::array<PassedOn, kExtensionCount> passed_on_{};
  Pattern pattern_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_EGRESS_WRITER_H_

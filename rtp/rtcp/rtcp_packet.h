// The header that every RTCP packet begins with (RFC 3550 §6.4.1), and the question what kind of
// packet follows it. Knows nothing of the bodies; each has its own file in this folder.

#ifndef SLUICE_RTP_RTCP_RTCP_PACKET_H_
#define SLUICE_RTP_RTCP_RTCP_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"

namespace sluice::rtp {

inline constexpr size_t kRtcpHeaderSize = 4;

enum class RtcpKind : uint8_t {
  kSenderReport,
  kReceiverReport,
  kSourceDescription,
  kBye,
  kExtendedReport,
  kNack,
  kTransportFeedback,
  kPli,
  kFir,
  kRemb,
  kTmmbr,
  kTmmbn,
  kApplicationData,
  // Well formed, but nothing we read: formats of feedback we do not know.
  kOther,
};

// One packet of a compound; a view, valid as long as the datagram it was cut out of.
class RtcpPacket {
 public:
  // Cuts the first packet off `bytes`, which may go on behind it. Nullopt if the version is not 2,
  // or if the length or the padding reaches beyond what is there.
  static std::optional<RtcpPacket> Parse(ByteView bytes);

  RtcpKind kind() const { return kind_; }
  // The five bits that the body gives a meaning: a count of its parts, or the format of feedback.
  uint8_t count() const { return static_cast<uint8_t>(bytes_[0] & 0x1f); }
  // The whole packet: what the Parse functions of this folder take.
  ByteView bytes() const { return bytes_; }
  // Without header and padding.
  ByteView body() const { return body_; }

 private:
  RtcpPacket(ByteView bytes, ByteView body);

  ByteView bytes_;
  ByteView body_;
  RtcpKind kind_;
};

// `bytes` as a packet, if it is exactly one and of this kind: how every parser begins.
std::optional<RtcpPacket> ReadRtcp(ByteView bytes, RtcpKind kind);

// RFC 4585 §6.1: what all feedback begins with.
struct FeedbackSources {
  Ssrc sender{};  // who says it
  Ssrc media{};   // about which stream

  bool operator==(const FeedbackSources&) const = default;
};
FeedbackSources ReadFeedbackSources(ByteReader& in);

// Writes a header on construction and its length in Finish(). Bodies must be multiples of four
// bytes; for one that is not by nature, Pad() fills the last word.
class RtcpFrame {
 public:
  RtcpFrame(ByteWriter& out, RtcpKind kind, size_t count = 0);
  RtcpFrame(ByteWriter& out, RtcpKind kind, const FeedbackSources& sources);

  void Pad();
  void Finish();

 private:
  ByteWriter& out_;
  const size_t begin_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_RTCP_PACKET_H_

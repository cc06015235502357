#include "rtp/rtcp/rtcp_packet.h"

#include "base/check.h"

namespace sluice::rtp {
namespace {

constexpr uint8_t kVersion = 2;
constexpr uint8_t kPaddingBit = 0x20;

// RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §2.
constexpr uint8_t kTypeSenderReport = 200;
constexpr uint8_t kTypeReceiverReport = 201;
constexpr uint8_t kTypeSourceDescription = 202;
constexpr uint8_t kTypeBye = 203;
constexpr uint8_t kTypeApplicationData = 204;
constexpr uint8_t kTypeTransportFeedback = 205;
constexpr uint8_t kTypePayloadFeedback = 206;
constexpr uint8_t kTypeExtendedReport = 207;

constexpr uint8_t kFormatNack = 1;
// RFC 5104 §4.2.
constexpr uint8_t kFormatTmmbr = 3;
constexpr uint8_t kFormatTmmbn = 4;
constexpr uint8_t kFormatTransportWide = 15;
constexpr uint8_t kFormatPli = 1;
constexpr uint8_t kFormatFir = 4;
constexpr uint8_t kFormatApplication = 15;

// draft-alvestrand-rmcat-remb-03 §2.2: "REMB" tells it from other application layer feedback.
constexpr uint32_t kRembIdentifier = 0x52454d42;

RtcpKind PayloadFeedbackKind(uint8_t format, ByteView body) {
  if (format == kFormatPli) return RtcpKind::kPli;
  if (format == kFormatFir) return RtcpKind::kFir;
  if (format != kFormatApplication) return RtcpKind::kOther;
  ByteReader in(body);
  in.Skip(8);
  return in.U32() == kRembIdentifier ? RtcpKind::kRemb : RtcpKind::kOther;
}

RtcpKind TransportFeedbackKind(uint8_t format) {
  switch (format) {
    case kFormatNack:
      return RtcpKind::kNack;
    case kFormatTmmbr:
      return RtcpKind::kTmmbr;
    case kFormatTmmbn:
      return RtcpKind::kTmmbn;
    case kFormatTransportWide:
      return RtcpKind::kTransportFeedback;
    default:
      return RtcpKind::kOther;
  }
}

RtcpKind KindOf(uint8_t type, uint8_t count, ByteView body) {
  switch (type) {
    case kTypeSenderReport:
      return RtcpKind::kSenderReport;
    case kTypeReceiverReport:
      return RtcpKind::kReceiverReport;
    case kTypeSourceDescription:
      return RtcpKind::kSourceDescription;
    case kTypeBye:
      return RtcpKind::kBye;
    case kTypeApplicationData:
      return RtcpKind::kApplicationData;
    case kTypeExtendedReport:
      return RtcpKind::kExtendedReport;
    case kTypeTransportFeedback:
      return TransportFeedbackKind(count);
    case kTypePayloadFeedback:
      return PayloadFeedbackKind(count, body);
    default:
      return RtcpKind::kOther;
  }
}

struct TypeAndFormat {
  uint8_t type;
  uint8_t format;
};

TypeAndFormat WireNames(RtcpKind kind) {
  switch (kind) {
    case RtcpKind::kSenderReport:
      return {kTypeSenderReport, 0};
    case RtcpKind::kReceiverReport:
      return {kTypeReceiverReport, 0};
    case RtcpKind::kSourceDescription:
      return {kTypeSourceDescription, 0};
    case RtcpKind::kBye:
      return {kTypeBye, 0};
    case RtcpKind::kApplicationData:
      return {kTypeApplicationData, 0};
    case RtcpKind::kExtendedReport:
      return {kTypeExtendedReport, 0};
    case RtcpKind::kNack:
      return {kTypeTransportFeedback, kFormatNack};
    case RtcpKind::kTransportFeedback:
      return {kTypeTransportFeedback, kFormatTransportWide};
    case RtcpKind::kPli:
      return {kTypePayloadFeedback, kFormatPli};
    case RtcpKind::kFir:
      return {kTypePayloadFeedback, kFormatFir};
    case RtcpKind::kRemb:
      return {kTypePayloadFeedback, kFormatApplication};
    case RtcpKind::kTmmbr:
      return {kTypeTransportFeedback, kFormatTmmbr};
    case RtcpKind::kTmmbn:
      return {kTypeTransportFeedback, kFormatTmmbn};
    case RtcpKind::kOther:
      break;
  }
  CheckFailed("a kind of packet that we write", __FILE__, __LINE__);
}

}  // namespace

RtcpPacket::RtcpPacket(ByteView bytes, ByteView body)
    : bytes_(bytes), body_(body), kind_(KindOf(bytes[1], bytes[0] & 0x1f, body)) {}

std::optional<RtcpPacket> RtcpPacket::Parse(ByteView bytes) {
  if (bytes.size() < kRtcpHeaderSize || bytes[0] >> 6 != kVersion) return std::nullopt;
  // The length counts words of four bytes and leaves out one, so that it is never zero in bytes.
  ByteReader in(bytes.subspan(2));
  const size_t size = (size_t{in.U16()} + 1) * 4;
  if (size > bytes.size()) return std::nullopt;

  const ByteView packet = bytes.first(size);
  ByteView body = packet.subspan(kRtcpHeaderSize);
  if ((packet[0] & kPaddingBit) != 0) {
    // The last byte counts the padding, itself included (RFC 3550 §6.4.1).
    // Deviation: it is taken in any member, not only the last, and need not be whole words:
    // browsers fill transport-wide feedback with one to three bytes, wherever it stands.
    const size_t padding = packet.back();
    if (padding == 0 || padding > body.size()) return std::nullopt;
    body = body.first(body.size() - padding);
  }
  return RtcpPacket(packet, body);
}

std::optional<RtcpPacket> ReadRtcp(ByteView bytes, RtcpKind kind) {
  const std::optional<RtcpPacket> packet = RtcpPacket::Parse(bytes);
  if (!packet || packet->bytes().size() != bytes.size() || packet->kind() != kind) {
    return std::nullopt;
  }
  return packet;
}

FeedbackSources ReadFeedbackSources(ByteReader& in) {
  const Ssrc sender(in.U32());
  return {sender, Ssrc(in.U32())};
}

RtcpFrame::RtcpFrame(ByteWriter& out, RtcpKind kind, size_t count) : out_(out), begin_(out.size()) {
  const TypeAndFormat names = WireNames(kind);
  SLUICE_DCHECK(count <= 0x1f && (count == 0 || names.format == 0));
  out.U8(static_cast<uint8_t>(kVersion << 6 | names.format | (count & 0x1f)));
  out.U8(names.type);
  out.U16(0);
}

RtcpFrame::RtcpFrame(ByteWriter& out, RtcpKind kind, const FeedbackSources& sources)
    : RtcpFrame(out, kind) {
  out.U32(sources.sender.value());
  out.U32(sources.media.value());
}

void RtcpFrame::Finish() {
  if (!out_.ok()) return;
  const size_t size = out_.size() - begin_;
  SLUICE_DCHECK(size % 4 == 0);
  out_.PatchU16(begin_ + 2, static_cast<uint16_t>(size / 4 - 1));
}

void RtcpFrame::Pad() {
  const size_t partial = (out_.size() - begin_) % 4;
  if (partial == 0) return;
  const size_t padding = 4 - partial;
  out_.Zeros(padding - 1);
  out_.U8(static_cast<uint8_t>(padding));
  if (out_.ok()) out_.written()[begin_] |= kPaddingBit;
}

}  // namespace sluice::rtp

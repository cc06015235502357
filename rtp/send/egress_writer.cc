#include "rtp/send/egress_writer.h"

#include <utility>

#include "rtp/codec/red.h"
#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "rtp/packet/extensions.h"

namespace sluice::rtp {
namespace {

constexpr uint8_t kVersion = 2 << 6;
constexpr uint8_t kPaddingBit = 1 << 5;
constexpr uint8_t kExtensionBit = 1 << 4;
constexpr uint8_t kMarkerBit = 1 << 7;

// Behind the fixed header; nothing of ours has contributing sources.
constexpr size_t kExtensionsAt = 12;

// RFC 8285 §4.2 and §4.3: the two profiles. The low bits of the second ("appbits") mean nothing.
constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr uint8_t kMaxOneByteId = 14;
constexpr size_t kMaxOneByteSize = 16;

// What describes the media rather than the hop. MID, RID, send time and transport sequence are
// between us and the publisher, and end here.
constexpr Extension kEndToEnd[] = {Extension::kAudioLevel,   Extension::kVideoOrientation,
                                   Extension::kTimeOffset,   Extension::kAbsCaptureTime,
                                   Extension::kPlayoutDelay, Extension::kDependencyDescriptor};

bool NeedsTwoBytes(uint8_t id, size_t size) { return id > kMaxOneByteId || size > kMaxOneByteSize; }

// One element's front; `size` is not zero, which the one-byte form cannot say.
void WriteElementHeader(bool two_byte, uint8_t id, size_t size, ByteWriter& out) {
  if (two_byte) {
    out.U8(id);
    out.U8(static_cast<uint8_t>(size));
  } else {
    out.U8(static_cast<uint8_t>(id << 4 | (size - 1)));
  }
}

// The descriptor as this receiver must see it; as it is if nothing changes, or if it cannot be
// read, which a receiver has to find out for itself.
ByteView RewrittenDescriptor(ByteView value, const Rewrite& rewrite, ByteSpan room) {
  const bool restated = rewrite.target_count != 0;
  if (!rewrite.renumbers_frame && !restated) return value;
  const auto original = DependencyDescriptor::Parse(value);
  if (!original) return value;
  const size_t size = RewriteDependencyDescriptor(
      value, rewrite.target_count,
      rewrite.renumbers_frame ? rewrite.frame_number : original->frame_number,
      restated ? std::optional(rewrite.active_targets) : std::nullopt, room);
  return size == 0 ? value : ByteView(room.first(size));
}

// Writes the front of the payload as the receiver must see it. Returns how much of the payload that
// replaces.
size_t WritePatch(ByteView payload, const Rewrite& rewrite, ByteWriter& out) {
  switch (rewrite.patch) {
    case PayloadPatch::kNone:
      break;
    case PayloadPatch::kVp8:
      return codec::RenumberVp8(payload,
                                {rewrite.picture_id, rewrite.base_index, rewrite.key_index}, out);
    case PayloadPatch::kVp9:
      return codec::RenumberVp9(payload, {rewrite.picture_id, rewrite.base_index}, out);
    case PayloadPatch::kRed:
      return codec::RelabelRed(payload, PayloadType(rewrite.key_index), out);
  }
  return 0;
}

// Header and whatever precedes the payload are written; the payload follows.
std::optional<OutgoingPacket> Finish(const RtpPacket& packet, const Rewrite& rewrite,
                                     size_t header_size, ByteWriter& writer) {
  const ByteView payload = packet.payload();
  const size_t before = writer.size();
  const ByteView rest = payload.subspan(WritePatch(payload, rewrite, writer));
  // A payload that cannot be patched goes as it is: it is none of its codec.
  const size_t written = rest.size() == payload.size() ? before : writer.size();
  if (!writer.ok() || writer.room() < rest.size()) return std::nullopt;
  return OutgoingPacket{header_size, written, rest};
}

}  // namespace

EgressWriter::EgressWriter(const ExtensionMap& extensions, std::string mid)
    : mid_(std::move(mid)),
      abs_send_time_id_(extensions.Id(Extension::kAbsSendTime)),
      transport_sequence_id_(extensions.Id(Extension::kTransportSequence)) {
  if (!mid_.empty() && mid_.size() <= kMaxMidSize) mid_id_ = extensions.Id(Extension::kMid);
  always_two_byte_ = NeedsTwoBytes(abs_send_time_id_, AbsSendTime::kSize) ||
                     NeedsTwoBytes(transport_sequence_id_, TransportSequence::kSize) ||
                     (mid_id_ != 0 && NeedsTwoBytes(mid_id_, mid_.size()));
  for (const Extension extension : kEndToEnd) {
    const uint8_t id = extensions.Id(extension);
    if (id != 0) passed_on_[passed_on_count_++] = {extension, id};
  }
  MakePattern();
}

void EgressWriter::MakePattern() {
  if (always_two_byte_) return;
  ByteWriter out(pattern_.bytes);
  out.U8(kVersion | kExtensionBit);
  out.Zeros(11);
  out.U16(kOneByteProfile);
  out.U16(0);
  if (mid_id_ != 0) {
    WriteElementHeader(false, mid_id_, mid_.size(), out);
    out.Bytes(AsBytes(mid_));
  }
  if (abs_send_time_id_ != 0) {
    WriteElementHeader(false, abs_send_time_id_, AbsSendTime::kSize, out);
    pattern_.abs_send_time = static_cast<uint8_t>(out.size());
    out.Zeros(AbsSendTime::kSize);
  }
  if (transport_sequence_id_ != 0) {
    WriteElementHeader(false, transport_sequence_id_, TransportSequence::kSize, out);
    pattern_.transport_sequence = static_cast<uint8_t>(out.size());
    out.Zeros(TransportSequence::kSize);
  }
  const size_t body = out.size() - kExtensionsAt - 4;
  if (body == 0) return;
  const size_t words = (body + 3) / 4;
  out.Zeros(words * 4 - body);
  out.PatchU16(kExtensionsAt + 2, static_cast<uint16_t>(words));
  if (out.ok()) pattern_.size = static_cast<uint8_t>(out.size());
}

bool EgressWriter::FitsPattern(const RtpPacket& packet, const Rewrite& rewrite,
                               const Departure& departure) const {
  if (pattern_.size == 0) return false;
  if (pattern_.transport_sequence != 0 && !departure.transport_sequence) return false;
  if (rewrite.padding_only) return true;
  for (size_t i = 0; i < passed_on_count_; ++i) {
    const std::optional<ByteView> value = packet.extension(passed_on_[i].extension);
    if (value && !value->empty()) return false;
  }
  return true;
}

void EgressWriter::WritePattern(const FixedHeader& header, const Departure& departure,
                                ByteWriter& out) const {
  const size_t start = out.size();
  out.Bytes(ByteView(pattern_.bytes).first(pattern_.size));
  if (!out.ok()) return;
  const ByteSpan written = out.written().subspan(start);
  ByteWriter fixed(written.subspan(1));
  fixed.U8(static_cast<uint8_t>((header.marker ? kMarkerBit : 0) | header.payload_type.value()));
  fixed.U16(header.seq.value());
  fixed.U32(header.timestamp);
  fixed.U32(header.ssrc.value());
  if (pattern_.abs_send_time != 0) {
    ByteWriter value(written.subspan(pattern_.abs_send_time));
    AbsSendTime::From(departure.time).WriteTo(value);
  }
  if (pattern_.transport_sequence != 0) {
    ByteWriter value(written.subspan(pattern_.transport_sequence));
    TransportSequence{*departure.transport_sequence}.WriteTo(value);
  }
}

std::optional<OutgoingPacket> EgressWriter::Write(const RtpPacket& packet, const Rewrite& rewrite,
                                                  const Departure& departure, ByteSpan out) const {
  ByteWriter writer(out);
  WriteHeader(packet, rewrite,
              {rewrite.ssrc, rewrite.payload_type, rewrite.seq, rewrite.timestamp, rewrite.marker},
              departure, writer);
  const size_t header_size = writer.size();
  if (rewrite.padding_only) {
    // RFC 3550 §5.1: the last byte of the padding counts it.
    writer.U8(1);
    if (!writer.ok()) return std::nullopt;
    writer.written()[0] |= kPaddingBit;
    return OutgoingPacket{header_size, writer.size(), {}};
  }
  return Finish(packet, rewrite, header_size, writer);
}

std::optional<OutgoingPacket> EgressWriter::WriteRtx(const RtpPacket& packet,
                                                     const Rewrite& rewrite, const RtxHeader& rtx,
                                                     const Departure& departure,
                                                     ByteSpan out) const {
  ByteWriter writer(out);
  // RFC 4588 §4: timestamp and marker are those of the packet that is repeated.
  WriteHeader(packet, rewrite,
              {rtx.ssrc, rtx.payload_type, rtx.seq, rewrite.timestamp, rewrite.marker}, departure,
              writer);
  const size_t header_size = writer.size();
  // The number this receiver knows the packet by, not the publisher's. Of a packet that is padding
  // alone it is all there is to repeat.
  writer.U16(rewrite.seq.value());
  if (rewrite.padding_only) {
    if (!writer.ok()) return std::nullopt;
    return OutgoingPacket{header_size, writer.size(), {}};
  }
  return Finish(packet, rewrite, header_size, writer);
}

void EgressWriter::WriteHeader(const RtpPacket& packet, const Rewrite& rewrite,
                               const FixedHeader& header, const Departure& departure,
                               ByteWriter& out) const {
  if (FitsPattern(packet, rewrite, departure)) return WritePattern(header, departure, out);
  const bool marked = header.marker;
  out.U8(kVersion);
  out.U8(static_cast<uint8_t>((marked ? kMarkerBit : 0) | header.payload_type.value()));
  out.U16(header.seq.value());
  out.U32(header.timestamp);
  out.U32(header.ssrc.value());
  const size_t before = out.size();
  WriteExtensions(packet, rewrite, departure, out);
  if (out.ok() && out.size() != before) out.written()[0] |= kExtensionBit;
}

void EgressWriter::Gather(const RtpPacket& packet, const Rewrite& rewrite, Values& values) const {
  for (size_t i = 0; i < passed_on_count_; ++i) {
    const auto [extension, id] = passed_on_[i];
    std::optional<ByteView> value = packet.extension(extension);
    // None of them means anything when empty, and the one-byte form has no way to say it.
    if (!value || value->empty()) continue;
    if (extension == Extension::kDependencyDescriptor) {
      value = RewrittenDescriptor(*value, rewrite, values.rewritten);
    }
    values.two_byte |= NeedsTwoBytes(id, value->size());
    values.list[values.count++] = {id, *value};
  }
}

void EgressWriter::WriteExtensions(const RtpPacket& packet, const Rewrite& rewrite,
                                   const Departure& departure, ByteWriter& out) const {
  // RFC 8285 §4.1.2: all elements of a packet share one form, so values are gathered first.
  Values values;
  values.two_byte = always_two_byte_;
  if (!rewrite.padding_only) Gather(packet, rewrite, values);
  const bool two_byte = values.two_byte;
  const bool numbered = transport_sequence_id_ != 0 && departure.transport_sequence.has_value();
  if (values.count == 0 && mid_id_ == 0 && abs_send_time_id_ == 0 && !numbered) return;

  const size_t start = out.size();
  out.U16(two_byte ? kTwoByteProfile : kOneByteProfile);
  out.U16(0);  // The length in words, known below.
  if (mid_id_ != 0) {
    WriteElementHeader(two_byte, mid_id_, mid_.size(), out);
    out.Bytes(AsBytes(mid_));
  }
  if (abs_send_time_id_ != 0) {
    WriteElementHeader(two_byte, abs_send_time_id_, AbsSendTime::kSize, out);
    AbsSendTime::From(departure.time).WriteTo(out);
  }
  if (numbered) {
    WriteElementHeader(two_byte, transport_sequence_id_, TransportSequence::kSize, out);
    TransportSequence{*departure.transport_sequence}.WriteTo(out);
  }
  for (size_t i = 0; i < values.count; ++i) {
    const auto& [id, value] = values.list[i];
    WriteElementHeader(two_byte, id, value.size(), out);
    out.Bytes(value);
  }
  const size_t body = out.size() - start - 4;
  const size_t words = (body + 3) / 4;
  out.Zeros(words * 4 - body);
  out.PatchU16(start + 2, static_cast<uint16_t>(words));
}

}  // namespace sluice::rtp

#include "rtp/send/padding_writer.h"

#include <algorithm>
#include <utility>

#include "rtp/packet/extensions.h"

namespace sluice::rtp {
namespace {

// RFC 3550 §5.1: version 2, padding.
constexpr uint8_t kVersionAndPadding = 2 << 6 | 1 << 5;
constexpr uint8_t kExtensionBit = 1 << 4;
// RFC 8285 §4.2 and §4.3.
constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr uint8_t kMaxOneByteId = 14;
constexpr size_t kMaxOneByteSize = 16;

bool NeedsTwoBytes(uint8_t id, size_t size) { return id > kMaxOneByteId || size > kMaxOneByteSize; }

}  // namespace

PaddingWriter::PaddingWriter(const ExtensionMap& extensions, std::string mid)
    : mid_(std::move(mid)),
      abs_send_time_id_(extensions.Id(Extension::kAbsSendTime)),
      transport_sequence_id_(extensions.Id(Extension::kTransportSequence)) {
  if (!mid_.empty() && mid_.size() <= EgressWriter::kMaxMidSize) {
    mid_id_ = extensions.Id(Extension::kMid);
  }
  two_byte_ = NeedsTwoBytes(abs_send_time_id_, AbsSendTime::kSize) ||
              NeedsTwoBytes(transport_sequence_id_, TransportSequence::kSize) ||
              (mid_id_ != 0 && NeedsTwoBytes(mid_id_, mid_.size()));
}

std::optional<OutgoingPacket> PaddingWriter::Write(const Header& header, size_t wanted,
                                                   const Departure& departure, ByteSpan out) const {
  ByteWriter writer(out);
  writer.U8(kVersionAndPadding);
  writer.U8(header.payload_type.value());
  writer.U16(header.seq.value());
  writer.U32(header.timestamp);
  writer.U32(header.ssrc.value());
  WriteExtensions(departure, writer);
  const size_t header_size = writer.size();
  const size_t padding = std::clamp<size_t>(wanted - std::min(wanted, header_size), 1, kMaxPadding);
  writer.Zeros(padding - 1);
  writer.U8(static_cast<uint8_t>(padding));
  if (!writer.ok()) return std::nullopt;
  return OutgoingPacket{header_size, writer.size(), {}};
}

void PaddingWriter::WriteExtensions(const Departure& departure, ByteWriter& out) const {
  const bool numbered = transport_sequence_id_ != 0 && departure.transport_sequence.has_value();
  if (mid_id_ == 0 && abs_send_time_id_ == 0 && !numbered) return;
  const size_t start = out.size();
  const auto begin_element = [&](uint8_t id, size_t size) {
    if (two_byte_) {
      out.U8(id);
      out.U8(static_cast<uint8_t>(size));
    } else {
      out.U8(static_cast<uint8_t>(id << 4 | (size - 1)));
    }
  };
  out.U16(two_byte_ ? kTwoByteProfile : kOneByteProfile);
  out.U16(0);  // The length in words, known below.
  if (mid_id_ != 0) {
    begin_element(mid_id_, mid_.size());
    out.Bytes(AsBytes(mid_));
  }
  if (abs_send_time_id_ != 0) {
    begin_element(abs_send_time_id_, AbsSendTime::kSize);
    AbsSendTime::From(departure.time).WriteTo(out);
  }
  if (numbered) {
    begin_element(transport_sequence_id_, TransportSequence::kSize);
    TransportSequence{*departure.transport_sequence}.WriteTo(out);
  }
  const size_t body = out.size() - start - 4;
  const size_t words = (body + 3) / 4;
  out.Zeros(words * 4 - body);
  out.PatchU16(start + 2, static_cast<uint16_t>(words));
  if (out.ok()) out.written()[0] |= kExtensionBit;
}

}  // namespace sluice::rtp

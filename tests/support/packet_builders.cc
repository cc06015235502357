#include "tests/support/packet_builders.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::test {
namespace {

void AppendU16(Bytes& out, size_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void AppendU32(Bytes& out, uint32_t value) {
  AppendU16(out, value >> 16);
  AppendU16(out, value & 0xffff);
}

void Append(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

uint8_t Bit(bool set, int position) { return static_cast<uint8_t>((set ? 1 : 0) << position); }

// Up to `size`, with bytes that are no start code and differ along the payload.
void FillUp(Bytes& out, size_t size) {
  while (out.size() < size) out.push_back(static_cast<uint8_t>(0x80 | (out.size() & 0x3f)));
}

void AppendPictureId(Bytes& out, uint16_t picture_id, bool is_short) {
  if (is_short) {
    out.push_back(static_cast<uint8_t>(picture_id & 0x7f));
  } else {
    AppendU16(out, 0x8000u | picture_id);
  }
}

}  // namespace

RtpPacketBuilder& RtpPacketBuilder::WithSsrc(uint32_t ssrc) {
  ssrc_ = ssrc;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithPayloadType(uint8_t payload_type) {
  payload_type_ = payload_type;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithSeq(uint16_t seq) {
  seq_ = seq;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithTimestamp(uint32_t timestamp) {
  timestamp_ = timestamp;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithMarker(bool marker) {
  marker_ = marker;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithCsrc(uint32_t csrc) {
  csrcs_.push_back(csrc);
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithPayload(Bytes payload) {
  payload_ = std::move(payload);
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithPadding(uint8_t size) {
  padding_ = size;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithExtension(uint8_t id, Bytes value) {
  extensions_.emplace_back(id, std::move(value));
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithTextExtension(uint8_t id, std::string_view text) {
  return WithExtension(id, Bytes(text.begin(), text.end()));
}

RtpPacketBuilder& RtpPacketBuilder::WithTwoByteForm() {
  two_byte_form_ = true;
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WithRawExtensionBlock(uint16_t profile, Bytes body) {
  SLUICE_CHECK(body.size() % 4 == 0);
  raw_block_.emplace(profile, std::move(body));
  return *this;
}

RtpPacketBuilder& RtpPacketBuilder::WrappedInRtx(uint32_t rtx_ssrc, uint8_t rtx_payload_type,
                                                 uint16_t rtx_seq) {
  Bytes wrapped;
  AppendU16(wrapped, seq_);
  Append(wrapped, payload_);
  payload_ = std::move(wrapped);
  ssrc_ = rtx_ssrc;
  payload_type_ = rtx_payload_type;
  seq_ = rtx_seq;
  return *this;
}

Bytes RtpPacketBuilder::ToBytes() const {
  SLUICE_CHECK(csrcs_.size() <= 15);
  const bool has_extensions = raw_block_ || !extensions_.empty();
  Bytes out;
  out.push_back(static_cast<uint8_t>(0x80 | Bit(padding_ != 0, 5) | Bit(has_extensions, 4) |
                                     static_cast<uint8_t>(csrcs_.size())));
  out.push_back(static_cast<uint8_t>(Bit(marker_, 7) | payload_type_));
  AppendU16(out, seq_);
  AppendU32(out, timestamp_);
  AppendU32(out, ssrc_);
  for (const uint32_t csrc : csrcs_) AppendU32(out, csrc);
  if (has_extensions) AppendExtensions(out);
  Append(out, payload_);
  if (padding_ != 0) {
    out.insert(out.end(), padding_ - size_t{1}, 0);
    out.push_back(padding_);
  }
  return out;
}

bool RtpPacketBuilder::NeedsTwoByteForm() const {
  return two_byte_form_ || std::ranges::any_of(extensions_, [](const auto& element) {
           return element.first > 14 || element.second.empty() || element.second.size() > 16;
         });
}

void RtpPacketBuilder::AppendExtensions(Bytes& out) const {
  Bytes body;
  uint16_t profile = 0;
  if (raw_block_) {
    profile = raw_block_->first;
    body = raw_block_->second;
  } else {
    const bool two_byte = NeedsTwoByteForm();
    profile = two_byte ? 0x1000 : 0xbede;
    for (const auto& [id, value] : extensions_) {
      if (two_byte) {
        body.push_back(id);
        body.push_back(static_cast<uint8_t>(value.size()));
      } else {
        body.push_back(static_cast<uint8_t>(id << 4 | static_cast<uint8_t>(value.size() - 1)));
      }
      Append(body, value);
    }
    while (body.size() % 4 != 0) body.push_back(0);
  }
  AppendU16(out, profile);
  AppendU16(out, body.size() / 4);
  Append(out, body);
}

PacketRef RtpPacketBuilder::Store(PacketPool& pool, Timestamp arrival) const {
  PacketRef packet = pool.Copy(ToBytes(), arrival);
  SLUICE_CHECK(packet);
  return packet;
}

rtp::RtpPacket RtpPacketBuilder::Build(PacketPool& pool, const rtp::ExtensionMap& map,
                                       Timestamp arrival) const {
  std::optional<rtp::RtpPacket> packet = rtp::RtpPacket::Parse(Store(pool, arrival), map);
  SLUICE_CHECK(packet);
  return *std::move(packet);
}

rtp::RtpPacket RtpPacketBuilder::Build(PacketPool& pool, rtp::codec::Kind codec,
                                       const rtp::ExtensionMap& map, Timestamp arrival) const {
  rtp::RtpPacket packet = Build(pool, map, arrival);
  packet.set_description(
      rtp::codec::Describe(codec, packet.payload(), packet.marker(),
                           packet.extension(rtp::Extension::kDependencyDescriptor)));
  return packet;
}

Bytes Vp8Payload(const Vp8PayloadOptions& options) {
  const bool has_tid_or_key = options.temporal || options.key_index;
  const bool extended = options.picture_id || options.base_index || has_tid_or_key;
  Bytes out;
  out.push_back(static_cast<uint8_t>(Bit(extended, 7) | Bit(options.non_reference, 5) |
                                     Bit(options.start, 4)));
  if (extended) {
    out.push_back(static_cast<uint8_t>(
        Bit(options.picture_id.has_value(), 7) | Bit(options.base_index.has_value(), 6) |
        Bit(options.temporal.has_value(), 5) | Bit(options.key_index.has_value(), 4)));
  }
  if (options.picture_id) AppendPictureId(out, *options.picture_id, options.short_picture_id);
  if (options.base_index) out.push_back(*options.base_index);
  if (has_tid_or_key) {
    out.push_back(static_cast<uint8_t>(options.temporal.value_or(0) << 6 |
                                       Bit(options.layer_sync, 5) | options.key_index.value_or(0)));
  }
  if (options.start) {
    // RFC 7741 §4.3: the frame header, shown, version 0; P is zero in a key frame.
    out.push_back(static_cast<uint8_t>(0x10 | Bit(!options.key_frame, 0)));
    AppendU16(out, 0);
    if (options.key_frame) {
      Append(out, {0x9d, 0x01, 0x2a});
      // The size of the picture is little-endian (RFC 6386 §9.1).
      Append(out,
             {static_cast<uint8_t>(options.width), static_cast<uint8_t>(options.width >> 8),
              static_cast<uint8_t>(options.height), static_cast<uint8_t>(options.height >> 8)});
    }
  }
  FillUp(out, options.size);
  return out;
}

Bytes Vp9Payload(const Vp9PayloadOptions& options) {
  const bool has_structure = !options.resolutions.empty();
  Bytes out;
  out.push_back(static_cast<uint8_t>(
      Bit(options.picture_id.has_value(), 7) | Bit(!options.key_frame, 6) | Bit(options.layers, 5) |
      Bit(options.flexible, 4) | Bit(options.start, 3) | Bit(options.end, 2) |
      Bit(has_structure, 1) | Bit(options.no_upper_reference, 0)));
  if (options.picture_id) AppendPictureId(out, *options.picture_id, options.short_picture_id);
  if (options.layers) {
    out.push_back(static_cast<uint8_t>(options.temporal << 5 | Bit(options.switching_up, 4) |
                                       options.spatial << 1 | Bit(options.inter_layer, 0)));
    if (!options.flexible) out.push_back(options.base_index);
  }
  if (options.flexible && !options.key_frame) {
    for (size_t i = 0; i < options.references.size(); ++i) {
      const bool more = i + 1 < options.references.size();
      out.push_back(static_cast<uint8_t>(options.references[i] << 1 | Bit(more, 0)));
    }
  }
  if (has_structure) {
    out.push_back(static_cast<uint8_t>((options.resolutions.size() - 1) << 5 | Bit(true, 4)));
    for (const auto& [width, height] : options.resolutions) {
      AppendU16(out, width);
      AppendU16(out, height);
    }
  }
  FillUp(out, std::max(options.size, out.size() + 1));
  return out;
}

Bytes H264Sps(uint8_t profile_idc, uint8_t constraints, uint8_t level_idc) {
  return {0x67, profile_idc, constraints, level_idc, 0xda, 0x01, 0x40, 0x16, 0xe9};
}

Bytes H264Pps() { return {0x68, 0xce, 0x06, 0xe2}; }

Bytes H264Slice(bool key_frame, size_t size, bool first_in_picture) {
  // first_mb_in_slice is an Exp-Golomb code (H.264 §7.3.3): a leading one is zero.
  Bytes out = {static_cast<uint8_t>(key_frame ? 0x65 : 0x41),
               static_cast<uint8_t>(first_in_picture ? 0x88 : 0x04)};
  FillUp(out, size);
  return out;
}

Bytes H264StapA(const std::vector<Bytes>& nal_units) {
  Bytes out = {0x78};
  for (const Bytes& nal_unit : nal_units) {
    AppendU16(out, nal_unit.size());
    Append(out, nal_unit);
  }
  return out;
}

Bytes H264FuA(const Bytes& nal_unit, Fragment part, size_t size) {
  Bytes out = {static_cast<uint8_t>((nal_unit[0] & 0x60) | 28),
               static_cast<uint8_t>(Bit(part == Fragment::kFirst, 7) |
                                    Bit(part == Fragment::kLast, 6) | (nal_unit[0] & 0x1f))};
  if (part == Fragment::kFirst) {
    const size_t carried = std::min(size, nal_unit.size() - 1);
    out.insert(out.end(), nal_unit.begin() + 1,
               nal_unit.begin() + 1 + static_cast<ptrdiff_t>(carried));
  }
  FillUp(out, size + 2);
  return out;
}

Bytes H264Payload(bool key_frame, size_t size) {
  if (!key_frame) return H264Slice(false, size);
  return H264StapA({H264Sps(), H264Pps(), H264Slice(true, size)});
}

Bytes H265Nal(uint8_t type, size_t size, uint8_t temporal, uint8_t layer, bool first_in_picture) {
  Bytes out = {static_cast<uint8_t>(type << 1 | layer >> 5),
               static_cast<uint8_t>((layer & 0x1f) << 3 | (temporal + 1)),
               static_cast<uint8_t>(first_in_picture ? 0x80 : 0x20)};
  FillUp(out, size);
  return out;
}

Bytes H265Aggregate(const std::vector<Bytes>& nal_units) {
  Bytes out = {48 << 1, 0x01};
  for (const Bytes& nal_unit : nal_units) {
    AppendU16(out, nal_unit.size());
    Append(out, nal_unit);
  }
  return out;
}

Bytes H265Fragment(const Bytes& nal_unit, Fragment part, size_t size) {
  Bytes out = {static_cast<uint8_t>((nal_unit[0] & 0x81) | 49 << 1), nal_unit[1],
               static_cast<uint8_t>(Bit(part == Fragment::kFirst, 7) |
                                    Bit(part == Fragment::kLast, 6) | (nal_unit[0] >> 1 & 0x3f))};
  if (part == Fragment::kFirst) {
    const size_t carried = std::min(size, nal_unit.size() - 2);
    out.insert(out.end(), nal_unit.begin() + 2,
               nal_unit.begin() + 2 + static_cast<ptrdiff_t>(carried));
  }
  FillUp(out, size + 3);
  return out;
}

Bytes H265Payload(bool key_frame, size_t size) {
  constexpr uint8_t kTrail = 1, kIdr = 19, kVps = 32, kSps = 33, kPps = 34;
  if (!key_frame) return H265Nal(kTrail, size);
  return H265Aggregate(
      {H265Nal(kVps, 12), H265Nal(kSps, 20), H265Nal(kPps, 8), H265Nal(kIdr, size)});
}

Bytes Av1Payload(const Av1PayloadOptions& options) {
  constexpr uint8_t kSequenceHeader = 1, kFrame = 6;
  const int elements = options.key_frame ? 2 : 1;
  Bytes out = {static_cast<uint8_t>(Bit(options.continuation, 7) | Bit(options.continues, 6) |
                                    elements << 4 | Bit(options.key_frame, 3))};
  const auto append_head = [&](uint8_t type) {
    out.push_back(static_cast<uint8_t>(type << 3 | Bit(options.layers, 2)));
    if (options.layers) {
      out.push_back(static_cast<uint8_t>(options.temporal << 5 | options.spatial << 3));
    }
  };
  if (options.key_frame) {
    constexpr uint8_t kBodySize = 10;
    out.push_back(static_cast<uint8_t>(kBodySize + (options.layers ? 2 : 1)));
    append_head(kSequenceHeader);
    out.insert(out.end(), kBodySize, 0x55);
  }
  if (!options.continuation) append_head(kFrame);
  FillUp(out, options.size);
  return out;
}

Bytes DependencyDescriptorValue(const DependencyDescriptorOptions& options) {
  Bytes out = {static_cast<uint8_t>(Bit(options.start_of_frame, 7) | Bit(options.end_of_frame, 6) |
                                    options.template_id)};
  AppendU16(out, options.frame_number);
  // Appendix A.8.3 for L1T1, in order: the structure flag and four that are off, template id
  // offset 0, one decode target, two templates of layer 0/0, "switch" for both, the second one
  // frame after the last, one chain, and no resolutions.
  if (options.structure) Append(out, {0x80, 0x00, 0x3a, 0x41, 0x01, 0x00});
  return out;
}

Bytes OpusPayload(bool silence, size_t size) {
  constexpr uint8_t kFullBand20ms = 31 << 3;
  Bytes out = {kFullBand20ms};
  if (!silence) FillUp(out, size);
  return out;
}

}  // namespace sluice::test

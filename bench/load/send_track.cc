#include "bench/load/send_track.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "rtp/packet/extensions.h"

namespace sluice::load {
namespace {

using rtp::codec::Kind;

constexpr CodecNumbers kCodecs[] = {
    {"opus", Kind::kOpus, 111, 0, 48'000}, {"vp8", Kind::kVp8, 96, 97, 90'000},
    {"vp9", Kind::kVp9, 98, 99, 90'000},   {"h264", Kind::kH264, 102, 103, 90'000},
    {"av1", Kind::kAv1, 45, 46, 90'000},
};

// RFC 8285 §4.2 and §4.3.
constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr size_t kOneByteLimit = 16;

// Numbers begin where a browser's might, and far enough from a wrap to see several in long runs.
constexpr uint16_t kFirstSeq = 1'000;
constexpr uint32_t kFirstTimestamp = 90'000;

void WriteElement(uint8_t id, ByteView value, bool two_bytes, ByteWriter& out) {
  if (two_bytes) {
    out.U8(id);
    out.U8(static_cast<uint8_t>(value.size()));
  } else {
    out.U8(static_cast<uint8_t>(id << 4 | (value.size() - 1)));
  }
  out.Bytes(value);
}

}  // namespace

const CodecNumbers& NumbersOf(Kind codec) {
  const auto* found = std::ranges::find(kCodecs, codec, &CodecNumbers::kind);
  SLUICE_CHECK(found != std::end(kCodecs));
  return *found;
}

std::string RidOf(size_t encoding) { return "r" + std::to_string(encoding); }

SendTrack::SendTrack(TrackDescription description, uint32_t number, std::unique_ptr<Source> source)
    : description_(std::move(description)),
      numbers_(NumbersOf(description_.codec)),
      number_(number),
      source_(std::move(source)),
      encodings_(description_.ssrcs.size(), Numbering{kFirstSeq}),
      remembered_(kRemembered) {}

// Timestamps follow the clock even if the media is played faster than it was made, because servers
// compute jitter from them.
uint32_t SendTrack::TimestampOf(const MediaPacket& packet, Timestamp now) {
  if (sent_ == 0) begun_at_ = now;
  if (sent_ == 0 || packet.timestamp != source_timestamp_) {
    source_timestamp_ = packet.timestamp;
    frame_at_ = std::max(now, frame_at_);
  }
  return TimestampAt(frame_at_);
}

uint32_t SendTrack::TimestampAt(Timestamp moment) const {
  const int64_t elapsed = (moment - begun_at_).count();
  return kFirstTimestamp + static_cast<uint32_t>(elapsed * numbers_.clock_rate / 1'000'000);
}

size_t SendTrack::WriteNext(const Moment& moment, ByteSpan out) {
  const MediaPacket packet = source_->Next();
  SentPayload& sent = remembered_[sent_ % kRemembered];
  sent.mark = {number_, static_cast<uint32_t>(sent_)};
  sent.sent_at_ns = moment.real_ns;
  sent.size = packet.payload_size;
  const size_t prefix = KeptPrefix(packet.payload_size, packet.prefix.size());
  sent.prefix_size = static_cast<uint8_t>(prefix);
  sent.compared_from = ChangeablePart(description_.codec, packet.prefix.first(prefix));
  std::copy_n(packet.prefix.begin(), prefix, sent.prefix.begin());

  ByteWriter writer(out);
  WriteHeader(packet, moment, writer);
  ++sent_;
  if (!writer.ok() || writer.room() < packet.payload_size) return 0;
  WritePayload(sent, out.subspan(writer.size(), packet.payload_size));
  return writer.size() + packet.payload_size;
}

void SendTrack::WriteHeader(const MediaPacket& packet, const Moment& moment, ByteWriter& out) {
  const size_t encoding = std::min<size_t>(packet.encoding, description_.ssrcs.size() - 1);
  out.U8(0x90);  // Version 2, with extensions (RFC 3550 §5.1)
  out.U8(static_cast<uint8_t>((packet.marker ? 0x80 : 0) | numbers_.payload_type));
  Numbering& numbering = encodings_[encoding];
  ++numbering.packets;
  numbering.payload_bytes += packet.payload_size;
  out.U16(numbering.next_seq++);
  out.U32(TimestampOf(packet, moment.now));
  out.U32(description_.ssrcs[encoding]);
  WriteExtensions(packet, moment, out);
}

void SendTrack::WriteExtensions(const MediaPacket& packet, const Moment& moment,
                                ByteWriter& out) const {
  const bool two_bytes = packet.descriptor.size() > kOneByteLimit;
  out.U16(two_bytes ? kTwoByteProfile : kOneByteProfile);
  const size_t length_at = out.size();
  out.U16(0);
  const size_t begin = out.size();
  WriteElement(kMidId, AsBytes(description_.mid), two_bytes, out);
  if (description_.ssrcs.size() > 1) {
    WriteElement(kRidId, AsBytes(RidOf(packet.encoding)), two_bytes, out);
  }
  std::array<uint8_t, 3> bytes;
  ByteWriter time(bytes);
  rtp::AbsSendTime::From(NtpTime::From(Timestamp(Duration(moment.real_ns / 1'000)), Duration(0)))
      .WriteTo(time);
  WriteElement(kAbsSendTimeId, bytes, two_bytes, out);
  ByteWriter(ByteSpan(bytes)).U16(moment.transport_sequence);
  WriteElement(kTransportSequenceId, ByteView(bytes).first(2), two_bytes, out);
  if (packet.audio_level) {
    bytes[0] = *packet.audio_level;
    WriteElement(kAudioLevelId, ByteView(bytes).first(1), two_bytes, out);
  }
  if (!packet.descriptor.empty()) WriteElement(kDependencyId, packet.descriptor, two_bytes, out);
  out.Zeros((4 - (out.size() - begin) % 4) % 4);
  out.PatchU16(length_at, static_cast<uint16_t>((out.size() - begin) / 4));
}

rtp::SenderReport SendTrack::MakeReport(Timestamp now, size_t encoding) const {
  rtp::SenderReport report;
  report.sender = Ssrc(description_.ssrcs[encoding]);
  report.ntp = NtpTime::From(now, Duration(0));
  report.rtp_timestamp = TimestampAt(now);
  report.packet_count = encodings_[encoding].packets;
  report.octet_count = encodings_[encoding].payload_bytes;
  return report;
}

const SentPayload* SendTrack::Find(uint32_t index) const {
  const SentPayload& found = remembered_[index % kRemembered];
  return sent_ > 0 && found.mark.index == index && found.size > 0 ? &found : nullptr;
}

}  // namespace sluice::load

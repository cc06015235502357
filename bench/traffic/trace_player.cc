#include "bench/traffic/trace_player.h"

#include <algorithm>
#include <utility>

#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"
#include "rtp/packet/dependency_descriptor.h"

namespace sluice::bench {
namespace {

using rtp::codec::Kind;

constexpr double kSlowest = 0.01, kFastest = 1000;

// Picture ids have 15 bits on the wire, TL0PICIDX 8 and KEYIDX 5 (RFC 7741 §4.2).
constexpr uint16_t kPictureMask = 0x7fff;

// The number to give out in place of `number`. The first one of a round follows the last one of the
// round before.
uint16_t Continued(uint16_t number, bool round_begins, uint16_t& offset, uint16_t& last) {
  if (round_begins) offset = static_cast<uint16_t>(last + 1 - number);
  last = static_cast<uint16_t>(number + offset);
  return last;
}

}  // namespace

void PlayedPacket::WritePayload(ByteSpan out) const {
  const size_t known = std::min(prefix.size(), out.size());
  std::copy_n(prefix.begin(), known, out.begin());
  // Neither constant nor random: a linear walk that starts elsewhere in every packet is enough to
  // tell packets and positions apart.
  uint8_t value = static_cast<uint8_t>(seq.value() * 37 + encoding);
  for (uint8_t& byte : out.subspan(known)) byte = value = static_cast<uint8_t>(value + 101);
}

TracePlayer::TracePlayer(const Trace& trace, const Options& options)
    : trace_(trace), options_(options), last_due_(options.start) {
  for (Numbers& numbers : numbers_) numbers.seq = options.first_seq;
  BeginRound(options.start);
}

void TracePlayer::RequestKeyFrame() { key_frame_wanted_ = trace_.codec != Kind::kOpus; }

Duration TracePlayer::Scaled(int64_t micros) const {
  const double rate = std::clamp(options_.rate, kSlowest, kFastest);
  return Duration(static_cast<int64_t>(static_cast<double>(micros) / rate));
}

void TracePlayer::BeginRound(Timestamp start) {
  round_start_ = start;
  next_ = 0;
  key_frame_wanted_ = false;
  for (Numbers& numbers : numbers_) numbers.round_begins = true;
}

// A recording's last packets may have come later than the first of the next round belongs.
Timestamp TracePlayer::NextDue() const {
  return std::max(last_due_, round_start_ + Scaled(trace_.packets[next_].time_us));
}

void TracePlayer::JumpIfAsked() {
  if (!key_frame_wanted_) return;
  if (next_ == 0) {
    key_frame_wanted_ = false;
    return;
  }
  if (std::ranges::none_of(numbers_, &Numbers::frame_open)) BeginRound(NextDue());
}

PlayedPacket TracePlayer::Next() {
  JumpIfAsked();
  PlayedPacket played;
  played.due = last_due_ = NextDue();
  const TracePacket& packet = trace_.packets[next_];
  Numbers& numbers = numbers_[packet.encoding];
  const bool round_begins = std::exchange(numbers.round_begins, false);
  numbers.frame_open = !packet.marker;
  played.encoding = packet.encoding;
  played.seq = SeqNo(numbers.seq++);
  played.timestamp = TimestampOf(packet);
  played.marker = packet.marker;
  played.key_frame = packet.key_frame;
  played.audio_level = packet.audio_level;
  played.payload_size = packet.payload_size;
  played.prefix = Prefix(packet, numbers, round_begins);
  played.descriptor = Descriptor(packet, numbers, round_begins);
  ++played_;
  if (++next_ == trace_.packets.size()) BeginRound(round_start_ + Scaled(trace_.duration.count()));
  return played;
}

uint32_t TracePlayer::TimestampOf(const TracePacket& packet) const {
  const int64_t elapsed = (round_start_ - options_.start).count();
  const auto ticks = elapsed * static_cast<int64_t>(trace_.clock_rate) / 1'000'000;
  const auto within = Scaled(static_cast<int32_t>(packet.timestamp)).count();
  return options_.first_timestamp + static_cast<uint32_t>(ticks + within);
}

ByteView TracePlayer::Prefix(const TracePacket& packet, Numbers& numbers, bool round_begins) {
  const ByteView recorded = trace_.PrefixOf(packet);
  ByteWriter out(prefix_);
  size_t replaced = 0;
  if (trace_.codec == Kind::kVp8) replaced = NumberVp8(recorded, numbers, round_begins, out);
  if (trace_.codec == Kind::kVp9) replaced = NumberVp9(recorded, numbers, round_begins, out);
  if (replaced == 0) return recorded;
  out.Bytes(recorded.subspan(replaced));
  return out.ok() ? ByteView(out.written()) : recorded;
}

size_t TracePlayer::NumberVp8(ByteView payload, Numbers& numbers, bool round_begins,
                              ByteWriter& out) {
  const auto vp8 = rtp::codec::Vp8::Parse(payload);
  if (!vp8) return 0;
  rtp::codec::Vp8Numbers next;
  next.picture_id = kPictureMask & Continued(vp8->picture_id, round_begins, numbers.picture_offset,
                                             numbers.picture);
  next.base_index = static_cast<uint8_t>(Continued(vp8->base_index.value_or(0), round_begins,
                                                   numbers.base_offset, numbers.base_index));
  next.key_index = static_cast<uint8_t>(Continued(vp8->key_index.value_or(0), round_begins,
                                                  numbers.key_offset, numbers.key_index)) &
                   0x1f;
  return rtp::codec::RenumberVp8(payload, next, out);
}

size_t TracePlayer::NumberVp9(ByteView payload, Numbers& numbers, bool round_begins,
                              ByteWriter& out) {
  const auto vp9 = rtp::codec::Vp9::Parse(payload);
  if (!vp9) return 0;
  rtp::codec::Vp9Numbers next;
  next.picture_id = kPictureMask & Continued(vp9->picture_id, round_begins, numbers.picture_offset,
                                             numbers.picture);
  next.base_index = static_cast<uint8_t>(Continued(vp9->base_index.value_or(0), round_begins,
                                                   numbers.base_offset, numbers.base_index));
  return rtp::codec::RenumberVp9(payload, next, out);
}

ByteView TracePlayer::Descriptor(const TracePacket& packet, Numbers& numbers, bool round_begins) {
  const ByteView recorded = trace_.DescriptorOf(packet);
  const auto descriptor = rtp::DependencyDescriptor::Parse(recorded);
  if (!descriptor) return {};
  if (const auto structure = rtp::ReadAttachedStructure(recorded)) {
    numbers.target_count = structure->target_count;
  }
  const uint16_t frame =
      Continued(descriptor->frame_number, round_begins, numbers.frame_offset, numbers.frame);
  const size_t size = rtp::RewriteDependencyDescriptor(recorded, numbers.target_count, frame,
                                                       std::nullopt, descriptor_);
  return ByteView(descriptor_).first(size);
}

}  // namespace sluice::bench

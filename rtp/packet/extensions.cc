#include "rtp/packet/extensions.h"

#include <algorithm>

namespace sluice::rtp {

std::optional<std::string_view> ParseStreamName(ByteView value) {
  // Some senders keep the length of the value constant by filling it up with zeros.
  std::string_view text = AsText(value);
  text = text.substr(0, text.find('\0'));
  if (text.empty()) return std::nullopt;
  const auto is_name = [](char letter) { return letter > ' ' && letter <= '~'; };
  if (!std::ranges::all_of(text, is_name)) return std::nullopt;
  return text;
}

std::optional<AudioLevel> AudioLevel::Parse(ByteView value) {
  // RFC 6464 §3: one byte; in the two-byte form it may be padded, hence not exactly one.
  if (value.empty()) return std::nullopt;
  return AudioLevel{.level = static_cast<uint8_t>(value[0] & 0x7f),
                    .voice = (value[0] & 0x80) != 0};
}

void AudioLevel::WriteTo(ByteWriter& out) const {
  out.U8(static_cast<uint8_t>((voice ? 0x80 : 0) | (level & 0x7f)));
}

AbsSendTime AbsSendTime::From(NtpTime time) {
  // Of 32.32 bits, 6 of the seconds and 18 of the fraction remain.
  return {static_cast<uint32_t>(time.raw() >> 14) & 0xffffff};
}

std::optional<AbsSendTime> AbsSendTime::Parse(ByteView value) {
  if (value.size() != kSize) return std::nullopt;
  return AbsSendTime{ByteReader(value).U24()};
}

void AbsSendTime::WriteTo(ByteWriter& out) const { out.U24(units & 0xffffff); }

std::optional<TransportSequence> TransportSequence::Parse(ByteView value) {
  if (value.size() < kSize) return std::nullopt;
  return TransportSequence{ByteReader(value).U16()};
}

void TransportSequence::WriteTo(ByteWriter& out) const { out.U16(seq); }

std::optional<VideoOrientation> VideoOrientation::Parse(ByteView value) {
  if (value.size() != kSize) return std::nullopt;
  return VideoOrientation{.back_camera = (value[0] & 0x08) != 0,
                          .flip = (value[0] & 0x04) != 0,
                          .rotation = static_cast<uint8_t>(value[0] & 0x03)};
}

void VideoOrientation::WriteTo(ByteWriter& out) const {
  out.U8(static_cast<uint8_t>((back_camera ? 0x08 : 0) | (flip ? 0x04 : 0) | (rotation & 0x03)));
}

std::optional<TimeOffset> TimeOffset::Parse(ByteView value) {
  if (value.size() != kSize) return std::nullopt;
  // Up to the top of 32 bits and back down, which brings the sign along.
  const uint32_t raw = ByteReader(value).U24() << 8;
  return TimeOffset{static_cast<int32_t>(raw) >> 8};
}

void TimeOffset::WriteTo(ByteWriter& out) const {
  out.U24(static_cast<uint32_t>(ticks) & 0xffffff);
}

std::optional<PlayoutDelay> PlayoutDelay::Parse(ByteView value) {
  if (value.size() != kSize) return std::nullopt;
  const uint32_t raw = ByteReader(value).U24();
  const PlayoutDelay delay{.min_units = static_cast<uint16_t>(raw >> 12),
                           .max_units = static_cast<uint16_t>(raw & kMaxUnits)};
  if (delay.min_units > delay.max_units) return std::nullopt;
  return delay;
}

void PlayoutDelay::WriteTo(ByteWriter& out) const {
  out.U24(static_cast<uint32_t>(min_units & kMaxUnits) << 12 | (max_units & kMaxUnits));
}

std::optional<AbsCaptureTime> AbsCaptureTime::Parse(ByteView value) {
  if (value.size() != 8 && value.size() != 16) return std::nullopt;
  ByteReader in(value);
  AbsCaptureTime time{.captured = NtpTime(in.U64()), .clock_offset = std::nullopt};
  if (!in.empty()) time.clock_offset = static_cast<int64_t>(in.U64());
  return time;
}

void AbsCaptureTime::WriteTo(ByteWriter& out) const {
  out.U64(captured.raw());
  if (clock_offset) out.U64(static_cast<uint64_t>(*clock_offset));
}

}  // namespace sluice::rtp

#include "rtp/codec/opus.h"

namespace sluice::rtp::codec {
namespace {

// RFC 6716 §3.4 [R5]: no packet plays longer than this.
constexpr Duration kMaxDuration = std::chrono::milliseconds(120);

// RFC 6716 table 2: SILK, hybrid and CELT configurations each cycle through their own durations.
Duration FrameDuration(uint8_t config) {
  constexpr int kSilkMicros[] = {10'000, 20'000, 40'000, 60'000};
  constexpr int kHybridMicros[] = {10'000, 20'000};
  constexpr int kCeltMicros[] = {2'500, 5'000, 10'000, 20'000};
  if (config < 12) return Duration(kSilkMicros[config % 4]);
  if (config < 16) return Duration(kHybridMicros[config % 2]);
  return Duration(kCeltMicros[config % 4]);
}

}  // namespace

std::optional<Opus> Opus::Parse(ByteView payload) {
  // RFC 6716 §2.1.9: in discontinuous transmission a frame shrinks to at most one byte behind the
  // first; RFC 7587 §3.1.3 has the sender then leave out packets altogether.
  constexpr size_t kMaxSilentSize = 2;
  ByteReader in(payload);
  const uint8_t first = in.U8();
  if (!in.ok()) return std::nullopt;

  Opus opus;
  opus.config = static_cast<uint8_t>(first >> 3);
  opus.stereo = (first & 0x04) != 0;
  opus.frame_duration = FrameDuration(opus.config);
  opus.silence = payload.size() <= kMaxSilentSize;
  // §3.2: one frame, two frames of equal or of different length, or as many as a second byte says.
  const uint8_t code = first & 0x03;
  if (code < 3) {
    opus.frame_count = code == 0 ? 1 : 2;
  } else {
    opus.frame_count = in.U8() & 0x3f;
    if (!in.ok() || opus.frame_count == 0) return std::nullopt;
  }
  if (opus.duration() > kMaxDuration) return std::nullopt;
  return opus;
}

Description DescribeOpus(ByteView payload) {
  Description description;
  const std::optional<Opus> opus = Opus::Parse(payload);
  if (!opus) return description;
  description.frame_start = true;
  description.frame_end = true;
  description.silence = opus->silence;
  return description;
}

}  // namespace sluice::rtp::codec

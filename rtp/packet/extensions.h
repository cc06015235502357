// The values of RTP header extensions, one small type each. What an extension is for stands in
// extension_map.h; where it is in a packet, RtpPacket knows.
//
// Parse takes the value without id and length, and returns nothing if it is not one. Where a
// specification lets later versions append bytes, longer values are read by their beginning.

#ifndef SLUICE_RTP_PACKET_EXTENSIONS_H_
#define SLUICE_RTP_PACKET_EXTENSIONS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace sluice::rtp {

// MID, RID and repaired RID (RFC 7941 §4): printable ASCII without spaces, at least one letter.
// The text lies in the packet.
std::optional<std::string_view> ParseStreamName(ByteView value);

// RFC 6464: how loud this packet is, so that nobody has to decode it to find who speaks.
struct AudioLevel {
  static constexpr size_t kSize = 1;

  // In -dBov: 0 is as loud as it gets, 127 is silence.
  uint8_t level = 127;
  // The sender's voice activity detector found speech. Meaningless unless it was negotiated.
  bool voice = false;

  static std::optional<AudioLevel> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const AudioLevel&) const = default;
};

// When the packet left its sender: seconds modulo 64 with 18 bits of fraction, cut out of the
// middle of an NTP timestamp.
struct AbsSendTime {
  static constexpr size_t kSize = 3;

  uint32_t units = 0;  // of 1/2^18 s, 24 bits

  static AbsSendTime From(NtpTime time);
  static std::optional<AbsSendTime> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const AbsSendTime&) const = default;
};

// draft-holmer-rmcat-transport-wide-cc-extensions-01 §2: counts all packets of a transport. The
// second version appends a request for feedback, which we do not serve.
struct TransportSequence {
  static constexpr size_t kSize = 2;

  uint16_t seq = 0;

  static std::optional<TransportSequence> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const TransportSequence&) const = default;
};

// 3GPP TS 26.114 §7.4.5: how the receiver must turn the picture.
struct VideoOrientation {
  static constexpr size_t kSize = 1;

  bool back_camera = false;
  bool flip = false;
  // Quarter turns clockwise that put the picture upright, 0..3.
  uint8_t rotation = 0;

  static std::optional<VideoOrientation> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const VideoOrientation&) const = default;
};

// RFC 5450 §3: how much later than its RTP timestamp says the packet left, in units of the media
// clock.
struct TimeOffset {
  static constexpr size_t kSize = 3;

  int32_t ticks = 0;  // 24 bits with sign

  static std::optional<TimeOffset> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const TimeOffset&) const = default;
};

// The sender's wish for the delay between capture and presentation, in steps of 10 ms.
struct PlayoutDelay {
  static constexpr size_t kSize = 3;
  static constexpr uint16_t kMaxUnits = 0xfff;

  uint16_t min_units = 0;
  uint16_t max_units = 0;

  // Nothing if the minimum is above the maximum.
  static std::optional<PlayoutDelay> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const PlayoutDelay&) const = default;
};

// When the frame was captured, by the clock of whoever captured it.
struct AbsCaptureTime {
  NtpTime captured;
  // How far the sender believes the capturer's clock to be ahead of its own, in units of 2^-32 s.
  std::optional<int64_t> clock_offset;

  size_t size() const { return clock_offset ? 16 : 8; }
  static std::optional<AbsCaptureTime> Parse(ByteView value);
  void WriteTo(ByteWriter& out) const;
  bool operator==(const AbsCaptureTime&) const = default;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_EXTENSIONS_H_

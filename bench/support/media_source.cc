#include "bench/support/media_source.h"

#include <string>
#include <utility>

#include "base/bytes.h"
#include "tests/support/sim_media.h"

namespace sluice::bench {
namespace {

using test::Bytes;

// 30 pictures a second, 50 packets of sound.
constexpr Duration kPictureInterval{33'333};
constexpr Duration kSoundInterval{20'000};
constexpr uint32_t kPictureTicks = 3000, kSoundTicks = 960;

// Opus at 32 kbit/s.
constexpr size_t kSoundPayload = 80;

// What is left over after the full packets of a picture: every length there is comes by in turn.
size_t RestOf(uint64_t picture) { return 200 + picture * 389 % 900; }

}  // namespace

Duration MediaSource::interval() const {
  if (options_.kind == rtp::MediaKind::kAudio) return kSoundInterval;
  return kPictureInterval / options_.packets_per_picture;
}

size_t MediaSource::PictureSize() const {
  const bool last = place_ + 1 == options_.packets_per_picture;
  switch (options_.shape) {
    case PictureShape::kFullAndRest:
      return last ? RestOf(pictures_) : kFullPayload;
    case PictureShape::kAboutEqual: {
      const auto count = static_cast<size_t>(options_.packets_per_picture);
      const size_t all = kFullPayload * (count - 1) + RestOf(pictures_);
      // Those behind are longer by a byte where it does not come out even.
      return all / count + (static_cast<size_t>(place_) >= count - all % count ? 1 : 0);
    }
    case PictureShape::kAllFull:
      break;
  }
  return kFullPayload;
}

Bytes MediaSource::Picture() {
  test::Vp8PayloadOptions payload;
  const uint64_t every = options_.key_frame_every;
  payload.key_frame = every == 0 ? pictures_ == 0 : pictures_ % every == 0;
  payload.start = at_start();
  payload.picture_id = static_cast<uint16_t>(pictures_ & 0x7fff);
  payload.width = 1280;
  payload.height = 720;
  payload.size = PictureSize();
  return test::Vp8Payload(payload);
}

Bytes MediaSource::Next(Timestamp now, uint16_t number) {
  const bool video = options_.kind == rtp::MediaKind::kVideo;
  test::RtpPacketBuilder packet;
  packet.WithSsrc(options_.ssrc.value())
      .WithSeq(static_cast<uint16_t>(1000 + packets_))
      .WithTextExtension(test::kMidExtensionId, "0");
  if (options_.numbered) {
    Bytes moment(3), count(2);
    // 6.18 fixed point seconds.
    const auto units = static_cast<uint64_t>(now.time_since_epoch().count()) * (1 << 18) / 1000000;
    ByteWriter(moment).U24(static_cast<uint32_t>(units & 0xffffff));
    ByteWriter(count).U16(number);
    packet.WithExtension(test::kSendTimeExtensionId, moment)
        .WithExtension(test::kTransportSequenceExtensionId, count);
  }
  if (video) {
    packet.WithPayloadType(test::kProducerVideo.value())
        .WithTimestamp(static_cast<uint32_t>(pictures_ * kPictureTicks))
        .WithMarker(place_ + 1 == options_.packets_per_picture)
        .WithPayload(Picture());
    if (++place_ == options_.packets_per_picture) {
      place_ = 0;
      ++pictures_;
    }
  } else {
    packet.WithPayloadType(test::kProducerAudio.value())
        .WithTimestamp(static_cast<uint32_t>(packets_ * kSoundTicks))
        .WithExtension(test::kAudioLevelExtensionId, {0x80 | 30})
        .WithPayload(test::OpusPayload(false, kSoundPayload));
  }
  ++packets_;
  return packet.ToBytes();
}

}  // namespace sluice::bench

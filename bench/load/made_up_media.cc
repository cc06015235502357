#include "bench/load/made_up_media.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace sluice::load {
namespace {

constexpr Duration kPictureInterval{33'333};
constexpr uint32_t kPictureTicks = 3'000;  // of 90 kHz
// Enough for nobody who joins to wait for the next one: they ask.
constexpr uint64_t kPicturesPerKeyFrame = 300;
constexpr uint32_t kKeyFrameFactor = 6;
// What Chromium puts into a packet at most.
constexpr uint32_t kMaxPayload = 1'180;
// Its pacer sends up to 5 ms at once, at two and a half times the rate.
constexpr Duration kBurst{5'000};
constexpr double kPacing = 2.5;
constexpr double kPicturesPerSecond = 30;
// Descriptor, frame header and the mark at the end must fit.
constexpr uint32_t kMinPayload = 40;

constexpr Duration kSoundInterval{20'000};
constexpr uint32_t kSoundTicks = 960;  // of 48 kHz
constexpr uint8_t kVoice = 0x80;

}  // namespace

MadeUpVideo::MadeUpVideo(std::vector<Encoding> encodings, Duration start, uint64_t seed)
    : encodings_(std::move(encodings)), entropy_(seed), picture_at_(start) {}

// A picture is planned only when its first packet is asked for, so that it can still become a key
// frame.
Duration MadeUpVideo::NextDue() const {
  return next_ < planned_.size() ? planned_[next_].due : picture_at_;
}

void MadeUpVideo::PlanPicture() {
  planned_.clear();
  next_ = 0;
  key_ = std::exchange(key_frame_wanted_, false) || pictures_ % kPicturesPerKeyFrame == 0;
  for (size_t i = 0; i < encodings_.size(); ++i) PlanEncoding(static_cast<uint8_t>(i), key_);
  std::ranges::stable_sort(planned_, {}, &Planned::due);
}

// Equal packets but for a remainder, as Chromium's packetizer cuts a picture.
void MadeUpVideo::PlanEncoding(uint8_t encoding, bool key) {
  const uint32_t mean = encodings_[encoding].picture_size * (key ? kKeyFrameFactor : 1);
  // From half to one and a half times the mean.
  const auto varied = static_cast<uint32_t>(mean / 2 + entropy_.Below(mean + 1));
  const uint32_t size = std::max(varied, kMinPayload);
  const uint32_t count = (size + kMaxPayload - 1) / kMaxPayload;
  const uint32_t each = std::max(size / count, kMinPayload);
  const uint32_t remainder = size - size / count * count;
  const double per_burst = encodings_[encoding].picture_size * kPicturesPerSecond * kPacing *
                           0.000'001 * static_cast<double>(kBurst.count());
  double sent = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const auto burst = static_cast<int64_t>(sent / std::max(per_burst, 1.0));
    // A key frame may take until the next picture, not longer.
    const Duration late = std::min(burst * kBurst, kPictureInterval - Duration(1'000));
    const uint32_t payload = each + (i < remainder ? 1 : 0);
    planned_.push_back(
        {picture_at_ + late, encoding, static_cast<uint16_t>(payload), i == 0, i + 1 == count});
    sent += payload;
  }
}

MediaPacket MadeUpVideo::Next() {
  if (next_ == planned_.size()) PlanPicture();
  const Planned planned = planned_[next_++];
  MediaPacket packet;
  packet.encoding = planned.encoding;
  packet.timestamp = static_cast<uint32_t>(pictures_ * kPictureTicks);
  packet.marker = planned.last;
  packet.key_frame = key_ && planned.first;
  packet.payload_size = planned.payload_size;
  packet.prefix = ByteView(prefix_).first(WritePrefix(planned));
  if (next_ == planned_.size()) {
    ++pictures_;
    picture_id_ = static_cast<uint16_t>((picture_id_ + 1) & 0x7fff);
    picture_at_ += kPictureInterval;
  }
  return packet;
}

// RFC 7741 §4.2 and §4.3.
size_t MadeUpVideo::WritePrefix(const Planned& packet) {
  ByteWriter out(prefix_);
  out.U8(packet.first ? 0x90 : 0x80);  // X, and S in the first packet
  out.U8(0x80);                        // I
  out.U16(static_cast<uint16_t>(0x8000 | picture_id_));
  if (!packet.first) return out.size();
  if (!key_) {
    out.U8(0x31);  // P: not a key frame; shown
    return out.size();
  }
  out.U24(0x100000);  // RFC 6386 §9.1: a key frame that is shown
  out.U24(0x9d012a);
  const Encoding& encoding = encodings_[packet.encoding];
  for (uint16_t side : {encoding.width, encoding.height}) {
    out.U8(static_cast<uint8_t>(side));
    out.U8(static_cast<uint8_t>(side >> 8));
  }
  return out.size();
}

MediaPacket MadeUpSound::Next() {
  MediaPacket packet;
  packet.timestamp = timestamp_;
  packet.audio_level = static_cast<uint8_t>(kVoice | (20 + entropy_.Below(40)));
  packet.payload_size = static_cast<uint16_t>(60 + entropy_.Below(101));
  prefix_[0] = 0x78;  // RFC 6716 §3.1: CELT, full band, 20 ms
  packet.prefix = prefix_;
  due_ += kSoundInterval;
  timestamp_ += kSoundTicks;
  return packet;
}

}  // namespace sluice::load

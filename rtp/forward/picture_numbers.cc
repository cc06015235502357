#include "rtp/forward/picture_numbers.h"

namespace sluice::rtp {
namespace {

using codec::Description;
using codec::Kind;

// Picture ids are counted from so far above zero that late ones stay positive.
constexpr int64_t kOrigin = int64_t{1} << 20;
// RFC 7741 §4.2: five bits.
constexpr uint8_t kKeyIndexMask = 0x1f;

uint16_t MaskOf(const Description& picture) {
  return static_cast<uint16_t>((1u << picture.picture_id_bits) - 1);
}

// True if `number` comes after `newest` on a circle of 16 bits.
bool IsAfter(uint16_t number, uint16_t newest) {
  return static_cast<int16_t>(static_cast<uint16_t>(number - newest)) > 0;
}

}  // namespace

void PictureNumbers::BeginAfter(const PictureNumbers& before) {
  numbered_ = before.numbered_;
  frames_numbered_ = before.frames_numbered_;
  newest_base_ = before.newest_base_;
  newest_key_ = before.newest_key_;
  newest_frame_ = before.newest_frame_;
  newest_picture_ = before.newest_picture_;
  if (codec_ == Kind::kVp8) {
    // Numbers of lost frames of the run before stay theirs.
    if (before.pictures_.started()) newest_picture_ = (before.pictures_.next() + -1).value();
    pictures_.Reset(SeqNo(static_cast<uint16_t>(newest_picture_ + 1)));
  }
  begun_ = false;
  frames_begun_ = false;
  base_shift_ = 0;
  key_shift_ = 0;
  picture_shift_ = 0;
  frame_shift_ = 0;
}

void PictureNumbers::ContinueAfter(const PictureNumbers& before) {
  BeginAfter(before);
  begun_ = before.begun_;
  frames_begun_ = before.frames_begun_;
  base_shift_ = before.base_shift_;
  key_shift_ = before.key_shift_;
  picture_shift_ = before.picture_shift_;
  frame_shift_ = before.frame_shift_;
  seen_base_ = before.seen_base_;
}

bool PictureNumbers::Write(const RtpPacket& packet, const Place& place, Rewrite& rewrite) {
  if (const PacketDependencies* frame = packet.dependencies()) {
    WriteFrameNumber(frame->frame_number, rewrite);
  }
  const Description& picture = packet.description();
  if (codec_ == Kind::kVp8) return WriteVp8(picture, place, rewrite);
  if (codec_ == Kind::kVp9) WriteVp9(picture, place, rewrite);
  return true;
}

void PictureNumbers::Skip(const RtpPacket& packet, const Place& place) {
  const Description& picture = packet.description();
  // No base frame came between the newest one and this, so that what is missing between them is
  // unwanted as well.
  const bool nothing_lost = picture.has_base_index && picture.base_index == seen_base_;
  if (place.in_order && begun_) Reserve(picture);
  if (const PacketDependencies* frame = packet.dependencies(); frame != nullptr && frames_begun_) {
    ReserveFrame(static_cast<uint16_t>(frame->frame_number + frame_shift_));
  }
  if (codec_ != Kind::kVp8 || picture.picture_id_bits == 0 || !pictures_.started()) return;
  const int64_t id = Unwrap(picture);
  if (!place.in_order || id <= pictures_.newest().value) return;
  if (place.base_only && nothing_lost) pictures_.Start({id});
  pictures_.Skip({id});
}

int64_t PictureNumbers::Unwrap(const Description& picture) const {
  const int64_t lap = int64_t{1} << picture.picture_id_bits;
  const int64_t newest = pictures_.newest().value;
  const int64_t ahead = (picture.picture_id - newest) & (lap - 1);
  return newest + (ahead >= lap / 2 ? ahead - lap : ahead);
}

void PictureNumbers::Begin(const Description& picture) {
  begun_ = true;
  seen_base_ = picture.base_index;
  if (!numbered_) return;
  base_shift_ = static_cast<uint8_t>(newest_base_ + 1 - picture.base_index);
  key_shift_ = static_cast<uint8_t>(newest_key_ + 1 - picture.key_index) & kKeyIndexMask;
  picture_shift_ = static_cast<uint16_t>(newest_picture_ + 1 - picture.picture_id);
}

bool PictureNumbers::WriteVp8(const Description& picture, const Place& place, Rewrite& rewrite) {
  if (!begun_) Begin(picture);
  rewrite.picture_id = picture.picture_id;
  if (picture.picture_id_bits != 0) {
    const std::optional<uint16_t> number = NumberPicture(picture, place);
    if (!number) return false;
    rewrite.picture_id = *number;
  }
  rewrite.base_index = static_cast<uint8_t>(picture.base_index + base_shift_);
  rewrite.key_index = static_cast<uint8_t>(picture.key_index + key_shift_) & kKeyIndexMask;
  numbered_ = true;
  if (place.in_order) Reserve(picture);
  const bool changed =
      rewrite.picture_id != picture.picture_id || base_shift_ != 0 || key_shift_ != 0;
  if (changed) rewrite.patch = PayloadPatch::kVp8;
  return true;
}

std::optional<uint16_t> PictureNumbers::NumberPicture(const Description& picture,
                                                      const Place& place) {
  if (!pictures_.started()) {
    if (!numbered_) pictures_.Reset(SeqNo(picture.picture_id));
    pictures_.Start({kOrigin + picture.picture_id});
  }
  int64_t id = Unwrap(picture);
  const int64_t newest = pictures_.newest().value;
  if (place.in_order && id > newest + 1) {
    // Of the frames that are missing here none was a base frame.
    const auto next_base = static_cast<uint8_t>(seen_base_ + 1);
    if (place.base_only && picture.has_base_index && picture.base_index == next_base) {
      pictures_.Start({id});
    }
  } else if (place.new_picture && id <= newest) {
    // An encoder that counts anew, or not at all. The picture is a new one nevertheless.
    id += int64_t{MaskOf(picture)} + 1;
    pictures_.Start({id});
  }
  const std::optional<SeqNo> number = pictures_.Map({id});
  if (!number) return std::nullopt;
  return static_cast<uint16_t>(number->value() & MaskOf(picture));
}

void PictureNumbers::WriteVp9(const Description& picture, const Place& place, Rewrite& rewrite) {
  if (!begun_) Begin(picture);
  const auto picture_id =
      static_cast<uint16_t>((picture.picture_id + picture_shift_) & MaskOf(picture));
  rewrite.picture_id = picture_id;
  rewrite.base_index = static_cast<uint8_t>(picture.base_index + base_shift_);
  numbered_ = true;
  if (place.in_order) Reserve(picture);
  if (picture_id != picture.picture_id || base_shift_ != 0) rewrite.patch = PayloadPatch::kVp9;
}

void PictureNumbers::WriteFrameNumber(uint16_t frame_number, Rewrite& rewrite) {
  if (!frames_begun_) {
    frames_begun_ = true;
    if (frames_numbered_) frame_shift_ = static_cast<uint16_t>(newest_frame_ + 1 - frame_number);
  }
  rewrite.frame_number = static_cast<uint16_t>(frame_number + frame_shift_);
  rewrite.renumbers_frame = frame_shift_ != 0;
  ReserveFrame(rewrite.frame_number);
  frames_numbered_ = true;
}

void PictureNumbers::Reserve(const Description& picture) {
  if (picture.has_base_index) seen_base_ = picture.base_index;
  newest_base_ = static_cast<uint8_t>(picture.base_index + base_shift_);
  newest_key_ = static_cast<uint8_t>(picture.key_index + key_shift_) & kKeyIndexMask;
  newest_picture_ = static_cast<uint16_t>(picture.picture_id + picture_shift_);
}

void PictureNumbers::ReserveFrame(uint16_t frame_number) {
  if (!frames_numbered_ || IsAfter(frame_number, newest_frame_)) newest_frame_ = frame_number;
}

}  // namespace sluice::rtp

#include "tests/support/layer_stream.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::test {
namespace {

using rtp::codec::Kind;

using Position = LayerStream::Position;

// VP8 as libvpx orders three layers; others refer to the latest frame of each layer up to theirs.
std::vector<Position> EightPictures() {
  return {{0, false, {4}}, {2, true, {1}},        {1, true, {2}},     {2, false, {1, 2, 3}},
          {0, false, {4}}, {2, false, {1, 2, 3}}, {1, false, {2, 4}}, {2, false, {1, 2, 3}}};
}

// The groups of pictures of VP9 (RFC 9628 §4.2.1), as Chromium sends three layers, and a longer one
// in which only some pictures are points to switch up at.
std::vector<Position> FourPictures() {
  return {{0, true, {4}}, {2, true, {1}}, {1, true, {2}}, {2, true, {1}}};
}
std::vector<Position> LongGroup() {
  return {{0, true, {4}},  {2, true, {1}},     {1, false, {2}},    {2, false, {1, 2}},
          {0, false, {4}}, {2, false, {1, 2}}, {1, false, {2, 4}}, {2, false, {1, 2}}};
}

std::vector<Position> PatternOf(const LayerShape& shape, int temporal_layers) {
  if (shape.codec == Kind::kH264 || temporal_layers == 1) return {{0, true, {1}}};
  if (temporal_layers == 2) return {{0, true, {2}}, {1, true, {1}}};
  if (shape.codec != Kind::kVp9) return EightPictures();
  return shape.mode == "L3T3" || shape.k_svc() ? FourPictures() : LongGroup();
}

void AppendMark(uint32_t frame, uint8_t index, Bytes& payload) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    payload.push_back(static_cast<uint8_t>(frame >> shift));
  }
  payload.push_back(index);
}

}  // namespace

LayerStream::LayerStream(const LayerShape& shape, uint8_t encoding, uint32_t seed)
    : shape_(shape), encoding_(encoding), random_(seed * 31 + encoding) {
  spatial_layers_ = shape.mode[1] - '0';
  temporal_layers_ = shape.mode[3] - '0';
  pattern_ = PatternOf(shape, temporal_layers_);
  if (shape.descriptor) {
    scalable_.emplace(shape.mode, static_cast<uint16_t>(random_()), encoding * 7);
    place_of_number_.resize(1 << 16);
  }
  first_timestamp_ = static_cast<uint32_t>(random_());
  // Near the end of a lap, so that numbers wrap soon.
  next_seq_ = 4 * 65'536 - 1000 + static_cast<int64_t>(random_() % 900);
  picture_id_ = static_cast<uint16_t>(random_() & 0x7fff);
  base_index_ = static_cast<uint8_t>(random_());
  key_index_ = static_cast<uint8_t>(random_() & 0x1f);
}

uint32_t LayerStream::TimestampAt(Timestamp captured) const {
  const int64_t micros = captured.time_since_epoch().count();
  return first_timestamp_ + static_cast<uint32_t>(micros * kClockRate / 1'000'000);
}

std::vector<LayerPacket> LayerStream::NextPicture(bool key, Timestamp captured,
                                                  std::vector<LayerFrame>& frames) {
  std::vector<LayerPacket> packets;
  ++picture_;
  std::vector<LayerFrame> made = scalable_ ? MakeDescribedFrames(key) : MakeFrames(key, frames);
  for (size_t i = 0; i < made.size(); ++i) {
    LayerFrame& frame = made[i];
    frame.encoding = encoding_;
    frame.picture = picture_;
    frame.captured = captured;
    frame.timestamp = TimestampAt(captured);
    frame.packets = static_cast<uint8_t>(1 + random_() % (frame.key_picture ? 4 : 3));
    frame.first_seq = next_seq_;
    Number(frame, i == 0);
    const auto place = static_cast<uint32_t>(frames.size());
    for (uint32_t& reference : frame.references) {
      if (reference > ~uint32_t{kRemembered}) reference = place - ~reference;
    }
    places_[frame.spatial][picture_ % kRemembered] = place;
    if (scalable_) place_of_number_[frame.number] = place;
    const bool last_frame = i + 1 == made.size();
    for (uint8_t index = 0; index < frame.packets; ++index) {
      LayerPacket packet;
      packet.frame = place;
      packet.index = index;
      packet.seq = next_seq_++;
      const bool last = index + 1 == frame.packets;
      packet.marker = last && last_frame;
      packet.payload = PayloadOf(frame, index);
      AppendMark(place, index, packet.payload);
      if (scalable_) packet.descriptor = DescriptorOf(frame, index == 0, last);
      packets.push_back(std::move(packet));
    }
    frames.push_back(std::move(frame));
  }
  return packets;
}

std::vector<LayerFrame> LayerStream::MakeFrames(bool key, const std::vector<LayerFrame>& frames) {
  since_key_ = key || since_key_ < 0 ? 0 : since_key_ + 1;
  key = since_key_ == 0;
  if (key) lowest_ = wanted_lowest_;
  const Position& position = pattern_[static_cast<size_t>(since_key_) % pattern_.size()];
  std::vector<LayerFrame> made;
  for (int spatial = lowest_; spatial < spatial_layers_; ++spatial) {
    LayerFrame frame = MakeFrame(spatial, key, position);
    const bool below = spatial > lowest_ && !shape_.separate_sizes() && (key || !shape_.k_svc());
    if (below) frame.references.push_back(static_cast<uint32_t>(frames.size() + made.size() - 1));
    made.push_back(std::move(frame));
  }
  return made;
}

LayerFrame LayerStream::MakeFrame(int spatial, bool key, const Position& position) const {
  LayerFrame frame;
  frame.key_picture = key;
  frame.since_key = static_cast<uint32_t>(since_key_);
  frame.spatial = static_cast<uint8_t>(spatial);
  frame.temporal = static_cast<uint8_t>(position.temporal);
  frame.layer_sync = position.sync;
  if (key) return frame;
  for (int back : position.back) {
    if (back > since_key_) continue;
    const uint32_t picture = picture_ - static_cast<uint32_t>(back);
    frame.references.push_back(places_[frame.spatial][picture % kRemembered]);
  }
  return frame;
}

std::vector<LayerFrame> LayerStream::MakeDescribedFrames(bool key) {
  std::vector<LayerFrame> made;
  for (const ScalableFrame& one : scalable_->NextPicture(key)) {
    LayerFrame frame;
    frame.key_picture = one.key_picture;
    frame.attach_layout = one.attach_layout;
    frame.spatial = static_cast<uint8_t>(one.spatial);
    frame.temporal = static_cast<uint8_t>(one.temporal);
    frame.number = one.number;
    frame.template_id = one.template_id;
    for (size_t i = 0; i < one.indications.size(); ++i) {
      if (one.indications[i] != '-') frame.targets |= 1u << i;
    }
    for (uint16_t reference : one.references) {
      // Frames of the same picture have no place yet, but follow one another.
      const auto back = static_cast<uint16_t>(one.number - reference);
      frame.references.push_back(place_of_number_[reference]);
      if (back <= made.size()) frame.references.back() = ~uint32_t{back};
    }
    made.push_back(std::move(frame));
  }
  return made;
}

void LayerStream::Number(LayerFrame& frame, bool first_of_picture) {
  if (first_of_picture) {
    picture_id_ =
        static_cast<uint16_t>((picture_id_ + 1) & (shape_.short_picture_ids ? 0x7f : 0x7fff));
    if (frame.temporal == 0) ++base_index_;
    if (frame.key_picture) key_index_ = (key_index_ + 1) & 0x1f;
  }
  frame.picture_id = picture_id_;
  frame.base_index = base_index_;
  frame.key_index = key_index_;
}

Bytes LayerStream::PayloadOf(const LayerFrame& frame, int index) const {
  const bool first = index == 0, last = index + 1 == frame.packets;
  Bytes payload;
  switch (shape_.codec) {
    case Kind::kVp8:
      payload = Vp8PayloadOf(frame, first);
      break;
    case Kind::kVp9:
      payload = Vp9PayloadOf(frame, first, last);
      break;
    default:
      payload = H26xPayloadOf(frame, index);
  }
  return payload;
}

Bytes LayerStream::Vp8PayloadOf(const LayerFrame& frame, bool first) const {
  const bool layered = temporal_layers_ > 1;
  Bytes payload =
      Vp8Payload({.key_frame = frame.key_picture,
                  .start = first,
                  .picture_id = frame.picture_id,
                  .short_picture_id = shape_.short_picture_ids,
                  .base_index = layered ? std::optional(frame.base_index) : std::nullopt,
                  .temporal = layered ? std::optional(frame.temporal) : std::nullopt,
                  .layer_sync = frame.layer_sync,
                  .key_index = frame.key_index,
                  .size = 24});
  // Encrypted: what would tell a key frame is noise.
  if (shape_.descriptor)
    payload[shape_.short_picture_ids ? 5 : 6] = static_cast<uint8_t>(frame.picture_id * 37);
  return payload;
}

Bytes LayerStream::Vp9PayloadOf(const LayerFrame& frame, bool first, bool last) const {
  Vp9PayloadOptions options;
  options.key_frame = frame.key_picture;
  options.start = first;
  options.end = last;
  options.picture_id = frame.picture_id;
  options.layers = true;
  options.temporal = frame.temporal;
  options.spatial = frame.spatial;
  options.switching_up = frame.layer_sync && !shape_.flexible;
  options.inter_layer =
      frame.spatial > lowest_ && !shape_.separate_sizes() && (frame.key_picture || !shape_.k_svc());
  options.base_index = frame.base_index;
  options.flexible = shape_.flexible;
  if (shape_.flexible && !frame.key_picture) {
    const Position& position = pattern_[static_cast<size_t>(since_key_) % pattern_.size()];
    for (int back : position.back) {
      if (back <= since_key_) options.references.push_back(static_cast<uint8_t>(back));
    }
  }
  options.no_upper_reference = shape_.k_svc() && !frame.key_picture;
  options.size = 24;
  return Vp9Payload(options);
}

Bytes LayerStream::H26xPayloadOf(const LayerFrame& frame, int index) const {
  if (shape_.descriptor || shape_.codec == Kind::kAv1) {
    // Noise, and never the same.
    Bytes noise(24);
    for (size_t i = 0; i < noise.size(); ++i) {
      noise[i] =
          static_cast<uint8_t>((frame.first_seq + index) * 167 + static_cast<int64_t>(i) * 59);
    }
    return noise;
  }
  const Fragment part = index == 0                   ? Fragment::kFirst
                        : index + 1 == frame.packets ? Fragment::kLast
                                                     : Fragment::kMiddle;
  if (shape_.codec == Kind::kH264) return H264FuA(H264Slice(frame.key_picture, 30), part, 20);
  constexpr uint8_t kTrail = 1, kStepwiseAccess = 5, kIdr = 19;
  const uint8_t type = frame.key_picture ? kIdr : frame.layer_sync ? kStepwiseAccess : kTrail;
  return H265Fragment(H265Nal(type, 30, frame.temporal), part, 20);
}

Bytes LayerStream::DescriptorOf(const LayerFrame& frame, bool first, bool last) const {
  return WriteDependencyDescriptor({.start_of_frame = first,
                                    .end_of_frame = last,
                                    .template_id = frame.template_id,
                                    .frame_number = frame.number,
                                    .attach_layout = frame.attach_layout && first},
                                   scalable_->layout());
}

}  // namespace sluice::test

// Invents one encoding of a layered video stream, packet by packet, for tests of forwarding: with
// what codecs write about layers, and with the truth beside it, namely which frame refers to which.
//
// Every payload ends in a mark that names its frame, so that whoever receives it knows the truth
// about it however its numbers were rewritten.

#ifndef SLUICE_TESTS_SUPPORT_LAYER_STREAM_H_
#define SLUICE_TESTS_SUPPORT_LAYER_STREAM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/time.h"
#include "rtp/codec/descriptor.h"
#include "tests/support/dependency_descriptor_builder.h"
#include "tests/support/packet_builders.h"

namespace sluice::test {

struct LayerShape {
  std::string name;
  rtp::codec::Kind codec = rtp::codec::Kind::kVp8;
  int encodings = 1;
  // As scalability modes are written, for one encoding.
  std::string mode = "L1T3";
  // VP9: references are listed in each packet instead of following from the picture id.
  bool flexible = false;
  bool short_picture_ids = false;
  // Packets have a dependency descriptor, and all behind the payload descriptor is encrypted.
  bool descriptor = false;
  // Pictures that follow one another after seconds.
  bool slow = false;

  bool k_svc() const { return mode.ends_with("_KEY"); }
  bool separate_sizes() const { return mode[0] == 'S'; }
};

struct LayerFrame {
  uint8_t encoding = 0;
  uint8_t spatial = 0, temporal = 0;
  bool key_picture = false;
  bool attach_layout = false;
  uint8_t packets = 1;
  uint32_t picture = 0;    // counts the pictures of the encoding
  uint32_t since_key = 0;  // how many pictures ago the key picture was
  int64_t first_seq = 0;
  uint32_t timestamp = 0;
  Timestamp captured{};
  std::vector<uint32_t> references;  // their places in the list of all frames
  // By the packets' dependency descriptor.
  uint16_t number = 0;
  int template_id = 0;
  uint32_t targets = 0;  // the decode targets it is part of
  // What its payload descriptor says.
  uint16_t picture_id = 0;
  uint8_t base_index = 0, key_index = 0;
  bool layer_sync = false;
};

struct LayerPacket {
  uint32_t frame = 0;  // place in the list of all frames
  uint8_t index = 0;
  int64_t seq = 0;
  bool marker = false;
  Bytes payload;
  std::optional<Bytes> descriptor;
};

class LayerStream {
 public:
  static constexpr size_t kMarkSize = 5;
  static constexpr uint32_t kClockRate = 90'000;

  LayerStream(const LayerShape& shape, uint8_t encoding, uint32_t seed);

  // The packets of the next picture. Its frames are appended to `frames`, the list of all.
  std::vector<LayerPacket> NextPicture(bool key, Timestamp captured,
                                       std::vector<LayerFrame>& frames);

  uint32_t ssrc() const { return 0xa000 + encoding_; }
  uint32_t TimestampAt(Timestamp captured) const;
  // Spatial layers below are left out from the next key picture on. VP9 without descriptors only.
  void SetLowestLayer(int spatial) { wanted_lowest_ = spatial; }
  // VP9: temporal layer and reference distances of each picture of the group.
  struct Position {
    int temporal = 0;
    bool sync = false;
    std::vector<int> back;
  };
  const std::vector<Position>& pattern() const { return pattern_; }
  const DependencyLayout* layout() const { return scalable_ ? &scalable_->layout() : nullptr; }

 private:
  std::vector<LayerFrame> MakeFrames(bool key, const std::vector<LayerFrame>& frames);
  std::vector<LayerFrame> MakeDescribedFrames(bool key);
  LayerFrame MakeFrame(int spatial, bool key, const Position& position) const;
  void Number(LayerFrame& frame, bool first_of_picture);
  Bytes PayloadOf(const LayerFrame& frame, int index) const;
  Bytes Vp8PayloadOf(const LayerFrame& frame, bool first) const;
  Bytes Vp9PayloadOf(const LayerFrame& frame, bool first, bool last) const;
  Bytes H26xPayloadOf(const LayerFrame& frame, int index) const;
  Bytes DescriptorOf(const LayerFrame& frame, bool first, bool last) const;

  const LayerShape shape_;
  const uint8_t encoding_;
  std::mt19937 random_;
  int spatial_layers_ = 1, temporal_layers_ = 1;
  std::vector<Position> pattern_;
  std::optional<ScalableStream> scalable_;
  int lowest_ = 0, wanted_lowest_ = 0;
  uint32_t first_timestamp_ = 0;
  int64_t next_seq_ = 0;
  uint32_t picture_ = 0;
  int since_key_ = -1;
  uint16_t picture_id_ = 0;
  uint8_t base_index_ = 0, key_index_ = 0;
  // Places of the latest frames, by spatial layer and by age in pictures.
  static constexpr uint32_t kRemembered = 16;
  std::array<std::array<uint32_t, kRemembered>, 4> places_{};
  // By frame number of the dependency descriptor.
  std::vector<uint32_t> place_of_number_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_LAYER_STREAM_H_

// Chooses, for one consumer and one run of packets, the layers that pass.
//
// A choice is made with the first packet of a frame and counts from there on. Choices are kept for
// a while, so that a packet which comes late is judged by the one that was in force at its place in
// the stream, and all packets of a frame share one fate. When a choice may change says
// rtp/README.md
// ("Rules of layer rewriting"): going up needs a frame from which a decoder can follow, going down
// the beginning of one.
//
// Packets with a dependency descriptor are chosen by it, whatever their codec; their payload is not
// looked at.

#ifndef SLUICE_RTP_FORWARD_LAYER_SELECTOR_H_
#define SLUICE_RTP_FORWARD_LAYER_SELECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "rtp/codec/descriptor.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/forward/layer.h"
#include "rtp/forward/reference_window.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

// What passes from one packet on.
struct LayerChoice {
  int64_t begin = 0;            // unwrapped number of that packet
  uint32_t served_targets = 0;  // decode targets that can be decoded from what passes
  uint16_t begin_frame = 0;     // frame number of that packet
  uint8_t spatial = 0;          // the highest that passes
  uint8_t temporal_mask = 0;    // bit i: temporal layer i passes
  uint8_t target = 0;           // the decode target whose frames pass
  uint8_t target_count = 0;
  bool by_descriptor = false;  // `target` decides, and `temporal_mask` only tells
  // The frame it begins with brings the structure, and passes for its sake.
  bool takes_first = false;
  bool announced = false;  // receivers are told of `served_targets`

  constexpr bool base_only() const { return temporal_mask == 1; }
};

class LayerSelector {
 public:
  // Changes that can lie between a packet and its retransmission. Seldom more than one; an
  // application that changes its mind with every frame has late packets refused.
  static constexpr size_t kHistory = 8;
  // For how many frame numbers after a change the active decode targets are stated: ten pictures of
  // three layers, so that loss does not hide them.
  static constexpr uint16_t kAnnounced = 32;
  // Whatever there is.
  static constexpr LayerId kEverything{0xff, 0xff};

  LayerSelector(codec::Kind codec, SvcMode svc)
      : codec_(codec),
        svc_(svc),
        has_layers_(codec == codec::Kind::kVp8 || codec == codec::Kind::kVp9 ||
                    codec == codec::Kind::kH265) {}

  // Layers are told of, by payloads or by descriptors. Otherwise there is nothing to choose.
  bool has_layers() const { return has_layers_ || newest().by_descriptor; }

  // What is wanted at the most.
  void SetTarget(LayerId target);

  // A run begins with `packet`, the first of a key frame. Choices before are forgotten.
  void Begin(const RtpPacket& packet, const EncodingSource& source);

  // `packet` is the newest of its source, and with `new_picture` the first of its picture. False if
  // a new run has to begin with it, because it is the first of a stream inside of the stream.
  bool Advance(const RtpPacket& packet, bool new_picture, const EncodingSource& source);

  const LayerChoice& newest() const { return choices_[newest_]; }
  // The choice in force at the place of a late packet; null if that is forgotten.
  const LayerChoice* At(RtpSeq seq) const;

  // True if packets like this pass under `choice`.
  bool Passes(const LayerChoice& choice, const RtpPacket& packet) const;
  // Notes the fate of `packet` under `choice`.
  void Record(const LayerChoice& choice, const RtpPacket& packet, bool passed);

  // True if `packet` is the last of what passes of its picture.
  static bool IsLastOfPicture(const LayerChoice& choice, const RtpPacket& packet);
  // The active decode targets to be stated in a packet that passes, if any are to be.
  static std::optional<uint32_t> ActiveTargets(const LayerChoice& choice, const RtpPacket& packet);

  // The highest layers that pass and were seen.
  LayerId current() const;
  // The wanted size is there, but no frame other than a key frame leads to it.
  bool needs_key_frame() const;

 private:
  LayerChoice ChooseAtKeyFrame(const RtpPacket& packet, const EncodingSource& source) const;
  bool AdvanceByDescriptor(const RtpPacket& packet, bool new_picture, const EncodingSource& source);
  void AdvanceByPayload(const RtpPacket& packet, bool new_picture, const EncodingSource& source);
  void BeginPicture();
  bool DecidesPicture(const codec::Description& frame, bool new_picture) const;
  void LowerLayers(LayerChoice& next) const;
  void RaiseTemporal(const codec::Description& frame, LayerChoice& next) const;
  void FollowReferences(const codec::Description& frame, LayerChoice& next) const;
  void EnterKeyPicture();
  void LeaveKeyPicture(const codec::Description& frame, LayerChoice& next);
  void Choose(LayerChoice next, const RtpPacket& packet);
  // Finds the wanted decode target again if anything it depends on has changed.
  void Look(const EncodingSource& source);
  uint8_t WantedMask() const;

  codec::Kind codec_;
  SvcMode svc_;
  bool has_layers_;  // payloads of the codec tell of layers in each packet
  LayerId target_ = kEverything;
  // A ring, `count_` of them in use, the newest at `newest_`.
  std::array<LayerChoice, kHistory> choices_{};
  uint8_t newest_ = 0;
  uint8_t count_ = 0;
  // The highest layers that passed, and the largest size that was seen, in this run.
  LayerId passed_;
  uint8_t largest_seen_ = 0;
  // The smallest size of this picture so far, and of those before.
  uint8_t lowest_seen_ = 0;
  uint8_t lowest_expected_ = 0;
  // While a key picture lasts, and what its highest layer is.
  bool in_key_picture_ = false;
  uint8_t key_picture_top_ = 0;
  // The decode target for `target_`, as things were at the last look, and the largest size of all.
  uint8_t wanted_target_ = 0;
  uint8_t largest_target_ = 0;
  bool looked_ = false;
  bool smaller_needs_key_ = false;
  uint32_t looked_active_ = 0;
  uint32_t looked_generation_ = 0;
  // VP9 in flexible mode: which pictures passed.
  ReferenceWindow references_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_LAYER_SELECTOR_H_

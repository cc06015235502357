// Keeps the dependency structures of one encoding and reads its packets by them.
//
// The latest structure counts. The one before is kept as well, because packets of its last frames
// may still be on their way when a new key frame changes it (appendix A.8.3 asks senders to use
// other template ids then). Memory is taken once, with the first structure: encodings without
// descriptors cost a pointer.

#ifndef SLUICE_RTP_PACKET_DEPENDENCY_TRACKER_H_
#define SLUICE_RTP_PACKET_DEPENDENCY_TRACKER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/dependency_descriptor.h"
#include "rtp/packet/dependency_structure.h"

namespace sluice::rtp {

class DependencyTracker {
 public:
  // What is that many frames behind the change of a structure is no longer a late packet: ten
  // seconds of three layers at 30 frames a second, more than any retransmission takes.
  static constexpr uint16_t kLateFrames = 1024;

  // Reads one packet's value of the header extension, in any order and as often as it comes.
  // Nothing if it is malformed, or if no known structure has its template.
  std::optional<FrameDependencies> Receive(ByteView descriptor);

  // The latest one; null until the first. Stays where it is, but its content changes with the
  // next structure.
  const DependencyStructure* structure() const;
  // The decode targets that the sender says it serves; 0 without a structure.
  uint32_t active_targets() const { return active_targets_; }
  // Changes whenever structure() has become another one.
  uint32_t generation() const { return generation_; }

  // The highest decode target within `wanted` that the sender serves. If it serves none of them,
  // the highest there is. Nothing without a structure, or if every target is beyond `wanted`.
  std::optional<uint8_t> TargetFor(LayerId wanted) const;

 private:
  struct Known {
    DependencyStructure structure;
    uint16_t first_frame = 0;  // the frame it came with
  };
  using Store = std::array<Known, 2>;

  // The structure that the packet was written for, having learnt the one attached to it.
  const DependencyStructure* StructureOf(ByteView value, const DependencyDescriptor& descriptor);
  const DependencyStructure* Learn(const DependencyStructure& structure, uint16_t frame);
  void RecordFrame(uint16_t frame);
  void RecordActive(const FrameDependencies& frame);
  // The frame came before the latest structure did.
  bool IsLate(uint16_t frame) const;

  Known& latest() const { return (*store_)[latest_]; }
  Known& former() const { return (*store_)[1 - latest_]; }

  std::unique_ptr<Store> store_;
  uint8_t latest_ = 0;
  bool has_former_ = false;
  // The latest structure is so new that packets from before it may come.
  bool changed_lately_ = false;
  uint16_t newest_frame_ = 0;
  uint16_t active_since_ = 0;  // the frame that stated active_targets_
  uint32_t active_targets_ = 0;
  uint32_t generation_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_DEPENDENCY_TRACKER_H_

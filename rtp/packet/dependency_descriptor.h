// The AV1 dependency descriptor (AOMedia, "RTP Payload Format For AV1", appendix A), as far as a
// single packet explains it: the mandatory fields, and whether a template structure is attached.
// What the template id stands for is known only to whoever has kept the latest structure.

#ifndef SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_
#define SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::rtp {

struct DependencyDescriptor {
  static constexpr size_t kMandatorySize = 3;

  bool start_of_frame = false;
  bool end_of_frame = false;
  uint8_t template_id = 0;  // 0..63
  uint16_t frame_number = 0;
  // Of the extended descriptor; all false if it is not there.
  bool has_structure = false;
  bool has_active_decode_targets = false;
  bool has_custom_decode_target_indications = false;
  bool has_custom_frame_differences = false;
  bool has_custom_chains = false;

  static std::optional<DependencyDescriptor> Parse(ByteView value);
  bool operator==(const DependencyDescriptor&) const = default;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_PACKET_DEPENDENCY_DESCRIPTOR_H_

#include "rtp/packet/dependency_descriptor.h"

namespace sluice::rtp {

std::optional<DependencyDescriptor> DependencyDescriptor::Parse(ByteView value) {
  ByteReader in(value);
  const uint8_t head = in.U8();
  DependencyDescriptor descriptor;
  descriptor.start_of_frame = (head & 0x80) != 0;
  descriptor.end_of_frame = (head & 0x40) != 0;
  descriptor.template_id = head & 0x3f;
  descriptor.frame_number = in.U16();
  if (!in.ok()) return std::nullopt;
  // Appendix A.8.2: the extended part is there if and only if there are more bytes.
  if (in.empty()) return descriptor;
  const uint8_t flags = in.U8();
  descriptor.has_structure = (flags & 0x80) != 0;
  descriptor.has_active_decode_targets = (flags & 0x40) != 0;
  descriptor.has_custom_decode_target_indications = (flags & 0x20) != 0;
  descriptor.has_custom_frame_differences = (flags & 0x10) != 0;
  descriptor.has_custom_chains = (flags & 0x08) != 0;
  return descriptor;
}

}  // namespace sluice::rtp

// Writes AV1 dependency descriptors (AOMedia, "RTP Payload Format For AV1", appendix A) without any
// code of rtp/, and invents streams of scalable frames to describe.
//
// ScalableStream knows the modes of W3C webrtc-svc: "L1T1" to "L4T2", each also "_KEY", and "S2T1"
// to "S4T2". It derives decode target indications and chains from their definitions in appendix A,
// by looking at which frames of a long stream refer to which, rather than from tables.

#ifndef SLUICE_TESTS_SUPPORT_DEPENDENCY_DESCRIPTOR_BUILDER_H_
#define SLUICE_TESTS_SUPPORT_DEPENDENCY_DESCRIPTOR_BUILDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/packet_builders.h"

namespace sluice::test {

struct DependencyTemplate {
  int spatial = 0, temporal = 0;
  std::string indications;  // one letter per decode target: '-', 'D', 'S' or 'R'
  std::vector<int> frame_diffs = {};
  std::vector<int> chain_diffs = {};

  auto operator<=>(const DependencyTemplate&) const = default;
};

struct DependencyLayout {
  int template_id_offset = 0;
  int target_count = 1;
  int chain_count = 0;
  std::vector<int> protected_by = {};              // one per decode target if there are chains
  std::vector<DependencyTemplate> templates = {};  // by spatial, then by temporal layer
  std::vector<std::pair<int, int>> resolutions = {};
};

// One packet's descriptor; what is not given is not written.
struct DependencyValue {
  bool start_of_frame = true, end_of_frame = true;
  int template_id = 0;
  uint16_t frame_number = 0;
  bool attach_layout = false;
  std::optional<uint32_t> active_targets = std::nullopt;
  std::optional<std::string> indications = std::nullopt;
  std::optional<std::vector<int>> frame_diffs = std::nullopt;
  std::optional<std::vector<int>> chain_diffs = std::nullopt;
};
Bytes WriteDependencyDescriptor(const DependencyValue& value, const DependencyLayout& layout);
// The template_dependency_structure() by itself.
Bytes WriteLayoutAlone(const DependencyLayout& layout);

// "1 00 1100" and so on, blanks ignored; the last byte is filled up with zeros.
Bytes FromBits(std::string_view bits);

struct ScalableFrame {
  bool key_picture = false;
  bool attach_layout = false;  // the first frame of a key picture
  int spatial = 0, temporal = 0;
  int template_id = 0;
  uint16_t number = 0;
  std::vector<uint16_t> references;  // numbers of the frames it refers to directly
  std::string indications;           // as in its template
  bool last_of_picture = false;
};

// All modes that ScalableStream knows, those of W3C webrtc-svc and one size more (of T3, chains
// would be longer than a template can say).
inline constexpr const char* kScalabilityModes[] = {
    "L1T1", "L1T2", "L1T3",     "L2T1",     "L2T2",     "L2T3",     "L3T1",     "L3T2",
    "L3T3", "L4T2", "L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY",
    "S2T1", "S2T2", "S2T3",     "S3T1",     "S3T2",     "S3T3",     "S4T2",
};

class ScalableStream {
 public:
  explicit ScalableStream(std::string_view mode, uint16_t first_number = 0,
                          int template_id_offset = 0);

  int spatial_layers() const { return spatial_layers_; }
  int temporal_layers() const { return temporal_layers_; }
  // Decode target `spatial * temporal_layers() + temporal` is that layer.
  const DependencyLayout& layout() const { return layout_; }

  // The next picture: one frame per spatial layer. The first one is always a key picture.
  std::vector<ScalableFrame> NextPicture(bool key = false);
  Bytes Describe(const ScalableFrame& frame, bool first_packet = true, bool last_packet = true,
                 std::optional<uint32_t> active_targets = std::nullopt) const;

 private:
  struct Node {
    int picture = 0, spatial = 0, temporal = 0;
    std::vector<int> references;  // indices of earlier nodes
  };

  bool InTarget(const Node& node, int spatial, int temporal) const;
  bool InChain(const Node& node, int chain) const;
  int TemporalAt(int picture) const;
  std::vector<Node> MakeNodes(int pictures) const;
  std::string IndicationsOf(const std::vector<Node>& nodes, int index) const;
  std::vector<int> ChainDiffsOf(const std::vector<Node>& nodes, int index) const;
  DependencyTemplate TemplateOf(const std::vector<Node>& nodes, int index) const;

  enum class Prediction { kFull, kKeyPictures, kNone };

  int spatial_layers_ = 1, temporal_layers_ = 1;
  Prediction between_layers_ = Prediction::kFull;
  int period_ = 1;
  DependencyLayout layout_;
  // Of a key picture and the period after it, frame by frame; indices into layout_.templates.
  std::vector<size_t> template_of_;
  uint16_t next_number_;
  int picture_ = 0;  // since the key picture
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_DEPENDENCY_DESCRIPTOR_BUILDER_H_

#include "tests/support/dependency_descriptor_builder.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace sluice::test {
namespace {

// Bits as text until they are complete: slow, and hard to get wrong.
class BitText {
 public:
  void F(uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) text_ += (value >> i & 1) != 0 ? '1' : '0';
  }

  // write_ns() of appendix A.8.2.
  void Ns(uint32_t value, uint32_t values) {
    int width = 0;
    for (uint32_t rest = values; rest != 0; rest /= 2) ++width;
    const uint32_t shorter = (1u << width) - values;
    if (value < shorter) {
      F(value, width - 1);
    } else {
      F(value + shorter, width);
    }
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void WriteIndications(const std::string& letters, BitText& out) {
  constexpr std::string_view kOrder = "-DSR";
  for (char letter : letters) out.F(static_cast<uint32_t>(kOrder.find(letter)), 2);
}

void WriteLayers(const std::vector<DependencyTemplate>& templates, BitText& out) {
  for (size_t i = 1; i < templates.size(); ++i) {
    const DependencyTemplate& before = templates[i - 1];
    const DependencyTemplate& now = templates[i];
    if (now.spatial == before.spatial && now.temporal == before.temporal) {
      out.F(0, 2);
    } else if (now.spatial == before.spatial) {
      SLUICE_CHECK(now.temporal == before.temporal + 1);
      out.F(1, 2);
    } else {
      SLUICE_CHECK(now.spatial == before.spatial + 1 && now.temporal == 0);
      out.F(2, 2);
    }
  }
  out.F(3, 2);
}

void WriteChains(const DependencyLayout& layout, BitText& out) {
  out.Ns(static_cast<uint32_t>(layout.chain_count), static_cast<uint32_t>(layout.target_count + 1));
  if (layout.chain_count == 0) return;
  for (int chain : layout.protected_by) {
    out.Ns(static_cast<uint32_t>(chain), static_cast<uint32_t>(layout.chain_count));
  }
  for (const DependencyTemplate& one : layout.templates) {
    for (int diff : one.chain_diffs) out.F(static_cast<uint32_t>(diff), 4);
  }
}

void WriteLayout(const DependencyLayout& layout, BitText& out) {
  out.F(static_cast<uint32_t>(layout.template_id_offset), 6);
  out.F(static_cast<uint32_t>(layout.target_count - 1), 5);
  WriteLayers(layout.templates, out);
  for (const DependencyTemplate& one : layout.templates) WriteIndications(one.indications, out);
  for (const DependencyTemplate& one : layout.templates) {
    for (int diff : one.frame_diffs) {
      out.F(1, 1);
      out.F(static_cast<uint32_t>(diff - 1), 4);
    }
    out.F(0, 1);
  }
  WriteChains(layout, out);
  out.F(layout.resolutions.empty() ? 0 : 1, 1);
  for (const auto& [width, height] : layout.resolutions) {
    out.F(static_cast<uint32_t>(width - 1), 16);
    out.F(static_cast<uint32_t>(height - 1), 16);
  }
}

void WriteFrameDiffs(const std::vector<int>& diffs, BitText& out) {
  for (int diff : diffs) {
    const int nibbles = diff <= 16 ? 1 : diff <= 256 ? 2 : 3;
    out.F(static_cast<uint32_t>(nibbles), 2);
    out.F(static_cast<uint32_t>(diff - 1), 4 * nibbles);
  }
  out.F(0, 2);
}

}  // namespace

Bytes FromBits(std::string_view bits) {
  Bytes out;
  size_t count = 0;
  for (char bit : bits) {
    if (bit != '0' && bit != '1') continue;
    if (count % 8 == 0) out.push_back(0);
    if (bit == '1') out.back() = static_cast<uint8_t>(out.back() | 0x80 >> count % 8);
    ++count;
  }
  return out;
}

Bytes WriteDependencyDescriptor(const DependencyValue& value, const DependencyLayout& layout) {
  BitText out;
  out.F(value.start_of_frame, 1);
  out.F(value.end_of_frame, 1);
  out.F(static_cast<uint32_t>(value.template_id), 6);
  out.F(value.frame_number, 16);
  const bool extended = value.attach_layout || value.active_targets || value.indications ||
                        value.frame_diffs || value.chain_diffs;
  if (!extended) return FromBits(out.text());
  out.F(value.attach_layout, 1);
  out.F(value.active_targets.has_value(), 1);
  out.F(value.indications.has_value(), 1);
  out.F(value.frame_diffs.has_value(), 1);
  out.F(value.chain_diffs.has_value(), 1);
  if (value.attach_layout) WriteLayout(layout, out);
  if (value.active_targets) out.F(*value.active_targets, layout.target_count);
  if (value.indications) WriteIndications(*value.indications, out);
  if (value.frame_diffs) WriteFrameDiffs(*value.frame_diffs, out);
  if (value.chain_diffs) {
    for (int diff : *value.chain_diffs) out.F(static_cast<uint32_t>(diff), 8);
  }
  return FromBits(out.text());
}

Bytes WriteLayoutAlone(const DependencyLayout& layout) {
  BitText out;
  WriteLayout(layout, out);
  return FromBits(out.text());
}

ScalableStream::ScalableStream(std::string_view mode, uint16_t first_number, int template_id_offset)
    : next_number_(first_number) {
  SLUICE_CHECK(mode.size() >= 4 && (mode[0] == 'L' || mode[0] == 'S') && mode[2] == 'T');
  spatial_layers_ = mode[1] - '0';
  temporal_layers_ = mode[3] - '0';
  if (mode[0] == 'S') between_layers_ = Prediction::kNone;
  if (mode.ends_with("_KEY")) between_layers_ = Prediction::kKeyPictures;
  period_ = 1 << (temporal_layers_ - 1);

  layout_.template_id_offset = template_id_offset;
  layout_.target_count = spatial_layers_ * temporal_layers_;
  layout_.chain_count = spatial_layers_;
  for (int i = 0; i < layout_.target_count; ++i) {
    layout_.protected_by.push_back(i / temporal_layers_);
  }
  for (int i = 0; i < spatial_layers_; ++i) {
    layout_.resolutions.emplace_back(320 << i, 180 << i);
  }
  // Two periods more than are described: what an indication looks ahead for shows within one.
  const std::vector<Node> nodes = MakeNodes(1 + 3 * period_);
  std::vector<DependencyTemplate> used;
  for (int i = 0; i < (1 + period_) * spatial_layers_; ++i) used.push_back(TemplateOf(nodes, i));
  const std::set<DependencyTemplate> different(used.begin(), used.end());
  layout_.templates.assign(different.begin(), different.end());
  for (const DependencyTemplate& one : used) {
    template_of_.push_back(
        static_cast<size_t>(std::distance(different.begin(), different.find(one))));
  }
}

std::vector<ScalableFrame> ScalableStream::NextPicture(bool key) {
  if (key) picture_ = 0;
  std::vector<ScalableFrame> frames;
  for (int spatial = 0; spatial < spatial_layers_; ++spatial) {
    const int position = picture_ == 0 ? 0 : 1 + (picture_ - 1) % period_;
    const size_t index = template_of_[static_cast<size_t>(position * spatial_layers_ + spatial)];
    const DependencyTemplate& one = layout_.templates[index];
    ScalableFrame frame{.key_picture = picture_ == 0,
                        .attach_layout = picture_ == 0 && spatial == 0,
                        .spatial = spatial,
                        .temporal = one.temporal,
                        .template_id = (layout_.template_id_offset + static_cast<int>(index)) % 64,
                        .number = next_number_++,
                        .references = {},
                        .indications = one.indications,
                        .last_of_picture = spatial + 1 == spatial_layers_};
    for (int diff : one.frame_diffs) {
      frame.references.push_back(static_cast<uint16_t>(frame.number - diff));
    }
    frames.push_back(std::move(frame));
  }
  ++picture_;
  return frames;
}

Bytes ScalableStream::Describe(const ScalableFrame& frame, bool first_packet, bool last_packet,
                               std::optional<uint32_t> active_targets) const {
  return WriteDependencyDescriptor({.start_of_frame = first_packet,
                                    .end_of_frame = last_packet,
                                    .template_id = frame.template_id,
                                    .frame_number = frame.number,
                                    .attach_layout = frame.attach_layout && first_packet,
                                    .active_targets = active_targets},
                                   layout_);
}

int ScalableStream::TemporalAt(int picture) const {
  const int position = picture % period_;
  if (position == 0) return 0;
  if (position % 2 != 0) return temporal_layers_ - 1;
  return position % 4 != 0 ? temporal_layers_ - 2 : temporal_layers_ - 3;
}

// A frame refers to the latest frame of its size with a lower temporal layer, or with its own if
// that is the lowest; and to the next smaller one of its picture where the mode allows.
std::vector<ScalableStream::Node> ScalableStream::MakeNodes(int pictures) const {
  std::vector<Node> nodes;
  for (int picture = 0; picture < pictures; ++picture) {
    for (int spatial = 0; spatial < spatial_layers_; ++spatial) {
      Node node{picture, spatial, TemporalAt(picture), {}};
      for (int before = picture - 1; before >= 0; --before) {
        const int temporal = TemporalAt(before);
        if (temporal < node.temporal || (temporal == 0 && node.temporal == 0)) {
          node.references.push_back(before * spatial_layers_ + spatial);
          break;
        }
      }
      const bool predicted = between_layers_ == Prediction::kFull ||
                             (between_layers_ == Prediction::kKeyPictures && picture == 0);
      if (spatial > 0 && predicted) node.references.push_back(static_cast<int>(nodes.size()) - 1);
      nodes.push_back(std::move(node));
    }
  }
  return nodes;
}

bool ScalableStream::InTarget(const Node& node, int spatial, int temporal) const {
  if (node.temporal > temporal || node.spatial > spatial) return false;
  if (node.spatial == spatial || between_layers_ == Prediction::kFull) return true;
  return between_layers_ == Prediction::kKeyPictures && node.picture == 0;
}

bool ScalableStream::InChain(const Node& node, int chain) const {
  return node.temporal == 0 && InTarget(node, chain, 0);
}

// Appendix A.4 by its words: discardable if nothing of the target refers to the frame; switch if
// with it and what it needs, all that follows in the target can be decoded.
std::string ScalableStream::IndicationsOf(const std::vector<Node>& nodes, int index) const {
  std::string letters;
  const auto at = [&](int i) -> const Node& { return nodes[static_cast<size_t>(i)]; };
  std::set<int> needed = {index};
  for (int i = index; i >= 0; --i) {
    if (needed.contains(i)) needed.insert(at(i).references.begin(), at(i).references.end());
  }
  for (int target = 0; target < layout_.target_count; ++target) {
    const int spatial = target / temporal_layers_, temporal = target % temporal_layers_;
    if (!InTarget(at(index), spatial, temporal)) {
      letters += '-';
      continue;
    }
    std::set<int> decodable = needed;
    bool referred_to = false, all_decodable = true;
    for (int i = index + 1; i < static_cast<int>(nodes.size()); ++i) {
      if (!InTarget(at(i), spatial, temporal)) continue;
      const auto& references = at(i).references;
      referred_to |= std::ranges::count(references, index) != 0;
      const bool can = std::ranges::all_of(
          references, [&](int reference) { return decodable.contains(reference); });
      if (can) decodable.insert(i);
      all_decodable &= can;
    }
    letters += !referred_to ? 'D' : all_decodable ? 'S' : 'R';
  }
  return letters;
}

std::vector<int> ScalableStream::ChainDiffsOf(const std::vector<Node>& nodes, int index) const {
  std::vector<int> diffs;
  for (int chain = 0; chain < layout_.chain_count; ++chain) {
    int last = index - 1;
    while (last >= 0 && !InChain(nodes[static_cast<size_t>(last)], chain)) --last;
    diffs.push_back(last < 0 ? 0 : index - last);
  }
  return diffs;
}

DependencyTemplate ScalableStream::TemplateOf(const std::vector<Node>& nodes, int index) const {
  const Node& node = nodes[static_cast<size_t>(index)];
  DependencyTemplate one{.spatial = node.spatial,
                         .temporal = node.temporal,
                         .indications = IndicationsOf(nodes, index),
                         .chain_diffs = ChainDiffsOf(nodes, index)};
  for (int reference : node.references) one.frame_diffs.push_back(index - reference);
  return one;
}

}  // namespace sluice::test

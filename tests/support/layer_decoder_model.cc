#include "tests/support/layer_decoder_model.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace sluice::test {
namespace {

using rtp::codec::Kind;

constexpr size_t kMaxComplaints = 12;

// How far `number` is ahead of `other` on a circle of `bits`.
int Ahead(uint32_t number, uint32_t other, int bits) {
  const auto lap = 1 << bits;
  const auto ahead = static_cast<int>((number - other) & static_cast<uint32_t>(lap - 1));
  return ahead >= lap / 2 ? ahead - lap : ahead;
}

}  // namespace

void LayerDecoderModel::RecordDelivered(const LayerPacket& packet) {
  if (fates_.size() < frames_.size()) fates_.resize(frames_.size());
  const LayerFrame& frame = frames_[packet.frame];
  Fate& fate = fates_[packet.frame];
  fate.delivered_at.resize(frame.packets);
  uint32_t& newest = newest_frame_[frame.encoding];
  if (fate.delivered == 0 && packet.frame < newest) fate.overtaken = true;
  newest = std::max(newest, packet.frame);
  if ((fate.delivered >> packet.index & 1) == 0) fate.delivered_at[packet.index] = delivered_;
  // Whatever follows the stop, the rest of the frame that was going on included, is for nobody.
  int64_t& newest_seq = newest_seq_[frame.encoding];
  const bool refused = stopped_ || (break_pending_ && packet.seq > newest_seq);
  if (refused && (fate.delivered >> packet.index & 1) == 0) fate.refused |= 1u << packet.index;
  if (!break_pending_) newest_seq = std::max(newest_seq, packet.seq);
  fate.delivered |= 1u << packet.index;
  if (!refused) deliveries_.push_back({delivered_, {frame.encoding, packet.seq}});
  ++delivered_;
}

void LayerDecoderModel::RecordStopped(bool stopped) {
  stopped_ = stopped;
  break_pending_ |= stopped;
}

void LayerDecoderModel::Receive(ByteView rtp, const LayerPacket& packet) {
  Out out;
  out.present = true;
  out.source_seq = packet.seq;
  out.encoding = frames_[packet.frame].encoding;
  out.frame = packet.frame;
  out.index = packet.index;
  out.at = delivered_;
  static_cast<ReceivedLayerPacket&>(out) = reader_.Read(rtp, frames_[out.frame]);
  // The payload is that of the packet it is said to be.
  SLUICE_CHECK(out.padding || (out.marked_frame == out.frame && out.marked_index == out.index));
  const auto wire = static_cast<uint16_t>(rtp[2] << 8 | rtp[3]);
  const int64_t seq = started_ ? newest_ + Ahead(wire, static_cast<uint32_t>(newest_ & 0xffff), 16)
                               : int64_t{wire} + (1 << 20);
  if (!started_) first_ = seq - 100;
  if (!started_) newest_ = seq;
  started_ = true;
  if (break_pending_ && packet.seq > newest_seq_[out.encoding]) {
    breaks_.push_back(seq);
    break_pending_ = false;
  }
  newest_ = std::max(newest_, seq);
  if (seq < first_) return Complain("a number from before the first");
  const auto place = static_cast<size_t>(seq - first_);
  if (out_.size() <= place) out_.resize(place + 1);
  Out& known = out_[place];
  if (known.present) {
    const bool same = known.frame == out.frame && known.index == out.index &&
                      known.padding == out.padding && known.timestamp == out.timestamp &&
                      known.picture_id == out.picture_id && known.number == out.number;
    if (!same)
      Complain("number " + std::to_string(seq) + " used twice: " + Name(known.frame) + " and " +
               Name(out.frame));
    return;
  }
  known = std::move(out);
}

std::string LayerDecoderModel::Name(uint32_t frame) const {
  const LayerFrame& it = frames_[frame];
  return "frame " + std::to_string(frame) + " (encoding " + std::to_string(it.encoding) +
         " picture " + std::to_string(it.picture) + " S" + std::to_string(it.spatial) + "T" +
         std::to_string(it.temporal) + (it.key_picture ? " key" : "") + " seq " +
         std::to_string(it.first_seq) + "+" + std::to_string(it.packets) + ")";
}

void LayerDecoderModel::Complain(std::string what) {
  if (complaints_.size() < kMaxComplaints) complaints_.push_back(std::move(what));
}

std::vector<std::string> LayerDecoderModel::Judge(bool timed, Summary& summary) {
  fates_.resize(frames_.size());
  for (size_t i = 0; i < fates_.size(); ++i) fates_[i].delivered_at.resize(frames_[i].packets);
  Segment();
  Collect();
  JudgeGaps();
  JudgeTorn();
  JudgeDecoding(summary);
  JudgeMarkers();
  JudgeTimes(timed, summary);
  if (shape_.codec == Kind::kVp8) JudgeVp8(summary);
  if (shape_.codec == Kind::kVp9) JudgeVp9();
  if (shape_.descriptor) JudgeDescriptors();
  if (shape_.descriptor) JudgeActiveTargets();
  summary.segments = segments_.size();
  for (const Out& out : out_) summary.fillers += out.present && out.padding ? 1 : 0;
  return complaints_;
}

// A segment ends where the encoding changes, and where the receiver was made to wait.
void LayerDecoderModel::Segment() {
  std::set<int64_t> breaks(breaks_.begin(), breaks_.end());
  int encoding = -1;  // or a stream inside of it
  for (size_t i = 0; i < out_.size(); ++i) {
    Out& out = out_[i];
    if (!out.present) continue;
    const bool streams_inside = shape_.separate_sizes() && shape_.descriptor;
    const int stream = streams_inside ? frames_[out.frame].spatial : out.encoding;
    // Fillers are of streams that do not pass.
    if ((stream != encoding && !(out.padding && streams_inside)) ||
        breaks.contains(first_ + static_cast<int64_t>(i))) {
      segments_.push_back({out.at, out.encoding, 0});
      encoding = stream;
    }
    out.segment = static_cast<uint32_t>(segments_.size() - 1);
  }
  for (const auto& [at, packet] : deliveries_) {
    for (uint32_t i = SegmentsBegunBy(at); i-- > 0;) {
      if (segments_[i].encoding != packet.first) continue;
      const bool over = i + 1 < segments_.size() && segments_[i + 1].begun_at <= at + 1;
      if (!over) segments_[i].newest_seq = std::max(segments_[i].newest_seq, packet.second);
      break;
    }
  }
}

uint32_t LayerDecoderModel::SegmentsBegunBy(uint32_t at) const {
  const auto after = std::ranges::upper_bound(segments_, at + 1, {}, &SegmentInfo::begun_at);
  return static_cast<uint32_t>(after - segments_.begin());
}

void LayerDecoderModel::Collect() {
  for (size_t i = 0; i < out_.size(); ++i) {
    const Out& out = out_[i];
    if (!out.present || out.padding) continue;
    Fate& fate = fates_[out.frame];
    if (fate.passed == 0) fate.first_out = static_cast<int64_t>(i);
    fate.passed |= 1u << out.index;
    if (!fate.numbered) {
      fate.numbers = out;
      fate.numbered = true;
    } else if (fate.numbers.picture_id != out.picture_id ||
               fate.numbers.base_index != out.base_index ||
               fate.numbers.key_index != out.key_index || fate.numbers.number != out.number ||
               fate.numbers.timestamp != out.timestamp) {
      Complain("packets of one frame disagree: " + Name(out.frame));
    }
    if (out.active) fate.numbers.active = out.active;
  }
}

bool LayerDecoderModel::IsWhole(uint32_t frame) const {
  return fates_[frame].passed == (1u << frames_[frame].packets) - 1;
}

bool LayerDecoderModel::IsExcused(uint32_t frame, uint8_t index, uint32_t segment) const {
  const Fate& fate = fates_[frame];
  if ((fate.delivered >> index & 1) == 0 || (fate.refused >> index & 1) != 0) return true;
  const uint32_t at = fate.delivered_at[index];
  const uint32_t begun = SegmentsBegunBy(at);
  if (begun <= segment + 1) return false;
  // The run it belongs to is over: it may be the rest of a frame that was broken off, or come so
  // late that even the run before the current one is another.
  const int64_t seq = frames_[frame].first_seq + index;
  return begun > segment + 2 || seq > segments_[segment].newest_seq;
}

void LayerDecoderModel::JudgeGaps() {
  const Out* before = nullptr;
  std::map<std::pair<uint8_t, int64_t>, std::pair<uint32_t, uint8_t>> at_seq;
  for (uint32_t i = 0; i < frames_.size(); ++i) {
    for (uint8_t k = 0; k < frames_[i].packets; ++k) {
      at_seq[{frames_[i].encoding, frames_[i].first_seq + k}] = {i, k};
    }
  }
  size_t missing = 0;
  for (const Out& out : out_) {
    if (!out.present) {
      ++missing;
      continue;
    }
    if (before != nullptr && missing > 0) {
      const bool same = out.encoding == before->encoding;
      const int64_t end = same ? out.source_seq : segments_[before->segment].newest_seq + 1;
      size_t excused = 0;
      for (int64_t seq = before->source_seq + 1; seq < end; ++seq) {
        const auto found = at_seq.find({before->encoding, seq});
        if (found == at_seq.end()) continue;
        const auto [frame, index] = found->second;
        if (IsExcused(frame, index, before->segment)) ++excused;
      }
      if (missing > excused) {
        Complain(std::to_string(missing) + " numbers are missing behind " + Name(before->frame) +
                 ", and the network lost " + std::to_string(excused));
      }
    }
    missing = 0;
    before = &out;
  }
}

void LayerDecoderModel::JudgeTorn() {
  for (uint32_t i = 0; i < fates_.size(); ++i) {
    const Fate& fate = fates_[i];
    if (fate.passed == 0 || IsWhole(i)) continue;
    for (uint8_t k = 0; k < frames_[i].packets; ++k) {
      if ((fate.passed >> k & 1) != 0) continue;
      if (!IsExcused(i, k, fate.numbers.segment)) {
        Complain("packet " + std::to_string(k) + " was left out of " + Name(i));
      }
    }
  }
}

bool LayerDecoderModel::NetworkTore(uint32_t frame) const {
  for (uint8_t k = 0; k < frames_[frame].packets; ++k) {
    if ((fates_[frame].delivered >> k & 1) == 0) return true;
    if (fates_[frame].passed != 0 && (fates_[frame].passed >> k & 1) == 0 &&
        IsExcused(frame, k, fates_[frame].numbers.segment)) {
      return true;
    }
  }
  return false;
}

std::vector<uint32_t> LayerDecoderModel::Order() const {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < fates_.size(); ++i) {
    if (fates_[i].passed != 0) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](uint32_t i) { return fates_[i].first_out; });
  return order;
}

void LayerDecoderModel::JudgeDecoding(Summary& summary) {
  for (uint32_t i : Order()) {
    Fate& fate = fates_[i];
    fate.network = NetworkTore(i);
    if (!IsWhole(i)) continue;
    fate.decodable = true;
    for (uint32_t reference : frames_[i].references) {
      const Fate& needed = fates_[reference];
      if (needed.decodable) continue;
      fate.decodable = false;
      // Nothing of it passed: did it never come, or so late that its run was over?
      bool network = needed.passed != 0 ? needed.network : NetworkTore(reference);
      for (uint8_t k = 0; k < frames_[reference].packets && needed.passed == 0; ++k) {
        network |= IsExcused(reference, k, fate.numbers.segment);
      }
      fate.network |= network;
      if (!network) {
        Complain(Name(i) + " cannot be decoded without " + Name(reference) + ", which was " +
                 (needed.passed != 0 ? "torn" : "left out"));
      }
    }
    ++(fate.decodable ? summary.decoded : summary.undecodable);
  }
}

void LayerDecoderModel::JudgeMarkers() {
  const Out* before = nullptr;
  for (size_t i = 0; i < out_.size(); ++i) {
    const Out& out = out_[i];
    if (!out.present) before = nullptr;
    if (!out.present || out.padding) continue;
    const auto picture = [&](const Out& it) {
      return std::make_pair(it.encoding, frames_[it.frame].picture);
    };
    if (before != nullptr && before->segment == out.segment) {
      const bool same_picture =
          picture(*before) == picture(out) && before->timestamp == out.timestamp;
      const bool ends = before->index + 1 == frames_[before->frame].packets;
      if (before->marker && same_picture) Complain("marker inside of " + Name(before->frame));
      if (!before->marker && !same_picture && ends && out.source_seq - before->source_seq < 20 &&
          !NetworkTore(before->frame)) {
        // The rest of the picture may have been lost.
        bool lost = false;
        for (uint32_t f = before->frame + 1; f < frames_.size() && f < before->frame + 4; ++f) {
          lost |= frames_[f].encoding == before->encoding &&
                  frames_[f].picture == frames_[before->frame].picture &&
                  fates_[f].delivered != (1u << frames_[f].packets) - 1;
        }
        if (!lost) Complain("no marker behind " + Name(before->frame));
      }
    }
    before = &out;
  }
}

void LayerDecoderModel::JudgeTimes(bool timed, Summary& summary) {
  std::optional<uint32_t> newest;
  std::pair<uint8_t, uint32_t> newest_picture{0, 0};
  std::optional<int64_t> base;
  Timestamp newest_capture{};
  Duration behind{0};
  uint32_t segment = 0;
  for (uint32_t i : Order()) {
    const LayerFrame& frame = frames_[i];
    // A segment that begins with what was captured before the newest of the former one cannot have
    // its true times at once.
    if (fates_[i].numbers.segment != segment) behind = newest_capture - frame.captured;
    segment = fates_[i].numbers.segment;
    newest_capture = std::max(newest_capture, frame.captured);
    const uint32_t timestamp = fates_[i].numbers.timestamp;
    const std::pair<uint8_t, uint32_t> picture{frame.encoding, frame.picture};
    if (newest) {
      const auto step = static_cast<int32_t>(timestamp - *newest);
      if (step < 0 || (step == 0 && picture != newest_picture)) {
        Complain("time goes by " + std::to_string(step) + " at " + Name(i));
      }
    }
    newest = timestamp;
    newest_picture = picture;
    const int64_t truth =
        frame.captured.time_since_epoch().count() * LayerStream::kClockRate / 1'000'000;
    const auto offset = static_cast<int32_t>(timestamp - static_cast<uint32_t>(truth));
    if (!base) base = offset;
    const int64_t error = static_cast<int32_t>(static_cast<uint32_t>(offset - *base));
    summary.worst_time_error = std::max(summary.worst_time_error, std::abs(error));
    const int64_t excused =
        std::max<int64_t>(behind.count(), 0) * LayerStream::kClockRate / 1'000'000;
    if (timed && std::abs(error) > 3100 + excused) {
      Complain("time is off by " + std::to_string(error) + " at " + Name(i));
    }
  }
}

void LayerDecoderModel::JudgeVp8(Summary& summary) {
  const int bits = shape_.short_picture_ids ? 7 : 15;
  std::optional<uint32_t> before;
  uint64_t never_came = 0;  // picture ids, since the last frame that does not care
  for (uint32_t i : Order()) {
    const LayerFrame& frame = frames_[i];
    const Out& now = fates_[i].numbers;
    if (before) {
      const Out& then = fates_[*before].numbers;
      const int step = Ahead(now.picture_id, then.picture_id, bits);
      // Ids between may belong to frames that the network held back.
      int held_back = 0;
      for (uint32_t f = *before + 1; f < frames_.size() && f < *before + 400; ++f) {
        if (now.segment == then.segment && f >= i) break;
        if (frames_[f].encoding != frames_[*before].encoding) continue;
        if (fates_[f].overtaken || fates_[f].delivered == 0) ++held_back;
      }
      if (step < 1 || step > 1 + held_back) {
        Complain("picture id goes by " + std::to_string(step) + " at " + Name(i) + " after " +
                 Name(*before));
      }
      never_came += static_cast<uint64_t>(std::max(step - 1, 0));
      const bool tells_base = stream_.pattern().size() > 1;
      const int bases = Ahead(now.base_index, then.base_index, 8);
      const bool base = frame.temporal == 0;
      if (tells_base && held_back == 0 && bases != (base ? 1 : 0)) {
        Complain("TL0PICIDX goes by " + std::to_string(bases) + " at " + Name(i));
      }
      const int keys = Ahead(now.key_index, then.key_index, 5);
      if (held_back == 0 && keys != (frame.key_picture ? 1 : 0)) {
        Complain("KEYIDX goes by " + std::to_string(keys) + " at " + Name(i));
      }
    }
    if (frame.key_picture || frame.layer_sync) never_came = 0;
    if (never_came > 0 && frame.temporal > 0 && fates_[i].decodable) ++summary.stalled;
    before = i;
  }
}

// What a decoder finds out of picture ids must be what is true.
void LayerDecoderModel::JudgeVp9() {
  uint32_t key = 0;
  std::optional<uint32_t> before;
  for (uint32_t i : Order()) {
    const LayerFrame& frame = frames_[i];
    const Out& now = fates_[i].numbers;
    if (before && now.segment != fates_[*before].numbers.segment &&
        std::abs(Ahead(now.picture_id, fates_[*before].numbers.picture_id, 15) - 32) > 31) {
      Complain("a segment does not continue the picture ids at " + Name(i));
    }
    if (before && Ahead(now.picture_id, fates_[*before].numbers.picture_id, 15) < 0) {
      Complain("picture ids go back at " + Name(i));
    }
    before = i;
    if (frame.key_picture) key = i;
    // Without its key picture it cannot be decoded anyway.
    if (frames_[key].picture + frame.since_key != frame.picture) continue;
    const auto since_key = Ahead(now.picture_id, fates_[key].numbers.picture_id, 15);
    const auto& position =
        stream_.pattern()[static_cast<size_t>(since_key) % stream_.pattern().size()];
    if (!shape_.flexible && !frame.key_picture && position.temporal != frame.temporal) {
      Complain("the picture group puts T" + std::to_string(position.temporal) + " at " + Name(i));
    }
    for (uint32_t reference : frame.references) {
      if (frames_[reference].picture == frame.picture || fates_[reference].passed == 0) continue;
      const int back = Ahead(now.picture_id, fates_[reference].numbers.picture_id, 15);
      const bool told = shape_.flexible ? std::ranges::count(now.references, back) == 1
                                        : std::ranges::count(position.back, back) == 1;
      if (!told) Complain("nothing tells that " + Name(i) + " refers to " + Name(reference));
      const int bases = Ahead(now.base_index, fates_[reference].numbers.base_index, 8);
      const int truly = Ahead(frame.base_index, frames_[reference].base_index, 8);
      if (!shape_.flexible && bases != truly) Complain("TL0PICIDX is wrong at " + Name(i));
    }
  }
}

void LayerDecoderModel::JudgeDescriptors() {
  std::optional<uint32_t> before;
  for (uint32_t i : Order()) {
    const Out& now = fates_[i].numbers;
    if (before) {
      const Out& then = fates_[*before].numbers;
      const int step = Ahead(now.number, then.number, 16);
      if (step < 1) Complain("frame numbers go by " + std::to_string(step) + " at " + Name(i));
      if (now.segment != then.segment && step > 64) {
        Complain("a segment does not continue the frame numbers at " + Name(i));
      }
    }
    before = i;
    for (uint32_t reference : frames_[i].references) {
      if (fates_[reference].passed == 0) continue;
      const int back = Ahead(now.number, fates_[reference].numbers.number, 16);
      if (back != Ahead(frames_[i].number, frames_[reference].number, 16)) {
        Complain("nothing tells that " + Name(i) + " refers to " + Name(reference));
      }
    }
  }
}

// What was left out on purpose is part of no decode target that is said to be active.
void LayerDecoderModel::JudgeActiveTargets() {
  uint32_t mask = 0;
  std::optional<uint32_t> before;
  for (uint32_t i : Order()) {
    const Fate& fate = fates_[i];
    if (before && fates_[*before].numbers.segment == fate.numbers.segment) {
      for (uint32_t f = *before + 1; f < i; ++f) {
        if (frames_[f].encoding != frames_[i].encoding || fates_[f].passed != 0) continue;
        if (NetworkTore(f) || IsExcused(f, 0, fate.numbers.segment)) continue;
        if ((frames_[f].targets & mask) != 0) Complain("an active target is without " + Name(f));
      }
    }
    before = i;
    if (fate.numbers.active) mask = *fate.numbers.active;
    if ((fate.passed & 1) == 0) mask = 0;  // It may have told something else.
    if (frames_[i].attach_layout && (fate.passed & 1) != 0 && !fate.numbers.active) {
      Complain("a structure came without active targets: " + Name(i));
    }
  }
}

}  // namespace sluice::test

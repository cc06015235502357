#include "rtp/forward/sequence_mapper.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::rtp {

void SequenceMapper::Reset(SeqNo first) {
  first_number_ = first.value();
  started_ = false;
  head_ = 0;
  segments_ = 0;
}

void SequenceMapper::Start(RtpSeq in, int64_t lead) {
  if (!started_) {
    started_ = true;
    shift_ = in.value - first_number_;
    first_ = in.value - std::min<int64_t>(lead, first_number_);
    newest_ = in.value - 1;
    return;
  }
  SLUICE_DCHECK(in.value > newest_);
  const int64_t next = newest_ + 1 - shift_;
  Archive(newest_);
  shift_ = in.value - next;
  first_ = in.value;
  newest_ = in.value - 1;
}

void SequenceMapper::Restart(RtpSeq in) {
  if (!started_) return Start(in);
  const int64_t next = newest_ + 1 - shift_;
  segments_ = 0;
  shift_ = in.value - next;
  first_ = in.value;
  newest_ = in.value - 1;
}

void SequenceMapper::Skip(RtpSeq in) {
  if (in.value <= newest_) return;
  // Numbers between the newest and `in` are still on their way or lost, and stay reserved.
  Archive(in.value - 1);
  first_ = in.value + 1;
  newest_ = in.value;
  ++shift_;
}

std::optional<SeqNo> SequenceMapper::MapLate(int64_t in) const {
  if (newest_ - in > kWindow) return std::nullopt;
  if (in >= first_) return Number(in, shift_);
  // The last segment that begins at or before `in` is the only one that can hold it.
  size_t low = 0;
  size_t high = segments_;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (At(middle).first <= in) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  const Segment& segment = At(low - 1);
  if (in - segment.first >= segment.length) return std::nullopt;
  return Number(in, segment.shift);
}

void SequenceMapper::Archive(int64_t last) {
  // A run of skipped packets leaves empty segments behind, which say nothing.
  if (last < first_) return;
  if (segments_ == ring_.size()) GrowOrForget();
  const int64_t first = std::max(first_, last - kWindow);
  ring_[(head_ + segments_) & (ring_.size() - 1)] = {first, static_cast<uint32_t>(last - first + 1),
                                                     static_cast<uint16_t>(shift_)};
  ++segments_;
}

void SequenceMapper::GrowOrForget() {
  constexpr size_t kFirstSize = 8;
  const bool oldest_is_useless = segments_ > 0 && newest_ - (At(0).first + At(0).length) >= kWindow;
  if (oldest_is_useless || segments_ == kMaxSegments) {
    head_ = static_cast<uint32_t>((head_ + 1) & (ring_.size() - 1));
    --segments_;
    return;
  }
  std::vector<Segment> larger(ring_.empty() ? kFirstSize : 2 * ring_.size());
  for (size_t i = 0; i < segments_; ++i) larger[i] = At(i);
  ring_ = std::move(larger);
  head_ = 0;
}

}  // namespace sluice::rtp

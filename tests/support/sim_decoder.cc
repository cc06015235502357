#include "tests/support/sim_decoder.h"

#include <algorithm>

namespace sluice::test {

void SimDecoder::Insert(Timestamp now, int64_t seq, const Packet& packet) {
  if (next_ && seq < *next_) return;
  waiting_.emplace(seq, packet);
  if (waiting_.size() > kMaxWaiting) waiting_.erase(waiting_.begin());

  ShowMore(now);
  // A key frame that is whole, ahead of whatever is missing. Only the frame this packet belongs to
  // can have become whole.
  auto begin = waiting_.find(seq);
  while (begin != waiting_.end() && !begin->second.first) {
    const auto before = waiting_.find(begin->first - 1);
    if (before == waiting_.end() || before->second.timestamp != packet.timestamp) return;
    begin = before;
  }
  if (begin == waiting_.end() || !begin->second.key_frame) return;
  const int64_t start = begin->first;
  const std::optional<int64_t> end = EndOfFrame(start);
  if (!end) return;
  if (next_) ++skips_;
  Show(now, start, *end);
  ShowMore(now);
}

void SimDecoder::InsertEmpty(Timestamp now, int64_t seq) {
  if (next_ && seq < *next_) return;
  empty_.insert(seq);
  if (empty_.size() > kMaxWaiting) empty_.erase(empty_.begin());
  ShowMore(now);
}

void SimDecoder::ShowMore(Timestamp now) {
  while (next_) {
    while (empty_.contains(*next_)) ++*next_;
    const std::optional<int64_t> end = EndOfFrame(*next_);
    if (!end) return;
    Show(now, *next_, *end);
  }
}

std::optional<int64_t> SimDecoder::EndOfFrame(int64_t seq) const {
  auto packet = waiting_.find(seq);
  if (packet == waiting_.end() || !packet->second.first) return std::nullopt;
  const uint32_t timestamp = packet->second.timestamp;
  for (int64_t expected = seq;; ++expected, ++packet) {
    if (packet == waiting_.end() || packet->first != expected ||
        packet->second.timestamp != timestamp) {
      return std::nullopt;
    }
    if (packet->second.last) return expected + 1;
  }
}

void SimDecoder::Show(Timestamp now, int64_t begin, int64_t end) {
  if (waiting_.at(begin).key_frame) ++key_pictures_;
  ++pictures_;
  if (!first_picture_) first_picture_ = now;
  if (last_picture_) longest_freeze_ = std::max(longest_freeze_, now - *last_picture_);
  last_picture_ = now;
  next_ = end;
  waiting_.erase(waiting_.begin(), waiting_.lower_bound(end));
  empty_.erase(empty_.begin(), empty_.lower_bound(end));
}

}  // namespace sluice::test

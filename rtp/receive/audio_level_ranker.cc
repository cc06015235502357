#include "rtp/receive/audio_level_ranker.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {
namespace {

constexpr int kQuietest = -127;

AudioLevelRanker::Options InRange(AudioLevelRanker::Options options) {
  options.interval =
      std::clamp(options.interval, AudioLevelRanker::kMinInterval, AudioLevelRanker::kMaxInterval);
  options.max_entries = std::clamp<size_t>(options.max_entries, 1, AudioLevelRanker::kMaxEntries);
  options.threshold = std::clamp(options.threshold, kQuietest, 0);
  return options;
}

}  // namespace

AudioLevelRanker::AudioLevelRanker(const Options& options) : options_(InRange(options)) {}

void AudioLevelRanker::RecordLevel(Timestamp now, AudioStreamKey key, AudioLevel level) {
  Stream* stream = streams_.Find(key);
  if (stream == nullptr) return;
  Duration spoken = kUsualPacket;
  if (stream->last && now - *stream->last <= kLongestPacket) spoken = now - *stream->last;
  stream->last = now;
  stream->sum -= std::min<int64_t>(level.level, -kQuietest) * spoken.count();
  stream->heard += spoken;
  if (!due_) due_ = now + options_.interval;
}

std::optional<AudioLevelRanker::Report> AudioLevelRanker::Poll(Timestamp now) {
  if (!due_ || now < *due_) return std::nullopt;
  CollectLoudest();
  Order();
  WriteReport();
  const bool nothing_new = silent_ && count_ == 0;
  silent_ = count_ == 0;
  // The grid stays where it is, unless whole intervals went by without anybody asking.
  *due_ += options_.interval;
  if (*due_ <= now) due_ = now + options_.interval;
  if (silent_) due_.reset();  // Until the next level.
  if (nothing_new) return std::nullopt;
  return Report(report_.data(), count_);
}

std::optional<int> AudioLevelRanker::VolumeOf(const Stream& stream) const {
  // A quarter of a second has no room for ten packets and a pause.
  const Duration needed = std::min(kShortestVoice, options_.interval * 2 / 5);
  if (stream.heard < needed) return std::nullopt;
  const int64_t heard = stream.heard.count();
  const auto mean = static_cast<int>((stream.sum - heard / 2) / heard);
  return mean < options_.threshold ? std::nullopt : std::optional(mean);
}

// Fills ranked_ with the loudest of the interval that ends now, and begins the next one.
void AudioLevelRanker::CollectLoudest() {
  count_ = 0;
  for (auto& [key, stream] : streams_) {
    if (const auto volume = VolumeOf(stream)) Insert({{key, *volume}, stream.rank});
    stream.sum = 0;
    stream.heard = Duration::zero();
    stream.rank = kMaxEntries;
  }
}

// A place in the last report is worth the margin: nobody falls off the end of the list by a hair.
void AudioLevelRanker::Insert(const Ranked& candidate) {
  const auto worth = [](const Ranked& one) {
    return one.volume.volume + (one.last_rank < kMaxEntries ? kOvertakingMargin : 0);
  };
  size_t at = count_;
  while (at > 0 && worth(candidate) > worth(ranked_[at - 1])) --at;
  if (at == options_.max_entries) return;
  if (count_ < options_.max_entries) ++count_;
  std::move_backward(ranked_.begin() + static_cast<ptrdiff_t>(at),
                     ranked_.begin() + static_cast<ptrdiff_t>(count_ - 1),
                     ranked_.begin() + static_cast<ptrdiff_t>(count_));
  ranked_[at] = candidate;
}

// Begins with the order of the last report, newcomers behind it, and lets each move up as far as it
// is louder by the margin.
void AudioLevelRanker::Order() {
  const std::span<Ranked> list(ranked_.data(), count_);
  std::ranges::sort(list, [](const Ranked& a, const Ranked& b) {
    if (a.last_rank != b.last_rank) return a.last_rank < b.last_rank;
    if (a.volume.volume != b.volume.volume) return a.volume.volume > b.volume.volume;
    return a.volume.stream < b.volume.stream;
  });
  for (size_t i = 1; i < count_; ++i) {
    for (size_t at = i; at > 0; --at) {
      const Ranked& front = list[at - 1];
      const int margin = front.last_rank < kMaxEntries ? kOvertakingMargin : 0;
      if (list[at].volume.volume <= front.volume.volume + margin) break;
      std::swap(list[at], list[at - 1]);
    }
  }
}

void AudioLevelRanker::WriteReport() {
  for (size_t i = 0; i < count_; ++i) {
    report_[i] = ranked_[i].volume;
    if (Stream* stream = streams_.Find(report_[i].stream)) stream->rank = i;
  }
}

}  // namespace sluice::rtp

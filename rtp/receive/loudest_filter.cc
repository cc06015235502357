#include "rtp/receive/loudest_filter.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

LoudestFilter::Options InRange(LoudestFilter::Options options) {
  options.places = std::clamp<size_t>(options.places, 1, LoudestFilter::kMaxPlaces);
  // Without a margin two equal voices would take the place from each other with every packet.
  options.margin = std::clamp(options.margin, 1, -AudioLevelMeter::kSilence);
  options.floor = std::clamp(options.floor, AudioLevelMeter::kSilence, 0);
  return options;
}

}  // namespace

LoudestFilter::LoudestFilter(const Options& options) : options_(InRange(options)) {}

void LoudestFilter::Remove(AudioStreamKey stream) {
  streams_.Remove(stream);
  Holder* holder = FindHolder(stream);
  if (holder == nullptr) return;
  *holder = holders_[--holder_count_];
}

bool LoudestFilter::RecordLevel(Timestamp now, AudioStreamKey stream, AudioLevel level) {
  Holder* holder = FindHolder(stream);
  if (holder == nullptr) {
    if (streams_.Find(stream) == nullptr) return false;
    if (holder_count_ < options_.places) {
      holder = &holders_[holder_count_++];
    } else {
      const int loud = -int{level.level};
      Holder& quietest = Quietest(now);
      if (loud < options_.floor) return false;
      if (loud < quietest.meter.Loudness(now) + options_.margin) return false;
      holder = &quietest;
      ++changes_;
    }
    *holder = {stream, AudioLevelMeter()};
  }
  holder->meter.Record(now, level);
  return true;
}

bool LoudestFilter::IsForwarded(AudioStreamKey stream) const {
  return std::any_of(holders_.begin(), holders_.begin() + static_cast<ptrdiff_t>(holder_count_),
                     [stream](const Holder& holder) { return holder.stream == stream; });
}

LoudestFilter::Holder* LoudestFilter::FindHolder(AudioStreamKey stream) {
  for (size_t i = 0; i < holder_count_; ++i) {
    if (holders_[i].stream == stream) return &holders_[i];
  }
  return nullptr;
}

// Of equals the one with the highest key, so that those who came first stay.
LoudestFilter::Holder& LoudestFilter::Quietest(Timestamp now) {
  Holder* quietest = &holders_[0];
  for (size_t i = 1; i < holder_count_; ++i) {
    const int loud = holders_[i].meter.Loudness(now);
    const int least = quietest->meter.Loudness(now);
    if (loud < least || (loud == least && holders_[i].stream > quietest->stream)) {
      quietest = &holders_[i];
    }
  }
  return *quietest;
}

}  // namespace sluice::rtp

#include "rtp/receive/ended_streams.h"

#include <algorithm>

namespace sluice::rtp {

void EndedStreams::Add(Ssrc ssrc, Place place) {
  Vacate(place.mid, place.rid, place.rtx);
  std::erase_if(known_, [&](const Known& known) { return known.ssrc == ssrc; });
  // It may have been displaced a moment ago, by a stream that has ended together with its own.
  std::erase(news_, ssrc);
  if (known_.size() == kMax) {
    news_.push_back(known_.front().ssrc);
    ++displaced_;
    known_.erase(known_.begin());
  }
  Known& known = known_.emplace_back();
  known.ssrc = ssrc;
  if (!place.mid.empty() || !place.rid.empty()) known.place = std::move(place);
}

const EndedStreams::Place* EndedStreams::Find(Ssrc ssrc) const {
  const auto found = std::ranges::find(known_, ssrc, &Known::ssrc);
  return found != known_.end() && found->place ? &*found->place : nullptr;
}

void EndedStreams::Unplace(Ssrc ssrc) {
  const auto found = std::ranges::find(known_, ssrc, &Known::ssrc);
  if (found != known_.end()) found->place.reset();
}

void EndedStreams::Vacate(std::string_view mid, std::string_view rid, bool rtx) {
  for (Known& known : known_) {
    if (!known.place) continue;
    const Place& place = *known.place;
    if (place.mid == mid && place.rid == rid && place.rtx == rtx) known.place.reset();
  }
}

}  // namespace sluice::rtp

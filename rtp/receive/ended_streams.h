// The SSRCs of streams that have ended, and where in the session each belonged.
//
// RFC 8843 §9.2 has an SSRC belong to its section for as long as there is a session, while what an
// application receives comes and goes: a track is stopped and sent again, and a browser goes on
// under the same SSRC without writing MID and RID again, because it was told long ago that they
// have arrived. So the SSRC outlives the stream, and the next stream of the same place is found by
// it.
//
// Every place is known by the last SSRC that it had, and by no older one: what comes late of those
// must not take the place from who has it now.

#ifndef SLUICE_RTP_RECEIVE_ENDED_STREAMS_H_
#define SLUICE_RTP_RECEIVE_ENDED_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace sluice::rtp {

class EndedStreams {
 public:
  // A publisher of ten pictures in three sizes has sixty SSRCs, and may stop all of them at once.
  // Only the application ends streams, so a peer alone fills nothing; beyond the bound the SSRC
  // that ended first is displaced.
  static constexpr size_t kMax = 64;

  // As it was signalled; without MID and RID there is no place that anybody could come back to.
  struct Place {
    std::string mid;
    std::string rid;
    bool rtx = false;
  };

  // The place is known by this SSRC from now on.
  void Add(Ssrc ssrc, Place place);

  // Where the SSRC belongs; null if that is not known, or not true any more.
  const Place* Find(Ssrc ssrc) const;

  // The SSRC was heard of somewhere else: it has no place any more.
  void Unplace(Ssrc ssrc);
  // The place has another SSRC: it is not known by the one it had.
  void Vacate(std::string_view mid, std::string_view rid, bool rtx);

  size_t size() const { return known_.size(); }
  // SSRCs that were forgotten because there were others: how often in total, and those since the
  // last call of which nothing is known now.
  uint64_t displaced() const { return displaced_; }
  std::vector<Ssrc> TakeDisplaced() { return std::exchange(news_, {}); }

 private:
  struct Known {
    Ssrc ssrc;
    std::optional<Place> place;
  };

  // In the order of ending. Searched from one end to the other: it is short, and only what belongs
  // to no stream is looked up.
  std::vector<Known> known_;
  uint64_t displaced_ = 0;
  std::vector<Ssrc> news_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_ENDED_STREAMS_H_

// Keeps back the last packet of a frame for as long as it is not known whether its picture ends
// there.
//
// A picture of several sizes ends for a receiver with the largest one that it gets, and its last
// packet carries the marker. But encoders that are short of bits leave single sizes out: then a
// smaller one is the end, which shows by what comes next. Without the marker a decoder would wait
// for the rest of the picture, and with it for everything that builds upon it. What comes next is
// nearly always the next size of the same picture, a moment later.

#ifndef SLUICE_RTP_SEND_PICTURE_END_H_
#define SLUICE_RTP_SEND_PICTURE_END_H_

#include <algorithm>
#include <optional>
#include <utility>

#include "rtp/packet/rtp_packet.h"
#include "rtp/send/pacer_queue.h"

namespace sluice::rtp {

class PictureEnd {
 public:
  // What was kept back and is known by `next`, the next packet of any source; `passes` tells
  // whether this receiver gets it.
  std::optional<PacerItem> Take(const RtpPacket& next, bool passes) {
    if (!kept_ || next.ssrc() != kept_->packet.ssrc()) return std::nullopt;
    if (next.unwrapped_seq() <= kept_->packet.unwrapped_seq()) return std::nullopt;
    std::optional<PacerItem> item = std::exchange(kept_, std::nullopt);
    const bool goes_on = passes && next.timestamp() == item->packet.timestamp();
    item->rewrite.marker = !goes_on;
    return item;
  }

  // True if `item` is kept. Not what came late: what follows it has been seen already.
  bool Keep(PacerItem& item) {
    const RtpSeq seq = item.packet.unwrapped_seq();
    const bool newest = !newest_ || item.packet.ssrc() != ssrc_ || seq > *newest_;
    if (newest) {
      newest_ = seq;
      ssrc_ = item.packet.ssrc();
    }
    if (!newest || item.rewrite.marker || !item.packet.description().frame_end) return false;
    kept_ = std::move(item);
    return true;
  }

  bool keeps() const { return kept_.has_value(); }
  void Clear() { kept_.reset(); }

 private:
  std::optional<PacerItem> kept_;
  std::optional<RtpSeq> newest_;  // of `ssrc_`
  Ssrc ssrc_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_PICTURE_END_H_

// Whether one incoming stream is wanted, and the telling of it (TMMBR, RFC 5104 §4.2.1): a sender
// that is told zero sends nothing until it is told more.
//
// What is told is repeated until the sender has acknowledged it (TMMBN), because either may be
// lost. Nothing is told before anybody has said whether the stream is wanted.

#ifndef SLUICE_RTP_RECEIVE_STREAM_DEMAND_H_
#define SLUICE_RTP_RECEIVE_STREAM_DEMAND_H_

#include <chrono>
#include <optional>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp {

class StreamDemand {
 public:
  // A round trip between hosts of one continent takes no longer; what is repeated in vain is one
  // entry of twenty bytes.
  static constexpr Duration kFirstRetry = std::chrono::milliseconds(50);
  // Each repetition waits for twice as long, up to this: a sender that never acknowledges may not
  // know the request at all.
  static constexpr Duration kLastRetry = std::chrono::milliseconds(1600);
  // What a wanted stream may take: everything.
  static constexpr BitRate kEverything = BitRate::Kbps(1'000'000);

  // From now on. True if that is news.
  bool Want(Timestamp now, bool wanted);
  // The sender's word about its bound.
  void RecordBound(BitRate bound);

  bool wanted() const { return wanted_.value_or(true); }
  // What to tell the sender now, if it is time to.
  std::optional<BitRate> Poll(Timestamp now);
  std::optional<Timestamp> NextTimeout() const { return due_; }

 private:
  std::optional<bool> wanted_;
  std::optional<Timestamp> due_;
  Duration retry_ = kFirstRetry;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_STREAM_DEMAND_H_

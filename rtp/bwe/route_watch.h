// Whether a path has become longer rather than full.
//
// A handover or a new route makes every packet take longer from one moment to the next, and looks
// like a queue. But it takes no notice of how much is sent: when a queue of ours would have become
// much shorter, because less is sent, and the delay has not moved, it is the way.
//
// A queue that others keep full moves: their windows grow and shrink.

#ifndef SLUICE_RTP_BWE_ROUTE_WATCH_H_
#define SLUICE_RTP_BWE_ROUTE_WATCH_H_

#include <chrono>
#include <optional>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp::bwe {

class RouteWatch {
 public:
  // Below this there is no queue, above that there is one (on top of what a packet's time is).
  static constexpr Duration kLow{15'000};
  static constexpr Duration kHigh{25'000};
  // From low to high: longer than a queue is looked at for, and feedback takes.
  static constexpr Duration kJump{350'000};
  // How far the delay may move and still have stayed: this, or a twelfth of it.
  static constexpr Duration kStill{3'000};
  static constexpr Duration kMinStay{300'000};

  struct Facts {
    Timestamp now;
    Duration queue{0};
    Duration packet_time{0};
    BitRate estimate;
    BitRate sent_then;  // when that left which has just arrived
    // What arrived when the latest cut was made; zero if there was none.
    BitRate carried;
    std::optional<Timestamp> last_cut;
    bool all_arrives = false;
  };

  // The estimate from before the path became longer, when that has become certain.
  std::optional<BitRate> Record(const Facts& facts);
  void Reset() { *this = RouteWatch(); }

 private:
  void Watch(const Facts& facts);
  void BeginStay(const Facts& facts);

  std::optional<Timestamp> last_low_;
  BitRate estimate_then_;
  bool jumped_ = false;
  Timestamp stays_since_;
  Timestamp updated_;
  Duration least_{0};
  Duration most_{0};
  // By how much a queue of ours would have become shorter since.
  Duration drained_{0};
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_ROUTE_WATCH_H_

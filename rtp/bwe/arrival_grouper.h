// Puts packets that left together into one group and says how the delay changed from one group to
// the next.
//
// A frame leaves as a burst, and within a burst the order of things at a router says nothing about
// the path. Packets that left within 5 ms are one group, and so are packets that a router held back
// and let go in one go.

#ifndef SLUICE_RTP_BWE_ARRIVAL_GROUPER_H_
#define SLUICE_RTP_BWE_ARRIVAL_GROUPER_H_

#include <optional>

#include "base/time.h"
#include "rtp/bwe/feedback_adapter.h"

namespace sluice::rtp::bwe {

class ArrivalGrouper {
 public:
  static constexpr Duration kBurst{5'000};
  // A path that holds packets back for longer than this is congested rather than bursty.
  static constexpr Duration kMaxBurst{100'000};

  // Between the ends of two groups that followed one another.
  struct Variation {
    Duration sent{0};
    Duration arrived{0};
    Duration at{0};  // when the later one arrived

    Duration delay() const { return arrived - sent; }
  };

  // What is now known of the group before this packet's, if the packet begins a new one. Packets
  // come in the order they were sent in; one that comes too late for that is passed over.
  std::optional<Variation> Record(const AckedPacket& packet);

  // What comes next is not compared with what came before.
  void Break();

 private:
  struct Group {
    Timestamp first_sent;
    Timestamp last_sent;
    Duration first_arrival{0};
    Duration last_arrival{0};
  };

  static bool Belongs(const Group& group, const AckedPacket& packet);

  std::optional<Group> previous_;
  std::optional<Group> current_;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_ARRIVAL_GROUPER_H_

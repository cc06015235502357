#include "rtp/bwe/arrival_grouper.h"

#include <algorithm>

namespace sluice::rtp::bwe {

std::optional<ArrivalGrouper::Variation> ArrivalGrouper::Record(const AckedPacket& packet) {
  const Group fresh{packet.sent, packet.sent, packet.arrival, packet.arrival};
  if (!current_) {
    current_ = fresh;
    return std::nullopt;
  }
  if (packet.sent < current_->first_sent) return std::nullopt;
  if (Belongs(*current_, packet)) {
    current_->last_sent = std::max(current_->last_sent, packet.sent);
    current_->last_arrival = std::max(current_->last_arrival, packet.arrival);
    return std::nullopt;
  }
  std::optional<Variation> variation;
  if (previous_) {
    variation = Variation{current_->last_sent - previous_->last_sent,
                          current_->last_arrival - previous_->last_arrival, current_->last_arrival};
  }
  previous_ = current_;
  current_ = fresh;
  return variation;
}

bool ArrivalGrouper::Belongs(const Group& group, const AckedPacket& packet) {
  if (packet.sent - group.first_sent <= kBurst) return true;
  const Duration arrived = packet.arrival - group.last_arrival;
  const Duration sent = packet.sent - group.last_sent;
  return arrived <= kBurst && arrived < sent && packet.arrival - group.first_arrival < kMaxBurst;
}

void ArrivalGrouper::Break() {
  previous_.reset();
  current_.reset();
}

}  // namespace sluice::rtp::bwe

#include "worker/engine/decision_log.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace sluice::worker {
namespace {

uint32_t Bps(BitRate rate) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(rate.bps(), 0, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

void DecisionLog::Record(Timestamp now, const Decision& decision) {
  if (!ring_.empty()) {
    Entry& last = ring_[(next_ + ring_.size() - 1) % ring_.size()];
    if (last.decision.SaysTheSameAs(decision)) {
      ++last.times;
      return;
    }
  }
  if (ring_.size() < entries_) {
    ring_.push_back({now, 1, decision});
    return;
  }
  ring_[next_] = {now, 1, decision};
  next_ = (next_ + 1) % ring_.size();
  ++overwritten_;
}

schema::DecisionLogT DecisionLog::Describe() const {
  schema::DecisionLogT log;
  log.overwritten = overwritten_;
  log.decisions.reserve(ring_.size());
  for (size_t i = 0; i < ring_.size(); ++i) {
    const Entry& entry = ring_[(next_ + i) % ring_.size()];
    auto described = std::make_unique<schema::DecisionT>();
    described->kind = entry.decision.kind;
    described->timestamp_ms = static_cast<uint64_t>(entry.at.time_since_epoch().count() / 1000);
    if (entry.decision.layers) {
      described->layers = std::make_unique<schema::ConsumerLayersT>();
      described->layers->spatial_layer = entry.decision.layers->spatial;
      described->layers->temporal_layer = entry.decision.layers->temporal;
    }
    described->reason = std::string(entry.decision.reason);
    if (entry.decision.available) described->available_bitrate = Bps(*entry.decision.available);
    described->priority = entry.decision.priority;
    described->times = entry.times;
    log.decisions.push_back(std::move(described));
  }
  return log;
}

}  // namespace sluice::worker

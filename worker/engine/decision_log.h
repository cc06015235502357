// Why a consumer got what it got: its last decisions, in a ring that is made once.

#ifndef SLUICE_WORKER_ENGINE_DECISION_LOG_H_
#define SLUICE_WORKER_ENGINE_DECISION_LOG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "control-api/response.h"
#include "rtp/forward/layer.h"

namespace sluice::worker {

struct Decision {
  schema::DecisionKind kind = schema::DecisionKind::Layers;
  // None: nothing is to flow, or the decision is not about layers.
  std::optional<rtp::LayerId> layers = std::nullopt;
  // A name that lives as long as the program.
  std::string_view reason = {};
  // What there was to share; none if no bound was known.
  std::optional<BitRate> available = std::nullopt;
  uint8_t priority = 0;

  // What there is to share moves all the time; a decision that says no more is the same again.
  bool SaysTheSameAs(const Decision& other) const {
    return kind == other.kind && layers == other.layers && reason == other.reason &&
           priority == other.priority;
  }
};

class DecisionLog {
 public:
  // A decision takes some 64 bytes; bandwidth is shared anew ten times in a second at the most.
  static constexpr size_t kMaxEntries = 1024;

  // 1..kMaxEntries
  explicit DecisionLog(size_t entries) : entries_(entries) { ring_.reserve(entries); }

  void Record(Timestamp now, const Decision& decision);

  // The oldest first.
  schema::DecisionLogT Describe() const;

 private:
  struct Entry {
    Timestamp at;
    uint32_t times = 1;
    Decision decision;
  };

  const size_t entries_;
  std::vector<Entry> ring_;
  // Which makes room when it is full: the oldest.
  size_t next_ = 0;
  uint64_t overwritten_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DECISION_LOG_H_

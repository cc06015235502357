// Statistics that the application need not ask for: snapshots at intervals, of the worker, a router
// or a transport with all that belongs to it.
//
// A snapshot may be of thousands of objects, and media shall not wait for it: it is written a chunk
// at a time, a few in each turn. An application that does not read misses snapshots, counted, and
// gets no old ones.

#ifndef SLUICE_WORKER_ENGINE_STATS_FEED_H_
#define SLUICE_WORKER_ENGINE_STATS_FEED_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/ids.h"
#include "base/time.h"
#include "control-api/request.h"
#include "worker/engine/deadline_heap.h"
#include "worker/engine/objects.h"

namespace sluice::worker {

struct Workspace;

class StatsKinds {
 public:
  void Add(schema::StatsKind kind) { bits_ |= Bit(kind); }
  bool Has(schema::StatsKind kind) const { return (bits_ & Bit(kind)) != 0; }
  bool empty() const { return bits_ == 0; }
  static StatsKinds All() {
    StatsKinds all;
    all.bits_ = 0xffffffff;
    return all;
  }

 private:
  static uint32_t Bit(schema::StatsKind kind) { return uint32_t{1} << static_cast<uint8_t>(kind); }

  uint32_t bits_ = 0;
};

struct StatsFeed {
  std::string target;
  // None for the worker.
  std::optional<ObjectRef> object;
  StatsKinds kinds;
  Duration interval{0};
  Timestamp due;
  uint32_t sequence = 0;
  uint32_t skipped = 0;
  // Of the snapshot that is being told: when it began, whether the worker itself is still to come,
  // and what of the objects is.
  std::optional<Timestamp> began;
  bool worker_left = false;
  std::vector<ObjectRef> objects;
  size_t next = 0;
  uint16_t chunk = 0;
};

// All of a worker.
struct StatsFeeds {
  SlotMap<StatsFeed> feeds;
  absl::flat_hash_map<std::string, Handle<StatsFeed>> by_target;
  DeadlineHeap deadlines;
};

// One for each transport of a large worker would be no use to anybody; a few rooms that somebody
// watches closely are.
inline constexpr size_t kMaxStatsFeeds = 256;
inline constexpr Duration kMinStatsInterval = std::chrono::milliseconds(100);
inline constexpr Duration kMaxStatsInterval = std::chrono::hours(1);
// Some 300 bytes and 5 us each.
inline constexpr size_t kObjectsPerChunk = 64;
inline constexpr int kChunksPerTurn = 2;

// `object` is what `target` names, none for the worker. InvalidArgument or ResourceExhausted.
absl::Status SubscribeStats(Workspace& workspace, Timestamp now, const std::string& target,
                            const schema::SubscribeStatsT& options);
void UnsubscribeStats(Workspace& workspace, const std::string& target);

void TellStatsIfDue(Workspace& workspace, Timestamp now);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_STATS_FEED_H_

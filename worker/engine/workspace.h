// Everything one engine owns, as plain data: the objects, the tables that find them, and what waits
// to be sent. The functions that work on it are grouped by occasion: dispatcher (requests),
// media_flow (packets), closing (the end of things), statistics.

#ifndef SLUICE_WORKER_ENGINE_WORKSPACE_H_
#define SLUICE_WORKER_ENGINE_WORKSPACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/drop_reason.h"
#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/deadline_heap.h"
#include "worker/engine/engine.h"
#include "worker/engine/objects.h"
#include "worker/engine/outbox.h"
#include "worker/engine/route_table.h"
#include "worker/engine/transport.h"

namespace sluice::worker {

struct Workspace {
  explicit Workspace(const Engine::Options& engine_options) : options(engine_options) {}

  Engine::Options options;

  SlotMap<Router> routers;
  SlotMap<WebRtcServer> servers;
  SlotMap<Transport> transports;
  SlotMap<Producer> producers;
  SlotMap<Consumer> consumers;
  SlotMap<Observer> observers;
  absl::flat_hash_map<std::string, ObjectRef> names;

  RouteTable routes;
  DeadlineHeap deadlines;
  DeadlineHeap observer_deadlines;
  // Transports that may have something to send or to tell, each once.
  std::vector<Handle<Transport>> awake;
  // Closed, but perhaps with last words to send; erased a turn later, when those have left.
  std::vector<Handle<Transport>> closing;
  std::vector<SocketId> closing_sockets;

  Outbox outbox;
  // Packets that died before a transport was found for them, or after it let them go.
  DropCounters drops;
  uint64_t datagrams_received = 0;
  uint64_t datagrams_sent = 0;
  uint64_t requests = 0;
  uint64_t requests_refused = 0;
  std::optional<int> log_level;
  // Kept for its memory.
  std::vector<rtp::Allocator::Request> requests_scratch;

  // Has `transport` looked at before the turn ends.
  void Wake(Handle<Transport> handle, Transport& transport) {
    if (transport.awake) return;
    transport.awake = true;
    awake.push_back(handle);
  }
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_WORKSPACE_H_

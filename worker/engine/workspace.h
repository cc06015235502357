// Everything one engine owns, as plain data: the objects, the tables that find them, and what waits
// to be sent. The functions that work on it are grouped by occasion: dispatcher (requests),
// media_flow (packets), closing (the end of things), statistics.

#ifndef SLUICE_WORKER_ENGINE_WORKSPACE_H_
#define SLUICE_WORKER_ENGINE_WORKSPACE_H_

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/drop_reason.h"
#include "base/ids.h"
#include "base/time.h"
#include "ice/binding_responder.h"
#include "sctp/association.h"
#include "sctp/stack.h"
#include "worker/engine/deadline_heap.h"
#include "worker/engine/departures.h"
#include "worker/engine/engine.h"
#include "worker/engine/event_log.h"
#include "worker/engine/handshakes.h"
#include "worker/engine/objects.h"
#include "worker/engine/outbox.h"
#include "worker/engine/pending_media.h"
#include "worker/engine/route_table.h"
#include "worker/engine/transport.h"

namespace sluice::worker {

struct Workspace {
  // Where direct transports write; they share it, because what is written is told at once.
  struct DirectOutlet {
    DirectOutlet() { batch.set_forms_trains(false); }

    TransmitBatch batch;
    Departures departures{nullptr};
  };

  explicit Workspace(const Engine::Options& engine_options)
      : options(engine_options), departures(engine_options.cipher), log(engine_options.log) {
    if (options.answers_stun) stun.emplace(options.entropy.U64());
  }

  Engine::Options options;

  // Before the transports, whose associations belong to it.
  sctp::Stack sctp;
  // Whose association it is.
  absl::flat_hash_map<const sctp::Association*, Handle<Transport>> associations;

  SlotMap<Router> routers;
  SlotMap<WebRtcServer> servers;
  SlotMap<Transport> transports;
  SlotMap<Producer> producers;
  SlotMap<Consumer> consumers;
  SlotMap<Observer> observers;
  SlotMap<DataProducer> data_producers;
  SlotMap<DataConsumer> data_consumers;
  absl::flat_hash_map<std::string, ObjectRef> names;

  RouteTable routes;
  // There if Binding requests of anybody are answered.
  std::optional<ice::BindingResponder> stun;
  DeadlineHeap deadlines;
  DeadlineHeap observer_deadlines;
  // Transports that may have something to send or to tell, each once.
  std::vector<Handle<Transport>> awake;
  Handshakes handshakes;
  // Media that its receivers have still to be given.
  PendingMedia pending;
  Departures departures;
  // There once a direct transport has been polled.
  std::unique_ptr<DirectOutlet> direct;
  // Closed, but perhaps with last words to send; erased a turn later, when those have left.
  std::vector<Handle<Transport>> closing;
  std::vector<SocketId> closing_sockets;

  Outbox outbox;
  // Packets that died before a transport was found for them, or after it let them go.
  DropCounters drops;
  uint64_t datagrams_received = 0;
  uint64_t datagrams_sent = 0;
  Engine::Sending sending;
  Engine::TcpUse tcp;
  uint64_t requests = 0;
  uint64_t requests_refused = 0;
  std::optional<int> log_level;
  EventLog log;
  // Kept for its memory.
  std::vector<rtp::Allocator::Request> requests_scratch;

  // Lines of the log, made of texts and integers; only if they are wanted.
  template <typename... Parts>
  void Warn(Timestamp now, LogTag tag, const Parts&... parts) {
    if (log.Warns(tag)) log.Warn(now, outbox, tag, absl::StrCat(Piece(parts)...));
  }
  template <typename... Parts>
  void Debug(Timestamp now, LogTag tag, const Parts&... parts) {
    if (log.Debugs(tag)) log.Debug(now, outbox, tag, absl::StrCat(Piece(parts)...));
  }

  // Has the transport looked at before the turn ends: anything about it may have changed.
  void Wake(Handle<Transport> handle) { Wake(handle, kAwake | kChanged); }
  // The same if there is only media for it.
  void WakeForMedia(Handle<Transport> handle) { Wake(handle, kAwake); }
  bool IsAwake(Handle<Transport> handle) const {
    return handle.slot < states_.size() && states_[handle.slot] != 0;
  }
  bool HasChanged(Handle<Transport> handle) const {
    return handle.slot < states_.size() && (states_[handle.slot] & kChanged) != 0;
  }
  void Sleep(Handle<Transport> handle) { states_[handle.slot] = 0; }

  // Has the transport called at `deadline` and not otherwise.
  void Arm(Handle<Transport> handle, Transport& transport, std::optional<Timestamp> deadline) {
    if (transport.armed == deadline) return;
    transport.armed = deadline;
    deadlines.Set(handle.slot, deadline);
  }

 private:
  // Abseil may have a string_view of its own.
  static absl::string_view Piece(std::string_view text) { return {text.data(), text.size()}; }
  template <std::integral Integer>
  static Integer Piece(Integer number) {
    return number;
  }

  static constexpr uint8_t kAwake = 1;
  static constexpr uint8_t kChanged = 2;

  void Wake(Handle<Transport> handle, uint8_t state) {
    if (handle.slot >= states_.size()) states_.resize(handle.slot + size_t{1});
    if (states_[handle.slot] == 0) awake.push_back(handle);
    states_[handle.slot] = static_cast<uint8_t>(states_[handle.slot] | state);
  }

  // By slot, apart from the transports: waking thousands for a packet touches none of them.
  std::vector<uint8_t> states_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_WORKSPACE_H_

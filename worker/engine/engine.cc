#include "worker/engine/engine.h"

#include <utility>

#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/closing.h"
#include "worker/engine/demux.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/link_events.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/scores.h"
#include "worker/engine/traces.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {
namespace {

// RFC 7983 §7. Only the username half routes a check; the agent proves the rest.
void ReceiveStun(Workspace& workspace, Timestamp now, const Datagram& datagram) {
  if (!ice::LooksLikeStun(datagram.bytes)) {
    workspace.drops.Count(DropReason::kStunMalformed);
    return;
  }
  const std::optional<std::string_view> ufrag = ice::PeekLocalUfrag(datagram.bytes);
  const Handle<Transport> handle =
      ufrag ? workspace.routes.FindByUfrag(*ufrag) : Handle<Transport>();
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr || !ListensOn(workspace, *transport, datagram.path.socket)) {
    workspace.drops.Count(DropReason::kStunUnknownUser);
    return;
  }
  transport->RecordReceived(now, datagram.bytes.size());
  const uint64_t accepted = transport->link.agent().counters().requests;
  transport->link.ReceiveStun(now, datagram);
  HandleLinkEvents(workspace, now, handle);
  if (transport->link.agent().counters().requests != accepted &&
      transport->link.agent().IsValidated(datagram.path)) {
    workspace.routes.Prove(now, datagram.path, handle);
  }
  workspace.Wake(handle, *transport);
}

void ReceiveDtls(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView bytes) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.RecordReceived(now, bytes.size());
  transport.link.ReceiveDtls(now, bytes);
  HandleLinkEvents(workspace, now, handle);
  workspace.Wake(handle, transport);
}

}  // namespace

Engine::Engine(const Options& options)
    : workspace_(std::make_unique<Workspace>(options)),
      dispatcher_(std::make_unique<Dispatcher>(*workspace_)) {
  schema::WorkerRunningT running;
  running.pid = options.pid;
  running.version = SLUICE_VERSION;
  running.schema_version = control::kSchemaVersion;
  workspace_->outbox.Notify({}, std::move(running));
}

Engine::~Engine() = default;

void Engine::HandleDatagram(Timestamp now, SocketId socket, const Endpoint& remote,
                            PacketRef packet) {
  Workspace& workspace = *workspace_;
  ++workspace.datagrams_received;
  const Path path{socket, remote};
  const Wire wire = Classify(packet.bytes());
  if (wire == Wire::kUnknown) {
    workspace.drops.Count(DropReason::kUnknownProtocol);
    return;
  }
  if (wire == Wire::kStun) {
    ReceiveStun(workspace, now, {path, packet.bytes()});
    return;
  }
  // Whoever has not passed a check may not speak, whatever it says: neither start a handshake in
  // somebody's place nor redirect anybody's media.
  const Handle<Transport> handle = workspace.routes.FindByRemote(path);
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr) {
    workspace.drops.Count(DropReason::kUnknownRemote);
    return;
  }
  switch (wire) {
    case Wire::kDtls:
      ReceiveDtls(workspace, now, handle, packet.bytes());
      break;
    case Wire::kRtp:
      ReceiveRtp(workspace, now, *transport, std::move(packet));
      workspace.Wake(handle, *transport);
      break;
    case Wire::kRtcp:
      ReceiveRtcp(workspace, now, handle, std::move(packet));
      workspace.Wake(handle, *transport);
      break;
    case Wire::kStun:
    case Wire::kUnknown:
      break;
  }
}

void Engine::HandleFrame(Timestamp now, ByteView frame) { dispatcher_->HandleFrame(now, frame); }

void Engine::HandleTimeout(Timestamp now) {
  Workspace& workspace = *workspace_;
  EraseClosed(workspace);
  HandleObservers(workspace, now);
  while (std::optional<uint32_t> slot = workspace.deadlines.PopDue(now)) {
    const Handle<Transport> handle = workspace.transports.At(*slot);
    Transport* transport = workspace.transports.Find(handle);
    if (transport == nullptr || transport->closed) continue;
    transport->HandleTimeout(now);
    HandleLinkEvents(workspace, now, handle);
    HandleStreamNeeds(workspace, now, *transport);
    ShareBandwidthIfDue(workspace, now, handle);
    TellScoresIfDue(workspace, now, handle);
    workspace.Wake(handle, *transport);
  }
}

std::optional<Timestamp> Engine::NextTimeout() const {
  // What was closed is erased as soon as its last words are out: at once.
  if (!workspace_->closing.empty() || !workspace_->closing_sockets.empty()) return Timestamp();
  return Earlier(workspace_->deadlines.Next(), workspace_->observer_deadlines.Next());
}

bool Engine::PollTransmit(Timestamp now, TransmitBatch& batch) {
  Workspace& workspace = *workspace_;
  const size_t before = batch.entries().size();
  bool more = false;
  // Polling one transport may wake another, which then stands at the end of the list.
  size_t visited = 0;
  for (; visited < workspace.awake.size() && !more; ++visited) {
    const Handle<Transport> handle = workspace.awake[visited];
    Transport* transport = workspace.transports.Find(handle);
    if (transport == nullptr) continue;
    more = transport->PollTransmit(now, batch);
    TraceProbes(workspace, now, *transport);
    KeepEstimateTrace(workspace, *transport);
    if (more) break;
    transport->awake = false;
    if (transport->closed) continue;
    HandleStreamNeeds(workspace, now, *transport);
    workspace.deadlines.Set(handle.slot, transport->NextTimeout());
  }
  workspace.awake.erase(workspace.awake.begin(),
                        workspace.awake.begin() + static_cast<std::ptrdiff_t>(visited));
  workspace.datagrams_sent += batch.entries().size() - before;
  return more;
}

ByteView Engine::PollMessage() { return workspace_->outbox.Poll(); }

void Engine::RecordDrop(DropReason reason, uint64_t packets) {
  workspace_->drops.Count(reason, packets);
}

void Engine::Close(Timestamp now) {
  std::vector<Handle<Router>> routers;
  workspace_->routers.ForEach(
      [&](Handle<Router> handle, const Router&) { routers.push_back(handle); });
  for (Handle<Router> router : routers) CloseRouter(*workspace_, now, router);
}

std::optional<int> Engine::TakeLogLevel() { return std::exchange(workspace_->log_level, {}); }

}  // namespace sluice::worker

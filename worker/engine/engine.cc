#include "worker/engine/engine.h"

#include <utility>

#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/closing.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/demux.h"
#include "worker/engine/direct_flow.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/link_events.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/packet_traces.h"
#include "worker/engine/plain_flow.h"
#include "worker/engine/scores.h"
#include "worker/engine/stats_feed.h"
#include "worker/engine/traces.h"
#include "worker/engine/webrtc_link.h"
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
    // Connections are for those who belong here.
    const bool is_udp = datagram.path.remote.protocol == TransportProtocol::kUdp;
    if (workspace.stun && is_udp && workspace.stun->Receive(now, datagram)) return;
    workspace.drops.Count(DropReason::kStunUnknownUser);
    return;
  }
  transport->RecordReceived(now, datagram.bytes.size());
  // Nobody else has a ufrag.
  WebRtcLink& link = *transport->As<WebRtcLink>();
  const uint64_t accepted = link.agent().counters().requests;
  link.ReceiveStun(now, datagram);
  HandleLinkEvents(workspace, now, handle);
  if (link.agent().counters().requests != accepted && link.agent().IsValidated(datagram.path)) {
    workspace.routes.Prove(now, datagram.path, handle);
  }
  workspace.Wake(handle);
}

void ReceiveDtls(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView bytes) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.RecordReceived(now, bytes.size());
  transport.As<WebRtcLink>()->ReceiveDtls(now, bytes);
  HandleLinkEvents(workspace, now, handle);
  workspace.Wake(handle);
}

// A few steps of handshakes at once, the others when their turn comes.
void ReceiveDtlsInTurn(Workspace& workspace, Timestamp now, Handle<Transport> handle,
                       PacketRef packet) {
  Transport& transport = *workspace.transports.Find(handle);
  const auto* const link = transport.As<WebRtcLink>();
  if (link == nullptr) {
    transport.drops.Count(DropReason::kDtlsUnexpected);
    return;
  }
  const bool is_step = link->dtls_state() != DtlsState::kConnected;
  if (!is_step || workspace.handshakes.TakeTurn()) {
    ReceiveDtls(workspace, now, handle, packet.bytes());
  } else if (!workspace.handshakes.Push({handle, std::move(packet)})) {
    transport.drops.Count(DropReason::kQueueFull);
  }
}

void TakeHandshakeSteps(Workspace& workspace, Timestamp now) {
  workspace.handshakes.BeginTurn();
  while (workspace.handshakes.CanPop()) {
    const Handshakes::Step step = workspace.handshakes.Pop();
    // It may have been closed in the meantime.
    const Transport* transport = workspace.transports.Find(step.transport);
    if (transport == nullptr || transport->closed) continue;
    ReceiveDtls(workspace, now, step.transport, step.packet.bytes());
  }
}

bool HasClosed(const Workspace& workspace) {
  return !workspace.closing.empty() || !workspace.closing_sockets.empty();
}

// Somebody is told of levels, statistics or packets as time goes by. Mostly nobody is, and then a
// turn has no more to do with it than to know that.
bool IsWatched(const Workspace& workspace) {
  return workspace.observer_deadlines.size() != 0 || workspace.stats_feeds.deadlines.size() != 0 ||
         !workspace.tapped.empty();
}

void HandleWatchers(Workspace& workspace, Timestamp now) {
  if (workspace.observer_deadlines.IsDue(now)) HandleObservers(workspace, now);
  if (workspace.stats_feeds.deadlines.IsDue(now)) TellStatsIfDue(workspace, now);
  if (!workspace.tapped.empty()) TellPacketTraces(workspace, now);
}

std::optional<Timestamp> NextForWatchers(const Workspace& workspace) {
  return Earlier(NextPacketTrace(workspace), Earlier(workspace.stats_feeds.deadlines.Next(),
                                                     workspace.observer_deadlines.Next()));
}

// Answers to whoever asked. True if the batch is full and there is more.
bool PollAnswers(Workspace& workspace, TransmitBatch& batch) {
  while (workspace.stun && !workspace.stun->empty()) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    const Transmit answer = workspace.stun->PollTransmit(room);
    batch.Commit(answer.path, answer.size);
  }
  return false;
}

// All has been said that was to be said: the transport sleeps until its next deadline.
void Rest(Workspace& workspace, Timestamp now, Handle<Transport> handle, Transport& transport,
          bool changed) {
  workspace.Sleep(handle);
  if (transport.closed) return;
  if (changed) {
    HandleStreamNeeds(workspace, now, transport);
    transport.next_change = transport.NextChange();
  }
  workspace.Arm(handle, transport,
                transport.link.ready()
                    ? Earlier(transport.next_change, transport.egress.NextTimeout())
                    : transport.next_change);
}

// Appends all that one peer is owed. True if the batch is full and there is more.
bool Poll(Workspace& workspace, Timestamp now, Handle<Transport> handle, TransmitBatch& batch) {
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr) return false;
  if (transport->link.kind() == LinkKind::kDirect) {
    PollDirect(workspace, now, *transport);
    Rest(workspace, now, handle, *transport, true);
    return false;
  }
  // What one peer is owed at once should leave at once.
  if (batch.room() < Departures::Order::kMaxPackets && !batch.empty()) return true;
  ServeMedia(workspace, now, *transport, &workspace.departures);
  const bool changed = workspace.HasChanged(handle);
  // Sending may have told it something.
  if (changed && transport->data != nullptr) HandleDataEvents(workspace, now, handle);
  const bool more = changed ? transport->PollTransmit(now, batch, workspace.departures)
                            : transport->PollMedia(now, batch, workspace.departures);
  TraceProbes(workspace, now, *transport);
  KeepEstimateTrace(workspace, *transport);
  if (more) return true;
  Rest(workspace, now, handle, *transport, changed);
  return false;
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
    ReceiveUnrouted(workspace, now, path, wire, std::move(packet));
    return;
  }
  switch (wire) {
    case Wire::kDtls:
      ReceiveDtlsInTurn(workspace, now, handle, std::move(packet));
      break;
    case Wire::kRtp:
      ReceiveRtp(workspace, now, *transport, std::move(packet));
      workspace.Wake(handle);
      break;
    case Wire::kRtcp:
      ReceiveRtcp(workspace, now, handle, std::move(packet));
      workspace.Wake(handle);
      break;
    case Wire::kSctp:
      ReceivePlainData(workspace, now, handle, packet.bytes());
      break;
    case Wire::kStun:
    case Wire::kUnknown:
      break;
  }
}

void Engine::HandleDisconnected(Timestamp now, const Path& path) {
  const Handle<Transport> handle = workspace_->routes.FindByRemote(path);
  Transport* transport = workspace_->transports.Find(handle);
  if (transport == nullptr || transport->closed) return;
  auto* const link = transport->As<WebRtcLink>();
  if (link == nullptr) return;  // Has no connections.
  link->LosePath(path);
  HandleLinkEvents(*workspace_, now, handle);
  workspace_->Wake(handle);
}

void Engine::HandleFrame(Timestamp now, ByteView frame) {
  // Who joins now did not hear what was said before, and who leaves did.
  ServeAll(*workspace_, now);
  dispatcher_->HandleFrame(now, frame);
}

void Engine::HandleTimeout(Timestamp now) {
  Workspace& workspace = *workspace_;
  if (HasClosed(workspace)) EraseClosed(workspace, now);
  TakeHandshakeSteps(workspace, now);
  HandleWatchers(workspace, now);
  if (workspace.sctp.size() != 0) HandleSctpTimeout(workspace, now);
  while (workspace.deadlines.IsDue(now)) {
    const Handle<Transport> handle = workspace.transports.At(*workspace.deadlines.PopDue(now));
    Transport* transport = workspace.transports.Find(handle);
    if (transport == nullptr) continue;
    transport->armed.reset();
    if (transport->closed) continue;
    transport->HandleTimeout(now);
    HandleLinkEvents(workspace, now, handle);
    HandleStreamNeeds(workspace, now, *transport);
    ShareBandwidthIfDue(workspace, now, handle);
    TellScoresIfDue(workspace, now, handle);
    workspace.Wake(handle);
  }
}

std::optional<Timestamp> Engine::NextTimeout() const {
  // What was closed is erased as soon as its last words are out: at once.
  if (HasClosed(*workspace_) || !workspace_->handshakes.empty()) return Timestamp();
  std::optional<Timestamp> next = workspace_->deadlines.Next();
  if (workspace_->sctp.size() != 0) next = Earlier(next, workspace_->sctp.NextTimeout());
  return IsWatched(*workspace_) ? Earlier(next, NextForWatchers(*workspace_)) : next;
}

bool Engine::PollTransmit(Timestamp now, TransmitBatch& batch) {
  Workspace& workspace = *workspace_;
  const size_t before = batch.entries().size();
  // Polling one transport may wake another, which then stands at the end of the list.
  size_t visited = 0;
  bool more = PollAnswers(workspace, batch);
  while (!more && visited < workspace.awake.size()) {
    more = Poll(workspace, now, workspace.awake[visited], batch);
    if (more) break;
    ++visited;
    if (visited == workspace.awake.size() && !workspace.pending.empty()) EndServing(workspace, now);
  }
  workspace.awake.erase(workspace.awake.begin(),
                        workspace.awake.begin() + static_cast<std::ptrdiff_t>(visited));
  const size_t refused = workspace.departures.Seal(batch);
  if (refused != 0) workspace.drops.Count(DropReason::kTooLarge, refused);
  workspace.datagrams_sent += batch.entries().size() - before - refused;
  return more;
}

Engine::Waiting Engine::waiting() const {
  return {workspace_->pending.datagrams(), workspace_->pending.picture_is_open()};
}

Engine::Departed Engine::departed() const {
  return {workspace_->departures.datagrams(), workspace_->departures.visits()};
}

ByteView Engine::PollMessage() { return workspace_->outbox.Poll(); }

void Engine::RecordDrop(DropReason reason, uint64_t packets) {
  workspace_->drops.Count(reason, packets);
}

void Engine::RecordHandOver(Timestamp now) {
  for (const Timestamp arrival : workspace_->departures.TakeArrivals()) {
    workspace_->forwarding_delay.Record(now - arrival);
  }
}

void Engine::RecordTurn(const TurnTimes& times) {
  workspace_->turn_time.Record(times.busy);
  if (times.late) workspace_->timer_delay.Record(*times.late);
}

void Engine::RecordSending(const Sending& sending) { workspace_->sending = sending; }

void Engine::RecordTcp(const TcpUse& use) { workspace_->tcp = use; }

void Engine::Close(Timestamp now) {
  std::vector<Handle<Router>> routers;
  workspace_->routers.ForEach(
      [&](Handle<Router> handle, const Router&) { routers.push_back(handle); });
  ServeAll(*workspace_, now);
  for (Handle<Router> router : routers) CloseRouter(*workspace_, now, router);
}

std::optional<int> Engine::TakeLogLevel() { return std::exchange(workspace_->log_level, {}); }

}  // namespace sluice::worker

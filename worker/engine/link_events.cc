#include "worker/engine/link_events.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "worker/engine/data_flow.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/traces.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

// Whatever waits for a key frame can have one from now on.
void WakeConsumers(Workspace& workspace, Timestamp now, const Transport& transport) {
  for (Handle<Consumer> handle : transport.consumers) {
    Consumer* consumer = workspace.consumers.Find(handle);
    if (consumer != nullptr) ApplyPause(workspace, now, *consumer);
  }
}

class Visitor {
 public:
  Visitor(Workspace& workspace, Timestamp now, Handle<Transport> handle, Transport& transport)
      : workspace_(workspace), now_(now), handle_(handle), transport_(transport) {}

  void operator()(const ice::LiteAgent::StateChanged& event) {
    schema::IceStateChangeT news;
    news.state = ice::StateName(event.state);
    workspace_.Debug(now_, LogTag::Ice, "transport ", transport_.id, ": ICE is ", news.state);
    workspace_.outbox.Notify(transport_.id, std::move(news));
  }

  void operator()(const ice::LiteAgent::PathValidated& event) {
    workspace_.routes.Prove(now_, event.path, handle_);
    transport_.paths.push_back(event.path);
    if (event.path.remote.protocol == TransportProtocol::kTcp) {
      workspace_.options.sockets.Keep(event.path);
    }
  }

  void operator()(const ice::LiteAgent::PathSelected& event) {
    schema::IceSelectedTupleChangeT news;
    news.tuple = DescribeTuple(workspace_, transport_, event.path);
    workspace_.Debug(now_, LogTag::Ice, "transport ", transport_.id, ": the path goes to ",
                     news.tuple->remote_ip, " port ", news.tuple->remote_port);
    workspace_.outbox.Notify(transport_.id, std::move(news));
    BeginSending(workspace_, now_, transport_);
  }

  void operator()(const ice::LiteAgent::PathRemoved& event) {
    workspace_.routes.RemovePath(event.path, handle_);
    std::erase(transport_.paths, event.path);
    ReleasePath(workspace_, event.path);
  }

  void operator()(WebRtcLink::DtlsChanged& event) {
    schema::DtlsStateChangeT news;
    news.state = DtlsStateName(event.state);
    news.remote_certificate = std::move(event.remote_certificate_pem);
    news.reason = event.reason;
    LogDtls(event);
    workspace_.outbox.Notify(transport_.id, std::move(news));
    if (event.state == DtlsState::kConnected) WakeConsumers(workspace_, now_, transport_);
    if (transport_.data != nullptr) FollowDtls(workspace_, now_, handle_, event.state);
  }

  void operator()(const WebRtcLink::ApplicationData& event) {
    ReceiveData(workspace_, now_, handle_, event.bytes);
  }

 private:
  void LogDtls(const WebRtcLink::DtlsChanged& event) {
    const std::string_view state = DtlsStateName(event.state);
    const std::string_view because = event.reason.empty() ? "" : ": ";
    if (event.state == DtlsState::kFailed) {
      workspace_.Warn(now_, LogTag::Dtls, "transport ", transport_.id, ": DTLS is ", state, because,
                      event.reason);
    } else {
      workspace_.Debug(now_, LogTag::Dtls, "transport ", transport_.id, ": DTLS is ", state,
                       because, event.reason);
    }
    if (event.state != DtlsState::kConnected) return;
    workspace_.Debug(now_, LogTag::Srtp, "transport ", transport_.id, ": SRTP by ",
                     transport_.link.srtp_profile());
  }

  Workspace& workspace_;
  Timestamp now_;
  Handle<Transport> handle_;
  Transport& transport_;
};

}  // namespace

void HandleLinkEvents(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  auto* const link = transport.As<WebRtcLink>();
  if (link == nullptr) return;
  Visitor visitor(workspace, now, handle, transport);
  while (std::optional<WebRtcLink::Event> event = link->PollEvent()) {
    std::visit(visitor, *event);
  }
  if (!link->ready()) {
    transport.egress.ReleasePackets();
    TakeEverything(workspace, now, transport);
  }
  const bool stale = std::ranges::any_of(transport.ufrags, [&](const std::string& ufrag) {
    return !link->agent().AcceptsUfrag(ufrag);
  });
  if (stale) RouteUfrag(workspace, handle, transport);
}

void AdoptPath(Workspace& workspace, Timestamp now, Handle<Transport> handle, const Path& path) {
  workspace.routes.Prove(now, path, handle);
  workspace.transports.Find(handle)->paths.push_back(path);
}

void BeginSending(Workspace& workspace, Timestamp now, Transport& transport) {
  transport.egress.RestartEstimate(now);
  // On the old path nothing arrived any more, and so everybody was paused.
  transport.allocator.LiftHolds();
  WakeConsumers(workspace, now, transport);
}

namespace {

void TraceRequests(Workspace& workspace, Timestamp now, Transport& transport) {
  for (const Ingress::RequestSent& request : transport.ingress.TakeRequests()) {
    const Producer* producer = workspace.producers.Find(request.producer);
    if (producer == nullptr) continue;
    const auto key_frame = request.fir ? schema::TraceType::Fir : schema::TraceType::Pli;
    TraceFeedback(workspace, now, *producer,
                  {request.packets != 0 ? schema::TraceType::Nack : key_frame, request.ssrc,
                   request.packets});
  }
}

}  // namespace

void HandleStreamNeeds(Workspace& workspace, Timestamp now, Transport& transport) {
  if (transport.ingress.has_requests()) TraceRequests(workspace, now, transport);
  for (const Ingress::EncodingRef& encoding : transport.ingress.TakeKeyFrameNeeds()) {
    AskKeyFrame(workspace, now, encoding);
  }
}

void RouteUfrag(Workspace& workspace, Handle<Transport> handle, Transport& transport) {
  for (const std::string& ufrag : transport.ufrags) workspace.routes.RemoveUfrag(ufrag);
  transport.ufrags.clear();
  for (std::string_view ufrag : transport.As<WebRtcLink>()->agent().accepted_ufrags()) {
    // Two random names of a worker do not collide; if they did, the older transport keeps its own.
    if (workspace.routes.AddUfrag(ufrag, handle)) transport.ufrags.emplace_back(ufrag);
  }
}

const std::vector<ListenPoint>& PointsOf(const Workspace& workspace, const Transport& transport) {
  const WebRtcServer* server = workspace.servers.Find(transport.server);
  return server != nullptr ? server->listen_points : transport.own_points;
}

void ReleasePath(Workspace& workspace, const Path& path) {
  if (path.remote.protocol != TransportProtocol::kTcp) return;
  // It may have been proved anew by another transport of the same peer.
  if (workspace.routes.FindByRemote(path)) return;
  workspace.options.sockets.Release(path);
}

std::unique_ptr<schema::TransportTupleT> DescribeTuple(const Workspace& workspace,
                                                       const Transport& transport,
                                                       const Path& path) {
  auto tuple = std::make_unique<schema::TransportTupleT>();
  for (const ListenPoint& point : PointsOf(workspace, transport)) {
    if (point.socket.id != path.socket) continue;
    tuple->local_address = point.announced_address.empty() ? point.socket.local.address.ToString()
                                                           : point.announced_address;
    tuple->local_port = point.socket.local.port;
  }
  tuple->remote_ip = path.remote.address.ToString();
  tuple->remote_port = path.remote.port;
  tuple->protocol = path.remote.protocol == TransportProtocol::kTcp ? schema::Protocol::Tcp
                                                                    : schema::Protocol::Udp;
  return tuple;
}

bool ListensOn(const Workspace& workspace, const Transport& transport, SocketId socket) {
  return std::ranges::any_of(PointsOf(workspace, transport), [&](const ListenPoint& point) {
    return point.socket.id == socket && transport.Speaks(point.socket.local.protocol);
  });
}

}  // namespace sluice::worker

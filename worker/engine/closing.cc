#include "worker/engine/closing.h"

#include <algorithm>
#include <vector>

#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/link_events.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/packet_traces.h"

namespace sluice::worker {
namespace {

template <typename T>
void Forget(std::vector<Handle<T>>& handles, Handle<T> handle) {
  std::erase(handles, handle);
}

void ForgetName(Workspace& workspace, const std::string& id) { workspace.names.erase(id); }

// The last two steps of a consumer's life: nobody sends to it, nobody finds it.
void EraseConsumer(Workspace& workspace, Timestamp now, Handle<Consumer> handle,
                   const Consumer& consumer) {
  if (Transport* transport = workspace.transports.Find(consumer.transport)) {
    const OutboundStream& stream = transport->egress.stream(consumer.stream);
    transport->past_outgoing.Add(stream.sent.stats(now));
    transport->link.ForgetOutgoing(stream.sent.ssrc());
    if (stream.rtx) transport->link.ForgetOutgoing(stream.rtx->ssrc);
    transport->egress.RemoveStream(consumer.stream);
    transport->allocator.Remove(handle.slot);
    transport->RemoveConsumer(handle);
  }
  if (!consumer.is_part) ForgetName(workspace, consumer.id);
  workspace.consumers.Erase(handle);
}

// The same of data: its channel is closed if nobody else has it.
void EraseDataConsumer(Workspace& workspace, Timestamp now, Handle<DataConsumer> handle,
                       const DataConsumer& consumer) {
  if (Transport* transport = workspace.transports.Find(consumer.transport)) {
    if (consumer.stream) transport->data->ReleaseOutgoing(now, *consumer.stream);
    Forget(transport->data_consumers, handle);
    workspace.Wake(consumer.transport);
  }
  ForgetName(workspace, consumer.id);
  workspace.data_consumers.Erase(handle);
}

// Who comes back under an SSRC goes on counting where it was, as long as there are the keys
// (RFC 3711 §3.3.1), so its state is kept while the SSRC is remembered. Keys that were signalled
// are often handed to a tool that was started anew, which counts from the beginning.
void RemoveStreams(Transport& transport, Handle<Producer> producer) {
  const Ingress::Ended ended = transport.ingress.RemoveProducer(producer);
  const bool is_negotiated = transport.link.kind() == LinkKind::kWebRtc;
  for (Ssrc ssrc : is_negotiated ? ended.forgotten : ended.sources) {
    transport.link.ForgetIncoming(ssrc);
  }
}

}  // namespace

void CloseDataConsumer(Workspace& workspace, Timestamp now, Handle<DataConsumer> handle) {
  DataConsumer* consumer = workspace.data_consumers.Find(handle);
  if (consumer == nullptr) return;
  if (DataProducer* producer = workspace.data_producers.Find(consumer->producer)) {
    Forget(producer->consumers, handle);
  }
  EraseDataConsumer(workspace, now, handle, *consumer);
}

void CloseDataProducer(Workspace& workspace, Timestamp now, Handle<DataProducer> handle) {
  DataProducer* producer = workspace.data_producers.Find(handle);
  if (producer == nullptr) return;
  for (Handle<DataConsumer> consumer_handle : producer->consumers) {
    DataConsumer* consumer = workspace.data_consumers.Find(consumer_handle);
    if (consumer == nullptr) continue;
    workspace.outbox.Notify(consumer->id, schema::ProducerClosedT());
    EraseDataConsumer(workspace, now, consumer_handle, *consumer);
  }
  if (Transport* transport = workspace.transports.Find(producer->transport)) {
    if (producer->stream) transport->data->ReleaseIncoming(now, *producer->stream);
    Forget(transport->data_producers, handle);
    workspace.Wake(producer->transport);
  }
  ForgetName(workspace, producer->id);
  workspace.data_producers.Erase(handle);
}

void CloseConsumer(Workspace& workspace, Timestamp now, Handle<Consumer> handle) {
  Consumer* consumer = workspace.consumers.Find(handle);
  if (consumer == nullptr) return;
  for (Handle<Consumer> part : std::vector(consumer->parts)) CloseConsumer(workspace, now, part);
  if (Producer* producer = workspace.producers.Find(consumer->producer)) {
    producer->RemoveConsumer(handle);
  }
  const Handle<Producer> producer = consumer->producer;
  const Handle<Transport> transport = consumer->transport;
  EraseConsumer(workspace, now, handle, *consumer);
  CancelUnwantedKeyFrame(workspace, producer);
  TellWanted(workspace, now, producer);
  ShareBandwidth(workspace, now, transport);
}

void CloseProducer(Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr) return;
  for (Handle<Consumer> consumer_handle : producer->consumers) {
    Consumer* consumer = workspace.consumers.Find(consumer_handle);
    if (consumer == nullptr) continue;
    if (!consumer->is_part) workspace.outbox.Notify(consumer->id, schema::ProducerClosedT());
    const Handle<Transport> receiver = consumer->transport;
    EraseConsumer(workspace, now, consumer_handle, *consumer);
    // What it took is free for others.
    if (Transport* transport = workspace.transports.Find(receiver)) {
      transport->next_sharing = now;
      workspace.Wake(receiver);
    }
  }
  ForgetProducer(workspace, handle);
  if (Transport* transport = workspace.transports.Find(producer->transport)) {
    for (const InboundStream* stream : transport->ingress.StreamsOf(handle)) {
      if (stream->receiver) transport->past_incoming.Add(stream->receiver->stats(now));
    }
    RemoveStreams(*transport, handle);
    Forget(transport->producers, handle);
  }
  ForgetName(workspace, producer->id);
  workspace.producers.Erase(handle);
}

void CloseObserver(Workspace& workspace, Handle<Observer> handle) {
  Observer* observer = workspace.observers.Find(handle);
  if (observer == nullptr) return;
  for (Handle<Producer> producer : observer->producers) {
    Forget(workspace.producers.Find(producer)->observers, handle);
  }
  if (Router* router = workspace.routers.Find(observer->router)) Forget(router->observers, handle);
  workspace.observer_deadlines.Set(handle.slot, std::nullopt);
  ForgetName(workspace, observer->id);
  workspace.observers.Erase(handle);
}

void CloseTransport(Workspace& workspace, Timestamp now, Handle<Transport> handle) {
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr || transport->closed) return;
  // Copies, because closing one edits the list.
  for (Handle<Producer> producer : std::vector(transport->producers)) {
    CloseProducer(workspace, now, producer);
  }
  for (Handle<Consumer> consumer : std::vector(transport->consumers)) {
    CloseConsumer(workspace, now, consumer);
  }
  for (Handle<DataProducer> producer : std::vector(transport->data_producers)) {
    CloseDataProducer(workspace, now, producer);
  }
  for (Handle<DataConsumer> consumer : std::vector(transport->data_consumers)) {
    CloseDataConsumer(workspace, now, consumer);
  }
  if (Router* router = workspace.routers.Find(transport->router)) {
    Forget(router->transports, handle);
    // What it says last is counted by the worker alone.
    router->past.Add(transport->AllTraffic(now));
  }
  if (WebRtcServer* server = workspace.servers.Find(transport->server)) {
    Forget(server->transports, handle);
  }
  for (const std::string& ufrag : transport->ufrags) workspace.routes.RemoveUfrag(ufrag);
  for (const Path& path : transport->paths) workspace.routes.RemovePath(path, handle);
  for (const ListenPoint& point : transport->own_points) {
    workspace.routes.RemoveSocket(point.socket.id);
  }
  EndPacketTrace(workspace, handle);
  ForgetName(workspace, transport->id);
  workspace.Arm(handle, *transport, std::nullopt);
  // A browser learns from close_notify that SCTP has ended as well, the end of a pipe from this.
  if (transport->data != nullptr) transport->data->association().Abort(now);
  transport->link.Close(now);
  transport->closed = true;
  workspace.closing.push_back(handle);
  workspace.Wake(handle);
}

void CloseRouter(Workspace& workspace, Timestamp now, Handle<Router> handle) {
  Router* router = workspace.routers.Find(handle);
  if (router == nullptr) return;
  for (Handle<Transport> transport : std::vector(router->transports)) {
    CloseTransport(workspace, now, transport);
  }
  for (Handle<Observer> observer : std::vector(router->observers)) {
    CloseObserver(workspace, observer);
  }
  ForgetName(workspace, router->id);
  workspace.routers.Erase(handle);
}

void CloseServer(Workspace& workspace, Timestamp now, Handle<WebRtcServer> handle) {
  WebRtcServer* server = workspace.servers.Find(handle);
  if (server == nullptr) return;
  for (Handle<Transport> transport : std::vector(server->transports)) {
    CloseTransport(workspace, now, transport);
  }
  // Open until the last words of the transports have left through them.
  for (const ListenPoint& point : server->listen_points) {
    workspace.closing_sockets.push_back(point.socket.id);
  }
  ForgetName(workspace, server->id);
  workspace.servers.Erase(handle);
}

void EraseClosed(Workspace& workspace, Timestamp now) {
  std::erase_if(workspace.closing, [&](Handle<Transport> handle) {
    Transport* transport = workspace.transports.Find(handle);
    if (workspace.IsAwake(handle)) return false;  // Has not been polled since.
    const Traffic traffic = transport->AllTraffic(now);
    workspace.past.Add(traffic);
    workspace.drops.Add(traffic.drops);
    for (const Path& path : transport->paths) ReleasePath(workspace, path);
    if (transport->data != nullptr) workspace.associations.erase(&transport->data->association());
    for (const ListenPoint& point : transport->own_points) {
      workspace.closing_sockets.push_back(point.socket.id);
    }
    workspace.transports.Erase(handle);
    return true;
  });
  if (!workspace.closing.empty()) return;
  for (SocketId socket : workspace.closing_sockets) workspace.options.sockets.Close(socket);
  workspace.closing_sockets.clear();
}

}  // namespace sluice::worker

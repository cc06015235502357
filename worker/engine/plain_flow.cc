#include "worker/engine/plain_flow.h"

#include <utility>

#include "sctp/packet_check.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/link_events.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/plain_link.h"

namespace sluice::worker {
namespace {

void Learn(Workspace& workspace, Timestamp now, Handle<Transport> handle, const Path& path,
           bool rtcp) {
  Transport& transport = *workspace.transports.Find(handle);
  PlainLink& link = *transport.As<PlainLink>();
  link.Learn(path, rtcp);
  AdoptPath(workspace, now, handle, path);
  if (link.rtcp_path() == path) {
    schema::RtcpTupleChangeT news;
    news.tuple = DescribeTuple(workspace, transport, path);
    workspace.outbox.Notify(transport.id, std::move(news));
    return;
  }
  schema::TupleChangeT news;
  news.tuple = DescribeTuple(workspace, transport, path);
  workspace.outbox.Notify(transport.id, std::move(news));
  BeginSending(workspace, now, transport);
  if (transport.data != nullptr) BeginData(workspace, now, handle, dtls::Role::kServer);
}

bool CarriesPlainData(const Transport& transport) {
  return transport.data != nullptr && transport.link.kind() == LinkKind::kPlain;
}

// Nobody sends the beginning of an association by accident. Where none is waited for it is no
// protocol at all.
void ReceiveUnroutedData(Workspace& workspace, Timestamp now, const Path& path,
                         Handle<Transport> handle, ByteView bytes) {
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr || !CarriesPlainData(*transport)) {
    DropCounters& drops = transport == nullptr ? workspace.drops : transport->drops;
    drops.Count(DropReason::kUnknownProtocol);
    return;
  }
  const auto contents = sctp::CheckPacket(bytes, kSctpPorts & 0xffff);
  const bool may_show = transport->As<PlainLink>()->MayShowByData(path);
  if (!may_show || !contents || !contents->init) {
    transport->drops.Count(DropReason::kUnknownRemote);
    return;
  }
  Learn(workspace, now, handle, path, false);
  ReceivePlainData(workspace, now, handle, bytes);
}

}  // namespace

void ReceivePlainData(Workspace& workspace, Timestamp now, Handle<Transport> handle,
                      ByteView bytes) {
  Transport& transport = *workspace.transports.Find(handle);
  if (!CarriesPlainData(transport)) {
    transport.drops.Count(DropReason::kUnknownProtocol);
    return;
  }
  transport.RecordReceived(now, bytes.size());
  ReceiveData(workspace, now, handle, bytes);
}

void ReceiveUnrouted(Workspace& workspace, Timestamp now, const Path& path, Wire wire,
                     PacketRef packet) {
  const Handle<Transport> handle = workspace.routes.FindBySocket(path.socket);
  if (wire == Wire::kSctp) {
    ReceiveUnroutedData(workspace, now, path, handle, packet.bytes());
    return;
  }
  Transport* transport = workspace.transports.Find(handle);
  if (transport == nullptr) {
    workspace.drops.Count(DropReason::kUnknownRemote);
    return;
  }
  const bool rtcp = wire == Wire::kRtcp;
  const bool media = rtcp || wire == Wire::kRtp;
  const auto* const link = transport->As<PlainLink>();
  if (!media || !link->MayShow(path, rtcp)) {
    transport->drops.Count(DropReason::kUnknownRemote);
    return;
  }
  const bool valid = rtcp ? ReceiveRtcp(workspace, now, handle, std::move(packet))
                          : ReceiveRtp(workspace, now, *transport, std::move(packet));
  if (valid) Learn(workspace, now, handle, path, rtcp);
  workspace.Wake(handle);
}

}  // namespace sluice::worker

#include "worker/engine/direct_flow.h"

#include <memory>
#include <utility>

#include "worker/engine/demux.h"
#include "worker/engine/media_flow.h"

namespace sluice::worker {
namespace {

std::unique_ptr<schema::PacketT> Packed(ByteView bytes) {
  auto packet = std::make_unique<schema::PacketT>();
  packet->bytes.assign(bytes.begin(), bytes.end());
  return packet;
}

Ssrc SsrcOf(ByteView rtp) {
  ByteReader in(rtp);
  in.Skip(8);
  return Ssrc(in.U32());
}

// False if the application is too far behind.
bool Tell(Workspace& workspace, const Transport& transport, ByteView bytes) {
  if (Classify(bytes) == Wire::kRtcp) {
    schema::RtcpReceivedT news;
    news.packet = Packed(bytes);
    return workspace.outbox.Offer(transport.id, std::move(news));
  }
  const Consumer* consumer = workspace.consumers.Find(transport.egress.ConsumerOf(SsrcOf(bytes)));
  // Padding that would probe a path has nobody to go to.
  if (consumer == nullptr) return true;
  schema::RtpReceivedT news;
  news.packet = Packed(bytes);
  return workspace.outbox.Offer(consumer->id, std::move(news));
}

}  // namespace

void ReceiveDirect(Workspace& workspace, Timestamp now, Handle<Transport> handle, ByteView bytes) {
  Transport& transport = *workspace.transports.Find(handle);
  PacketRef packet = workspace.options.pool.Copy(bytes, now);
  if (!packet) {
    transport.drops.Count(DropReason::kPoolExhausted);
    return;
  }
  if (Classify(bytes) == Wire::kRtcp) {
    ReceiveRtcp(workspace, now, handle, std::move(packet));
  } else {
    ReceiveRtp(workspace, now, transport, std::move(packet));
  }
  workspace.Wake(handle);
}

void PollDirect(Workspace& workspace, Timestamp now, Transport& transport) {
  if (workspace.direct == nullptr) {
    workspace.direct = std::make_unique<Workspace::DirectOutlet>();
  }
  auto& [batch, departures] = *workspace.direct;
  ServeMedia(workspace, now, transport, &departures);
  for (bool more = true; more;) {
    more = transport.PollTransmit(now, batch, departures);
    departures.Seal(batch);
    for (const TransmitBatch::Entry& entry : batch.entries()) {
      if (entry.size == 0 || Tell(workspace, transport, batch.bytes(entry))) continue;
      transport.drops.Count(DropReason::kQueueFull);
    }
    batch.Clear();
  }
}

}  // namespace sluice::worker

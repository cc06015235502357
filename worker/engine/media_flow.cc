#include "worker/engine/media_flow.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "rtp/rtcp/compound.h"

namespace sluice::worker {
namespace {

// Somebody would see the next key frame.
bool IsWatched(const Workspace& workspace, const Producer& producer) {
  return !producer.paused &&
         std::ranges::any_of(producer.consumers, [&](Handle<Consumer> handle) {
           const Consumer* consumer = workspace.consumers.Find(handle);
           return consumer != nullptr && !consumer->paused;
         });
}

// Gives one packet to everybody who hears its producer.
void Forward(Workspace& workspace, Timestamp now, const Ingress::Arrival& arrival) {
  Producer* producer = workspace.producers.Find(arrival.producer);
  if (producer == nullptr) return;
  if (producer->consumers.empty()) {
    workspace.transports.Find(producer->transport)->drops.Count(DropReason::kNoConsumer);
    return;
  }
  bool wants_key_frame = false;
  for (Handle<Consumer> handle : producer->consumers) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    Transport* transport = workspace.transports.Find(consumer->transport);
    if (!transport->link.ready()) {
      transport->egress.Refuse(consumer->stream, DropReason::kNotConnected);
      continue;
    }
    const std::optional<DropReason> refusal =
        transport->egress.Push(now, consumer->stream, arrival.packet, arrival.mapped);
    if (!refusal) {
      workspace.Wake(consumer->transport, *transport);
    } else if (*refusal == DropReason::kAwaitingKeyframe) {
      wants_key_frame = true;
    }
  }
  if (wants_key_frame) AskKeyFrame(workspace, now, arrival.producer);
}

// A report about what the peer sends, or about what it receives, or both.
void ReceiveMember(Workspace& workspace, Timestamp now, Transport& transport,
                   const rtp::RtcpPacket& member, bool& malformed) {
  Ingress::ReportResult reported = transport.ingress.ReceiveReport(now, member);
  if (reported.source_time) {
    const Producer* producer = workspace.producers.Find(reported.source_time->producer);
    for (Handle<Consumer> handle : producer->consumers) {
      const Consumer* consumer = workspace.consumers.Find(handle);
      Transport* receiver = workspace.transports.Find(consumer->transport);
      receiver->egress.RecordSourceTime(consumer->stream, *reported.source_time);
    }
  }
  Egress::FeedbackResult feedback = transport.egress.ReceiveFeedback(now, member);
  for (Handle<Consumer> handle : feedback.key_frame_wishes) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    if (consumer != nullptr) AskKeyFrame(workspace, now, consumer->producer);
  }
  malformed = reported.malformed || feedback.malformed;
}

}  // namespace

void ReceiveRtp(Workspace& workspace, Timestamp now, Transport& transport, PacketRef packet) {
  transport.RecordReceived(now, packet.size());
  if (std::optional<DropReason> reason = transport.link.OpenRtp(packet)) {
    transport.drops.Count(*reason);
    return;
  }
  const Ingress::Verdict verdict = transport.ingress.ReceiveRtp(now, std::move(packet));
  if (const auto* reason = std::get_if<DropReason>(&verdict)) {
    transport.drops.Count(*reason);
    return;
  }
  Forward(workspace, now, std::get<Ingress::Arrival>(verdict));
}

void ReceiveRtcp(Workspace& workspace, Timestamp now, Handle<Transport> handle,
                 PacketRef packet) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.RecordReceived(now, packet.size());
  if (std::optional<DropReason> reason = transport.link.OpenRtcp(packet)) {
    transport.drops.Count(*reason);
    return;
  }
  rtp::CompoundReader compound(packet.bytes());
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) {
    bool malformed = false;
    ReceiveMember(workspace, now, transport, *member, malformed);
    if (malformed) compound.RejectMember();
  }
  if (compound.malformed()) transport.drops.Count(DropReason::kRtcpMalformed);
}

void AskKeyFrame(Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  const Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr || producer->kind != rtp::MediaKind::kVideo) return;
  if (!IsWatched(workspace, *producer)) return;
  Transport* transport = workspace.transports.Find(producer->transport);
  transport->ingress.AskKeyFrame(now, handle);
  workspace.Wake(producer->transport, *transport);
}

void CancelUnwantedKeyFrame(Workspace& workspace, Handle<Producer> handle) {
  const Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr) return;
  if (IsWatched(workspace, *producer)) return;
  workspace.transports.Find(producer->transport)->ingress.CancelKeyFrame(handle);
}

void ApplyPause(Workspace& workspace, Timestamp now, Consumer& consumer) {
  const Producer* producer = workspace.producers.Find(consumer.producer);
  Transport* transport = workspace.transports.Find(consumer.transport);
  const bool paused = consumer.paused || producer->paused;
  transport->egress.SetPaused(consumer.stream, paused);
  if (paused) CancelUnwantedKeyFrame(workspace, consumer.producer);
  // Whoever begins to watch should not have to wait for the next packet to find that a key frame
  // is missing. Nor should it ask too early: a key frame that comes before the keys is wasted, and
  // browsers do not make another one soon after.
  if (!paused && transport->link.ready() && transport->egress.AwaitsKeyFrame(consumer.stream)) {
    AskKeyFrame(workspace, now, consumer.producer);
  }
}

}  // namespace sluice::worker

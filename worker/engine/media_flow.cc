#include "worker/engine/media_flow.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "rtp/packet/dependency_descriptor.h"
#include "rtp/packet/extensions.h"
#include "rtp/rtcp/compound.h"
#include "worker/engine/bandwidth_sharing.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/observers.h"
#include "worker/engine/packet_comments.h"
#include "worker/engine/pipe_demand.h"
#include "worker/engine/pipe_link.h"
#include "worker/engine/traces.h"

namespace sluice::worker {
namespace {

Ssrc SsrcOf(const Workspace& workspace, const Consumer& consumer) {
  return workspace.transports.Find(consumer.transport)->egress.forwarder(consumer.stream).ssrc();
}

// Somebody would see the next key frame of this encoding.
bool IsWatched(const Workspace& workspace, const Producer& producer, uint8_t encoding) {
  if (producer.paused) return false;
  return std::ranges::any_of(producer.consumers, [&](Handle<Consumer> handle) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    if (consumer == nullptr || consumer->stopped()) return false;
    const Transport* transport = workspace.transports.Find(consumer->transport);
    const rtp::Forwarder& forwarder = transport->egress.forwarder(consumer->stream);
    const std::optional<rtp::LayerTarget> current = forwarder.current();
    return forwarder.awaiting_key_frame() == encoding || (current && current->encoding == encoding);
  });
}

void RecordLayers(Workspace& workspace, Timestamp now, Producer& producer,
                  const Ingress::Arrival& arrival) {
  const rtp::codec::Description& description = arrival.packet.description();
  const bool news =
      producer.layers->Record(now, {.encoding = arrival.source->index,
                                    .layer = {description.spatial, description.temporal},
                                    .timestamp = arrival.packet.timestamp(),
                                    .bytes = arrival.packet.size(),
                                    .key_frame = description.key_frame,
                                    .width = arrival.size.width,
                                    .height = arrival.size.height});
  if (news) ShareAnew(workspace, now, producer);
}

// Kept apart, so that packets that say nothing cost one branch.
[[gnu::noinline]] void TellOrientation(Workspace& workspace, Producer& producer, ByteView value) {
  const auto orientation = rtp::VideoOrientation::Parse(value);
  if (!orientation || orientation == producer.told_orientation) return;
  producer.told_orientation = orientation;
  schema::VideoOrientationChangeT news;
  news.camera = orientation->back_camera;
  news.flip = orientation->flip;
  news.rotation = static_cast<uint16_t>(orientation->rotation * 90);
  workspace.outbox.Notify(producer.id, std::move(news));
}

// Whoever does not take the encoding need not look at its media.
EncodingBits MarkOf(const Producer& producer, const Ingress::Arrival& arrival) {
  const bool media = !arrival.packet.payload().empty() && arrival.mapped == producer.media_type;
  return media ? static_cast<EncodingBits>(1u << arrival.source->index) : kForEverybody;
}

// Notes a packet for everybody who takes it.
void Forward(Workspace& workspace, Timestamp now, Ingress::Arrival arrival) {
  Producer* producer = workspace.producers.Find(arrival.producer);
  if (producer == nullptr) return;
  TraceReceived(workspace, now, *producer, arrival.packet);
  if (producer->layers) {
    // Senders say it with some packets only; what the others mean is what was said last.
    const auto turned = arrival.packet.extension(rtp::Extension::kVideoOrientation);
    if (turned) TellOrientation(workspace, *producer, *turned);
    RecordLayers(workspace, now, *producer, arrival);
  }
  const bool heard = producer->kind != rtp::MediaKind::kAudio ||
                     RecordAudioLevel(workspace, now, arrival.producer, arrival.packet);
  if (producer->consumers.empty()) {
    workspace.transports.Find(producer->transport)->drops.Count(DropReason::kNoConsumer);
    return;
  }
  if (workspace.pending.full() || workspace.pending.is_being_served()) ServeAll(workspace, now);
  const EncodingBits mark = MarkOf(*producer, arrival);
  if (mark != kForEverybody) ++(*producer->offered)[arrival.source->index];
  if (producer->takers[IndexOf(mark)] == 0) return;
  if (!workspace.pending.Add(*producer, {std::move(arrival), mark, !heard})) return;
  for (size_t i = 0; i < producer->receivers.size(); ++i) {
    if ((producer->taken[i] & mark) != 0) workspace.WakeForMedia(producer->receivers[i]);
  }
}

// Its dependency descriptor says more than which frame it belongs to.
bool StatesStructure(const rtp::RtpPacket& packet) {
  const auto value = packet.extension(rtp::Extension::kDependencyDescriptor);
  return value && value->size() > rtp::DependencyDescriptor::kMandatorySize;
}

struct Served {
  Consumer& consumer;
  Producer& producer;
  Transport& transport;
  EncodingBits taken;
};

// Gives one consumer what waits of its producer.
void Serve(Workspace& workspace, Timestamp now, const Served& to, Departures* out) {
  auto& [consumer, producer, transport, taken] = to;
  Egress& egress = transport.egress;
  for (uint32_t i = workspace.pending.FirstOf(consumer.producer); i != kNothingPending;
       i = workspace.pending[i].next) {
    const PendingMedia::Entry& entry = workspace.pending[i];
    if ((entry.mark & taken) == 0) continue;
    if (entry.left_out) {
      egress.LeaveOut(now, consumer.stream, entry.arrival, DropReason::kNotLoudest);
      continue;
    }
    if (!transport.link.ready()) {
      egress.Refuse(consumer.stream, DropReason::kNotConnected);
      continue;
    }
    const std::optional<DropReason> refusal = egress.Push(now, consumer.stream, entry.arrival, out);
    if (!refusal) {
      TraceForwarded(workspace, now, consumer, entry.arrival.packet);
    } else if (*refusal == DropReason::kAwaitingKeyframe) {
      const auto encoding = egress.forwarder(consumer.stream).awaiting_key_frame();
      if (encoding) producer.awaited |= 1u << *encoding;
    }
  }
  if (egress.forwarder(consumer.stream).current() != consumer.flowing && transport.link.ready()) {
    TellLayers(workspace, now, consumer);
  }
  // What it has taken may have been the last of its kind.
  if (egress.stream(consumer.stream).ConcernedBy(now) != taken) {
    FollowTarget(workspace, now, transport, consumer);
  }
}

// Why a packet died, and what the log files that under.
struct Death {
  LogTag tag;
  DropReason reason;
};

// Counts it, and tells the log and whoever records packets.
void Drop(Workspace& workspace, Timestamp now, Transport& transport, const Death& death) {
  transport.drops.Count(death.reason);
  if (transport.link.tap() != nullptr) AnnotateDropped(*transport.link.tap(), death.reason);
  // Padding has done its work by coming.
  if (death.reason == DropReason::kRtpPadding) return;
  workspace.Warn(now, death.tag, "transport ", transport.id,
                 ": a packet was dropped: ", DropReasonName(death.reason));
}

// Traces what a receiver asks for, and passes on what only the source can answer.
void ServeFeedback(Workspace& workspace, Timestamp now, const rtp::RtcpPacket& member,
                   const Egress::FeedbackResult& feedback) {
  const bool fir = member.kind() == rtp::RtcpKind::kFir;
  for (Handle<Consumer> handle : feedback.key_frame_wishes) {
    Consumer* consumer = workspace.consumers.Find(handle);
    if (consumer == nullptr) continue;
    LogDecision(now, *consumer, {.kind = schema::DecisionKind::KeyFrameWanted});
    TraceFeedback(
        workspace, now, *consumer,
        {fir ? schema::TraceType::Fir : schema::TraceType::Pli, SsrcOf(workspace, *consumer)});
    workspace.Debug(now, LogTag::Rtcp, "consumer ", consumer->id, ": asks for a key frame by ",
                    fir ? "FIR" : "PLI");
    AskKeyFrameFor(workspace, now, *consumer);
  }
  const Consumer* asking = workspace.consumers.Find(feedback.repeats_for);
  if (asking != nullptr) {
    TraceFeedback(workspace, now, *asking,
                  {schema::TraceType::Nack, SsrcOf(workspace, *asking), feedback.repeats});
    workspace.Debug(now, LogTag::Rtx, "consumer ", asking->id, ": asks for ", feedback.repeats,
                    " packets again");
  }
}

void PassOnSourceTime(Workspace& workspace, Timestamp now, const SourceTime& time) {
  TraceSenderReport(workspace, now, time);
  const Producer* producer = workspace.producers.Find(time.producer);
  for (Handle<Consumer> handle : producer->consumers) {
    const Consumer* consumer = workspace.consumers.Find(handle);
    Transport* receiver = workspace.transports.Find(consumer->transport);
    receiver->egress.RecordSourceTime(consumer->stream, time);
  }
}

// A report about what the peer sends, or about what it receives, or both. False if it makes no
// sense.
bool ReceiveMember(Workspace& workspace, Timestamp now, Transport& transport,
                   const rtp::RtcpPacket& member) {
  const Ingress::ReportResult reported = transport.ingress.ReceiveReport(now, member);
  if (reported.source_time) PassOnSourceTime(workspace, now, *reported.source_time);
  const Egress::FeedbackResult feedback = transport.egress.ReceiveFeedback(now, member);
  ServeFeedback(workspace, now, member, feedback);
  if (!feedback.bounds.empty()) FollowDemand(workspace, now, transport, feedback);
  return !reported.malformed && !feedback.malformed;
}

}  // namespace

bool ReceiveRtp(Workspace& workspace, Timestamp now, Transport& transport, PacketRef packet) {
  transport.RecordReceived(now, packet.size());
  if (std::optional<DropReason> reason = transport.link.OpenRtp(packet)) {
    Drop(workspace, now, transport, {LogTag::Srtp, *reason});
    return false;
  }
  std::optional<rtp::RtpPacket> parsed = transport.ingress.Parse(std::move(packet));
  if (!parsed) {
    Drop(workspace, now, transport, {LogTag::Rtp, DropReason::kRtpMalformed});
    return transport.link.is_protected();
  }
  // What came before was written for the structure that this one may replace.
  if (StatesStructure(*parsed)) ServeAll(workspace, now);
  Ingress::Verdict verdict = transport.ingress.ReceiveRtp(now, *std::move(parsed));
  if (const auto* reason = std::get_if<DropReason>(&verdict)) {
    const bool rtx = *reason == DropReason::kRtxUnwanted || *reason == DropReason::kRtxMalformed;
    Drop(workspace, now, transport, {rtx ? LogTag::Rtx : LogTag::Rtp, *reason});
    return transport.link.is_protected();
  }
  if (transport.link.tap() != nullptr) {
    AnnotateReceived(workspace, *transport.link.tap(), std::get<Ingress::Arrival>(verdict));
  }
  Forward(workspace, now, std::get<Ingress::Arrival>(std::move(verdict)));
  return true;
}

void ServeMedia(Workspace& workspace, Timestamp now, Transport& transport, Departures* out) {
  if (workspace.pending.empty() || transport.served == workspace.pending.round()) return;
  transport.served = workspace.pending.round();
  workspace.pending.BeginServing();
  if (out != nullptr) transport.egress.BeginPoll(now);
  for (size_t i = 0; i < transport.heard.size(); ++i) {
    const EncodingBits taken = transport.taken[i];
    if ((workspace.pending.MarksOf(transport.heard[i]) & taken) == 0) continue;
    Producer& producer = *workspace.producers.Find(transport.heard[i]);
    Consumer& consumer = *workspace.consumers.Find(transport.consumers[i]);
    Serve(workspace, now, {consumer, producer, transport, taken}, out);
  }
}

void EndServing(Workspace& workspace, Timestamp now) {
  for (const PendingMedia::Entry& entry : workspace.pending.entries()) {
    Producer* producer = workspace.producers.Find(entry.arrival.producer);
    if (producer == nullptr) continue;
    producer->open_pictures = 0;
    const uint32_t awaited = std::exchange(producer->awaited, 0);
    for (uint8_t encoding = 0; awaited >> encoding != 0; ++encoding) {
      if ((awaited >> encoding & 1) == 0) continue;
      AskKeyFrame(workspace, now, {entry.arrival.producer, encoding});
    }
  }
  workspace.pending.Clear();
}

void ServeAll(Workspace& workspace, Timestamp now) {
  if (workspace.pending.empty()) return;
  for (size_t i = 0; i < workspace.awake.size(); ++i) {
    Transport* transport = workspace.transports.Find(workspace.awake[i]);
    if (transport != nullptr) ServeMedia(workspace, now, *transport, nullptr);
  }
  EndServing(workspace, now);
}

void FollowTarget(Workspace& workspace, Timestamp now, Transport& transport,
                  const Consumer& consumer) {
  const OutboundStream& stream = transport.egress.stream(consumer.stream);
  const EncodingBits taken = transport.link.ready() ? stream.ConcernedBy(now) : kAllPackets;
  if (taken == stream.untaken.taken()) return;
  transport.egress.Take(consumer.stream, taken);
  transport.SetTaken(stream.consumer, taken);
  workspace.producers.Find(consumer.producer)->SetTaken(stream.consumer, taken);
}

void TakeEverything(Workspace& workspace, Timestamp now, Transport& transport) {
  for (size_t i = 0; i < transport.taken.size(); ++i) {
    if (transport.taken[i] == kAllPackets) continue;
    FollowTarget(workspace, now, transport, *workspace.consumers.Find(transport.consumers[i]));
  }
}

bool ReceiveRtcp(Workspace& workspace, Timestamp now, Handle<Transport> handle, PacketRef packet) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.RecordReceived(now, packet.size());
  if (std::optional<DropReason> reason = transport.link.OpenRtcp(packet)) {
    Drop(workspace, now, transport, {LogTag::Srtp, *reason});
    return false;
  }
  if (transport.data != nullptr && transport.link.kind() == LinkKind::kPipe) {
    if (const std::optional<ByteView> data = PipeLink::ReadData(packet.bytes())) {
      ReceiveData(workspace, now, handle, *data);
      return true;
    }
  }
  rtp::CompoundReader compound(packet.bytes());
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) {
    if (!ReceiveMember(workspace, now, transport, *member)) compound.RejectMember();
  }
  if (compound.malformed()) {
    Drop(workspace, now, transport, {LogTag::Rtcp, DropReason::kRtcpMalformed});
  }
  ShareBandwidthIfDue(workspace, now, handle);
  return transport.link.is_protected() || !compound.malformed();
}

void AskKeyFrame(Workspace& workspace, Timestamp now, const Ingress::EncodingRef& encoding) {
  const Producer* producer = workspace.producers.Find(encoding.producer);
  if (producer == nullptr || producer->kind != rtp::MediaKind::kVideo) return;
  if (!IsWatched(workspace, *producer, encoding.encoding)) return;
  Transport* transport = workspace.transports.Find(producer->transport);
  transport->ingress.AskKeyFrame(now, encoding);
  workspace.Wake(producer->transport);
}

void AskKeyFrameFor(Workspace& workspace, Timestamp now, const Consumer& consumer) {
  const Transport* transport = workspace.transports.Find(consumer.transport);
  const rtp::Forwarder& forwarder = transport->egress.forwarder(consumer.stream);
  const std::optional<rtp::LayerTarget> current = forwarder.current();
  std::optional<uint8_t> encoding = forwarder.awaiting_key_frame();
  if (!encoding && current) encoding = current->encoding;
  if (encoding) AskKeyFrame(workspace, now, {consumer.producer, *encoding});
}

void AskAwaited(Workspace& workspace, Timestamp now, const Consumer& consumer) {
  const Transport* transport = workspace.transports.Find(consumer.transport);
  // A key frame that comes before the keys is wasted, and browsers do not make another one soon
  // after.
  if (!transport->link.ready()) return;
  const std::optional<uint8_t> encoding =
      transport->egress.forwarder(consumer.stream).awaiting_key_frame();
  if (encoding) AskKeyFrame(workspace, now, {consumer.producer, *encoding});
}

void CancelUnwantedKeyFrame(Workspace& workspace, Handle<Producer> handle) {
  const Producer* producer = workspace.producers.Find(handle);
  if (producer == nullptr) return;
  Ingress& ingress = workspace.transports.Find(producer->transport)->ingress;
  for (size_t i = 0; i < producer->plan.encodings.size(); ++i) {
    const auto encoding = static_cast<uint8_t>(i);
    if (!IsWatched(workspace, *producer, encoding)) ingress.CancelKeyFrame({handle, encoding});
  }
}

void ApplyPause(Workspace& workspace, Timestamp now, Consumer& consumer) {
  const Producer* producer = workspace.producers.Find(consumer.producer);
  Transport* transport = workspace.transports.Find(consumer.transport);
  const bool paused = consumer.stopped() || producer->paused;
  transport->egress.SetPaused(consumer.stream, paused);
  FollowTarget(workspace, now, *transport, consumer);
  if (paused) CancelUnwantedKeyFrame(workspace, consumer.producer);
  TellWanted(workspace, now, consumer.producer);
  // Whoever begins to watch should neither have to wait for the next packet to find that a key
  // frame is missing, nor for its turn to be given layers.
  ShareBandwidth(workspace, now, consumer.transport);
  if (!paused) AskAwaited(workspace, now, consumer);
  TellLayers(workspace, now, consumer);
}

}  // namespace sluice::worker

#include "worker/engine/traces.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rtp/packet/extensions.h"

namespace sluice::worker {
namespace {

using schema::TraceDirection;
using schema::TraceType;

uint32_t Bps(BitRate rate) {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(rate.bps(), 0, std::numeric_limits<uint32_t>::max()));
}

// What happened, to whom, and which way it went.
struct Event {
  std::string_view target;
  TraceType type;
  TraceDirection direction;
};

template <typename Info>
void Tell(Workspace& workspace, Timestamp now, const Event& event, Info info) {
  schema::TraceT trace;
  trace.type = event.type;
  trace.timestamp_ms = static_cast<uint64_t>(now.time_since_epoch().count() / 1000);
  trace.direction = event.direction;
  trace.info.Set(std::move(info));
  workspace.outbox.Notify(event.target, std::move(trace));
}

// Empty if the packet does not say.
std::string NameIn(const rtp::RtpPacket& packet, rtp::Extension extension) {
  const std::optional<ByteView> value = packet.extension(extension);
  if (!value) return {};
  return std::string(rtp::ParseStreamName(*value).value_or(std::string_view()));
}

schema::RtpTraceT Describe(const rtp::RtpPacket& packet) {
  schema::RtpTraceT info;
  info.payload_type = packet.payload_type().value();
  info.sequence_number = packet.seq().value();
  info.timestamp = packet.timestamp();
  info.marker = packet.marker();
  info.ssrc = packet.ssrc().value();
  info.is_key_frame = packet.description().key_frame;
  info.size = static_cast<uint32_t>(packet.size());
  info.payload_size = static_cast<uint32_t>(packet.payload().size());
  info.spatial_layer = packet.description().spatial;
  info.temporal_layer = packet.description().temporal;
  info.is_rtx = packet.was_retransmission();
  info.mid = NameIn(packet, rtp::Extension::kMid);
  info.rid = NameIn(packet, rtp::Extension::kRid);
  info.rrid = NameIn(packet, rtp::Extension::kRepairedRid);
  if (const auto value = packet.extension(rtp::Extension::kTransportSequence)) {
    const auto number = rtp::TransportSequence::Parse(*value);
    if (number) info.wide_sequence_number = number->seq;
  }
  return info;
}

// Probes go a quarter beyond what is desired, and no further than the application allows.
BitRate MaxPadding(const Transport& transport, BitRate estimate) {
  const BitRate desired = transport.egress.desired();
  if (desired <= estimate) return {};
  const BitRate most = BitRate::Bps(SaturatedProduct(desired.bps(), 5) / 4);
  const BitRate bound = transport.egress.bounds().max;
  return bound.bps() == 0 ? most : std::min(most, bound);
}

void TellFeedback(Workspace& workspace, Timestamp now, const TraceSubject& subject,
                  const FeedbackSeen& seen) {
  if (!subject.traces.Has(seen.type)) return;
  schema::FeedbackTraceT info;
  info.ssrc = seen.ssrc.value();
  info.packets = seen.packets;
  Tell(workspace, now, {subject.id, seen.type, subject.direction}, std::move(info));
}

}  // namespace

void TellTraced(Workspace& workspace, Timestamp now, const TraceSubject& subject,
                const rtp::RtpPacket& packet) {
  if (subject.traces.Has(TraceType::Rtp)) {
    Tell(workspace, now, {subject.id, TraceType::Rtp, subject.direction}, Describe(packet));
  }
  if (subject.traces.Has(TraceType::KeyFrame) && packet.description().key_frame) {
    Tell(workspace, now, {subject.id, TraceType::KeyFrame, subject.direction}, Describe(packet));
  }
}

void TraceFeedback(Workspace& workspace, Timestamp now, const Producer& producer,
                   const FeedbackSeen& seen) {
  TellFeedback(workspace, now, {producer.id, producer.traces, TraceDirection::Out}, seen);
}

void TraceFeedback(Workspace& workspace, Timestamp now, const Consumer& consumer,
                   const FeedbackSeen& seen) {
  TellFeedback(workspace, now, {consumer.id, consumer.traces, TraceDirection::In}, seen);
}

void TraceSenderReport(Workspace& workspace, Timestamp now, const SourceTime& report) {
  const Producer& producer = *workspace.producers.Find(report.producer);
  if (!producer.traces.Has(TraceType::SenderReport)) return;
  schema::SenderReportTraceT info;
  info.ssrc = report.ssrc.value();
  info.ntp = report.ntp.raw();
  info.rtp_timestamp = report.rtp_timestamp;
  info.packet_count = report.packet_count;
  info.octet_count = report.octet_count;
  Tell(workspace, now, {producer.id, TraceType::SenderReport, TraceDirection::In}, std::move(info));
}

void TraceLayers(Workspace& workspace, Timestamp now, const Consumer& consumer,
                 std::optional<rtp::LayerId> layers, BitRate available) {
  if (!consumer.traces.Has(TraceType::Layers)) return;
  schema::LayersTraceT info;
  if (layers) {
    info.layers = std::make_unique<schema::ConsumerLayersT>();
    info.layers->spatial_layer = layers->spatial;
    info.layers->temporal_layer = layers->temporal;
  }
  info.reason = std::string(rtp::Allocator::Name(consumer.reason));
  info.available_bitrate = Bps(available);
  Tell(workspace, now, {consumer.id, TraceType::Layers, TraceDirection::Out}, std::move(info));
}

void TraceEstimate(Workspace& workspace, Timestamp now, const Transport& transport,
                   const rtp::BandwidthEstimator::Decision& decision) {
  workspace.Debug(now, LogTag::Bwe, "transport ", transport.id, ": ", decision.before.bps(), " to ",
                  decision.after.bps(),
                  " bit/s: ", rtp::BandwidthEstimator::NameOf(decision.reason));
  if (!transport.traces.Has(TraceType::Bwe)) return;
  schema::BweTraceT info;
  info.available_bitrate = Bps(decision.after);
  info.desired_bitrate = Bps(transport.egress.desired());
  info.min_bitrate = Bps(transport.egress.bounds().min);
  info.max_bitrate = Bps(transport.egress.bounds().max);
  info.previous_bitrate = Bps(decision.before);
  info.reason = std::string(rtp::BandwidthEstimator::NameOf(decision.reason));
  info.max_padding_bitrate = Bps(MaxPadding(transport, decision.after));
  info.feedback = transport.egress.estimator().stats().feedback > 0 ? "transport-cc" : "remb";
  Tell(workspace, now, {transport.id, TraceType::Bwe, TraceDirection::Out}, std::move(info));
}

void TellProbes(Workspace& workspace, Timestamp now, Transport& transport) {
  for (const Egress::ProbePacket& packet : transport.egress.TakeProbePackets()) {
    schema::RtpTraceT info;
    info.payload_type = packet.payload_type.value();
    info.sequence_number = packet.seq.value();
    info.timestamp = packet.timestamp;
    info.marker = packet.marker;
    info.ssrc = packet.ssrc.value();
    info.size = packet.size;
    info.is_rtx = packet.is_rtx;
    Tell(workspace, now, {transport.id, TraceType::Probation, TraceDirection::Out},
         std::move(info));
  }
}

void AppendEstimateTrace(Workspace& workspace, Transport& transport) {
  const std::string lines = transport.egress.TakeEstimateTrace();
  if (!lines.empty()) workspace.options.estimate_traces->Append(transport.id, lines);
}

}  // namespace sluice::worker

#include "worker/engine/egress.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "rtp/codec/descriptor.h"

namespace sluice::worker {
namespace {

using rtp::MediaKind;
using rtp::codec::Kind;

// Below 2^15, see rtp::Forwarder::Options::first_seq.
uint16_t FirstSequence(Entropy& entropy) { return static_cast<uint16_t>(entropy.U32() & 0x7fff); }

rtp::Forwarder::Options ForwarderOptions(const Egress::StreamPlan& stream,
                                         const rtp::ExtensionMap& extensions, Entropy& entropy) {
  const MediaPlan& plan = stream.media;
  rtp::Forwarder::Options options;
  options.kind = plan.kind;
  options.ssrc = *plan.encodings.front().ssrc;
  options.first_seq = SeqNo(FirstSequence(entropy));
  options.first_timestamp = entropy.U32();
  options.clock_rate = plan.main_codec().clock_rate;
  options.needs_key_frame =
      plan.kind == MediaKind::kVideo && rtp::codec::HasKeyFrames(plan.main_codec().kind);
  for (const CodecPlan& codec : plan.codecs) {
    const std::optional<PayloadType>& routed = stream.payload_map[codec.payload_type.value()];
    if (codec.kind != Kind::kRtx) options.payload_types.Add(*routed, codec.payload_type);
  }
  options.codec = plan.main_codec().kind;
  options.svc = stream.svc;
  options.ignore_dtx = stream.ignore_dtx;
  options.dependency_descriptor = extensions.Id(rtp::Extension::kDependencyDescriptor) != 0;
  return options;
}

std::optional<OutboundStream::Rtx> RtxOf(const MediaPlan& plan, Entropy& entropy) {
  if (!plan.encodings.front().rtx_ssrc) return std::nullopt;
  OutboundStream::Rtx rtx;
  rtx.ssrc = *plan.encodings.front().rtx_ssrc;
  rtx.next_seq = FirstSequence(entropy);
  bool any = false;
  for (const CodecPlan& codec : plan.codecs) {
    if (codec.repeats) any |= rtx.payload_types.Add(*codec.repeats, codec.payload_type);
  }
  if (!any) return std::nullopt;
  return rtx;
}

// All media of the producer is of a payload type that the receiver takes.
bool TakesMedia(const Egress::StreamPlan& stream) {
  return std::ranges::any_of(stream.media.codecs, [&](const CodecPlan& codec) {
    return codec.kind != Kind::kRtx &&
           stream.payload_map[codec.payload_type.value()] == stream.media_type;
  });
}

}  // namespace

Egress::Egress(const Options& options)
    : entropy_(options.entropy),
      unix_offset_(options.unix_offset),
      initial_estimate_(options.initial_estimate),
      adapts_(options.adapts_to_bandwidth),
      waits_for_feedback_(options.waits_for_feedback),
      estimator_({.initial = options.initial_estimate}),
      probe_source_(SeqNo(FirstSequence(options.entropy))) {
  if (!options.traces_estimate) return;
  trace_ = std::make_unique<rtp::BandwidthEstimator::TraceWriter>();
  estimator_.SetTrace(trace_.get());
}

absl::StatusOr<uint32_t> Egress::AddStream(Handle<Consumer> consumer,
                                           const StreamPlan& stream_plan) {
  const MediaPlan& plan = stream_plan.media;
  const EncodingPlan& encoding = plan.encodings.front();
  for (const std::optional<Ssrc>& ssrc : {encoding.ssrc, encoding.rtx_ssrc}) {
    if (ssrc && by_ssrc_.contains(*ssrc)) {
      return absl::AlreadyExistsError(absl::StrCat("rtpParameters.encodings[0]: ssrc ",
                                                   ssrc->value(), " is in use on the transport"));
    }
  }
  rtp::ExtensionMap extended = extensions_;
  for (const auto& [id, extension] : plan.extensions) {
    if (!extended.Add(id, extension)) {
      return absl::InvalidArgumentError(
          absl::StrCat("rtpParameters.headerExtensions: id ", id,
                       " means something else to another consumer of the transport"));
    }
  }
  extensions_ = extended;
  // A consumer writes the extensions it negotiated itself, not those of its neighbours.
  rtp::ExtensionMap own;
  for (const auto& [id, extension] : plan.extensions) own.Add(id, extension);

  const bool numbered = own.Id(rtp::Extension::kTransportSequence) != 0;
  if (numbered && !probation_) probation_.emplace(own, std::string(rtp::kProbationMid));
  auto stream = std::make_unique<OutboundStream>(OutboundStream{
      .consumer = consumer,
      .cname = plan.cname,
      .nack = plan.main_codec().nack,
      .numbered = numbered,
      // Sound has no pictures: kept back, each packet would leave with the next.
      .sizes_in_one = plan.kind == MediaKind::kVideo && stream_plan.svc != rtp::SvcMode::kNone,
      .rtx = RtxOf(plan, entropy_),
      .forwarder = rtp::Forwarder(ForwarderOptions(stream_plan, own, entropy_)),
      .writer = rtp::EgressWriter(own, plan.mid),
      .cache = rtp::RetransmissionCache(plan.kind),
      .sent = rtp::SendStream(
          {.ssrc = *encoding.ssrc, .kind = plan.kind, .clock_rate = plan.main_codec().clock_rate}),
      .reports = rtp::ReportScheduler(plan.kind, entropy_.U64()),
      .report_due = false,
      .drops = {},
      .untaken = Untaken(stream_plan.offered),
      .chooses = stream_plan.encodings > 1,
      .takes_media = TakesMedia(stream_plan),
  });
  const auto free = std::find(streams_.begin(), streams_.end(), nullptr);
  const auto index = static_cast<uint32_t>(free - streams_.begin());
  by_ssrc_.emplace(*encoding.ssrc, index);
  if (stream->rtx) by_ssrc_.emplace(stream->rtx->ssrc, index);
  if (free == streams_.end()) {
    streams_.push_back(std::move(stream));
  } else {
    *free = std::move(stream);
  }
  return index;
}

void Egress::RemoveStream(uint32_t index) {
  OutboundStream& stream = *streams_[index];
  stream.drops.Count(DropReason::kTransportClosed, pacer_.Forget(index));
  by_ssrc_.erase(stream.sent.ssrc());
  if (stream.rtx) by_ssrc_.erase(stream.rtx->ssrc);
  drops_.Add(stream.AllDrops());
  std::erase_if(probe_streams_, [&](const auto& entry) { return entry.owner == index; });
  streams_[index] = nullptr;
}

void Egress::SetPaused(uint32_t index, bool paused) {
  // What is queued has its numbers already, and would be missed by a receiver that goes on.
  streams_[index]->forwarder.SetPaused(paused);
}

void Egress::ReleasePackets() {
  if (!holding_) return;
  holding_ = false;
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i] == nullptr) continue;
    streams_[i]->drops.Count(DropReason::kNotConnected, pacer_.Forget(i));
    streams_[i]->picture_end.Clear();
    streams_[i]->cache.Clear();
    // What was under way is lost and cannot be repeated: whoever comes back goes on as after a
    // pause, from a key frame.
    rtp::Forwarder& forwarder = streams_[i]->forwarder;
    const bool paused = forwarder.paused();
    forwarder.SetPaused(true);
    forwarder.SetPaused(paused);
  }
}

void Egress::SetTarget(uint32_t index, std::optional<rtp::LayerTarget> target) {
  streams_[index]->forwarder.SetTarget(target);
}

std::optional<DropReason> Egress::Push(Timestamp now, uint32_t index,
                                       const Ingress::Arrival& arrival, Departures* out) {
  OutboundStream& stream = *streams_[index];
  return Take(
      now, index, arrival,
      stream.forwarder.Admit(arrival.packet, arrival.mapped, *arrival.source, arrival.place), out);
}

void Egress::LeaveOut(Timestamp now, uint32_t index, const Ingress::Arrival& arrival,
                      DropReason reason) {
  OutboundStream& stream = *streams_[index];
  Take(now, index, arrival, stream.forwarder.LeaveOut(arrival.packet, *arrival.source, reason),
       nullptr);
}

std::optional<DropReason> Egress::Take(Timestamp now, uint32_t index,
                                       const Ingress::Arrival& arrival, const rtp::Verdict& verdict,
                                       Departures* out) {
  OutboundStream& stream = *streams_[index];
  const auto* reason = std::get_if<DropReason>(&verdict);
  if (stream.sizes_in_one) {
    if (auto kept = stream.picture_end.Take(arrival.packet, reason == nullptr)) {
      Enqueue(now, stream, *std::move(kept), out);
    }
  }
  if (reason != nullptr) {
    stream.drops.Count(*reason);
    return *reason;
  }
  // Until something was sent. The report that goes with it places sound and picture to one another,
  // and the publisher may take seconds to tell its clock again.
  if (!stream.reports.NextTimeout() && arrival.source->clock) {
    const rtp::EncodingSource::Clock& clock = *arrival.source->clock;
    const auto mapped = stream.forwarder.MapTimestamp(clock.rtp_timestamp);
    if (mapped) stream.sent.RecordSourceClock(clock.capture, *mapped);
  }
  const rtp::codec::Description& description = arrival.packet.description();
  rtp::PacerItem item{.packet = arrival.packet,
                      .rewrite = std::get<rtp::Rewrite>(verdict),
                      .owner = index,
                      .kind = stream.sent.kind(),
                      .spatial = description.spatial,
                      .temporal = description.temporal,
                      .discardable = description.discardable,
                      .numbered = stream.numbered};
  holding_ = true;
  if (stream.sizes_in_one && stream.picture_end.Keep(item)) return std::nullopt;
  return Enqueue(now, stream, std::move(item), out);
}

std::optional<DropReason> Egress::Enqueue(Timestamp now, OutboundStream& stream,
                                          rtp::PacerItem item, Departures* out) {
  if (out != nullptr && out->has_room() && pacer_.Passes(now, item)) {
    out->due().push_back(std::move(item));
    return std::nullopt;
  }
  const std::optional<DropReason> full = pacer_.Push(now, std::move(item));
  if (full) stream.drops.Count(*full);
  return full;
}

void Egress::RecordSourceTime(uint32_t index, const SourceTime& time) {
  OutboundStream& stream = *streams_[index];
  if (stream.forwarder.source() != time.ssrc) return;
  const std::optional<uint32_t> mapped = stream.forwarder.MapTimestamp(time.rtp_timestamp);
  if (mapped) stream.sent.RecordSourceClock(time.capture, *mapped);
}

std::optional<Timestamp> Egress::NextTimeout() const {
  return Earlier(Earlier(pacer_.NextTimeout(), next_report_), estimator_.NextTimeout());
}

void Egress::CountEvicted() {
  while (const std::optional<rtp::Pacer::Evicted> evicted = pacer_.PollEvicted()) {
    const bool known = evicted->owner < streams_.size() && streams_[evicted->owner] != nullptr;
    (known ? streams_[evicted->owner]->drops : drops_).Count(evicted->reason, evicted->packets);
  }
}

}  // namespace sluice::worker

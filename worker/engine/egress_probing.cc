// The part of Egress that deals with what the path carries: how fast packets leave, and what is
// sent to find out whether it carries more.

#include <algorithm>
#include <utility>

#include "worker/engine/egress.h"

namespace sluice::worker {
namespace {

using rtp::BandwidthEstimator;

// Until the path has told anything: fast enough that the first picture of a small room does not
// wait, slow enough that it does not overrun the queue of an access router.
constexpr BitRate kFirstPace = BitRate::Kbps(8'000);

// What SRTP adds at most: a 16-byte tag (RFC 7714 §14.2).
constexpr size_t kSealRoom = 16;

}  // namespace

void Egress::SetBounds(Timestamp now, const Bounds& bounds) {
  bounds_ = bounds;
  const BandwidthEstimator::Options standard;
  estimator_.SetBounds(now, bounds.min.bps() > 0 ? bounds.min : standard.min,
                       bounds.max.bps() > 0 ? bounds.max : standard.max);
}

void Egress::RestartEstimate(Timestamp now) {
  estimator_ = BandwidthEstimator({.initial = initial_estimate_});
  estimator_.SetTrace(trace_.get());
  met_limit_ = false;
  pacer_.EndProbe();
  SetBounds(now, bounds_);
  SetDesired(now, desired_);
  UpdatePace();
}

void Egress::SetDesired(Timestamp now, BitRate desired) {
  desired_ = desired;
  // Sound counts against the estimate as well.
  estimator_.SetDesired(now, desired.bps() > 0 ? desired + audio_rate_.Rate(now) : desired);
}

bool Egress::IsMeasured() const {
  const BandwidthEstimator::Stats stats = estimator_.stats();
  return stats.packets_acked > 0 || peer_estimate_.bps() > 0;
}

std::optional<BitRate> Egress::AvailableForVideo(Timestamp now) const {
  // Who will tell what arrives is not flooded before it can: the initial estimate counts at once.
  const bool known = probation_ || estimator_.active();
  if (!Adapts() || !known) return std::nullopt;
  return std::max(estimator_.estimate() - audio_rate_.Rate(now), BitRate());
}

std::optional<BandwidthEstimator::Decision> Egress::PollDecision() {
  std::optional<BandwidthEstimator::Decision> decision = estimator_.PollDecision();
  if (decision) {
    bandwidth_reason_ = BandwidthEstimator::NameOf(decision->reason);
    met_limit_ |= decision->after < decision->before;
  }
  return decision;
}

void Egress::HandleTimeout(Timestamp now) {
  estimator_.HandleTimeout(now);
  UpdatePace();
}

// Without an estimate everything leaves at once.
void Egress::UpdatePace() {
  if (!Adapts() || !estimator_.active()) return pacer_.set_rate(std::nullopt);
  const BitRate pace = estimator_.pacing_rate();
  pacer_.set_rate(IsMeasured() ? pace : std::max(pace, kFirstPace));
}

void Egress::StartProbes(Timestamp now) {
  if (pacer_.probe() != 0 || !Adapts()) return;
  const std::optional<BandwidthEstimator::Probe> probe = estimator_.TakeProbe(now);
  if (!probe) return;
  pacer_.StartProbe(now, {probe->id, probe->rate, probe->span, probe->min_packets});
  probe_ = probe->id;
  FindProbeStreams();
}

void Egress::FindProbeStreams() {
  probe_streams_.clear();
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    const OutboundStream* stream = streams_[i].get();
    if (stream == nullptr || !stream->rtx || !stream->numbered) continue;
    if (!stream->forwarder.paused()) probe_streams_.push_back({i, &stream->cache});
  }
}

// Fills what the probe that runs lacks. True if the batch is full and there is more.
bool Egress::WriteProbe(Timestamp now, Link& link, TransmitBatch& batch) {
  while (const size_t wanted = pacer_.PaddingWanted(now)) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    std::optional<size_t> size;
    const auto choice = probe_source_.Repeat(now, probe_, probe_streams_, wanted);
    if (choice) {
      const rtp::RetransmissionCache::Entry& entry = choice->entry;
      const auto written =
          WriteRtx(now, *streams_[choice->owner], {entry.packet, entry.rewrite}, room);
      if (written) size = link.SealRtp(room, written->written, written->rest);
    } else {
      size = WritePadding(now, wanted, link, room);
    }
    if (!size) {
      pacer_.EndProbe();
      return false;
    }
    NoteProbePacket(room.first(*size), choice.has_value());
    batch.Commit(link.destination(), *size);
    pacer_.RecordPadding(now, *size);
    totals_.probation_bytes += *size;
    probation_rate_.Record(now, *size);
    RecordNumbered(now,
                   {.bytes = *size, .use = BandwidthEstimator::Use::kPadding, .probe = probe_});
  }
  return false;
}

void Egress::NoteProbePackets(bool wanted) {
  notes_probe_packets_ = wanted;
  probe_packets_.clear();
}

// SRTP leaves the header in the clear (RFC 3711 §3.1).
void Egress::NoteProbePacket(ByteView packet, bool is_rtx) {
  if (!notes_probe_packets_ || probe_packets_.size() >= kMaxNoted) return;
  ByteReader in(packet);
  in.U8();
  const uint8_t marked_type = in.U8();
  ProbePacket seen;
  seen.marker = (marked_type & 0x80) != 0;
  seen.payload_type = PayloadType(marked_type & 0x7f);
  seen.seq = SeqNo(in.U16());
  seen.timestamp = in.U32();
  seen.ssrc = Ssrc(in.U32());
  seen.is_rtx = is_rtx;
  seen.size = static_cast<uint32_t>(packet.size());
  probe_packets_.push_back(seen);
}

std::optional<size_t> Egress::WritePadding(Timestamp now, size_t wanted, Link& link,
                                           ByteSpan room) {
  if (!probation_) return std::nullopt;
  const auto written = probation_->Write(probe_source_.NextPadding(now), wanted, DepartureAt(now),
                                         room.first(room.size() - kSealRoom));
  if (!written) return std::nullopt;
  return link.SealRtp(room, written->written, written->rest);
}

void Egress::RecordNumbered(Timestamp now, BandwidthEstimator::Sent sent) {
  sent.transport_sequence = transport_sequence_++;
  estimator_.RecordSent(now, sent);
}

}  // namespace sluice::worker

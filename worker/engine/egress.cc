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

// What SRTP adds at most: a 16-byte tag (RFC 7714 §14.2).
constexpr size_t kSealRoom = 16;

// Below 2^15, see rtp::Forwarder::Options::first_seq.
uint16_t FirstSequence(Entropy& entropy) { return static_cast<uint16_t>(entropy.U32() & 0x7fff); }

rtp::Forwarder::Options ForwarderOptions(const MediaPlan& plan, Entropy& entropy) {
  rtp::Forwarder::Options options;
  options.kind = plan.kind;
  options.ssrc = *plan.encodings.front().ssrc;
  options.first_seq = SeqNo(FirstSequence(entropy));
  options.first_timestamp = entropy.U32();
  options.clock_rate = plan.main_codec().clock_rate;
  options.needs_key_frame =
      plan.kind == MediaKind::kVideo && rtp::codec::HasKeyFrames(plan.main_codec().kind);
  for (const CodecPlan& codec : plan.codecs) {
    if (codec.kind != Kind::kRtx) options.payload_types.Add(codec.payload_type);
  }
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

}  // namespace

absl::StatusOr<uint32_t> Egress::AddStream(Handle<Consumer> consumer, const MediaPlan& plan) {
  const EncodingPlan& encoding = plan.encodings.front();
  for (const std::optional<Ssrc>& ssrc : {encoding.ssrc, encoding.rtx_ssrc}) {
    if (ssrc && by_ssrc_.contains(*ssrc)) {
      return absl::AlreadyExistsError(absl::StrCat(
          "rtpParameters.encodings[0]: ssrc ", ssrc->value(), " is in use on the transport"));
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

  auto stream = std::make_unique<OutboundStream>(OutboundStream{
      .consumer = consumer,
      .cname = plan.cname,
      .nack = plan.main_codec().nack,
      .numbered = own.Id(rtp::Extension::kTransportSequence) != 0,
      .rtx = RtxOf(plan, entropy_),
      .forwarder = rtp::Forwarder(ForwarderOptions(plan, entropy_)),
      .writer = rtp::EgressWriter(own, plan.mid),
      .cache = rtp::RetransmissionCache(plan.kind),
      .sent = rtp::SendStream({.ssrc = *encoding.ssrc,
                               .kind = plan.kind,
                               .clock_rate = plan.main_codec().clock_rate}),
      .reports = rtp::ReportScheduler(plan.kind, entropy_.U64()),
      .report_due = false,
      .drops = {},
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
  drops_.Add(stream.drops);
  streams_[index] = nullptr;
}

void Egress::SetPaused(uint32_t index, bool paused) {
  streams_[index]->forwarder.SetPaused(paused);
  if (paused) streams_[index]->drops.Count(DropReason::kConsumerPaused, pacer_.Forget(index));
}

void Egress::ReleasePackets() {
  if (!holding_) return;
  holding_ = false;
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i] == nullptr) continue;
    streams_[i]->drops.Count(DropReason::kNotConnected, pacer_.Forget(i));
    streams_[i]->cache.Clear();
  }
}

bool Egress::AwaitsKeyFrame(uint32_t index) const {
  return streams_[index]->forwarder.awaiting_key_frame();
}

std::optional<DropReason> Egress::Push(Timestamp now, uint32_t index,
                                       const rtp::RtpPacket& packet, PayloadType mapped) {
  OutboundStream& stream = *streams_[index];
  const rtp::Verdict verdict = stream.forwarder.Admit(packet, mapped);
  if (const auto* reason = std::get_if<DropReason>(&verdict)) {
    stream.drops.Count(*reason);
    return *reason;
  }
  const std::optional<DropReason> full = pacer_.Push(
      now, {packet, std::get<rtp::Rewrite>(verdict), index, stream.sent.kind(), false});
  if (full) stream.drops.Count(*full);
  holding_ = true;
  return full;
}

void Egress::RecordSourceTime(uint32_t index, const SourceTime& time) {
  OutboundStream& stream = *streams_[index];
  if (stream.forwarder.source() != time.ssrc) return;
  const std::optional<uint32_t> mapped = stream.forwarder.MapTimestamp(time.rtp_timestamp);
  if (mapped) stream.sent.RecordSourceClock(time.capture, *mapped);
}

std::optional<Timestamp> Egress::NextTimeout() const {
  return Earlier(pacer_.NextTimeout(), next_report_);
}

bool Egress::WriteMedia(Timestamp now, WebRtcLink& link, TransmitBatch& batch) {
  while (!pacer_.empty()) {
    const ByteSpan room = batch.Room();
    if (room.empty()) return true;
    const std::optional<rtp::Pacer::Item> item = pacer_.Pop(now);
    if (!item) break;
    const std::optional<size_t> size = WriteItem(now, *item, link, room);
    OutboundStream& stream = *streams_[item->owner];
    if (!size) {
      stream.drops.Count(DropReason::kTooLarge);
      continue;
    }
    batch.Commit(link.destination(), *size);
    RecordSent(now, *item, stream, *size);
  }
  drops_.Count(DropReason::kQueueAge, pacer_.TakeAged());
  return false;
}

std::optional<size_t> Egress::WriteItem(Timestamp now, const rtp::Pacer::Item& item,
                                        WebRtcLink& link, ByteSpan room) {
  OutboundStream& stream = *streams_[item.owner];
  const rtp::Departure departure{NtpTime::From(now, unix_offset_), transport_sequence_};
  const ByteSpan clear = room.first(room.size() - kSealRoom);
  std::optional<PayloadType> rtx_type;
  if (item.retransmission && stream.rtx) {
    rtx_type = stream.rtx->payload_types.Find(item.rewrite.payload_type);
  }
  std::optional<rtp::OutgoingPacket> written;
  if (rtx_type) {
    const rtp::RtxHeader header{stream.rtx->ssrc, *rtx_type, SeqNo(stream.rtx->next_seq)};
    written = stream.writer.WriteRtx(item.packet, item.rewrite, header, departure, clear);
  } else {
    written = stream.writer.Write(item.packet, item.rewrite, departure, clear);
  }
  if (!written) return std::nullopt;
  const std::optional<size_t> size = link.SealRtp(room, written->written, written->rest);
  if (!size) return std::nullopt;
  if (stream.numbered) ++transport_sequence_;
  if (rtx_type) ++stream.rtx->next_seq;
  return size;
}

void Egress::RecordSent(Timestamp now, const rtp::Pacer::Item& item, OutboundStream& stream,
                        size_t size) {
  if (item.retransmission) {
    stream.sent.RecordRetransmitted(now, size);
    ++totals_.rtx_packets;
    totals_.rtx_bytes += size;
    return;
  }
  stream.sent.RecordSent(now, item.rewrite.timestamp, item.packet.payload().size(), size);
  ++totals_.rtp_packets;
  totals_.rtp_bytes += size;
  if (stream.nack) stream.cache.Store(now, item.packet, item.rewrite);
  if (!stream.reports.NextTimeout()) {
    stream.reports.Start(now);
    next_report_ = Earlier(next_report_, stream.reports.NextTimeout());
  }
}

}  // namespace sluice::worker

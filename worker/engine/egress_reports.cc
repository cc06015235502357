// The part of Egress that deals in RTCP: what the peer says about our streams, and our reports.

#include <utility>

#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/remb.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/tmmbr.h"
#include "rtp/rtcp/transport_feedback.h"
#include "worker/engine/egress.h"
#include "worker/engine/transmission.h"

namespace sluice::worker {
namespace {

// A sender report without blocks and a description with the longest name.
constexpr size_t kReportRoom = 28 + 4 + 4 + 2 + 255 + 4;

}  // namespace

OutboundStream* Egress::FindBySsrc(Ssrc ssrc) {
  const auto found = by_ssrc_.find(ssrc);
  return found == by_ssrc_.end() ? nullptr : streams_[found->second].get();
}

OutboundStream* Egress::FindAsked(Ssrc ssrc, FeedbackResult& result) {
  OutboundStream* stream = FindBySsrc(ssrc);
  if (stream == nullptr) {
    drops_.Count(DropReason::kRtcpUnknownStream);
    return nullptr;
  }
  result.key_frame_wishes.push_back(stream->consumer);
  return stream;
}

Egress::FeedbackResult Egress::ReceiveFeedback(Timestamp now, const rtp::RtcpPacket& member) {
  FeedbackResult result;
  switch (member.kind()) {
    case rtp::RtcpKind::kSenderReport: {
      const auto report = rtp::SenderReport::Parse(member.bytes());
      result.malformed = !report;
      if (report) RecordBlocks(now, report->blocks);
      break;
    }
    case rtp::RtcpKind::kReceiverReport: {
      const auto report = rtp::ReceiverReport::Parse(member.bytes());
      result.malformed = !report;
      if (report) RecordBlocks(now, report->blocks);
      break;
    }
    case rtp::RtcpKind::kNack:
      RecordNack(now, member, result);
      break;
    case rtp::RtcpKind::kPli: {
      const auto request = rtp::PictureLossIndication::Parse(member.bytes());
      result.malformed = !request;
      if (!request) break;
      if (OutboundStream* stream = FindAsked(request->sources.media, result)) {
        stream->sent.RecordPli();
      }
      break;
    }
    case rtp::RtcpKind::kFir: {
      const auto request = rtp::FullIntraRequest::Parse(member.bytes());
      result.malformed = !request;
      if (!request) break;
      for (const auto& entry : request->entries) {
        if (OutboundStream* stream = FindAsked(entry.source, result)) stream->sent.RecordFir();
      }
      break;
    }
    case rtp::RtcpKind::kRemb:
      RecordRemb(now, member, result);
      break;
    case rtp::RtcpKind::kTmmbr:
      RecordBounds(member, result);
      break;
    case rtp::RtcpKind::kTransportFeedback: {
      const auto feedback = rtp::TransportFeedback::Parse(member.bytes());
      result.malformed = !feedback;
      if (!feedback) break;
      estimator_.RecordFeedback(now, *feedback);
      ResendMissing(now);
      break;
    }
    default:
      break;
  }
  return result;
}

void Egress::RecordBlocks(Timestamp now, const rtp::ReportBlocks& blocks) {
  const NtpTime ntp = NtpTime::From(now, unix_offset_);
  for (const rtp::ReportBlock& block : blocks) {
    OutboundStream* stream = FindBySsrc(block.source);
    if (stream == nullptr) {
      drops_.Count(DropReason::kRtcpUnknownStream);
      continue;
    }
    // Blocks about the retransmission stream say nothing about the media.
    if (block.source != stream->sent.ssrc()) continue;
    stream->sent.RecordReportBlock(ntp, block);
    const uint32_t expected = stream->TakeExpected(block);
    estimator_.RecordLoss(now, block.fraction_lost, expected);
    stream->RecordScore(block, expected, stream->sent.stats(now).packets_retransmitted);
    if (!stream->sent.round_trip()) continue;
    round_trip_ = stream->sent.round_trip();
    estimator_.RecordRoundTrip(now, *round_trip_);
  }
}

void Egress::RecordNack(Timestamp now, const rtp::RtcpPacket& member, FeedbackResult& result) {
  const auto nack = rtp::GenericNack::Parse(member.bytes());
  result.malformed = !nack;
  if (!nack) return;
  OutboundStream* stream = FindBySsrc(nack->sources.media);
  if (stream == nullptr || !stream->nack || nack->sources.media != stream->sent.ssrc()) {
    drops_.Count(DropReason::kRtcpUnknownStream);
    return;
  }
  stream->sent.RecordNack(nack->lost_count());
  result.repeats_for = stream->consumer;
  result.repeats = static_cast<uint32_t>(nack->lost_count());
  nack->ForEachLost([&](SeqNo seq) { Resend(now, *stream, seq); });
}

void Egress::RecordRemb(Timestamp now, const rtp::RtcpPacket& member, FeedbackResult& result) {
  const auto remb = rtp::Remb::Parse(member.bytes());
  result.malformed = !remb;
  if (!remb) return;
  peer_estimate_ = remb->rate;
  estimator_.RecordRemb(now, remb->rate);
}

void Egress::RecordBounds(const rtp::RtcpPacket& member, FeedbackResult& result) {
  const auto request = rtp::BoundRequest::Parse(member.bytes());
  result.malformed = !request;
  if (!request) return;
  for (const rtp::StreamBound& bound : request->entries) {
    const OutboundStream* stream = FindBySsrc(bound.ssrc);
    if (stream == nullptr || bound.ssrc != stream->sent.ssrc()) {
      drops_.Count(DropReason::kRtcpUnknownStream);
      continue;
    }
    result.bounds.push_back({stream->consumer, bound.ssrc, request->sender, bound.rate});
  }
}

void Egress::Acknowledge(const FeedbackResult::Bound& bound) {
  // A peer that asks faster than it is answered is answered less often.
  constexpr size_t kMaxAcknowledgements = 64;
  if (acknowledgements_.size() < kMaxAcknowledgements) acknowledgements_.push_back(bound);
}

// True if not all of them fitted.
bool Egress::WriteAcknowledgements(ByteWriter& out) {
  constexpr size_t kRoom = 12 + 8;
  while (!acknowledgements_.empty()) {
    if (out.room() < kRoom) return true;
    const FeedbackResult::Bound& bound = acknowledgements_.back();
    rtp::BoundNotification notification;
    notification.sender = bound.stream;
    notification.entries.push_back({bound.receiver, bound.rate});
    notification.WriteTo(out);
    acknowledgements_.pop_back();
  }
  return false;
}

Handle<Consumer> Egress::ConsumerOf(Ssrc ssrc) const {
  const auto found = by_ssrc_.find(ssrc);
  return found == by_ssrc_.end() ? Handle<Consumer>() : streams_[found->second]->consumer;
}

// A receiver notices a loss by what comes next of the same stream, and asks again for what it asked
// for only after a while. Feedback about all packets of the transport often knows earlier: that the
// last packet of a picture is missing, that a NACK did not reach us, that its answer got lost.
void Egress::ResendMissing(Timestamp now) {
  for (const uint32_t name : estimator_.missing()) {
    const Transmission lost = Transmission::Named(name);
    OutboundStream* stream = lost.stream < streams_.size() ? streams_[lost.stream].get() : nullptr;
    if (stream == nullptr || !stream->nack) continue;
    // Without RTX a repetition has the number of the first sending. If that has arrived after all
    // SRTP drops the other as a replay (RFC 3711 §3.3.2), and it looks lost for ever.
    if (lost.repeats > 0 && !stream->rtx) continue;
    // Otherwise it has been sent again since, and of that we shall hear, too.
    if (stream->cache.RepeatsOf(now, lost.seq) == lost.repeats) Resend(now, *stream, lost.seq);
  }
}

void Egress::Resend(Timestamp now, OutboundStream& stream, SeqNo seq) {
  // The transport's round trip will do until the stream has its own.
  const Duration rtt = stream.sent.round_trip().value_or(round_trip_.value_or(Duration(0)));
  const auto found = stream.cache.Find(now, seq, rtt);
  if (const auto* reason = std::get_if<DropReason>(&found)) {
    stream.drops.Count(*reason);
    return;
  }
  const auto& entry = std::get<rtp::RetransmissionCache::Entry>(found);
  const BitRate rate =
      std::max(estimator_.active() ? estimator_.estimate() : BitRate(), stream.sent.rate(now));
  if (!budget_.Allows(now, entry.packet.size(), rate)) {
    stream.drops.Count(DropReason::kRtxOverBudget);
    return;
  }
  const uint32_t owner = by_ssrc_.find(stream.sent.ssrc())->second;
  const std::optional<DropReason> full =
      pacer_.Push(now, {.packet = entry.packet,
                        .rewrite = entry.rewrite,
                        .owner = owner,
                        .kind = stream.sent.kind(),
                        .retransmission = true,
                        // This one has been counted already.
                        .repeats = static_cast<uint8_t>(entry.repeats - 1),
                        .numbered = stream.numbered});
  if (full) stream.drops.Count(*full);
}

bool Egress::WriteReports(Timestamp now, ByteWriter& out) {
  if (WriteAcknowledgements(out)) return true;
  if (!next_report_ || *next_report_ > now) return false;
  next_report_.reset();
  for (const std::unique_ptr<OutboundStream>& stream : streams_) {
    if (stream == nullptr) continue;
    if (stream->reports.TakeDue(now)) {
      stream->report_due = true;
      // Reports come more often than packets would be forgotten by themselves.
      stream->cache.Expire(now);
    }
    next_report_ = Earlier(next_report_, stream->reports.NextTimeout());
    if (!stream->report_due) continue;
    if (out.room() < kReportRoom) {
      next_report_ = now;
      return true;
    }
    stream->report_due = false;
    const auto report = stream->sent.MakeSenderReport(now, unix_offset_);
    if (!report) continue;
    report->WriteTo(out);
    rtp::SourceDescription description;
    description.chunks.push_back({stream->sent.ssrc(), stream->cname});
    description.WriteTo(out);
  }
  return false;
}

}  // namespace sluice::worker

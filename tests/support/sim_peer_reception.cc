// The part of SimPeer that takes media and RTCP in, and the RTCP it sends.

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "rtp/rtcp/compound.h"
#include "rtp/rtcp/extended_report.h"
#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/round_trip_time.h"
#include "rtp/rtcp/sdes.h"
#include "rtp/rtcp/sender_report.h"
#include "rtp/rtcp/transport_feedback.h"
#include "rtp/send/probe_source.h"
#include "tests/support/sim_peer.h"

namespace sluice::test {
namespace {

constexpr Duration kReportInterval = std::chrono::seconds(1);
constexpr size_t kMaxClear = 1100;
// A report with twenty blocks, the description and the extended report behind it.
constexpr size_t kRoomPerReport = 600;

}  // namespace

void SimPeer::ReceiveRtp(Timestamp now, ByteView protected_bytes) {
  Bytes bytes(protected_bytes.begin(), protected_bytes.end());
  const std::optional<size_t> size = Open(bytes, false);
  if (!size) {
    ++unsealed_;
    return;
  }
  const std::optional<SimRtp> packet = SimRtp::Parse(ByteView(bytes).first(*size));
  const auto track = std::ranges::find_if(received_, [&](const auto& candidate) {
    return packet &&
           (candidate->track().ssrc == packet->ssrc || candidate->track().rtx_ssrc == packet->ssrc);
  });
  if (packet && packet->ssrc == rtp::kProbationSsrc) {
    ++padding_;
    if (packet->transport_sequence) RecordArrival(now, *packet->transport_sequence);
    return;
  }
  if (track == received_.end()) {
    ++unexpected_;
    return;
  }
  if (packet->transport_sequence) RecordArrival(now, *packet->transport_sequence);
  if (ice_.round_trip()) (*track)->set_round_trip(*ice_.round_trip());
  (*track)->Receive(now, *packet);
}

void SimPeer::ReceiveRtcp(Timestamp now, ByteView protected_bytes) {
  Bytes bytes(protected_bytes.begin(), protected_bytes.end());
  const std::optional<size_t> size = Open(bytes, true);
  if (!size) {
    ++unsealed_;
    return;
  }
  ++rtcp_received_;
  rtp::CompoundReader compound(ByteView(bytes).first(*size));
  while (const std::optional<rtp::RtcpPacket> member = compound.Next()) {
    ReceiveMember(now, *member);
  }
  if (compound.malformed()) ++unexpected_;
}

void SimPeer::ReceiveMember(Timestamp now, const rtp::RtcpPacket& member) {
  if (const auto report = rtp::SenderReport::Parse(member.bytes())) {
    for (const auto& track : received_) {
      if (track->track().ssrc == report->sender) track->RecordSenderReport(now, *report);
    }
    RecordBlocks(now, report->blocks);
  } else if (const auto received = rtp::ReceiverReport::Parse(member.bytes())) {
    RecordBlocks(now, received->blocks);
  } else if (const auto nack = rtp::GenericNack::Parse(member.bytes())) {
    SimSendTrack* track = FindSent(nack->sources.media);
    if (track != nullptr) nack->ForEachLost([&](SeqNo seq) { track->Resend(seq); });
  } else if (const auto pli = rtp::PictureLossIndication::Parse(member.bytes())) {
    SimSendTrack* track = FindSent(pli->sources.media);
    if (track != nullptr) track->RequestKeyFrame(now);
  } else if (const auto fir = rtp::FullIntraRequest::Parse(member.bytes())) {
    for (const auto& entry : fir->entries) {
      SimSendTrack* track = FindSent(entry.source);
      if (track != nullptr) track->RequestKeyFrame(now);
    }
  } else if (const auto extended = rtp::ExtendedReport::Parse(member.bytes())) {
    if (extended->reference_time) reference_ = {extended->sender, *extended->reference_time, now};
  } else if (const auto feedback = rtp::TransportFeedback::Parse(member.bytes())) {
    arrivals_reported_ += feedback->received_count();
  } else if (member.kind() == rtp::RtcpKind::kRemb) {
    ++rembs_;
  }
}

void SimPeer::RecordBlocks(Timestamp now, const rtp::ReportBlocks& blocks) {
  for (const rtp::ReportBlock& block : blocks) {
    std::erase_if(blocks_, [&](const auto& old) { return old.source == block.source; });
    blocks_.push_back(block);
    const auto round_trip = rtp::RoundTripTime(NtpTime::From(now, kPeerUnixOffset),
                                               block.last_sender_report, block.delay_since_last);
    if (round_trip) media_round_trip_ = round_trip;
  }
}

Ssrc SimPeer::own_ssrc() const { return sent_.empty() ? Ssrc(1) : sent_[0]->track().ssrc; }

void SimPeer::RecordArrival(Timestamp now, uint16_t number) {
  if (tells_arrivals_) feedback_.Record(number, now);
}

size_t SimPeer::WriteRtcp(Timestamp now, ByteSpan room) {
  if (!extra_rtcp_.empty()) {
    const Bytes bytes = std::move(extra_rtcp_.front());
    extra_rtcp_.pop_front();
    std::ranges::copy(bytes, room.begin());
    return bytes.size();
  }
  ByteWriter out(room.first(kMaxClear));
  if (next_report_ && *next_report_ <= now) {
    *next_report_ += kReportInterval;
    WriteReports(now, out);
  }
  for (const auto& track : received_) {
    const rtp::FeedbackSources sources{own_ssrc(), track->track().ssrc};
    if (out.room() < 500) break;
    if (track->TakeKeyFrameWish()) rtp::PictureLossIndication{sources}.WriteTo(out);
    rtp::GenericNack nack;
    nack.sources = sources;
    for (const SeqNo seq : track->TakeNacks(now)) nack.Add(seq);
    if (asks_again_ && !nack.entries.empty()) nack.WriteTo(out);
  }
  if (out.size() == 0 && feedback_.NextTimeout() && *feedback_.NextTimeout() <= now) {
    const Ssrc media = received_.empty() ? Ssrc() : received_[0]->track().ssrc;
    feedback_.WriteFeedback(now, own_ssrc(), media, out);
  }
  SLUICE_CHECK(out.ok());
  return out.size();
}

// RFC 3550 §6.1: a report comes first, then the description.
void SimPeer::WriteReports(Timestamp now, ByteWriter& out) {
  rtp::ReportBlocks blocks;
  for (const auto& track : received_) {
    const std::optional<rtp::ReportBlock> block = track->MakeReportBlock(now);
    if (block && !blocks.full() && blocks.size() < 20) blocks.push_back(*block);
  }
  bool reported = false;
  for (const auto& track : sent_) {
    if (!track->running() || track->packets() == 0) continue;
    if (out.room() < kRoomPerReport) break;
    rtp::SenderReport report = track->MakeReport(now);
    if (!reported) report.blocks = blocks;
    reported = true;
    report.WriteTo(out);
  }
  if (!reported) {
    rtp::ReceiverReport report;
    report.sender = own_ssrc();
    report.blocks = blocks;
    report.WriteTo(out);
  }
  rtp::SourceDescription description;
  description.chunks.push_back({own_ssrc(), options_.cname});
  description.WriteTo(out);
  if (reference_) {
    rtp::ExtendedReport extended;
    extended.sender = own_ssrc();
    extended.dlrr.push_back(
        {reference_->sender, reference_->time.compact(), ToCompactNtp(now - reference_->arrival)});
    extended.WriteTo(out);
  }
}

}  // namespace sluice::test

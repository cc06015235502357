// The part of Ingress that writes: RTCP about what the peer sends.

#include <algorithm>
#include <array>

#include "rtp/rtcp/fir.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "rtp/rtcp/receiver_report.h"
#include "rtp/rtcp/remb.h"
#include "rtp/rtcp/sdes.h"
#include "worker/engine/ingress.h"

namespace sluice::worker {
namespace {

// Numbers asked for in one NACK; what is over goes into the next.
constexpr size_t kNumbersPerNack = 64;
// Header, sources and one entry per number at worst.
constexpr size_t kNackRoom = 12 + 4 * kNumbersPerNack;
constexpr size_t kKeyFrameRoom = 20;
constexpr size_t kDemandRoom = 20;
constexpr size_t kRembRoom = 20 + 4 * 31;
// Receiver report without blocks, description, and extended report with both of its blocks.
constexpr size_t kReportRoom = 8 + 20 + 8 + 12 + 16;

}  // namespace

bool Ingress::WriteRtcp(Timestamp now, ByteWriter& out) {
  // A timeout that fell into this turn is as good as one that was called for.
  if (reports_.TakeDue(now)) report_due_ = true;
  if (report_due_) {
    if (out.room() < kReportRoom + rtp::ReportBlock::kSize * CountReported()) return true;
    report_due_ = false;
    WriteReport(now, out);
  }
  if (demands_ && WriteDemands(now, out)) return true;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || !stream->receiver) continue;
    if (WriteRequests(now, *stream, out)) return true;
  }
  if (remb_) {
    if (out.room() < kRembRoom) return true;
    if (const std::optional<BitRate> rate = remb_->Poll(now)) {
      rtp::Remb remb;
      remb.sender = own_ssrc_;
      remb.rate = *rate;
      for (const std::unique_ptr<InboundStream>& stream : streams_) {
        if (remb.sources.size() == 31) break;
        if (stream != nullptr && stream->receiver) remb.sources.push_back(stream->receiver->ssrc());
      }
      remb.WriteTo(out);
    }
  }
  const std::optional<Timestamp> feedback = feedback_.NextTimeout();
  if (feedback && *feedback <= now) {
    // What does not fit into the rest of this datagram goes into one of its own.
    if (!feedback_.WriteFeedback(now, own_ssrc_, last_media_ssrc_, out)) return out.size() != 0;
    const std::optional<Timestamp> again = feedback_.NextTimeout();
    return again && *again <= now;
  }
  return false;
}

size_t Ingress::CountReported() const {
  size_t count = 0;
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    count += stream != nullptr && stream->receiver && stream->receiver->started();
  }
  return std::min(count, rtp::ReportBlocks::capacity());
}

// RFC 3550 §6.1: report, description, and the extended report that lets the peer's answer tell us
// the round-trip time.
void Ingress::WriteReport(Timestamp now, ByteWriter& out) {
  rtp::ReceiverReport report;
  report.sender = own_ssrc_;
  int64_t lost = 0;
  int64_t expected = 0;
  // Whoever finds no room in this report is the first in the next one.
  size_t visited = 0;
  for (; visited < streams_.size() && !report.blocks.full(); ++visited) {
    const auto& stream = streams_[(first_reported_ + visited) % streams_.size()];
    if (stream == nullptr || !stream->receiver || !stream->receiver->started()) continue;
    const rtp::ReportBlock block = stream->receiver->TakeReportBlock(now);
    report.blocks.push_back(block);
    lost += block.fraction_lost;
    expected += 256;
  }
  if (!streams_.empty()) first_reported_ = (first_reported_ + visited) % streams_.size();
  if (remb_ && expected > 0) remb_->RecordLoss(now, lost, expected);
  report.WriteTo(out);

  rtp::SourceDescription description;
  description.chunks.push_back({own_ssrc_, "sluice"});
  description.WriteTo(out);

  rtp::ExtendedReport extended;
  extended.sender = own_ssrc_;
  extended.reference_time = NtpTime::From(now, unix_offset_);
  if (reference_) {
    extended.dlrr.push_back(
        {reference_->sender, reference_->time.compact(), ToCompactNtp(now - reference_->arrival)});
  }
  extended.WriteTo(out);
}

// True if the datagram is too full for what this stream wants to say.
bool Ingress::WriteRequests(Timestamp now, InboundStream& stream, ByteWriter& out) {
  const rtp::FeedbackSources sources{own_ssrc_, stream.receiver->ssrc()};
  if (stream.key_frame_due) {
    if (out.room() < kKeyFrameRoom) return true;
    stream.key_frame_due = false;
    if (stream.key_frame_request == InboundStream::KeyFrameRequest::kPli) {
      rtp::PictureLossIndication{sources}.WriteTo(out);
      stream.receiver->RecordPliSent();
      NoteRequest({stream.producer, sources.media});
    } else if (stream.key_frame_request == InboundStream::KeyFrameRequest::kFir) {
      rtp::FullIntraRequest request;
      request.sources = {own_ssrc_, Ssrc()};
      request.entries.push_back({stream.receiver->ssrc(), fir_count_++});
      request.WriteTo(out);
      stream.receiver->RecordFirSent();
      NoteRequest({.producer = stream.producer, .ssrc = sources.media, .fir = true});
    }
  }
  for (;;) {
    if (out.room() < kNackRoom) return true;
    std::array<SeqNo, kNumbersPerNack> numbers;
    const size_t count = stream.receiver->PollNack(now, numbers);
    if (count == 0) return false;
    rtp::GenericNack nack;
    nack.sources = sources;
    for (size_t i = 0; i < count; ++i) nack.Add(numbers[i]);
    nack.WriteTo(out);
    NoteRequest({stream.producer, sources.media, static_cast<uint32_t>(count)});
    if (count < numbers.size()) return false;
  }
}

// True if the datagram is too full for all of them.
bool Ingress::WriteDemands(Timestamp now, ByteWriter& out) {
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr) continue;
    if (out.room() < kDemandRoom) return true;
    const std::optional<BitRate> bound = stream->demand.Poll(now);
    if (!bound) continue;
    rtp::BoundRequest request;
    request.sender = own_ssrc_;
    request.entries.push_back({*stream->signalled_ssrc, *bound});
    request.WriteTo(out);
  }
  return false;
}

void Ingress::RecordBound(const rtp::BoundNotification& notification) {
  for (const std::unique_ptr<InboundStream>& stream : streams_) {
    if (stream == nullptr || stream->signalled_ssrc != notification.sender) continue;
    for (const rtp::StreamBound& entry : notification.entries) {
      if (entry.ssrc == own_ssrc_) stream->demand.RecordBound(entry.rate);
    }
  }
}

void Ingress::NoteRequest(const RequestSent& request) {
  // Taken after every turn, in which no peer is asked for more.
  constexpr size_t kMaxNoted = 64;
  if (keeps_requests_ && requests_.size() < kMaxNoted) requests_.push_back(request);
}

}  // namespace sluice::worker

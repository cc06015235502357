#include "rtp/send/send_stream.h"

#include "rtp/rtcp/round_trip_time.h"

namespace sluice::rtp {

void SendStream::RecordSent(Timestamp now, uint32_t timestamp, size_t payload_size, size_t size) {
  // Packets of one frame share a time and leave one after the other: the first tells best when
  // that time was. Late packets tell nothing.
  if (!last_sent_ || static_cast<int32_t>(timestamp - newest_.timestamp) > 0) {
    newest_ = {now, timestamp};
  }
  last_sent_ = now;
  ++counts_.packets;
  counts_.bytes += size;
  ++report_packets_;
  report_octets_ += static_cast<uint32_t>(payload_size);
  rate_.Record(now, size);
}

void SendStream::RecordRetransmitted(Timestamp now, size_t size) {
  ++counts_.packets_retransmitted;
  counts_.bytes_retransmitted += size;
  retransmitted_rate_.Record(now, size);
}

void SendStream::RecordSourceClock(Timestamp when, uint32_t timestamp) {
  source_ = {when, timestamp};
}

void SendStream::RecordReportBlock(NtpTime now, const ReportBlock& block) {
  counts_.packets_lost = block.cumulative_lost;
  counts_.fraction_lost = block.fraction_lost;
  counts_.jitter = block.jitter;
  const auto round_trip = RoundTripTime(now, block.last_sender_report, block.delay_since_last);
  // A block that echoes nothing does not make the last measurement wrong.
  if (round_trip) counts_.round_trip = round_trip;
}

std::optional<SenderReport> SendStream::MakeSenderReport(Timestamp now,
                                                         Duration unix_offset) const {
  if (IsIdle(now)) return std::nullopt;
  SenderReport report;
  report.sender = options_.ssrc;
  report.ntp = NtpTime::From(now, unix_offset);
  report.rtp_timestamp = Extrapolate(newest_, now);
  if (source_) {
    const uint32_t by_source = Extrapolate(*source_, now);
    const auto surprise = static_cast<int32_t>(by_source - report.rtp_timestamp);
    const int64_t limit = kPlausible / std::chrono::seconds(1) * options_.clock_rate;
    // A source that was replaced has left its reading behind, and a hostile one may say anything.
    if (surprise <= limit && surprise >= -limit) report.rtp_timestamp = by_source;
  }
  report.packet_count = report_packets_;
  report.octet_count = report_octets_;
  return report;
}

SendStream::Stats SendStream::stats(Timestamp now) const {
  Stats stats = counts_;
  stats.rate = rate_.Rate(now);
  stats.retransmitted_rate = retransmitted_rate_.Rate(now);
  return stats;
}

uint32_t SendStream::Extrapolate(const ClockReading& from, Timestamp to) const {
  const int64_t micros = (to - from.when).count();
  const int64_t whole = micros / 1'000'000 * options_.clock_rate;
  const int64_t rest = micros % 1'000'000 * options_.clock_rate / 1'000'000;
  return from.timestamp + static_cast<uint32_t>(whole + rest);
}

}  // namespace sluice::rtp

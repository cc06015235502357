// One outgoing stream as its reports see it: what was sent, what the receiver says arrived, and
// which moment of the media clock belongs to which moment of ours (RFC 3550 §6.4).
//
// It sends nothing and keeps no packet. Facts come in, answers go out.

#ifndef SLUICE_RTP_SEND_SEND_STREAM_H_
#define SLUICE_RTP_SEND_SEND_STREAM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/packet/media.h"
#include "rtp/rate_meter.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/rtcp/sender_report.h"

namespace sluice::rtp {

class SendStream {
 public:
  // A stream that sent nothing for so long gets no sender report: the media clock of a source that
  // has stopped (a muted camera) is not ours to extrapolate.
  static constexpr Duration kIdle = std::chrono::seconds(2);
  // By how much the source's own account of its clock may disagree with its packets.
  static constexpr Duration kPlausible = std::chrono::seconds(5);

  struct Options {
    Ssrc ssrc;
    MediaKind kind = MediaKind::kVideo;
    uint32_t clock_rate = 90'000;
  };

  struct Stats {
    uint64_t packets = 0;  // first transmissions
    uint64_t bytes = 0;    // of whole packets, first transmissions
    uint64_t packets_retransmitted = 0;
    uint64_t bytes_retransmitted = 0;
    BitRate rate;  // first transmissions
    BitRate retransmitted_rate;
    int32_t packets_lost = 0;   // as the receiver counts; negative if it saw duplicates
    uint8_t fraction_lost = 0;  // of 256, in its last report
    uint32_t jitter = 0;        // in units of the media clock
    std::optional<Duration> round_trip;
    uint64_t nack_count = 0;         // messages
    uint64_t nack_packet_count = 0;  // packets asked for in them
    uint64_t pli_count = 0;
    uint64_t fir_count = 0;
  };

  explicit SendStream(const Options& options) : options_(options) {}

  // A first transmission. `timestamp` is what the receiver reads; `payload_size` excludes headers
  // and padding, `size` is the whole packet.
  void RecordSent(Timestamp now, uint32_t timestamp, size_t payload_size, size_t size);
  void RecordRetransmitted(Timestamp now, size_t size);

  // The source's clock read `timestamp`, translated for this receiver, at `when`: taken from its
  // sender reports. Two streams of one publisher stay in step by it, however long each of them
  // took to reach us.
  void RecordSourceClock(Timestamp when, uint32_t timestamp);

  // A report block about this stream; `now` is the NTP time at which it came.
  void RecordReportBlock(NtpTime now, const ReportBlock& block);
  void RecordNack(size_t packets) {
    ++counts_.nack_count;
    counts_.nack_packet_count += packets;
  }
  void RecordPli() { ++counts_.pli_count; }
  void RecordFir() { ++counts_.fir_count; }

  // Without report blocks. Nothing before the first packet, and nothing while idle.
  std::optional<SenderReport> MakeSenderReport(Timestamp now, Duration unix_offset) const;

  Ssrc ssrc() const { return options_.ssrc; }
  MediaKind kind() const { return options_.kind; }
  bool IsIdle(Timestamp now) const { return !last_sent_ || now - *last_sent_ > kIdle; }
  // Nothing until a report block told.
  std::optional<Duration> round_trip() const { return counts_.round_trip; }
  Stats stats(Timestamp now) const;
  // Of first transmissions.
  BitRate rate(Timestamp now) const { return rate_.Rate(now); }

 private:
  struct ClockReading {
    Timestamp when;
    uint32_t timestamp;
  };

  uint32_t Extrapolate(const ClockReading& from, Timestamp to) const;

  Options options_;
  Stats counts_;  // Only what is counted; rates are filled in by stats().
  // RFC 3550 §6.4.1: both counts of a sender report wrap, the octets are of payload.
  uint32_t report_packets_ = 0;
  uint32_t report_octets_ = 0;
  RateMeter rate_;
  RateMeter retransmitted_rate_;
  std::optional<Timestamp> last_sent_;
  // The newest media time that was sent, and when.
  ClockReading newest_{};
  std::optional<ClockReading> source_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_SEND_SEND_STREAM_H_

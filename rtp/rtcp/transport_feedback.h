// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01
// §3.1): which packets of a transport arrived, and when.
//
// A parsed one stays in its packet: the statuses are read out by ForEachReceived, so that a few
// bytes that claim to speak of 65,535 packets cost no more than those few bytes. It is written by
// TransportFeedbackBuilder.

#ifndef SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_H_
#define SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

class TransportFeedback {
 public:
  // Arrival times are told in steps of 250 us, the time they count from in steps of 64 ms.
  static constexpr Duration kTick{250};
  static constexpr Duration kReferenceTick{64'000};

  struct Arrival {
    SeqNo sequence;
    // Since the beginning of the sender's clock, which wraps with reference_time(); only
    // differences mean something.
    Duration time;

    bool operator==(const Arrival&) const = default;
  };

  // Nullopt unless the chunks speak of exactly status_count() packets and every arrival has its
  // delta.
  static std::optional<TransportFeedback> Parse(ByteView packet);
  void WriteTo(ByteWriter& out) const;

  const FeedbackSources& sources() const { return sources_; }
  SeqNo base() const { return base_; }
  // How many packets from base() on this speaks of; those that did not arrive are lost or late.
  uint16_t status_count() const { return status_count_; }
  // Signed 24 bits, in kReferenceTick.
  int32_t reference_time() const { return reference_time_; }
  // Counts feedback packets, so that a lost one is noticed.
  uint8_t feedback_count() const { return feedback_count_; }
  size_t received_count() const { return received_count_; }

  // Calls `visit(const Arrival&)` for every packet that arrived, in order of sequence.
  template <typename Visit>
  void ForEachReceived(Visit visit) const;

  bool operator==(const TransportFeedback& other) const;

 private:
  // Walks the chunks; a status is what it says of one packet.
  class Statuses {
   public:
    Statuses(ByteView chunks, uint16_t count) : in_(chunks), left_(count) {}

    // Steps over what did not arrive to the next packet that did. False at the end.
    bool NextReceived();
    // Of the packet that NextReceived found: how far it is from the base, and how long its delta.
    size_t offset() const { return offset_; }
    size_t delta_size() const { return symbol_; }
    // Whether the chunks were enough for the count and used no reserved symbol.
    bool ok() const { return ok_; }
    ByteView rest() const { return in_.rest(); }

   private:
    bool LoadChunk();
    bool Fail();

    ByteReader in_;
    size_t left_;      // packets not yet spoken of
    size_t next_ = 0;  // offset of the next packet
    size_t offset_ = 0;
    size_t in_chunk_ = 0;  // symbols left in the chunk
    uint16_t bits_ = 0;    // of a vector: its symbols, the next one uppermost
    uint8_t width_ = 0;    // bits of a symbol of a vector; zero for a run
    uint8_t symbol_ = 0;
    bool ok_ = true;
  };

  TransportFeedback() = default;

  FeedbackSources sources_;
  SeqNo base_;
  uint16_t status_count_ = 0;
  int32_t reference_time_ = 0;
  uint8_t feedback_count_ = 0;
  size_t received_count_ = 0;
  ByteView chunks_;
  ByteView deltas_;
};

template <typename Visit>
void TransportFeedback::ForEachReceived(Visit visit) const {
  Statuses statuses(chunks_, status_count_);
  ByteReader deltas(deltas_);
  Duration time = reference_time_ * kReferenceTick;
  while (statuses.NextReceived()) {
    // A small delta is never negative, a large one has a sign (§3.1.5).
    const int ticks = statuses.delta_size() == 1 ? deltas.U8() : static_cast<int16_t>(deltas.U16());
    time += ticks * kTick;
    visit(Arrival{base_ + static_cast<int>(statuses.offset()), time});
  }
}

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_H_

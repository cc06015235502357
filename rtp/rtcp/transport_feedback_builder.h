// Collects arrivals for one transport-wide feedback packet and writes it in few bytes
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//
// Add() refuses what does not fit: too far in number or time from what came before, or too many
// bytes. The owner then writes this packet and begins the next one with what was refused.

#ifndef SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_BUILDER_H_
#define SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_BUILDER_H_

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/rtcp/bounded_list.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::rtp {

class TransportFeedbackBuilder {
 public:
  // Five times what one feedback interval normally holds.
  static constexpr size_t kMaxReceived = 256;

  // `base` is the first number spoken of, received or not; `first_arrival` that of the first packet
  // that will be added. The packet will not be longer than `room`.
  TransportFeedbackBuilder(TransportSeq base, Timestamp first_arrival, size_t room);

  // Numbers must grow from call to call; times need not.
  bool Add(TransportSeq sequence, Timestamp arrival);

  bool empty() const { return received_.empty(); }
  void WriteTo(ByteWriter& out, const FeedbackSources& sources, uint8_t feedback_count) const;

 private:
  struct Received {
    uint16_t offset = 0;  // from the base
    int16_t delta = 0;    // since the one before, in ticks of 250 us
  };

  // How a packet is spoken of: 0 not received, 1 small delta, 2 large or negative delta.
  static uint8_t SymbolOf(const Received& received);
  // The symbol of the packet at `offset`, given the first received packet not before it.
  uint8_t SymbolAt(size_t offset, size_t index) const;
  size_t RunLength(size_t offset, size_t index) const;
  size_t VectorSpan(size_t offset, size_t index) const;
  // Writes one chunk and returns how many packets it speaks of.
  size_t WriteChunk(ByteWriter& out, size_t offset, size_t index) const;

  const TransportSeq base_;
  const int64_t reference_;  // in units of 64 ms
  const size_t room_;
  int64_t last_ticks_;
  size_t status_count_ = 0;
  size_t size_bound_;
  BoundedList<Received, kMaxReceived> received_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_TRANSPORT_FEEDBACK_BUILDER_H_

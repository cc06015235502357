// One consumer, as it goes out.

#ifndef SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_
#define SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/drop_reason.h"
#include "base/ids.h"
#include "rtp/forward/forwarder.h"
#include "rtp/receive/score.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/send/egress_writer.h"
#include "rtp/send/picture_end.h"
#include "rtp/send/report_scheduler.h"
#include "rtp/send/retransmission_cache.h"
#include "rtp/send/send_stream.h"
#include "worker/engine/objects.h"
#include "worker/engine/untaken.h"

namespace sluice::worker {

struct OutboundStream {
  struct Rtx {
    Ssrc ssrc;
    // By media payload type; refused where nothing repeats it.
    rtp::PayloadTypeMap payload_types;
    uint16_t next_seq = 0;
  };

  Handle<Consumer> consumer;
  std::string cname;
  bool nack = false;
  // Its packets carry numbers of the transport.
  bool numbered = false;
  // Pictures consist of several frames.
  bool sizes_in_one = false;
  std::optional<Rtx> rtx;
  rtp::Forwarder forwarder;
  rtp::EgressWriter writer;
  rtp::RetransmissionCache cache;
  rtp::SendStream sent;
  rtp::ReportScheduler reports;
  bool report_due = false;
  // Apart from what it was not even offered.
  DropCounters drops;
  Untaken untaken;
  // The producer sends several encodings, of which it takes one.
  bool chooses = false;
  // All media of the producer is of a payload type it takes.
  bool takes_media = false;
  rtp::PictureEnd picture_end = {};
  std::optional<uint32_t> reported_sequence = std::nullopt;
  // How well it arrives, as the receiver tells.
  rtp::Score score = {};
  uint64_t repeated_before = 0;

  // What may make a difference to it as things stand.
  EncodingBits ConcernedBy(Timestamp now) const {
    if (!takes_media) return kAllPackets;
    // What is kept back leaves when more of its source comes, taken or not.
    if (forwarder.stopped()) return picture_end.keeps() ? kAllPackets : kForEverybody;
    if (!chooses) return kAllPackets;
    return static_cast<EncodingBits>(kForEverybody | forwarder.ConcernedBy(now));
  }
  void Take(EncodingBits taken) {
    const bool stopped = forwarder.stopped();
    untaken.Take(taken, stopped ? DropReason::kConsumerPaused : DropReason::kOtherLayer, drops);
  }
  DropCounters AllDrops() const {
    DropCounters all = drops;
    untaken.AddTo(all);
    return all;
  }

  void RecordScore(const rtp::ReportBlock& block, uint32_t expected, uint64_t repeated) {
    const int64_t lost = int64_t{expected} * block.fraction_lost / 256;
    const auto repairs = static_cast<int64_t>(repeated - repeated_before);
    repeated_before = repeated;
    if (expected == 0) return;
    score.Record({.received = int64_t{expected} - lost,
                  .lost = lost,
                  .repaired = std::min(lost, repairs),
                  .retransmitted = repairs});
  }

  // How many packets of the stream the block speaks of that the one before did not.
  uint32_t TakeExpected(const rtp::ReportBlock& block) {
    const uint32_t before = reported_sequence.value_or(block.highest_sequence);
    reported_sequence = block.highest_sequence;
    // A receiver that counts backwards tells nothing.
    const auto step = static_cast<int32_t>(block.highest_sequence - before);
    return step > 0 ? static_cast<uint32_t>(step) : 0;
  }
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_

// One consumer, as it goes out.

#ifndef SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_
#define SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>

#include "base/drop_reason.h"
#include "base/ids.h"
#include "rtp/forward/forwarder.h"
#include "rtp/send/egress_writer.h"
#include "rtp/send/report_scheduler.h"
#include "rtp/send/retransmission_cache.h"
#include "rtp/send/send_stream.h"
#include "worker/engine/objects.h"

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
  std::optional<Rtx> rtx;
  rtp::Forwarder forwarder;
  rtp::EgressWriter writer;
  rtp::RetransmissionCache cache;
  rtp::SendStream sent;
  rtp::ReportScheduler reports;
  bool report_due = false;
  DropCounters drops;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OUTBOUND_STREAM_H_

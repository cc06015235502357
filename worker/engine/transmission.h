// One sending of a packet, as a number: what we tell the bandwidth estimator of it, and hear again
// if the receiver reports it missing.

#ifndef SLUICE_WORKER_ENGINE_TRANSMISSION_H_
#define SLUICE_WORKER_ENGINE_TRANSMISSION_H_

#include <cstdint>

#include "base/seq_no.h"
#include "rtp/send/retransmission_cache.h"
#include "worker/engine/limits.h"

namespace sluice::worker {

struct Transmission {
  uint32_t stream = 0;  // see Egress::AddStream
  SeqNo seq;
  // How often the packet had been sent before.
  uint8_t repeats = 0;

  // Of a name, which is kept for every packet: what there is room for.
  static constexpr uint32_t kMaxStream = (1 << 13) - 2;
  static constexpr uint8_t kMaxRepeats = (1 << 3) - 1;

  // Never zero, as long as the above is kept to.
  constexpr uint32_t name() const {
    return (stream + 1) << 19 | uint32_t{seq.value()} << 3 | (repeats & kMaxRepeats);
  }
  static constexpr Transmission Named(uint32_t name) {
    return {(name >> 19) - 1, SeqNo(static_cast<uint16_t>(name >> 3)),
            static_cast<uint8_t>(name & kMaxRepeats)};
  }
};
// Streams are numbered from zero, and numbers are given again.
static_assert(kMaxConsumersPerTransport <= Transmission::kMaxStream);
static_assert(rtp::RetransmissionCache::kMaxRepeats <= Transmission::kMaxRepeats);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRANSMISSION_H_

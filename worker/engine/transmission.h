// One sending of a packet, as a number: what we tell the bandwidth estimator of it, and hear again
// if the receiver reports it missing.

#ifndef SLUICE_WORKER_ENGINE_TRANSMISSION_H_
#define SLUICE_WORKER_ENGINE_TRANSMISSION_H_

#include <cstdint>

#include "base/seq_no.h"

namespace sluice::worker {

struct Transmission {
  uint32_t stream = 0;  // see Egress::AddStream
  SeqNo seq;
  // How often the packet had been sent before.
  uint8_t repeats = 0;

  // Never zero.
  constexpr uint64_t name() const {
    return (uint64_t{stream} + 1) << 24 | uint64_t{seq.value()} << 8 | repeats;
  }
  static constexpr Transmission Named(uint64_t name) {
    return {static_cast<uint32_t>((name >> 24) - 1), SeqNo(static_cast<uint16_t>(name >> 8)),
            static_cast<uint8_t>(name)};
  }
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_TRANSMISSION_H_

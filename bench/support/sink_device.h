// A network device that takes datagrams as a good network card does, and lets them vanish.
//
// It is an `ifb` in a network namespace that this process makes for itself. What is sent goes
// through socket, UDP, IP, route, neighbour and queue into the driver, which frees it; segment
// trains arrive there whole. On loopback the sender would pay for the receivers as well, which is
// several times what the sending costs.

#ifndef SLUICE_BENCH_SUPPORT_SINK_DEVICE_H_
#define SLUICE_BENCH_SUPPORT_SINK_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "base/endpoint.h"

namespace sluice::bench {

class SinkDevice {
 public:
  // The network behind the device has 16 bits of addresses.
  static constexpr size_t kMaxReceivers = 60'000;

  // Moves the calling thread, and with it every socket that it opens from now on, into a new
  // network namespace that has this device and nothing else. It ends with the process. Needs root,
  // iproute2 and the kernel module ifb; the error says which of them is missing.
  static absl::StatusOr<SinkDevice> Enter();

  // Where sockets bind that send into it.
  Endpoint local() const;
  // Receiver `index` has an address of its own, less than kMaxReceivers; they are all behind one
  // gateway, as the receivers of a server are.
  Endpoint Receiver(size_t index) const;

  // What the device was given so far, trains counted as one. Nothing if the kernel does not say.
  std::optional<uint64_t> Taken() const;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_SINK_DEVICE_H_

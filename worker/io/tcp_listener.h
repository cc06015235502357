// One listening TCP socket, for passive host candidates (RFC 6544 §4.1), and how its connections
// are set up.

#ifndef SLUICE_WORKER_IO_TCP_LISTENER_H_
#define SLUICE_WORKER_IO_TCP_LISTENER_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "base/entropy.h"
#include "worker/engine/sockets.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {

class TcpListener {
 public:
  // For what is on its way, which TCP keeps until it is acknowledged: 10 Mbit/s over 200 ms, and as
  // much again. It bounds what a peer that does not read costs the kernel.
  static constexpr uint32_t kDefaultBuffer = 512u << 10;
  // Of that, what has not even left for the network: an eighth of a second of 4 Mbit/s, or a key
  // frame. More would only make media late.
  static constexpr uint32_t kMaxUnsent = 64u << 10;
  // After so long without an acknowledgement, or without room at the other side, the kernel gives a
  // connection up: as long as ICE waits for a sign of the peer (RFC 7675 §5.1).
  static constexpr uint32_t kUserTimeoutMs = 30'000;
  // Connections that the kernel holds until they are accepted.
  static constexpr int kBacklog = 512;

  struct Accepted {
    Descriptor descriptor;
    Endpoint remote;
  };
  enum class Refusal : uint8_t {
    kNone,           // there is nobody
    kNoDescriptors,  // the next one has to wait
    kBroken,         // this one has gone already, the next may be good
  };

  // An error names address and port.
  static absl::StatusOr<TcpListener> Open(const ListenOptions& options, Entropy& entropy);

  // The next connection, ready for use.
  std::pair<std::optional<Accepted>, Refusal> Accept() const;

  int fd() const { return descriptor_.get(); }
  const Endpoint& local() const { return local_; }

 private:
  explicit TcpListener(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  Descriptor descriptor_;
  Endpoint local_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_TCP_LISTENER_H_

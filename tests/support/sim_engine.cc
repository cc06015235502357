#include "tests/support/sim_engine.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/allocation_count.h"
#include "worker/engine/demux.h"

namespace sluice::test {
namespace {

// Counts what the heap is asked for while it lives.
class Watched {
 public:
  explicit Watched(uint64_t& total) : total_(total), before_(AllocationWatch::count()) {}
  ~Watched() { total_ += AllocationWatch::count() - before_; }

 private:
  uint64_t& total_;
  const uint64_t before_;
  const AllocationWatch watch_;
};

}  // namespace

absl::StatusOr<worker::BoundSocket> SimSockets::Open(const worker::ListenOptions& options) {
  if (exhausted_) return absl::UnavailableError("too many open files");
  Endpoint local{options.address, options.port, options.protocol};
  if (options.port == 0) {
    const uint16_t first = options.port_min != 0 ? options.port_min : next_port_;
    const uint16_t last = options.port_max != 0 ? options.port_max : uint16_t{65'535};
    local.port = first;
    while (FindByAddress(local) && local.port < last) ++local.port;
    if (options.port_min == 0) next_port_ = static_cast<uint16_t>(local.port + 1);
  }
  if (FindByAddress(local)) {
    return absl::UnavailableError(absl::StrCat("cannot bind to ", local.ToString()));
  }
  const SocketId id(next_id_++);
  open_.emplace(id, local);
  return worker::BoundSocket{id, local};
}

std::optional<SocketId> SimSockets::FindByAddress(const Endpoint& local) const {
  for (const auto& [id, endpoint] : open_) {
    if (endpoint == local) return id;
  }
  return std::nullopt;
}

const Endpoint* SimSockets::Find(SocketId socket) const {
  const auto found = open_.find(socket);
  return found == open_.end() ? nullptr : &found->second;
}

SimEngine::SimEngine(uint64_t seed, const dtls::Context& dtls, const Options& options)
    : pool_(options.pool_slots),
      entropy_(seed),
      engine_({.pool = pool_,
               .entropy = entropy_,
               .sockets = sockets_,
               .dtls = dtls,
               .usage = usage_,
               .cipher = cipher_.get(),
               .unix_offset = kUnixOffset,
               .pid = 1,
               .adapts_to_bandwidth = options.adapts_to_bandwidth,
               .estimate_traces = options.estimate_traces,
               .answers_stun = options.answers_stun}),
      control_(engine_) {}

void SimEngine::Receive(Timestamp now, const SimNetwork::Delivery& delivery) {
  const std::optional<SocketId> socket = sockets_.FindByAddress(delivery.to);
  if (!socket || killed_) return;
  if (delivery.bytes.size() > PacketSlot::kCapacity) {
    engine_.RecordDrop(DropReason::kTruncated);
    return;
  }
  PacketRef packet = pool_.Copy(delivery.bytes, now);
  if (!packet) {
    engine_.RecordDrop(DropReason::kPoolExhausted);
    return;
  }
  const worker::Wire wire = worker::Classify(delivery.bytes);
  const bool media = wire == worker::Wire::kRtp || wire == worker::Wire::kRtcp;
  uint64_t ignored = 0;
  const Watched watched(media ? allocations_ : ignored);
  engine_.HandleDatagram(now, *socket, delivery.from, std::move(packet));
}

void SimEngine::HandleDisconnected(Timestamp now, const Endpoint& local, const Endpoint& remote) {
  const std::optional<SocketId> socket = sockets_.FindByAddress(local);
  if (!socket) return;
  sockets_.Forget({*socket, remote});
  engine_.HandleDisconnected(now, {*socket, remote});
}

void SimEngine::HandleTimeout(Timestamp now) {
  if (killed_) return;
  const Watched watched(allocations_);
  engine_.HandleTimeout(now);
}

void SimEngine::Flush(Timestamp now, SimNetwork& network) {
  if (killed_) return;
  control_.Drain();
  for (bool more = true; more;) {
    {
      const Watched watched(allocations_);
      more = engine_.PollTransmit(now, batch_);
    }
    for (const worker::TransmitBatch::Entry& entry : batch_.entries()) {
      const Endpoint* from = sockets_.Find(entry.path.socket);
      if (from == nullptr) {
        ++misdirected_;
        continue;
      }
      if (!network.Send(now, *from, entry.path.remote, batch_.bytes(entry))) {
        engine_.RecordDrop(DropReason::kSocketFull);
      }
    }
    engine_.RecordHandOver(now);
    batch_.Clear();
  }
  for (const Path& path : sockets_.TakeReleased()) {
    if (const Endpoint* local = sockets_.Find(path.socket)) network.Break(path.remote, *local);
  }
  // Sending may have had news.
  control_.Drain();
}

}  // namespace sluice::test

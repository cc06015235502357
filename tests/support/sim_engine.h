// One engine with everything the shell would give it: sockets of the simulated network, seeded
// entropy, a pool, and an application at the other end of its control channel.

#ifndef SLUICE_TESTS_SUPPORT_SIM_ENGINE_H_
#define SLUICE_TESTS_SUPPORT_SIM_ENGINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/sim_control.h"
#include "tests/support/sim_network.h"
#include "worker/engine/engine.h"

namespace sluice::test {

// Addresses of the simulated network as an engine opens and closes them.
class SimSockets : public worker::Sockets {
 public:
  absl::StatusOr<worker::BoundSocket> Open(const worker::ListenOptions& options) override;
  void Close(SocketId socket) override {
    open_.erase(socket);
    std::erase_if(kept_, [&](const Path& path) { return path.socket == socket; });
  }
  void Keep(const Path& path) override { kept_.insert(path); }
  void Release(const Path& path) override {
    if (kept_.erase(path) != 0) released_.push_back(path);
  }

  std::optional<SocketId> FindByAddress(const Endpoint& local) const;
  const Endpoint* Find(SocketId socket) const;
  size_t open() const { return open_.size(); }
  // Connections that somebody has proved to be his, and those that nobody wants since the last
  // call.
  const std::set<Path>& kept() const { return kept_; }
  std::vector<Path> TakeReleased() { return std::exchange(released_, {}); }
  // It has ended by itself.
  void Forget(const Path& path) { kept_.erase(path); }
  // From now on every Open is refused.
  void Exhaust(bool exhausted = true) { exhausted_ = exhausted; }

 private:
  std::map<SocketId, Endpoint> open_;
  std::set<Path> kept_;
  std::vector<Path> released_;
  uint32_t next_id_ = 1;
  uint16_t next_port_ = 40'000;
  bool exhausted_ = false;
};

class SimUsage : public worker::ProcessUsage {
 public:
  Reading Read() override { return {.user_time_us = 1, .system_time_us = 2, .max_rss_kib = 3, .rss_kib = 2}; }
};

class SimEngine {
 public:
  // What the worker's wall clock is ahead of the simulation's time.
  static constexpr Duration kUnixOffset = std::chrono::hours(24 * 365 * 55);

  struct Options {
    size_t pool_slots = PacketPool::kDefaultMaxSlots;
    bool adapts_to_bandwidth = true;
    worker::EstimateTraces* estimate_traces = nullptr;
    bool answers_stun = false;
  };

  SimEngine(uint64_t seed, const dtls::Context& dtls, const Options& options);

  void Receive(Timestamp now, const SimNetwork::Delivery& delivery);
  // Our end of a connection has noticed that the other is gone.
  void HandleDisconnected(Timestamp now, const Endpoint& local, const Endpoint& remote);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const {
    return killed_ ? std::nullopt : engine_.NextTimeout();
  }
  // Sends all the engine has to say and takes its news.
  void Flush(Timestamp now, SimNetwork& network);

  // As if the process had been killed: hears nothing more and says nothing more.
  void Kill() { killed_ = true; }

  worker::Engine& engine() { return engine_; }
  SimControl& control() { return control_; }
  SimSockets& sockets() { return sockets_; }
  const PacketPool& pool() const { return pool_; }
  bool Owns(const Endpoint& local) const { return sockets_.FindByAddress(local).has_value(); }

  // How often the engine asked the heap for memory while it worked on media, RTCP and timers. Not
  // counted: its control channel, handshakes, and ICE checks, whose HMAC is OpenSSL's and which
  // come once in five seconds.
  uint64_t allocations() const { return allocations_; }
  // What the engine sent through a socket that it had closed.
  uint64_t misdirected() const { return misdirected_; }

 private:
  PacketPool pool_;
  SeededEntropy entropy_;
  SimSockets sockets_;
  SimUsage usage_;
  const std::unique_ptr<dtls::BulkCipher> cipher_ = dtls::BulkCipher::Create();
  worker::Engine engine_;
  SimControl control_;
  worker::TransmitBatch batch_;
  uint64_t allocations_ = 0;
  uint64_t misdirected_ = 0;
  bool killed_ = false;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_ENGINE_H_

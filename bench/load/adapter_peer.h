// A peer behind an adapter: a program that is spoken to in lines (adapter_line.h) and does with the
// server what they say.

#ifndef SLUICE_BENCH_LOAD_ADAPTER_PEER_H_
#define SLUICE_BENCH_LOAD_ADAPTER_PEER_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/adapter_line.h"
#include "bench/load/child_process.h"
#include "bench/load/peer.h"

namespace sluice::load {

class AdapterPeer : public Peer {
 public:
  struct Options {
    // The adapter's program and its arguments.
    std::vector<std::string> arguments;
    dtls::SrtpProfile cipher = dtls::SrtpProfile::kAeadAes128Gcm;
    bool twcc = true;
    uint32_t server_cpu = 0;
    uint32_t own_cpu = 0;
  };

  explicit AdapterPeer(Options options) : options_(std::move(options)) {}

  absl::StatusOr<PeerIdentity> Start() override;
  void Submit(const Request& request) override;
  std::optional<Answer> Poll() override;
  void Stop() override;

 private:
  void Write(const AdapterLine& line);
  std::optional<std::string> NextLine();
  // Waits for it.
  absl::StatusOr<AdapterLine> AwaitLine();

  const Options options_;
  ChildProcess child_;
  std::string unread_;
  size_t unanswered_ = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ADAPTER_PEER_H_

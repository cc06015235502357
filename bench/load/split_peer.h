// Several processes of one server as one peer: rooms are dealt out to them in turn, and what is
// asked about a room or of a transport goes to the process that has it.

#ifndef SLUICE_BENCH_LOAD_SPLIT_PEER_H_
#define SLUICE_BENCH_LOAD_SPLIT_PEER_H_

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/peer.h"

namespace sluice::load {

class SplitPeer : public Peer {
 public:
  // At least one.
  explicit SplitPeer(std::vector<std::unique_ptr<Peer>> workers) : workers_(std::move(workers)) {}

  absl::StatusOr<PeerIdentity> Start() override;
  void Submit(const Request& request) override;
  std::optional<Answer> Poll() override;
  void Stop() override;

 private:
  struct Pending {
    // Who has yet to answer. The answer of several is their sum.
    std::vector<size_t> workers;
    Answer answer;
  };

  // `id` as the worker knows it.
  struct Place {
    size_t worker = 0;
    std::string id;
  };

  void SubmitTo(size_t worker, const Request& request);
  size_t WorkerOf(const std::string& room) const;
  static Place PlaceOf(const std::string& transport);
  static void Merge(Answer part, size_t worker, Answer& whole);

  const std::vector<std::unique_ptr<Peer>> workers_;
  std::map<std::string, size_t> rooms_;
  std::deque<Pending> pending_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SPLIT_PEER_H_

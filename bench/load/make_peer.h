// Who is measured, by name.

#ifndef SLUICE_BENCH_LOAD_MAKE_PEER_H_
#define SLUICE_BENCH_LOAD_MAKE_PEER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/options.h"
#include "bench/load/peer.h"

namespace sluice::load {

struct PeerChoice {
  std::string name;
  // Processes of the server, each on a core of its own as far as there are.
  uint32_t workers = 1;
  // What trains of the peer `limit` have on average; 0: as they come.
  double limit_train = 0;
};

std::unique_ptr<Peer> MakePeer(const PeerChoice& choice, const Options& options);

// One core for each worker of a machine with so many: the servers' first, then the others, and the
// clients' only when no other is left. With more workers than cores they begin again.
std::vector<uint32_t> CoresOfWorkers(const Options& options, uint32_t cores, size_t workers);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_MAKE_PEER_H_

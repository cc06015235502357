#include "bench/load/make_peer.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/adapter_peer.h"
#include "bench/load/sluice_peer.h"
#include "bench/load/split_peer.h"

namespace sluice::load {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string OwnFolder() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  return FolderOf(std::string(path, size > 0 ? static_cast<size_t>(size) : 0));
}

std::unique_ptr<Peer> MakeOne(const PeerChoice& choice, const Options& options, uint32_t cpu) {
  const std::string own = OwnFolder();
  if (choice.name == "sluice") {
    const std::string beside = FolderOf(own) + "/worker/sluice-worker";
    return std::make_unique<SluicePeer>(
        SluicePeer::Options{options.worker.empty() ? beside : options.worker,
                            options.worker_arguments, options.twcc, cpu});
  }
  AdapterPeer::Options adapter{{}, options.cipher, options.twcc, cpu, options.own_cpu};
  if (choice.name == "limit") {
    adapter.arguments = {own + "/limit"};
    if (choice.limit_train > 0) {
      adapter.arguments.insert(adapter.arguments.end(),
                               {"--train-mean", absl::StrCat(choice.limit_train)});
    }
  } else {
    const std::string folder =
        options.adapters.empty() ? std::string(SLUICE_SOURCE_DIR "/bench/peers") : options.adapters;
    adapter.arguments = {"node", absl::StrCat(folder, "/", choice.name, ".js")};
  }
  return std::make_unique<AdapterPeer>(std::move(adapter));
}

}  // namespace

std::unique_ptr<Peer> MakePeer(const PeerChoice& choice, const Options& options) {
  if (choice.workers == 1) return MakeOne(choice, options, options.server_cpu);
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  std::vector<std::unique_ptr<Peer>> workers;
  for (const uint32_t cpu :
       CoresOfWorkers(options, static_cast<uint32_t>(std::max(online, 1L)), choice.workers)) {
    workers.push_back(MakeOne(choice, options, cpu));
  }
  return std::make_unique<SplitPeer>(std::move(workers));
}

std::vector<uint32_t> CoresOfWorkers(const Options& options, uint32_t cores, size_t workers) {
  std::vector<uint32_t> order = {options.server_cpu};
  for (uint32_t cpu = 0; cpu < cores; ++cpu) {
    if (cpu != options.server_cpu && cpu != options.own_cpu) order.push_back(cpu);
  }
  if (options.own_cpu != options.server_cpu) order.push_back(options.own_cpu);
  std::vector<uint32_t> chosen;
  for (size_t i = 0; i < workers; ++i) chosen.push_back(order[i % order.size()]);
  return chosen;
}

}  // namespace sluice::load

#include "bench/support/sink_device.h"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "base/check.h"

namespace sluice::bench {
namespace {

// One neighbour, the gateway, whose address is known: nobody is there to be asked. The device says
// that it offers checksums and segmentation of UDP; that is its default.
constexpr const char* kCommands =
    "link add sink type ifb\n"
    "link set sink mtu 1500 up\n"
    "address add 10.200.0.1/30 dev sink\n"
    "neighbour replace 10.200.0.2 lladdr 02:00:00:00:00:02 nud permanent dev sink\n"
    "route add 10.201.0.0/16 via 10.200.0.2\n";

constexpr uint16_t kFirstPort = 40'000;
// Neither .0 nor .255, so that no address looks like that of a network.
constexpr size_t kHostsPerNetwork = 250;

absl::Status Failure(const std::string& sentence) {
  return absl::Status(absl::StatusCode::kUnavailable, sentence);
}

}  // namespace

absl::StatusOr<SinkDevice> SinkDevice::Enter() {
  if (geteuid() != 0) return Failure("the sink needs root: only root makes network namespaces");
  if (unshare(CLONE_NEWNET) != 0) {
    return Failure(std::string("cannot make a network namespace: ") + std::strerror(errno));
  }
  std::FILE* const ip = popen("ip -batch -", "w");
  if (ip == nullptr) return Failure(std::string("cannot run ip: ") + std::strerror(errno));
  const bool written = std::fputs(kCommands, ip) >= 0;
  if (pclose(ip) != 0 || !written) {
    return Failure("cannot make the device: it takes iproute2 and the kernel module ifb");
  }
  return SinkDevice();
}

Endpoint SinkDevice::local() const { return {IpAddress::V4(10, 200, 0, 1), 0}; }

Endpoint SinkDevice::Receiver(size_t index) const {
  SLUICE_CHECK(index < kMaxReceivers);
  const auto network = static_cast<uint8_t>(index / kHostsPerNetwork);
  const auto host = static_cast<uint8_t>(1 + index % kHostsPerNetwork);
  return {IpAddress::V4(10, 201, network, host), static_cast<uint16_t>(kFirstPort + index % 1000)};
}

// An ifb drops what was not redirected to it, and counts that as dropped on receiving. The fields
// of a line of /proc/net/dev are those of receiving first: bytes, packets, errors, drops.
std::optional<uint64_t> SinkDevice::Taken() const {
  std::ifstream devices("/proc/thread-self/net/dev");
  for (std::string line; std::getline(devices, line);) {
    const size_t colon = line.find("sink:");
    if (colon == std::string::npos) continue;
    std::istringstream fields(line.substr(colon + 5));
    uint64_t bytes = 0, packets = 0, errors = 0, drops = 0;
    if (fields >> bytes >> packets >> errors >> drops) return drops;
  }
  return std::nullopt;
}

}  // namespace sluice::bench

// A bad network between two network namespaces: every IP packet passes a SimLink, on the real
// clock.
//
// usage: link_emulator CLIENT_NAMESPACE SERVER_NAMESPACE DEVICE [SEED]
//
// Makes a TUN device called DEVICE in each of the namespaces (paths as /proc/PID/ns/net), says
// "ready" and carries packets between them: "up" from client to server, "down" back. TUN devices
// offer no offloads, so that the kernel completes every checksum before a packet comes here. Lines
// on stdin are answered by one line each:
//
//   up WORDS, down WORDS, both WORDS   from now on the link is like that (link_settings.h)
//   counters                           what happened so far, as JSON
//
// It ends with stdin, and the devices end with it.

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/interop/link_settings.h"
#include "tests/support/sim_link.h"

namespace sluice::test {
namespace {

// The MTU of a TUN device is 1500 and nobody changes it.
constexpr size_t kLargestPacket = 1500;
// What may be under way in one direction: a quarter of a second at 250 Mbit/s. More would not be a
// link but a leak.
constexpr size_t kMostUnderWay = 8 << 20;
// So that one direction does not starve the other, nor the commands.
constexpr int kPacketsPerTurn = 64;
// SimLink counts these on top of what it is told.
constexpr size_t kIpAndUdpHeaders = 28;
constexpr size_t kLongestLine = 1024;

Timestamp Now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Timestamp(Duration(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

// One direction: from one device to the other.
class Direction {
 public:
  Direction(int from, int to, uint64_t seed) : from_(from), to_(to), link_({}, seed) {}

  // Takes what waits at the entrance.
  void Drain(Timestamp now) {
    std::array<uint8_t, kLargestPacket> buffer;
    for (int turn = 0; turn < kPacketsPerTurn; ++turn) {
      const ssize_t size = read(from_, buffer.data(), buffer.size());
      if (size <= 0) return;
      Take(now, {buffer.data(), static_cast<size_t>(size)});
    }
  }

  // Lets out what has arrived.
  void Deliver(Timestamp now) {
    while (!under_way_.empty() && under_way_.top().arrival <= now) {
      const std::vector<uint8_t>& bytes = under_way_.top().bytes;
      // A packet that the other side refuses is one more that was lost on its way.
      if (write(to_, bytes.data(), bytes.size()) < 0) ++refused_;
      bytes_under_way_ -= bytes.size();
      under_way_.pop();
    }
  }

  std::optional<Timestamp> NextArrival() const {
    if (under_way_.empty()) return std::nullopt;
    return under_way_.top().arrival;
  }

  int entrance() const { return from_; }
  void Set(const LinkOptions& options) { link_.set_options(options); }

  void Print(const char* name) const {
    const SimLink::Counts& counts = link_.counts();
    std::printf("\"%s\":{\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lost\":%" PRIu64
                ",\"queueFull\":%" PRIu64 ",\"tooLarge\":%" PRIu64 ",\"reordered\":%" PRIu64
                ",\"duplicated\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"bytesUnderWay\":%zu}",
                name, counts.sent, counts.bytes, counts.lost, counts.queue_full, counts.too_large,
                counts.reordered, counts.duplicated, refused_, bytes_under_way_);
  }

 private:
  struct Packet {
    Timestamp arrival;
    uint64_t number = 0;  // keeps the order of those that arrive together
    std::vector<uint8_t> bytes;
    bool operator>(const Packet& other) const {
      return std::tie(arrival, number) > std::tie(other.arrival, other.number);
    }
  };

  void Take(Timestamp now, std::span<const uint8_t> packet) {
    const size_t size = packet.size() - std::min(packet.size(), kIpAndUdpHeaders);
    for (const Timestamp arrival : link_.Send(now, size)) {
      if (bytes_under_way_ + packet.size() > kMostUnderWay) {
        ++refused_;
        continue;
      }
      bytes_under_way_ += packet.size();
      under_way_.push({arrival, next_number_++, {packet.begin(), packet.end()}});
    }
  }

  const int from_;
  const int to_;
  SimLink link_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> under_way_;
  size_t bytes_under_way_ = 0;
  uint64_t next_number_ = 0;
  uint64_t refused_ = 0;
};

struct Path {
  Direction up;
  Direction down;
};

// False if the line makes no sense.
bool Obey(Path& path, std::string_view line) {
  if (line == "counters") {
    std::printf("{");
    path.up.Print("up");
    std::printf(",");
    path.down.Print("down");
    std::printf("}\n");
    return true;
  }
  const std::string_view verb = line.substr(0, line.find(' '));
  const std::optional<LinkOptions> options = ParseLinkSettings(line.substr(verb.size()));
  if (!options || (verb != "up" && verb != "down" && verb != "both")) return false;
  if (verb != "down") path.up.Set(*options);
  if (verb != "up") path.down.Set(*options);
  std::printf("done\n");
  return true;
}

class CommandInput {
 public:
  // False when there will be no more.
  bool Read(Path& path) {
    std::array<char, 256> buffer;
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size <= 0) return false;
    text_.append(buffer.data(), static_cast<size_t>(size));
    for (size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      if (!Obey(path, std::string_view(text_).substr(0, end))) std::printf("not understood\n");
    }
    std::fflush(stdout);
    return text_.size() <= kLongestLine;
  }

 private:
  std::string text_;
};

bool Enter(const char* network_namespace) {
  const int fd = open(network_namespace, O_RDONLY | O_CLOEXEC);
  const bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
  if (!entered) std::fprintf(stderr, "%s: %s\n", network_namespace, std::strerror(errno));
  if (fd >= 0) close(fd);
  return entered;
}

// A chroot has the kernel's driver, but not always its device file. Then we make one for ourselves,
// which is gone when it is open.
int OpenTunDriver() {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0 || errno != ENOENT) return fd;
  constexpr unsigned kMiscMajor = 10;
  constexpr unsigned kTunMinor = 200;
  std::string folder = "/tmp/link_emulator_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return -1;
  const std::string path = folder + "/tun";
  const bool made = mknod(path.c_str(), S_IFCHR | 0600, makedev(kMiscMajor, kTunMinor)) == 0;
  const int own = made ? open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
  const int reason = errno;
  unlink(path.c_str());
  rmdir(folder.c_str());
  errno = reason;
  return own;
}

// The device belongs to the namespace that this process is in while it is made, wherever the
// process goes afterwards.
int OpenTun(const char* network_namespace, const char* device) {
  if (!Enter(network_namespace)) return -1;
  const int fd = OpenTunDriver();
  ifreq request = {};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0) return fd;
  std::fprintf(stderr, "%s: %s\n", device, std::strerror(errno));
  return -1;
}

timespec Until(std::optional<Timestamp> deadline, Timestamp now) {
  if (!deadline) return {3600, 0};
  const int64_t left = std::max<int64_t>(0, (*deadline - now).count());
  return {left / 1'000'000, left % 1'000'000 * 1'000};
}

int Run(Path& path) {
  CommandInput commands;
  std::array<pollfd, 3> fds = {{{path.up.entrance(), POLLIN, 0},
                                {path.down.entrance(), POLLIN, 0},
                                {STDIN_FILENO, POLLIN, 0}}};
  for (;;) {
    const timespec wait = Until(Earlier(path.up.NextArrival(), path.down.NextArrival()), Now());
    if (ppoll(fds.data(), fds.size(), &wait, nullptr) < 0 && errno != EINTR) return 1;
    if (fds[2].revents != 0 && !commands.Read(path)) return 0;
    const Timestamp now = Now();
    path.up.Drain(now);
    path.down.Drain(now);
    path.up.Deliver(now);
    path.down.Deliver(now);
  }
}

// A link that waits for the processor is not the link that was asked for. Both are best effort.
void AskForPunctuality() {
  setpriority(PRIO_PROCESS, 0, -15);
  prctl(PR_SET_TIMERSLACK, 1'000);
}

int Main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: %s CLIENT_NAMESPACE SERVER_NAMESPACE DEVICE [SEED]\n", argv[0]);
    return 2;
  }
  const uint64_t seed = argc == 5 ? std::strtoull(argv[4], nullptr, 10) : 1;
  const int client = OpenTun(argv[1], argv[3]);
  const int server = OpenTun(argv[2], argv[3]);
  if (client < 0 || server < 0) return 1;
  AskForPunctuality();
  Path path{Direction(client, server, seed), Direction(server, client, seed + 1)};
  std::printf("ready\n");
  std::fflush(stdout);
  return Run(path);
}

}  // namespace
}  // namespace sluice::test

int main(int argc, char** argv) { return sluice::test::Main(argc, argv); }

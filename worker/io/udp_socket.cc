#include "worker/io/udp_socket.h"

#include <netinet/udp.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

#include "worker/io/socket_address.h"

namespace sluice::worker {
namespace {

// Some systems run out of descriptors long before they run out of ports; both pass.
absl::Status Unavailable(std::string sentence) {
  return absl::Status(absl::StatusCode::kUnavailable, sentence);
}

absl::Status Invalid(std::string sentence) {
  return absl::Status(absl::StatusCode::kInvalidArgument, sentence);
}

bool HasRange(const ListenOptions& options) { return options.port == 0 && options.port_max != 0; }

std::string Describe(const ListenOptions& options) {
  const Endpoint endpoint{options.address, options.port, options.protocol};
  if (!HasRange(options)) return endpoint.ToString();
  std::string text = endpoint.ToString();
  text.resize(text.rfind(':') + 1);
  return text + std::to_string(options.port_min) + "-" + std::to_string(options.port_max);
}

absl::Status Failure(const ListenOptions& options, int error) {
  std::string sentence = "cannot listen on " + Describe(options) + ": ";
  switch (error) {
    case EADDRINUSE:
      return Unavailable(sentence + (HasRange(options) ? "every port of the range is in use"
                                                       : "the port is in use"));
    case EADDRNOTAVAIL:
      return Invalid(sentence + "the address is none of this machine's");
    case EACCES:
      return Unavailable(sentence + "the port needs more rights than the worker has");
    case EMFILE:
    case ENFILE:
      return Unavailable(sentence + "no file descriptors are left");
    case EAFNOSUPPORT:
      return Unavailable(sentence + "this machine does not speak this version of IP");
    default:
      return Unavailable(sentence + std::strerror(error));
  }
}

int SetFlag(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : errno;
}

// Sets a buffer as far as the kernel lets us, and tells how far that was. The *FORCE options pass
// the system's limit, for which a right is needed that few workers have.
uint32_t SetBuffer(int fd, int name, int force_name, uint32_t bytes) {
  const int wanted = static_cast<int>(std::min<uint32_t>(bytes, INT_MAX / 2));
  if (SetFlag(fd, SOL_SOCKET, force_name, wanted) != 0) SetFlag(fd, SOL_SOCKET, name, wanted);
  int granted = 0;
  socklen_t size = sizeof(granted);
  if (getsockopt(fd, SOL_SOCKET, name, &granted, &size) != 0) return 0;
  // socket(7): the kernel doubles the value for its own bookkeeping.
  return static_cast<uint32_t>(granted) / 2;
}

uint32_t OrDefault(uint32_t bytes) { return bytes == 0 ? UdpSocket::kDefaultBuffer : bytes; }

}  // namespace

absl::StatusOr<UdpSocket> UdpSocket::Open(const ListenOptions& options, Entropy& entropy) {
  if (options.protocol != TransportProtocol::kUdp) {
    return Invalid("cannot listen on " + Describe(options) + ": only UDP is supported");
  }
  if (options.port_min > options.port_max || (options.port_min == 0) != (options.port_max == 0)) {
    return Invalid("cannot listen on " + options.address.ToString() + ": " +
                   std::to_string(options.port_min) + "-" + std::to_string(options.port_max) +
                   " is no range of ports");
  }
  const sa_family_t family = options.address.is_v4() ? AF_INET : AF_INET6;
  Descriptor descriptor(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) return Failure(options, errno);

  UdpSocket opened(std::move(descriptor), family);
  if (int error = opened.Configure(options); error != 0) return Failure(options, error);
  if (int error = opened.Bind(options, entropy); error != 0) return Failure(options, error);
  return opened;
}

int UdpSocket::Configure(const ListenOptions& options) {
  if (family_ == AF_INET6) {
    // Said in both cases, because the system's default may be either.
    const int error = SetFlag(fd(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
    if (error != 0) return error;
  }
  if (options.reuse_port) {
    if (int error = SetFlag(fd(), SOL_SOCKET, SO_REUSEPORT, 1); error != 0) return error;
  }
  if (int error = SetFlag(fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1); error != 0) return error;
  // What a peer sends in a row may be handed over in one piece (ReceiveBatch). A kernel that does
  // not know how goes on without.
  SetFlag(fd(), SOL_UDP, UDP_GRO, 1);
  send_buffer_ = SetBuffer(fd(), SO_SNDBUF, SO_SNDBUFFORCE, OrDefault(options.send_buffer));
  receive_buffer_ = SetBuffer(fd(), SO_RCVBUF, SO_RCVBUFFORCE, OrDefault(options.receive_buffer));
  return 0;
}

int UdpSocket::Bind(const ListenOptions& options, Entropy& entropy) {
  const int error = HasRange(options) ? BindAny(options, entropy)
                                      : BindOne({options.address, options.port, options.protocol});
  if (error != 0) return error;

  SocketAddress bound;
  socklen_t size = sizeof(bound);
  if (getsockname(fd(), &bound.generic, &size) != 0) return errno;
  const std::optional<Endpoint> local = ReadSocketAddress(bound, size);
  if (!local) return EAFNOSUPPORT;
  local_ = {options.address, local->port, options.protocol};
  return 0;
}

int UdpSocket::BindOne(const Endpoint& wanted) {
  SocketAddress address;
  const socklen_t size = WriteSocketAddress(wanted, family_, address);
  return bind(fd(), &address.generic, size) == 0 ? 0 : errno;
}

// The random start keeps workers that share a range out of each other's way, and ports hard to
// guess for somebody who is not on the path.
int UdpSocket::BindAny(const ListenOptions& options, Entropy& entropy) {
  const uint32_t count = uint32_t{options.port_max} - options.port_min + 1;
  const uint32_t start = entropy.U32() % count;
  int error = EADDRINUSE;
  for (uint32_t i = 0; i < count && error == EADDRINUSE; ++i) {
    const auto port = static_cast<uint16_t>(options.port_min + (start + i) % count);
    error = BindOne({options.address, port, options.protocol});
  }
  return error;
}

}  // namespace sluice::worker

#include "worker/io/socket_binding.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <string>

#include "worker/io/socket_address.h"

namespace sluice::worker {
namespace {

// Some systems run out of descriptors long before they run out of ports; both pass.
absl::Status Unavailable(const std::string& sentence) {
  return absl::Status(absl::StatusCode::kUnavailable, sentence);
}

absl::Status Invalid(const std::string& sentence) {
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

absl::Status ListenFailure(const ListenOptions& options, int error) {
  const std::string sentence = "cannot listen on " + Describe(options) + ": ";
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

}  // namespace

int SetFlag(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : errno;
}

uint32_t SetBuffer(int fd, int name, int force_name, uint32_t bytes) {
  const int wanted = static_cast<int>(std::min<uint32_t>(bytes, INT_MAX / 2));
  if (SetFlag(fd, SOL_SOCKET, force_name, wanted) != 0) SetFlag(fd, SOL_SOCKET, name, wanted);
  int granted = 0;
  socklen_t size = sizeof(granted);
  if (getsockopt(fd, SOL_SOCKET, name, &granted, &size) != 0) return 0;
  // socket(7): the kernel doubles the value for its own bookkeeping.
  return static_cast<uint32_t>(granted) / 2;
}

absl::StatusOr<SocketBinding> SocketBinding::Create(const ListenOptions& options, int type) {
  if (options.port_min > options.port_max || (options.port_min == 0) != (options.port_max == 0)) {
    return Invalid("cannot listen on " + options.address.ToString() + ": " +
                   std::to_string(options.port_min) + "-" + std::to_string(options.port_max) +
                   " is no range of ports");
  }
  const sa_family_t family = options.address.is_v4() ? AF_INET : AF_INET6;
  Descriptor descriptor(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) return ListenFailure(options, errno);
  SocketBinding binding(options, std::move(descriptor), family);
  if (family == AF_INET6) {
    // Said in both cases, because the system's default may be either.
    const int error = SetFlag(binding.fd(), IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
    if (error != 0) return binding.Failure(error);
  }
  if (options.reuse_port) {
    const int error = SetFlag(binding.fd(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (error != 0) return binding.Failure(error);
  }
  return binding;
}

absl::Status SocketBinding::Failure(int error) const { return ListenFailure(options_, error); }

absl::StatusOr<Endpoint> SocketBinding::Bind(Entropy& entropy, int backlog) {
  const int error =
      HasRange(options_) ? BindAny(entropy, backlog) : BindOne(options_.port, backlog);
  if (error != 0) return Failure(error);

  SocketAddress bound;
  socklen_t size = sizeof(bound);
  if (getsockname(fd(), &bound.generic, &size) != 0) return Failure(errno);
  const std::optional<Endpoint> local = ReadSocketAddress(bound, size);
  if (!local) return Failure(EAFNOSUPPORT);
  return Endpoint{options_.address, local->port, options_.protocol};
}

int SocketBinding::BindOne(uint16_t port, int backlog) {
  SocketAddress address;
  const socklen_t size =
      WriteSocketAddress({options_.address, port, options_.protocol}, family_, address);
  if (bind(fd(), &address.generic, size) != 0) return errno;
  return backlog == 0 || listen(fd(), backlog) == 0 ? 0 : errno;
}

// The random start keeps workers that share a range out of each other's way, and ports hard to
// guess for somebody who is not on the path.
int SocketBinding::BindAny(Entropy& entropy, int backlog) {
  const uint32_t count = uint32_t{options_.port_max} - options_.port_min + 1;
  const uint32_t start = entropy.U32() % count;
  int error = EADDRINUSE;
  for (uint32_t i = 0; i < count && error == EADDRINUSE; ++i) {
    error = BindOne(static_cast<uint16_t>(options_.port_min + (start + i) % count), backlog);
  }
  return error;
}

}  // namespace sluice::worker

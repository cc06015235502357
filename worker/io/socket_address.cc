#include "worker/io/socket_address.h"

#include <cstring>

namespace sluice::worker {
namespace {

void WriteV6(const Endpoint& endpoint, sockaddr_in6& out) {
  out = {};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(endpoint.port);
  const ByteView bytes = endpoint.address.bytes();
  uint8_t* const to = out.sin6_addr.s6_addr;
  if (endpoint.address.is_v4()) {
    to[10] = to[11] = 0xff;
    std::memcpy(to + 12, bytes.data(), 4);
  } else {
    std::memcpy(to, bytes.data(), 16);
  }
}

}  // namespace

socklen_t WriteSocketAddress(const Endpoint& endpoint, sa_family_t family, SocketAddress& out) {
  if (family == AF_INET6) {
    WriteV6(endpoint, out.v6);
    return sizeof(out.v6);
  }
  if (!endpoint.address.is_v4()) return 0;
  out.v4 = {};
  out.v4.sin_family = AF_INET;
  out.v4.sin_port = htons(endpoint.port);
  std::memcpy(&out.v4.sin_addr, endpoint.address.bytes().data(), 4);
  return sizeof(out.v4);
}

std::optional<Endpoint> ReadSocketAddress(const SocketAddress& address, socklen_t size) {
  if (size == sizeof(address.v4) && address.generic.sa_family == AF_INET) {
    return Endpoint{IpAddress::V4(ntohl(address.v4.sin_addr.s_addr)), ntohs(address.v4.sin_port),
                    TransportProtocol::kUdp};
  }
  if (size == sizeof(address.v6) && address.generic.sa_family == AF_INET6) {
    return Endpoint{IpAddress::V6(address.v6.sin6_addr.s6_addr), ntohs(address.v6.sin6_port),
                    TransportProtocol::kUdp};
  }
  return std::nullopt;
}

}  // namespace sluice::worker

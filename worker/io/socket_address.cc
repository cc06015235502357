#include "worker/io/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sluice::worker {

SocketAddress ToSocketAddress(const Endpoint& endpoint, bool v6_socket) {
  SocketAddress result;
  const ByteView bytes = endpoint.address.bytes();
  if (endpoint.address.is_v4() && !v6_socket) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&result.storage, &v4, sizeof(v4));
    result.size = sizeof(v4);
    return result;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  if (endpoint.address.is_v4()) {
    v6.sin6_addr.s6_addr[10] = 0xff;
    v6.sin6_addr.s6_addr[11] = 0xff;
    std::ranges::copy(bytes, v6.sin6_addr.s6_addr + 12);
  } else {
    std::ranges::copy(bytes, v6.sin6_addr.s6_addr);
  }
  std::memcpy(&result.storage, &v6, sizeof(v6));
  result.size = sizeof(v6);
  return result;
}

std::optional<Endpoint> ToEndpoint(const sockaddr_storage& storage, TransportProtocol protocol) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof(v4));
    return Endpoint{IpAddress::V4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port), protocol};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof(v6));
    return Endpoint{IpAddress::V6(ByteView(v6.sin6_addr.s6_addr, 16)), ntohs(v6.sin6_port),
                    protocol};
  }
  return std::nullopt;
}

}  // namespace sluice::worker

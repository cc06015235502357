// An address, a port and a protocol. Knows nothing of sockaddr: worker/io translates.

#ifndef SLUICE_BASE_ENDPOINT_H_
#define SLUICE_BASE_ENDPOINT_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"

namespace sluice {

class IpAddress {
 public:
  enum class Family : uint8_t { kV4, kV6 };

  // 0.0.0.0
  constexpr IpAddress() = default;
  static IpAddress V4(uint32_t host_order);
  static IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
  // `bytes` must be 16 long. An IPv4-mapped address (::ffff:0:0/96) becomes plain IPv4, so that
  // one peer has one name whatever kind of socket it came through.
  static IpAddress V6(ByteView bytes);
  // Dotted quad or RFC 4291 text without zone; nothing else.
  static std::optional<IpAddress> Parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kV4; }
  // 4 or 16 bytes in network order.
  ByteView bytes() const { return {bytes_.data(), is_v4() ? size_t{4} : size_t{16}}; }
  bool is_unspecified() const;
  bool is_loopback() const;
  // RFC 5952 text.
  std::string ToString() const;

  constexpr auto operator<=>(const IpAddress&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const IpAddress& address) {
    return H::combine(std::move(state), address.family_, address.bytes_);
  }

 private:
  Family family_ = Family::kV4;
  std::array<uint8_t, 16> bytes_{};
};

enum class TransportProtocol : uint8_t { kUdp, kTcp };

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  TransportProtocol protocol = TransportProtocol::kUdp;

  // "192.0.2.1:5000" or "[2001:db8::1]:5000".
  std::string ToString() const;

  constexpr auto operator<=>(const Endpoint&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const Endpoint& endpoint) {
    return H::combine(std::move(state), endpoint.address, endpoint.port, endpoint.protocol);
  }
};

// The two ends of what a datagram travels over: a socket of ours and somebody's endpoint. Complete
// keys, never hashes of them: a collision would hand one peer's packets to another.
struct Path {
  SocketId socket;
  Endpoint remote;

  constexpr auto operator<=>(const Path&) const = default;

  template <typename H>
  friend H AbslHashValue(H state, const Path& path) {
    return H::combine(std::move(state), path.socket, path.remote);
  }
};

// A datagram that came in. The bytes belong to the caller.
struct Datagram {
  Path path;
  ByteView bytes;
};

// A datagram that goes out, written into a buffer of the caller. Zero size means there is none.
struct Transmit {
  Path path;
  size_t size = 0;

  explicit operator bool() const { return size != 0; }
};

}  // namespace sluice

#endif  // SLUICE_BASE_ENDPOINT_H_

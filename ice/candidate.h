// A host candidate, the only type a server with an address of its own offers (RFC 8445 §5.3).
//
// Plain data for the control API to describe. The address is text because an announced address may
// be a host name that only the peer can resolve.

#ifndef SLUICE_ICE_CANDIDATE_H_
#define SLUICE_ICE_CANDIDATE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/endpoint.h"

namespace sluice::ice {

// The local preference of the first listen address of a transport; later ones count down.
inline constexpr uint16_t kDefaultLocalPreference = 10'000;

struct Candidate {
  std::string foundation;
  uint32_t priority = 0;
  std::string address;
  uint16_t port = 0;
  TransportProtocol protocol = TransportProtocol::kUdp;

  // The candidate of a socket bound to `local`. `announced` replaces the address if not empty,
  // for a worker behind a one-to-one NAT.
  static Candidate Host(const Endpoint& local, std::string_view announced,
                        uint16_t local_preference);

  bool operator==(const Candidate&) const = default;
};

// RFC 8445 §5.1.2.1 for component 1. At equal preference TCP ranks below UDP (RFC 6544 §4.2).
uint32_t HostPriority(TransportProtocol protocol, uint16_t local_preference);

// RFC 8445 §5.1.1.3: equal for candidates of one base address and protocol, different otherwise.
std::string HostFoundation(TransportProtocol protocol, const IpAddress& base);

}  // namespace sluice::ice

#endif  // SLUICE_ICE_CANDIDATE_H_

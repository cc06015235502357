#include "ice/candidate.h"

namespace sluice::ice {
namespace {

// Below the 126 that RFC 8445 §5.1.2.2 recommends for hosts. The peer's own preference then decides
// between pairs, and the values are the ones existing clients of this kind of server have seen.
constexpr uint32_t kTypePreference = 64;
constexpr uint32_t kComponent = 1;

// How far TCP falls behind UDP in local preference: little enough that an application which lists
// TCP first still gets it first.
constexpr uint16_t kTcpPenalty = 100;

// FNV-1a. A foundation must differ between addresses of one agent, of which there are a handful;
// it is not a secret.
uint32_t Hash(ByteView bytes) {
  uint32_t hash = 2'166'136'261u;
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 16'777'619u;
  return hash;
}

}  // namespace

uint32_t HostPriority(TransportProtocol protocol, uint16_t local_preference) {
  uint32_t preference = local_preference;
  if (protocol == TransportProtocol::kTcp) {
    preference = preference > kTcpPenalty ? preference - kTcpPenalty : 0;
  }
  return kTypePreference << 24 | preference << 8 | (256 - kComponent);
}

std::string HostFoundation(TransportProtocol protocol, const IpAddress& base) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = protocol == TransportProtocol::kUdp ? "udp" : "tcp";
  const uint32_t hash = Hash(base.bytes());
  for (int shift = 28; shift >= 0; shift -= 4) text.push_back(kDigits[hash >> shift & 15]);
  return text;
}

Candidate Candidate::Host(const Endpoint& local, std::string_view announced,
                          uint16_t local_preference) {
  return {.foundation = HostFoundation(local.protocol, local.address),
          .priority = HostPriority(local.protocol, local_preference),
          .address = announced.empty() ? local.address.ToString() : std::string(announced),
          .port = local.port,
          .protocol = local.protocol};
}

}  // namespace sluice::ice

// Fuzzes both directions of SRTP with keys.
//
// The first byte chooses the profile and what the rest is: a sealed RTP or RTCP packet as it comes
// from the network, or a clear one that is sealed by the peer first, with damage at the end, so
// that the fuzzer gets past the tags it could never guess. libsrtp2 is asked about the same packets
// and must agree.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/check.h"
#include "dtls/srtp_session.h"
#include "tests/support/srtp_libsrtp2.h"

namespace sluice {
namespace {

using dtls::SrtpKeys;
using dtls::SrtpProfile;
using dtls::SrtpSession;
using Bytes = std::vector<uint8_t>;

Bytes Master(SrtpProfile profile, uint8_t fill) {
  return Bytes(dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile), fill);
}

std::unique_ptr<SrtpSession> NewSession(SrtpProfile profile, uint8_t local, uint8_t remote) {
  auto session = SrtpSession::Create(
      *SrtpKeys::FromHalves(profile, Master(profile, local), Master(profile, remote)));
  SLUICE_CHECK(session.ok());
  return std::move(*session);
}

bool Accepts(SrtpSession& session, Bytes packet, bool rtcp) {
  const size_t size = packet.size();
  const SrtpSession::Unprotected result =
      rtcp ? session.UnprotectRtcp(packet) : session.UnprotectRtp(packet);
  const size_t* clear = std::get_if<size_t>(&result);
  SLUICE_CHECK(!clear || *clear < size);
  return clear != nullptr;
}

// Sealed by the peer; nothing if it finds it is no packet.
Bytes Seal(SrtpSession& peer, ByteView clear, bool rtcp) {
  Bytes sealed(clear.begin(), clear.end());
  sealed.resize(clear.size() + 20);
  const std::optional<size_t> size =
      rtcp ? peer.ProtectRtcp(sealed, clear.size()) : peer.ProtectRtp(sealed, clear.size(), {});
  sealed.resize(size.value_or(0));
  return sealed;
}

void Run(ByteView input) {
  ByteReader in(input);
  const uint8_t choice = in.U8();
  const bool rtcp = choice & 1;
  const auto profile = static_cast<SrtpProfile>((choice >> 1) % 3);
  const std::unique_ptr<SrtpSession> ours = NewSession(profile, 1, 2);
  if (choice & 0x40) {
    // Nobody guesses a tag: it must be refused, and leave nothing behind.
    SLUICE_CHECK(!Accepts(*ours, {in.rest().begin(), in.rest().end()}, rtcp));
    SLUICE_CHECK(ours->incoming_count() == 0);
    return;
  }
  const std::unique_ptr<SrtpSession> peer = NewSession(profile, 2, 1);
  const uint16_t at = in.U16();
  const uint8_t mask = in.U8();
  const Bytes clear(in.rest().begin(), in.rest().end());
  const Bytes sealed = Seal(*peer, clear, rtcp);
  test::Libsrtp2 library(profile, Master(profile, 2), Master(profile, 2));
  SLUICE_CHECK(sealed == (rtcp ? library.SealRtcp(clear) : library.SealRtp(clear)));
  if (sealed.empty()) return;
  SLUICE_CHECK(clear == (rtcp ? library.OpenRtcp(sealed) : library.OpenRtp(sealed)));
  Bytes damaged = sealed;
  damaged[at % damaged.size()] = static_cast<uint8_t>(damaged[at % damaged.size()] ^ mask);
  if (mask != 0) SLUICE_CHECK(!Accepts(*ours, damaged, rtcp));
  const bool accepted = Accepts(*ours, sealed, rtcp);
  SLUICE_CHECK(ours->incoming_count() == (accepted ? 1u : 0u));
  SLUICE_CHECK(!Accepts(*ours, sealed, rtcp));  // A replay, if it was accepted.
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::Run({data, size});
  return 0;
}

// What the tests of Session share. Only they include it.

#ifndef SLUICE_TESTS_SUPPORT_DTLS_SESSION_FIXTURE_H_
#define SLUICE_TESTS_SUPPORT_DTLS_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "dtls/context.h"
#include "dtls/session.h"

namespace sluice::dtls {

using Bytes = std::vector<uint8_t>;

inline constexpr std::array<HashAlgorithm, 3> kAllHashes = {
    HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512};

class SessionFixture : public testing::Test {
 protected:
  // Two workers, each with its own certificate. Made once: they are never changed.
  static const Context& ours() {
    static const Context* const context = Context::Create()->release();
    return *context;
  }
  static const Context& theirs() {
    static const Context* const context = Context::Create()->release();
    return *context;
  }

  static Fingerprint FingerprintOf(const Context& context,
                                   HashAlgorithm algorithm = HashAlgorithm::kSha256) {
    for (const Fingerprint& fingerprint : context.fingerprints()) {
      if (fingerprint.algorithm() == algorithm) return fingerprint;
    }
    SLUICE_CHECK(false);
    return context.fingerprints().back();
  }

  // Everything `end` has to send, as it would leave.
  template <typename End>
  static std::vector<Bytes> Drain(End& end, Timestamp now) {
    std::vector<Bytes> datagrams;
    std::array<uint8_t, 65536> buffer;
    while (const size_t size = end.PollTransmit(now, buffer)) {
      datagrams.emplace_back(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size));
    }
    return datagrams;
  }

  // The next event, if it is Connected.
  static std::optional<Session::Connected> TakeConnected(Session& session) {
    std::optional<Session::Event> event = session.PollEvent();
    if (!event || !std::holds_alternative<Session::Connected>(*event)) return std::nullopt;
    return std::get<Session::Connected>(*event);
  }

  // All events, as words.
  static std::vector<std::string> EventsOf(Session& session) {
    std::vector<std::string> names;
    while (const std::optional<Session::Event> event = session.PollEvent()) {
      const auto* closed = std::get_if<Session::Closed>(&*event);
      names.push_back(closed ? "closed " + std::string(CloseReasonName(closed->reason))
                             : "connected");
    }
    return names;
  }
};

}  // namespace sluice::dtls

#endif  // SLUICE_TESTS_SUPPORT_DTLS_SESSION_FIXTURE_H_

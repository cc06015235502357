// Everything that can seal SRTP on this machine, for tests that want all of it to agree.

#ifndef SLUICE_TESTS_SUPPORT_SRTP_BACKENDS_H_
#define SLUICE_TESTS_SUPPORT_SRTP_BACKENDS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dtls/bulk_cipher.h"
#include "dtls/srtp_keys.h"

namespace sluice::test {

struct SrtpBackend {
  std::string name;
  // None: OpenSSL.
  std::optional<dtls::BulkCipher::Limit> limit;

  // Null for OpenSSL.
  std::unique_ptr<dtls::BulkCipher> NewCipher() const {
    return limit ? dtls::BulkCipher::Create(*limit) : nullptr;
  }
};

inline std::vector<SrtpBackend> SrtpBackends() {
  using Limit = dtls::BulkCipher::Limit;
  std::vector<SrtpBackend> backends{{"OpenSSL", std::nullopt}};
  for (const auto& [name, limit] :
       {std::pair("Best", Limit::kNone), std::pair("Avx2", Limit::kAvx2),
        std::pair("Sse", Limit::kSse)}) {
    if (dtls::BulkCipher::Create(limit) != nullptr) backends.push_back({name, limit});
  }
  return backends;
}

struct SrtpSuite {
  dtls::SrtpProfile profile;
  SrtpBackend backend;
};

// Each profile with each backend.
inline std::vector<SrtpSuite> SrtpSuites() {
  using dtls::SrtpProfile;
  std::vector<SrtpSuite> suites;
  for (const SrtpProfile profile : {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                    SrtpProfile::kAesCm128HmacSha1_80,
                                    SrtpProfile::kAesCm128HmacSha1_32}) {
    for (const SrtpBackend& backend : SrtpBackends()) suites.push_back({profile, backend});
  }
  return suites;
}

inline std::string SrtpSuiteName(const SrtpSuite& suite) {
  std::string name(dtls::SrtpProfileName(suite.profile));
  return name + "_" + suite.backend.name;
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SRTP_BACKENDS_H_

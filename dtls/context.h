// The worker's certificate and everything that all its DTLS sessions have in common: versions,
// cipher suites, SRTP profiles, and what is switched off.
//
// One per worker process, made at start; sessions keep a pointer to it and must not outlive it.

#ifndef SLUICE_DTLS_CONTEXT_H_
#define SLUICE_DTLS_CONTEXT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dtls/fingerprint.h"
#include "dtls/openssl_deleter.h"
#include "dtls/srtp_keys.h"

namespace sluice::dtls {

class Context {
 public:
  // The private key is text and is not wiped: it came through the control channel or a file and
  // exists there as well.
  struct Pem {
    std::string certificate;
    std::string private_key;
  };

  // Without `pem`, makes an ECDSA P-256 key and a self-signed certificate that no other process
  // has (RFC 8827 §6.5). With it, the key must be an ECDSA one: all our suites sign with ECDSA.
  // Also refuses to work on an OpenSSL that buffers records without limit.
  //
  // With `only`, sessions offer and take no other SRTP profile: for peers that measure or test one.
  static absl::StatusOr<std::unique_ptr<Context>> Create(
      std::optional<Pem> pem = std::nullopt, std::optional<SrtpProfile> only = std::nullopt);

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // SHA-512, SHA-384, SHA-256: mediasoup-client offers its peer the last one only, and everybody
  // can check SHA-256.
  const std::vector<Fingerprint>& fingerprints() const { return fingerprints_; }

 private:
  friend class Session;

  Context(SslContextPtr context, std::vector<Fingerprint> fingerprints);

  SslContextPtr context_;
  std::vector<Fingerprint> fingerprints_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_CONTEXT_H_

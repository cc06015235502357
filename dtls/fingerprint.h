// The hash of a certificate, as signalled beside the media description (RFC 8122 §5).
//
// It is all the trust there is in DTLS-SRTP: certificates are self-signed, and whoever can write
// into the signalling says which one to expect. Hashes weaker than SHA-256 are refused when they
// are parsed, so that nothing behind this type has to think of them.

#ifndef SLUICE_DTLS_FINGERPRINT_H_
#define SLUICE_DTLS_FINGERPRINT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

// OpenSSL's certificate; its headers stay in the source files of this folder.
struct x509_st;

namespace sluice::dtls {

enum class HashAlgorithm : uint8_t { kSha256, kSha384, kSha512 };

class Fingerprint {
 public:
  // `algorithm` as in RFC 8122 ("sha-256", in any case); `value` as pairs of hexadecimal digits
  // with colons between them. Nothing if the hash is unknown or weak, or the length is not its own.
  static std::optional<Fingerprint> Parse(std::string_view algorithm, std::string_view value);

  // Nothing only if OpenSSL fails.
  static std::optional<Fingerprint> Of(HashAlgorithm algorithm, const x509_st& certificate);

  HashAlgorithm algorithm() const { return algorithm_; }
  ByteView bytes() const { return ByteView(bytes_).first(size_); }

  std::string algorithm_text() const;  // "sha-256"
  std::string value_text() const;      // upper-case with colons, as RFC 8122 §5 writes it

  bool operator==(const Fingerprint&) const = default;

 private:
  explicit Fingerprint(HashAlgorithm algorithm);

  static constexpr size_t kMaxSize = 64;  // SHA-512

  HashAlgorithm algorithm_;
  size_t size_;
  std::array<uint8_t, kMaxSize> bytes_{};  // Zero behind size_, so that == may compare it all.
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_FINGERPRINT_H_
